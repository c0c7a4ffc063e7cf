"""Recorded events as rows of the journal's table, and their numbering."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from edge_agent.adapters.codec import Encoded, decode, encode
from edge_agent.domain.events import Recorded
from edge_agent.errors import JournalError


def to_row(recorded: Recorded) -> dict[str, Any]:
    """Raises `JournalError` for an event that JSON cannot carry."""
    encoded = encode(recorded.event)
    return {
        "sequence": recorded.sequence,
        "at": recorded.at.astimezone(UTC).isoformat(),
        "clock_s": recorded.clock_s,
        "type": encoded.type,
        "version": encoded.version,
        "body": encoded.body,
        "confirmation": recorded.confirmation,
    }


def from_row(row: Sequence[Any]) -> Recorded:
    """The columns of `journal_schema.event`, in their order, as an event.

    Raises `JournalError`, which names the sequence, for a row that cannot be read.
    """
    sequence, at, clock_s, type_, version, body, confirmation = row
    event = decode(sequence, Encoded(type_, version, body))
    try:
        return Recorded(sequence, datetime.fromisoformat(at), clock_s, event, confirmation)
    except ValueError as error:
        raise JournalError(f"journal event {sequence} cannot be read: at: {error}") from error


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
