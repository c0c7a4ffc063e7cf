"""Any order of events on any floor: the laws hold, and nothing is ever stuck without a reason."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from edge_agent.core.lifecycle import LIFECYCLES, Lifecycle
from edge_agent.core.state import State
from edge_agent.core.verification.items import ItemExpectation
from edge_agent.core.verification.rules import Rule
from edge_agent.core.verification.verdicts import ItemPassed
from edge_agent.domain.ids import DeviceId, LineId, PointId, StationId, TaskId
from edge_agent.domain.time import Instant
from edge_agent.errors import IllegalTransitionError
from tests.core.any_day import AnyDay
from tests.core.any_shift import AnyShift
from tests.core.any_week import AnyWeek
from tests.core.day import Day
from tests.core.sure_days import SURE_DAYS

Row = tuple[str, StrEnum, type]
ROWS: frozenset[Row] = frozenset(
    (machine.name, state, event) for machine in LIFECYCLES for state, event in machine.table
)


def run_days(examples: int, *phases: Phase, day: type[Day], first: int = 0) -> None:
    """So many days, the same ones in every run; another `first` number makes other ones."""
    run_state_machine_as_test(
        seed(first)(type(day.__name__, (day,), {})),
        settings=settings(
            max_examples=examples,
            stateful_step_count=40,
            database=None,
            deadline=None,
            report_multiple_bugs=False,
            phases=phases,
            suppress_health_check=list(HealthCheck),
        ),
    )


@contextmanager
def rows_reached(monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[Row]]:
    """Every row of a transition table that is gone through meanwhile, and how often."""
    reached: Counter[Row] = Counter()
    real = Lifecycle.next

    def recording(self: Lifecycle[Any], state: Any, event: object) -> Any:
        after = real(self, state, event)
        reached[self.name, state, type(event)] += 1
        return after

    with monkeypatch.context() as patch:
        patch.setattr(Lifecycle, "next", recording)
        yield reached


@pytest.mark.timeout(600)  # only a failure takes so long: it is made small first
def test_the_laws_hold_on_any_day_and_every_transition_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with rows_reached(monkeypatch) as reached:
        run_days(40, Phase.generate, Phase.shrink, day=AnyShift)
        run_days(100, Phase.generate, Phase.shrink, day=AnyWeek)
        for day in SURE_DAYS:
            day()
    assert reached.keys() >= ROWS, f"never taken: {sorted(map(str, ROWS - reached.keys()))}"


def test_the_days_that_are_written_down_take_every_transition_by_themselves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with rows_reached(monkeypatch) as reached:
        for day in SURE_DAYS:
            day()
    assert reached.keys() >= ROWS, f"never taken: {sorted(map(str, ROWS - reached.keys()))}"


# ---- the laws can be broken --------------------------------------------------------------------------


def any_code_passes(data: bytes, expected: ItemExpectation, labels: object, **how: object) -> ItemPassed:
    return ItemPassed(Rule.ITEM_MATCHES, expected.gtin, None, None, None)


def nothing_is_in_hand(state: State, task_id: TaskId, line_id: LineId | None = None) -> bool:
    return False


def the_first_put_position(state: State, station_id: StationId, asking: object = None) -> PointId:
    return state.plant.site.stations[station_id].put_positions[0].point


def no_device_is_busy(state: State, device_id: DeviceId, now: Instant) -> None:
    return None


def an_empty_queue(state: State, station_id: StationId) -> int:
    return 0


@pytest.mark.parametrize(
    ("broken", "by", "kind"),
    [
        ("edge_agent.core.decide.scans.verify_item", any_code_passes, AnyShift),
        ("edge_agent.core.tasks.in_hand", nothing_is_in_hand, AnyShift),
        ("edge_agent.core.tasks.free_put_position", the_first_put_position, AnyWeek),
        ("edge_agent.core.moves.device_wait", no_device_is_busy, AnyWeek),
        ("edge_agent.core.sourcing.queue_length", an_empty_queue, AnyWeek),
        ("edge_agent.core.stations._put_scanner", lambda state, task: None, AnyWeek),
        (
            "edge_agent.core.decide.scans._weighed",
            lambda state, station, expectation, verdict: verdict,
            AnyDay,
        ),
        ("edge_agent.core.state.TaskState.unweighed", property(lambda task: []), AnyWeek),
    ],
    ids=lambda value: value.rpartition(".")[2] if isinstance(value, str) else "",
)
def test_a_broken_core_breaks_a_law(
    monkeypatch: pytest.MonkeyPatch, broken: str, by: Any, kind: type[Day]
) -> None:
    monkeypatch.setattr(broken, by)
    with pytest.raises((AssertionError, IllegalTransitionError, KeyError)):
        run_days(250, Phase.generate, day=kind)
