"""V1, V2 and V19: the location, the tote and the order container are the task's. Pure; nothing raises."""

from edge_agent.core.verification.barcode import (
    Invalid,
    LabelKind,
    SiteLabel,
    SiteLabels,
    Unrecognised,
    printable,
    read_label,
)
from edge_agent.core.verification.rules import Rule
from edge_agent.core.verification.verdicts import Passed, Rejected, Verdict
from edge_agent.domain.ids import LocationId, Lpn


def verify_location(data: bytes, expected: LocationId, labels: SiteLabels, *, aim: bool) -> Verdict:
    """V1: the location is the task's (V7 for a code that cannot be right)."""
    return _verify_label(data, expected, LabelKind.LOCATION, Rule.WRONG_LOCATION, labels, aim=aim)


def verify_tote(data: bytes, expected: Lpn, labels: SiteLabels, *, aim: bool) -> Verdict:
    """V2: the source tote is the expected one (V7 for a code that cannot be right)."""
    return _verify_label(data, expected, LabelKind.TOTE, Rule.WRONG_TOTE, labels, aim=aim)


def verify_container(data: bytes, expected: Lpn, labels: SiteLabels, *, aim: bool) -> Verdict:
    """V19: the put container is the assigned one (V7 for a code that cannot be right)."""
    return _verify_label(data, expected, LabelKind.CONTAINER, Rule.WRONG_CONTAINER, labels, aim=aim)


def _verify_label(
    data: bytes, expected: str, kind: LabelKind, rule: Rule, labels: SiteLabels, *, aim: bool
) -> Verdict:
    reading = read_label(data, kind, labels, aim=aim)
    match reading:
        case SiteLabel(kind=found, text=text) if found is kind and text == expected:
            return Passed(rule)
        case SiteLabel(kind=found, text=text):
            return Rejected(rule, expected, text, f"a {found} label")
        case Invalid(reason=reason):
            return Rejected(Rule.INVALID_CODE, expected, printable(data), reason)
        case Unrecognised(reason=reason):
            return Rejected(rule, expected, printable(data), reason)
