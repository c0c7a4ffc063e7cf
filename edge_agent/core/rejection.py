"""A scan at an operator's station that did not count."""

from dataclasses import dataclass

from edge_agent.domain.events import ScanTarget


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
