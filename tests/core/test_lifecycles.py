"""The transition tables against real states: what no row allows changes nothing."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pytest

from edge_agent.core.evolve import evolve
from edge_agent.core.lifecycle import COMMAND, LIFECYCLES, LINE, TASK, TRIP, UNIT, Lifecycle
from edge_agent.core.plant import Plant
from edge_agent.core.state import State
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.errors import IllegalTransitionError
from tests.core.agent import MUG, T0, Agent, a_line, a_site, a_task, an_agent

Machine = Lifecycle[Any]
Row = tuple[str, str, type]


@dataclass(frozen=True)
class Case:
    """A real state in which one thing is in one status."""

    state: State
    subject: Any


# ---- a few days on the floor that lead through every status ------------------------------------------


def a_good_day() -> Agent:
    agent = an_agent({1: [MUG] * 2, 2: [MUG]}, a_site("st2"))
    agent.submit(a_task("T-1", a_line("1", MUG, 3, totes=(1, 2))), a_task("T-2", box=2))
    agent.run_to(ev.UnitStarted, count=2)  # T-2 may have to wait for a put position
    agent.submit(a_task("T-3", a_line("1", MUG, 1, totes=(2,)), box=3))
    agent.run()
    return agent


def a_cancelled_day() -> Agent:
    agent = an_agent()
    agent.submit(a_task("T-1"), a_task("T-2", a_line("1", MUG, 1, totes=(3,)), box=2))
    agent.cancel("T-2")
    agent.run_to(ev.UnitGripped)
    agent.cancel("T-1")
    agent.run()
    return agent


def a_bad_day() -> Agent:
    agent = an_agent({1: [MUG], 2: [MUG], 3: [MUG]}, a_site("st2"))
    agent.submit(a_task("T-1"))
    agent.run_to(ev.UnitVerified)
    agent.scan(b"]C0OC-9999")  # another container than the task's
    agent.run()
    agent.submit(a_task("T-2", a_line(totes=(2,)), box=2))
    agent.doubt(agent.command(cmd.Transfer))  # its container may be anywhere
    agent.run()
    agent.submit(a_task("T-3", a_line(totes=(3, 4)), box=3))
    agent.run_to(ev.UnitGripped, count=2)
    for _ in range(3):
        agent.scan(None)
    agent.run_to(ev.ToteReleased, count=3)
    agent.submit(a_task("T-4", a_line(totes=(4,)), box=4, partial=False))
    agent.run_to(ev.ToteDelivered, count=3)
    for _ in range(3):
        agent.scan(b"]C0TOTE-9999")
    agent.run()
    return agent


# ---- what is in which status -------------------------------------------------------------------------


def things(state: State) -> Iterator[tuple[Machine, StrEnum, Any]]:
    for task in state.tasks.values():
        yield TASK, task.status, task.task
        for line in task.lines.values():
            yield LINE, line.status, ev.LineRef(task.task.task_id, line.line.line_id)
    for trip in state.trips.values():
        yield TRIP, trip.status, trip
    for command in state.commands.values():
        yield COMMAND, command.status, command.command
    for station in state.stations.values():
        if station.hand is not None:
            yield UNIT, station.hand.phase, station.station_id


def copied(state: State) -> State:
    return deepcopy(state, {id(state.plant): state.plant})


def collect(plant: Plant, journal: list[tuple[ev.Event, float]]) -> Iterator[tuple[Machine, StrEnum, Case]]:
    state = State(plant)
    for event, clock_s in journal:
        before = copied(state)
        yield from ((machine, status, Case(before, thing)) for machine, status, thing in things(before))
        evolve(state, event, clock_s)


@pytest.fixture(scope="module")
def cases() -> dict[tuple[str, StrEnum], list[Case]]:
    found = defaultdict(list)
    for day in (a_good_day(), a_cancelled_day(), a_bad_day()):
        for machine, status, case in collect(day.plant, day.journal):
            found[machine.name, status].append(case)
    return found


# ---- the events that could happen to a thing ---------------------------------------------------------

Make = Callable[[Case], ev.Event]
STATION = "st2"

TASK_EVENTS: dict[type, Make] = {
    ev.TaskAccepted: lambda case: ev.TaskAccepted(case.subject, "digest"),
    ev.TaskReplaced: lambda case: ev.TaskReplaced(case.subject, "digest"),
    ev.CancelRequested: lambda case: ev.CancelRequested(case.subject.task_id, 1, "not wanted"),
    ev.TaskStarted: lambda case: ev.TaskStarted(case.subject.task_id, STATION, "st2-put-1", T0),
    ev.ContainerArrived: lambda case: ev.ContainerArrived(case.subject.task_id),
    ev.TaskFilled: lambda case: ev.TaskFilled(case.subject.task_id, None),
    ev.TaskMoved: lambda case: ev.TaskMoved(case.subject.task_id, "st1", "st1-put-3"),
    ev.LaneChanged: lambda case: ev.LaneChanged(case.subject.task_id, "express-1", "express-1"),
    ev.TaskCompleted: lambda case: ev.TaskCompleted(case.subject.task_id, 1, "SO", ()),
    ev.TaskCancelled: lambda case: ev.TaskCancelled(case.subject.task_id, 1, "SO", "not wanted", ()),
}

LINE_EVENTS: dict[type, Make] = {
    ev.TripPlanned: lambda case: ev.TripPlanned(
        "trip-99", "TOTE-0024", "A01-01-24", "asrs-1", STATION, (case.subject,)
    ),
    ev.TripJoined: lambda case: ev.TripJoined(next(iter(case.state.trips), "trip-0"), case.subject),
    ev.SourceExhausted: lambda case: ev.SourceExhausted(
        *ref(case), "TOTE-0001", ev.SourceReason.ITEM_MISSING
    ),
    ev.LineUnassigned: lambda case: ev.LineUnassigned(*ref(case)),
    ev.LinePicked: lambda case: ev.LinePicked(*ref(case), "MUG", MUG, 1, 1, ()),
    ev.LineShort: lambda case: ev.LineShort(
        *ref(case), "MUG", MUG, 1, 0, 1, ev.SourceReason.ITEM_MISSING, "close_line", ()
    ),
    ev.LineCancelled: lambda case: ev.LineCancelled(*ref(case), 1),
    ev.UnitStarted: lambda case: ev.UnitStarted(STATION, "trip-1", *ref(case)),
    ev.UnitPlaced: lambda case: ev.UnitPlaced(
        STATION, *ref(case), ev.PickedUnit(MUG), "TOTE-0001", "A02-01-01", "OC-0001"
    ),
}


def ref(case: Case) -> tuple[str, str]:
    return case.subject.task_id, case.subject.line_id


TRIP_EVENTS: dict[type, Make] = {
    ev.TripPlanned: lambda case: ev.TripPlanned(
        "trip-99", case.subject.tote, case.subject.location, case.subject.asrs, STATION, ()
    ),
    ev.TripRetrieved: lambda case: ev.TripRetrieved(case.subject.trip_id, "asrs-1-out"),
    ev.ToteDelivered: lambda case: ev.ToteDelivered(case.subject.trip_id, "st2-tote"),
    ev.TotePresented: lambda case: ev.TotePresented(case.subject.trip_id, STATION, "st2-tote-scan"),
    ev.ToteReleased: lambda case: ev.ToteReleased(case.subject.trip_id, "asrs-1-in"),
    ev.ToteReturned: lambda case: ev.ToteReturned(case.subject.trip_id, "asrs-1-in"),
    ev.ToteIdentified: lambda case: ev.ToteIdentified(
        case.subject.trip_id, "A01-01-02", "asrs-1", "asrs-1-in"
    ),
    ev.ToteDiverted: lambda case: ev.ToteDiverted(case.subject.trip_id, "reject"),
    ev.TripEnded: lambda case: ev.TripEnded(case.subject.trip_id),
    ev.TripDropped: lambda case: ev.TripDropped(case.subject.trip_id),
    ev.ToteRemoved: lambda case: ev.ToteRemoved(case.subject.trip_id, case.subject.tote),
}

COMMAND_EVENTS: dict[type, Make] = {
    ev.CommandOrdered: lambda case: ev.CommandOrdered(case.subject),
    ev.CommandAccepted: lambda case: ev.CommandAccepted(case.subject.command_id),
    ev.CommandRefused: lambda case: ev.CommandRefused(case.subject.command_id, cmd.RefusalReason.BUSY, ""),
    ev.CommandDone: lambda case: ev.CommandDone(case.subject.command_id, cmd.Report()),
    ev.CommandFailed: lambda case: ev.CommandFailed(case.subject.command_id, cmd.FailureReason.JAM, 1),
    ev.CommandUnknown: lambda case: ev.CommandUnknown(case.subject.command_id, "no memory"),
}


def in_hand(case: Case) -> tuple[str, str, str]:
    hand = case.state.stations[case.subject].hand
    assert hand is not None
    return case.subject, hand.task_id, hand.line_id


UNIT_EVENTS: dict[type, Make] = {
    ev.UnitStarted: lambda case: ev.UnitStarted(case.subject, "trip-1", *in_hand(case)[1:]),
    ev.UnitGripped: lambda case: ev.UnitGripped(case.subject, 100),
    ev.UnitMissing: lambda case: ev.UnitMissing(case.subject),
    ev.UnitVerified: lambda case: ev.UnitVerified(*in_hand(case), "st2-item-scan", ev.PickedUnit(MUG)),
    ev.UnitWeighed: lambda case: ev.UnitWeighed(case.subject, "st2-scale", 100.0),
    ev.ContainerVerified: lambda case: ev.ContainerVerified(*in_hand(case)[:2], "st2-put-1-scan"),
    ev.ScanRejected: lambda case: ev.ScanRejected(
        *in_hand(case), "st2-item-scan", ev.ScanTarget.ITEM, "V5", "wrong_item", MUG, "another"
    ),
    ev.UnitPlaced: lambda case: ev.UnitPlaced(
        *in_hand(case), ev.PickedUnit(MUG), "TOTE-0001", "A02-01-01", "OC-0001"
    ),
    ev.UnitPutBack: lambda case: ev.UnitPutBack(case.subject),
    ev.UnitLost: lambda case: ev.UnitLost(*in_hand(case), None, "TOTE-0001", "A02-01-01", "not found"),
}

ALPHABETS = {
    TASK.name: TASK_EVENTS,
    LINE.name: LINE_EVENTS,
    TRIP.name: TRIP_EVENTS,
    COMMAND.name: COMMAND_EVENTS,
    UNIT.name: UNIT_EVENTS,
}


def status_of(machine: Machine, state: State, subject: Any) -> StrEnum | None:
    """None where the thing is gone."""
    if machine is UNIT:
        hand = state.stations[subject].hand
        return hand.phase if hand else None
    for found, status, thing in things(state):
        if found is machine and identity(thing) == identity(subject):
            return status
    return None


def identity(thing: Any) -> object:
    if isinstance(thing, ev.LineRef):
        return thing
    for name in ("trip_id", "command_id", "task_id"):
        if hasattr(thing, name):
            return getattr(thing, name)
    return thing


# ---- the tests ---------------------------------------------------------------------------------------

ROWS = [(machine, status, event) for machine in LIFECYCLES for status, event in machine.table]
OTHERS = [
    (machine, status, event)
    for machine in LIFECYCLES
    for status in type(machine.initial)
    for event in ALPHABETS[machine.name]
    if (status, event) not in machine.table
]


def spread(cases: list[Case], limit: int = 6) -> list[Case]:
    """Some early, some late: each costs a copy of a state."""
    return cases[:: max(1, len(cases) // limit)]


def named(value: object) -> str:
    return value.name if isinstance(value, Lifecycle) else getattr(value, "__name__", str(value))


def test_the_events_tried_here_are_all_that_the_tables_know() -> None:
    for machine in LIFECYCLES:
        assert {event for _, event in machine.table} <= ALPHABETS[machine.name].keys()


@pytest.mark.parametrize("machine", LIFECYCLES, ids=named)
def test_a_final_status_has_no_way_out_and_every_other_has_one(machine: Machine) -> None:
    assert {status for status, _ in machine.table} == set(type(machine.initial)) - machine.final


@pytest.mark.parametrize("machine", LIFECYCLES, ids=named)
def test_every_status_can_be_reached_from_the_first(machine: Machine) -> None:
    reached = {machine.initial}
    for _ in machine.table:
        reached |= {to for (status, _), to in machine.table.items() if status in reached}
    assert reached == set(type(machine.initial))


@pytest.mark.parametrize(("machine", "status", "event"), ROWS, ids=named)
def test_what_a_row_allows_happens(
    machine: Machine, status: StrEnum, event: type, cases: dict[tuple[str, StrEnum], list[Case]]
) -> None:
    expected = machine.table[status, event]
    found = []
    for case in cases[machine.name, status]:
        state = copied(case.state)
        try:
            evolve(state, ALPHABETS[machine.name][event](case), 0.0)
        except IllegalTransitionError:
            continue  # another machine does not allow it here
        found.append(status_of(machine, state, case.subject))
    assert found, "no day has led into a state where it could be tried"
    assert set(found) <= {expected, None}
    assert None not in found or expected in machine.final


@pytest.mark.parametrize(("machine", "status", "event"), OTHERS, ids=named)
def test_what_no_row_allows_raises_and_changes_nothing(
    machine: Machine, status: StrEnum, event: type, cases: dict[tuple[str, StrEnum], list[Case]]
) -> None:
    with pytest.raises(IllegalTransitionError):
        machine.next(status, object.__new__(event))
    for case in spread(cases[machine.name, status]):
        before = copied(case.state)
        with pytest.raises(IllegalTransitionError):
            evolve(case.state, ALPHABETS[machine.name][event](case), 0.0)
        assert case.state == before


@pytest.mark.parametrize(
    "event",
    [
        ev.TaskStarted("T-0", STATION, "st2-put-1", T0),
        ev.LineCancelled("T-0", "1", 1),
        ev.LineCancelled("T-1", "no such line", 1),
        ev.TripEnded("trip-0"),
        ev.TripJoined("trip-0", ev.LineRef("T-1", "1")),
        ev.CommandAccepted(0),
        ev.UnitGripped(STATION, None),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_about_something_that_is_not_there_raises_and_changes_nothing(event: ev.Event) -> None:
    agent = an_agent()
    agent.submit(a_task("T-1"))
    before = copied(agent.state)
    with pytest.raises(IllegalTransitionError):
        evolve(agent.state, event, 0.0)
    assert agent.state == before
