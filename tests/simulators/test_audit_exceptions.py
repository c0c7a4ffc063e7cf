"""Who settled which exceptions, counted from what the OMS was told."""

from pathlib import Path

from edge_agent.domain.site import Site
from simulators.audit_exceptions import ExceptionCounts
from simulators.catalogue import Stock
from tests.simulators.shift import Shift, a_shift


def raised(shift: Shift, number: int, kind: str, settled_by: str | None) -> None:
    exception = {"exception_id": f"X-{number}", "task_id": "T-1", "line_id": None}
    shift.tell("exception_raised", **exception, kind=kind, held=False)
    if settled_by is not None:
        shift.tell("exception_resolved", **exception, action="short", actor=settled_by)


def test_exceptions_are_counted_by_kind_and_by_who_settled_them(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    shift = a_shift(site, stock)
    raised(shift, 1, "short", "agent")
    raised(shift, 2, "short", "anna")
    raised(shift, 3, "short", "oms")
    raised(shift, 4, "no_read", "agent")
    raised(shift, 5, "no_read", None)
    result = shift.audit(tmp_path)
    assert result.problems == ()
    assert result.exceptions == {"no_read": ExceptionCounts(2, 1, 0), "short": ExceptionCounts(3, 1, 1)}
    assert result.to_json()["exceptions"]["short"] == {"raised": 3, "by_machine": 1, "by_person": 1}
