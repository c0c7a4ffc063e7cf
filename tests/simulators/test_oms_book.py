"""The OMS's book: what became of each task, as far as it was told."""

from itertools import count
from typing import Any

import pytest

from simulators.oms_book import EventError, OmsBook, TaskStatus

TASK = {"task_id": "T-1", "lines": [{"line_id": "1", "quantity": 2}, {"line_id": "2", "quantity": 1}]}
LINE = {"line_id": "1", "ordered": 2, "picked": 2, "short": 0, "cancelled": 0}
numbers = count(1)


def event(name: str, **data: Any) -> dict[str, Any]:
    return {
        "id": f"gw1-{next(numbers)}",
        "type": f"warehouse.pick.{name}.v1",
        "data": {"task_id": "T-1"} | data,
    }


@pytest.fixture
def book() -> OmsBook:
    book = OmsBook()
    book.submitted(TASK)
    return book


def test_a_submitted_task_is_open(book: OmsBook) -> None:
    assert (book.count(TaskStatus.OPEN), book.under_way(), book.units_ordered) == (1, 1, 3)


def test_a_task_that_is_submitted_again_counts_once(book: OmsBook) -> None:
    book.submitted(TASK)
    assert (book.count(TaskStatus.OPEN), book.units_ordered) == (1, 3)


@pytest.mark.parametrize(
    ("told", "status"),
    [
        (event("task_completed", lines=[LINE]), TaskStatus.COMPLETED),
        (event("task_completed", lines=[LINE, {**LINE, "picked": 1, "short": 1}]), TaskStatus.SHORT),
        (event("task_cancelled", lines=[LINE]), TaskStatus.CANCELLED),
        (event("task_rejected", message_type="submit"), TaskStatus.REJECTED),
        (event("task_rejected", message_type="cancel"), TaskStatus.OPEN),
        (event("eta_changed"), TaskStatus.OPEN),
    ],
)
def test_the_end_that_was_told_is_the_tasks_status(
    book: OmsBook, told: dict[str, Any], status: TaskStatus
) -> None:
    assert book.told(told)
    assert book.tasks["T-1"].status is status
    assert book.count(status) == 1
    assert book.under_way() == (status is TaskStatus.OPEN)


def test_a_rejected_repeat_does_not_end_an_accepted_task(book: OmsBook) -> None:
    book.told(event("task_accepted"))
    book.told(event("task_rejected", message_type="submit", code="revision_conflict"))
    assert book.tasks["T-1"].status is TaskStatus.OPEN


def test_a_repeat_counts_once(book: OmsBook) -> None:
    told = event("inventory_changed", delta=-1, reason="picked")
    assert book.told(told)
    assert not book.told(told)
    assert (book.events, book.repeats, book.units_picked) == (1, 1, 1)


@pytest.mark.parametrize(
    "change",
    [{"delta": -1, "reason": "lost"}, {"delta": -2, "counted": 0, "reason": "found_short"}],
    ids=["lost", "found_short"],
)
def test_what_is_missing_from_the_stock_was_not_picked(book: OmsBook, change: dict[str, Any]) -> None:
    book.told(event("inventory_changed", **change))
    assert book.units_picked == 0


def test_a_task_is_held_until_its_exception_is_resolved(book: OmsBook) -> None:
    book.told(event("exception_raised", exception_id="E-1", held=True))
    assert book.held() == {"T-1"}
    assert book.under_way() == 0
    book.told(event("exception_resolved", exception_id="E-1"))
    assert not book.held()
    assert book.under_way() == 1


def test_an_exception_that_holds_nothing_holds_nothing(book: OmsBook) -> None:
    book.told(event("exception_raised", exception_id="E-1", held=False))
    assert not book.held()
    assert book.exceptions == 1


def test_a_task_that_is_merely_affected_is_held_too(book: OmsBook) -> None:
    told = event("exception_raised", exception_id="E-1", held=True, task_id=None, affected_tasks=["T-1"])
    book.told(told)
    assert book.held() == {"T-1"}


def test_a_task_that_has_ended_is_not_held(book: OmsBook) -> None:
    book.told(event("exception_raised", exception_id="E-1", held=True))
    book.told(event("task_completed", lines=[LINE]))
    assert not book.held()


def test_a_retained_state_holds_and_releases(book: OmsBook) -> None:
    assert book.state_shown("T-1", {"held": {"reason": "jam"}})
    assert not book.state_shown("T-1", {"held": {"reason": "jam"}})
    assert book.held() == {"T-1"}
    assert book.state_shown("T-1", None)
    assert not book.held()


def test_the_state_of_somebody_elses_task_is_passed_over(book: OmsBook) -> None:
    assert not book.state_shown("T-9", {"held": {"reason": "jam"}})


@pytest.mark.parametrize(
    "told",
    [
        {},
        {"id": "gw1-1", "type": "warehouse.pick.task_completed.v1", "data": {"task_id": "T-1"}},
        {"id": "gw1-1", "type": "warehouse.pick.task_completed.v1", "data": None},
        {"id": "gw1-1", "data": {}},
    ],
)
def test_what_is_no_event_of_the_contract_is_refused_and_changes_nothing(
    book: OmsBook, told: dict[str, Any]
) -> None:
    with pytest.raises(EventError, match="not an event of the contract"):
        book.told(told)
    assert (book.events, book.count(TaskStatus.OPEN)) == (0, 1)


def numbered(sequence: int, name: str = "eta_changed", **data: Any) -> dict[str, Any]:
    return event(name, **data) | {"sequence": sequence}


def test_events_ahead_of_a_gap_do_not_count_until_it_is_filled(book: OmsBook) -> None:
    for sequence in (1, 2, 5, 4):
        book.told(numbered(sequence))
    assert (book.told_up_to, book.has_gap) == (2, True)
    book.told(numbered(3))
    assert (book.told_up_to, book.has_gap) == (5, False)


def test_an_exception_that_is_told_after_its_settlement_holds_nothing(book: OmsBook) -> None:
    book.told(numbered(2, "exception_resolved", exception_id="E-1"))
    book.told(numbered(1, "exception_raised", exception_id="E-1", held=True))
    assert book.held() == frozenset()


def test_a_task_is_unanswered_until_it_is_accepted(book: OmsBook) -> None:
    assert book.unanswered() == ["T-1"]
    book.told(numbered(1, "task_accepted"))
    assert book.unanswered() == []
