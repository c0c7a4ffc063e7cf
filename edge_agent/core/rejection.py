"""A scan at an operator's station that did not count."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from edge_agent.core.verification.rules import Rule
from edge_agent.domain.events import ScanTarget
from edge_agent.domain.station import Answer

_VALUES: Mapping[str, Answer] = MappingProxyType(
    {
        Rule.LOT_REQUIRED.value: Answer.LOT,
        Rule.EXPIRY_REQUIRED.value: Answer.EXPIRY,
        Rule.SERIAL_REQUIRED.value: Answer.SERIAL,
    }
)
"""What is missing where a rule asks for it."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Why the last scan at an operator's station did not count; its step is still open."""

    target: ScanTarget
    rule: str
    """V1..V20."""
    name: str
    """The rule's name: some numbers have several."""
    expected: str
    scanned: str
    data_hex: str
    """What was scanned, byte for byte."""
    typed: bool = False
    attempt: int = 1
    """Rejections in a row at this step."""
    wrong_items: int = 0
    """Wrong items in a row at this step."""


def missing_value(rejection: Rejection | None) -> Answer | None:
    """The value that the code did not say; None where something else was wrong with it, or nothing."""
    return _VALUES.get(rejection.name) if rejection is not None else None
