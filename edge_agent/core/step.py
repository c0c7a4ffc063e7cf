"""One step of the core: inputs in, events out, the state moved on by each event as it is decided."""

from collections.abc import Iterable
from itertools import chain

from edge_agent.core.decide import decide
from edge_agent.core.evolve import evolve
from edge_agent.core.plan import plan
from edge_agent.core.state import State
from edge_agent.core.wait import retry_s
from edge_agent.domain.events import Event
from edge_agent.domain.inputs import Input
from edge_agent.domain.time import Instant

LONGEST_WAIT_S = 30.0
"""A wait for a wall-clock time is looked at again this often: that clock may be stepped."""


def step(state: State, inputs: Iterable[Input], now: Instant) -> list[Event]:
    """Decide every input, then plan. The events must be durable before anything is done about them."""
    decided = [decide_one(state, what, now) for what in inputs]
    return [*chain.from_iterable(decided), *plan_all(state, now)]


def decide_one(state: State, what: Input, now: Instant) -> list[Event]:
    """What one input leads to by itself. After the last of them comes `plan_all`."""
    return _applied(state, decide(state, what, now), now)


def plan_all(state: State, now: Instant) -> list[Event]:
    """What free resources do next."""
    return _applied(state, plan(state, now), now)


def _applied(state: State, events: Iterable[Event], now: Instant) -> list[Event]:
    applied = []
    for event in events:
        evolve(state, event, now.clock_s)
        applied.append(event)
    return applied


def next_wakeup_s(state: State, now: Instant) -> float | None:
    """In how many seconds a wait ends by itself; None where only an input can change anything."""
    scans = [station.scan for station in state.stations.values() if station.scan]
    moments = [scan.deadline_s for scan in scans if scan.deadline_s is not None]
    moments += [retry_s(state, device) for device in state.devices.values()]
    waits = [moment - now.clock_s for moment in moments]
    waits += [
        (task.not_before - now.utc).total_seconds()
        for _, task_id in state.queue
        if (task := state.tasks[task_id].task).not_before and task.not_before > now.utc
    ]
    return min((min(wait, LONGEST_WAIT_S) for wait in waits if wait > 0), default=None)
