"""The audit measures how far the told ends of tasks were from those that came."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.domain.site import Site
from simulators.audit_etas import EtaError
from simulators.catalogue import Stock
from tests.simulators.shift import Shift, a_shift

Told = tuple[str, datetime]


@pytest.fixture
def shift(site: Site, stock: Stock) -> Shift:
    return a_shift(site, stock)


def started_and_ended(shift: Shift, task_id: str) -> tuple[datetime, datetime]:
    eta = datetime.fromisoformat(shift.told("task_started", task_id=task_id)["eta"])
    ended = shift.event("task_completed", task_id=task_id)["event"]["time"]
    return eta, datetime.fromisoformat(ended)


def change(shift: Shift, eta: datetime, earlier: datetime) -> None:
    """Told right after the start of the first task."""
    shift.tell("eta_changed", task_id="T-1", eta=eta.isoformat(), earlier_eta=earlier.isoformat())


def test_the_error_is_the_time_between_the_told_end_and_the_real_one(shift: Shift, tmp_path: Path) -> None:
    errors_s = sorted(
        abs((ended - eta).total_seconds())
        for eta, ended in (started_and_ended(shift, "T-1"), started_and_ended(shift, "T-2"))
    )
    result = shift.audit(tmp_path).eta_error_s
    assert (result.at_start.p50, result.at_start.p90) == pytest.approx(errors_s, abs=0.001)
    assert result.last == result.at_start
    assert (result.at_start.samples, result.changes) == (2, 0)


def test_what_was_told_last_is_measured_apart(shift: Shift, tmp_path: Path) -> None:
    eta, ended = started_and_ended(shift, "T-1")
    change(shift, ended, eta)
    result = shift.audit(tmp_path)
    assert result.problems == ()
    assert result.eta_error_s.changes == 1
    assert result.eta_error_s.last.p50 == 0
    assert result.eta_error_s.at_start.p50 != 0


def test_a_change_from_an_end_that_was_never_told_is_wrong(shift: Shift, tmp_path: Path) -> None:
    _, ended = started_and_ended(shift, "T-1")
    change(shift, ended, datetime(2026, 1, 1, tzinfo=UTC))
    result = shift.audit(tmp_path)
    assert result.confirmations.wrong == 1
    assert "another ETA was told before it" in result.problems[0]


def test_without_an_end_there_is_no_error(shift: Shift, tmp_path: Path) -> None:
    shift.oms_lines.clear()
    assert shift.audit(tmp_path).eta_error_s.at_start == EtaError(None, None, 0)
