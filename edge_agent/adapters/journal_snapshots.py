"""Snapshots of the state as rows of the journal's table.

A snapshot stands in for every event up to its own, so it must be right or not be used: it carries a
checksum over all of it, and the chain at its event, which the events behind it must go on from.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import sqlalchemy as sa

from edge_agent.adapters import journal_schema as schema
from edge_agent.ports import Snapshot

KEPT = 2
"""The newest, and one to fall back to."""


def to_row(snapshot: Snapshot, chain: bytes) -> dict[str, Any]:
    """`chain` is the one at the snapshot's event."""
    row = {
        "sequence": snapshot.sequence,
        "confirmation": snapshot.confirmation,
        "clock_s": float(snapshot.clock_s),
        "chain": chain,
        "version": snapshot.version,
        "body": snapshot.body,
    }
    return row | {"checksum": _checksum(row)}


def from_row(row: Mapping[str, Any]) -> Snapshot:
    return Snapshot(row["sequence"], row["confirmation"], row["clock_s"], row["version"], row["body"])


def is_intact(row: Mapping[str, Any]) -> bool:
    """Whether a row of the table is as it was written."""
    return bool(_checksum(row) == row["checksum"])


def _checksum(row: Mapping[str, Any]) -> bytes:
    names = ("sequence", "confirmation", "clock_s", "chain", "version")
    hashed = blake2b(repr([row[name] for name in names]).encode(), digest_size=16)
    body = row["body"]
    hashed.update(body if isinstance(body, bytes) else repr(body).encode("utf-8", "surrogateescape"))
    return hashed.digest()


def store(connection: sa.Connection, row: Mapping[str, Any]) -> None:
    """Write a snapshot and drop those that are too old to be needed, in the caller's transaction."""
    table = schema.snapshot
    connection.execute(sa.delete(table).where(table.c.sequence == row["sequence"]))
    connection.execute(table.insert(), dict(row))
    kept = sa.select(table.c.sequence).order_by(table.c.sequence.desc()).limit(KEPT)
    connection.execute(sa.delete(table).where(table.c.sequence.not_in(kept)))
