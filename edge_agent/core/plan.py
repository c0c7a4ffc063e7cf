"""`plan(state, now)`: gives free resources their next work, in an ordered list of small phases.

A phase is a generator of events, each applied before the phase goes on. The phases are run over again until
none has anything left to do, so that one commit carries everything that can be decided now.
"""

from collections.abc import Callable, Iterator

from edge_agent.core.decide.holds import holds_of_ended
from edge_agent.core.decide.scans import expire_scans
from edge_agent.core.decide.weighing import expire_weighings
from edge_agent.core.device_down import tell_of_devices
from edge_agent.core.lanes import leave_held_lanes
from edge_agent.core.moves import (
    drop_useless_trips,
    find_totes,
    leave_held_tasks,
    leave_held_trips,
    leave_shut_trips,
    move_containers,
    move_totes,
)
from edge_agent.core.relocation import leave_stopped_stations
from edge_agent.core.state import State
from edge_agent.core.stations import work
from edge_agent.core.tasks import cancel_lines, fill_tasks, start_tasks
from edge_agent.domain.events import Event
from edge_agent.domain.time import Instant
from edge_agent.errors import EndlessPlanError

Phase = Callable[[State, Instant], Iterator[Event]]

PHASES: tuple[Phase, ...] = (
    expire_scans,
    expire_weighings,
    cancel_lines,
    leave_held_trips,
    leave_shut_trips,
    holds_of_ended,
    leave_held_tasks,
    fill_tasks,
    leave_held_lanes,
    leave_stopped_stations,
    start_tasks,
    find_totes,
    drop_useless_trips,
    move_containers,
    move_totes,
    work,
    tell_of_devices,
)


LONGEST_PLAN = 1000
"""Rounds of all phases. A day's longest took a handful; each has something to do only where the one before
has freed something."""


def plan(state: State, now: Instant) -> Iterator[Event]:
    """The events that the present state calls for by itself.

    Raises `EndlessPlanError` where phases undo each other for ever: that is a defect, and better named than
    an agent that stands still.
    """
    for _ in range(LONGEST_PLAN):
        events = _round(state, now)
        first = next(events, None)
        if first is None:
            return
        yield first
        yield from events
    raise EndlessPlanError(f"no end of planning after {LONGEST_PLAN} rounds of all phases")


def _round(state: State, now: Instant) -> Iterator[Event]:
    for phase in PHASES:
        yield from phase(state, now)
