"""The checksum chain over the journal's rows.

Each row carries a hash over the hash before it and its own columns: one changed byte breaks the chain at its
row, and a row that is missing, doubled or out of place breaks it too.
"""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

GENESIS = bytes(16)
"""The chain before the first event."""

COLUMNS = ("sequence", "at", "clock_s", "type", "version", "confirmation", "body")
"""What goes into a row's hash, in this order. Only the last one may hold any character."""


def link(previous: bytes, row: Mapping[str, Any]) -> bytes:
    """The chain at `row`, 16 bytes of BLAKE2b (RFC 7693); `previous` is the chain at the row before it.

    Takes whatever a damaged row holds: text that is no UTF-8 comes as surrogates, a wrong type as its repr.
    """
    # repr tells 1 from '1' and from b'1', and a float by its shortest exact form.
    text = "\x1f".join(repr(row[name]) for name in COLUMNS[:-1])
    body = row["body"]
    content = body if isinstance(body, str) else repr(body)
    hashed = blake2b(previous, digest_size=16)
    hashed.update(f"{text}\x1f{type(body).__name__}\x1f".encode("utf-8", "surrogateescape"))
    hashed.update(content.encode("utf-8", "surrogateescape"))
    return hashed.digest()
