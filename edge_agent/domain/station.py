"""What the person at an operator's station can answer beside scanning."""

from dataclasses import dataclass
from enum import StrEnum


class Answer(StrEnum):
    """What a person says about the step that the station's prompt asks for. It is taken as the outcome."""

    PICKED = "picked"
    """A unit is in hand; its label is scanned next."""
    NOT_THERE = "not_there"
    """What is asked for is not there: no such unit in the tote, another tote, another container."""
    DAMAGED = "damaged"
    """The unit is set aside: it is written off, and another one is picked."""
    PLACED = "placed"
    """The unit lies in the order container."""
    PUT_BACK = "put_back"
    """The unit lies in its tote again."""
    TYPED = "typed"
    """No scanner reads the item's label: argument `code`, its digits. A supervisor must stand behind it."""
    LOT = "lot"
    """The lot that the code does not say: argument `value`."""
    EXPIRY = "expiry"
    """The last day that the code does not say: argument `value`, a date as 2026-11-30."""
    SERIAL = "serial"
    """The serial number that the code does not say: argument `value`."""


VALUES = frozenset({Answer.LOT, Answer.EXPIRY, Answer.SERIAL})
"""What the answers say that give a value."""


@dataclass(frozen=True, slots=True)
class AnswerOption:
    """One answer that an open prompt takes, and what it needs."""

    answer: Answer
    arguments: tuple[str, ...] = ()
    """Names of the arguments, all of which must be given."""
    needs_approval: bool = False
    """A second person, who is a supervisor, must stand behind it."""
