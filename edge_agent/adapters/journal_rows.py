"""Recorded events as rows of the journal's table, and their numbering."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias

from edge_agent.adapters.codec import Encoded, decode, encode
from edge_agent.adapters.journal_chain import GENESIS
from edge_agent.domain.events import Recorded
from edge_agent.errors import JournalError

Row: TypeAlias = dict[str, Any]
"""A row of the journal's table by the names of its columns."""


def to_row(recorded: Recorded) -> Row:
    """Raises `JournalError` for an event that JSON cannot carry."""
    encoded = encode(recorded.event)
    return {
        "sequence": recorded.sequence,
        "at": recorded.at.astimezone(UTC).isoformat(),
        "clock_s": float(recorded.clock_s),
        "type": encoded.type,
        "version": encoded.version,
        "body": encoded.body,
        "confirmation": recorded.confirmation,
    }


def from_row(row: Mapping[str, Any]) -> Recorded:
    """A row of `journal_schema.event` as an event.

    Raises `JournalError`, which names the sequence, for a row that cannot be read.
    """
    sequence = row["sequence"]
    event = decode(sequence, Encoded(row["type"], row["version"], row["body"]))
    try:
        return Recorded(
            sequence, datetime.fromisoformat(row["at"]), row["clock_s"], event, row["confirmation"]
        )
    except ValueError as error:
        raise JournalError(f"journal event {sequence} cannot be read: at: {error}") from error


@dataclass(frozen=True, slots=True)
class Head:
    """The last event that no longer stands in a journal's file: where what is in it begins."""

    sequence: int = 0
    confirmation: int = 0
    chain: bytes = GENESIS


@dataclass(frozen=True, slots=True)
class Numbering:
    """The last sequence and confirmation number given; 0 for none."""

    sequence: int = 0
    confirmation: int = 0

    def after(self, records: Sequence[Recorded]) -> "Numbering":
        """The numbering with `records` appended. Raises `JournalError` where they do not go on from it."""
        sequence, confirmation = self.sequence, self.confirmation
        for recorded in records:
            sequence += 1
            confirmation += recorded.confirmation is not None
            if recorded.sequence != sequence or recorded.confirmation not in (None, confirmation):
                raise JournalError(
                    f"event {recorded.sequence} with confirmation {recorded.confirmation} was to be appended "
                    f"where event {sequence} is due, with confirmation {confirmation} or none"
                )
        return Numbering(sequence, confirmation)
