"""V12, V14, V15, V16 and V20: what is told from how a code came, before or beside what it says. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from edge_agent.core.verification.barcode import printable
from edge_agent.core.verification.rules import Rule
from edge_agent.core.verification.verdicts import NOTHING, Passed, Rejected

REREAD_S = 0.6
"""A scanner that still sees the label it has read sends it again; no person or machine is that quick."""

Pass = TypeVar("Pass", bound=Passed)


def no_read(expected: str) -> Rejected:
    """V15: the scanner said that it could not read, or said nothing in time."""
    return Rejected(Rule.NO_READ, expected, NOTHING)


def unexpected_scan(data: bytes) -> Rejected:
    """V20: a scan that no open step waits for, or that comes late."""
    return Rejected(Rule.UNEXPECTED_SCAN, NOTHING, printable(data))


def verify_several(
    codes: Sequence[bytes], verify: Callable[[bytes], Pass | Rejected], expected: str
) -> Pass | Rejected:
    """V16: the verdict on all codes of one trigger; `verify` judges one of them.

    The same bytes twice are one code. Of several, exactly one must pass: two that fit may be two items in
    view, and which of them is in the gripper cannot be told. None may be a bad code (V7): it may be what is
    left of a second one that fits. No code at all is a no-read (V15).
    """
    distinct = tuple(dict.fromkeys(codes))
    if not distinct:
        return no_read(expected)
    verdicts = [verify(code) for code in distinct]
    fitting = [verdict for verdict in verdicts if not isinstance(verdict, Rejected)]
    if len(verdicts) == 1:
        return verdicts[0]
    bad = sum(isinstance(verdict, Rejected) and verdict.rule is Rule.INVALID_CODE for verdict in verdicts)
    if len(fitting) == 1 and not bad:
        return fitting[0]
    shown = ", ".join(printable(code) for code in distinct)
    detail = f"{len(distinct)} codes, {len(fitting)} of them fit" + (f", {bad} bad" if bad else "")
    return Rejected(Rule.MULTI_READ, expected, shown, detail)


@dataclass(frozen=True, slots=True)
class Read:
    """What a scanner read last with one trigger, and when, in seconds of the agent's own clock."""

    codes: tuple[str, ...]
    """As `exact` gives them."""
    at_s: float


def exact(codes: Iterable[bytes]) -> tuple[str, ...]:
    """Codes as text that holds every byte, a character for each."""
    return tuple(code.decode("latin-1") for code in codes)


def reread(last: Read | None, codes: Sequence[bytes], at_s: float, *, serial: bool) -> Rejected | None:
    """V14, or V12 for a code with a serial number: what the scanner read just before, once more.

    None: a scan to be judged. `at_s` must come from the same clock as what is remembered.
    """
    if last is None or last.codes != exact(codes) or not 0 <= at_s - last.at_s <= REREAD_S:
        return None
    shown = ", ".join(printable(code) for code in codes)
    return Rejected(Rule.SAME_SCAN if serial else Rule.REREAD, "another code", shown)
