"""`decide(state, input, now)`: what each input means, as events. One module a topic.

A decision is a generator: an event that it has yielded is already applied when it goes on, so that what
follows sees the state as it will be. It decides nothing about free resources; that is `plan`.
"""

from collections.abc import Iterator
from typing import assert_never

from edge_agent.core.decide.answers import exception_answered
from edge_agent.core.decide.commands import command_answered, command_resolved
from edge_agent.core.decide.holds import hold_placed, hold_released
from edge_agent.core.decide.intake import cancel_submitted, message_refused, task_submitted
from edge_agent.core.decide.scans import device_reported, scanned
from edge_agent.core.decide.station_answers import station_answered
from edge_agent.core.eta import revise_etas
from edge_agent.core.state import State
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.ids import CommandId
from edge_agent.domain.time import Instant


def decide(state: State, what: inp.Input, now: Instant) -> Iterator[ev.Event]:
    """The events that one input leads to."""
    match what:
        case inp.Started(version):
            # Seconds since 1970 grow faster than any site gives commands, so that a new journal does not
            # use sequence numbers again that a device still remembers from the one before.
            yield ev.AgentStarted(version, CommandId(int(now.utc.timestamp())))
        case inp.Drain(on):
            if on != state.draining:
                yield ev.DrainChanged(on)
        case inp.TaskSubmitted(task, digest):
            yield from task_submitted(state, task, digest)
        case inp.CancelSubmitted(request):
            yield from cancel_submitted(state, request)
        case inp.MessageRefused():
            yield from message_refused(what)
        case inp.CommandAnswered(command_id, answer):
            yield from command_answered(state, command_id, answer)
        case inp.CommandResolved(command_id, outcome):
            yield from command_resolved(state, command_id, outcome, now)
        case inp.DeviceReported(device_id, status):
            yield from device_reported(state, device_id, status, now)
        case inp.Scanned(scanner, data, more):
            yield from scanned(state, scanner, data, now, more)
        case inp.DiskReported(low, free_mb):
            if low != state.disk_low:
                yield ev.DiskChanged(low, free_mb)
        case inp.ClockReported(sync):
            if sync is not state.clock:
                yield ev.ClockChanged(sync)
        case inp.ClockSet(step_s):
            yield ev.ClockStepped(step_s)
        case inp.ExceptionAnswered():
            yield from exception_answered(state, what, now)
        case inp.StationAnswered():
            yield from station_answered(state, what, now)
        case inp.HoldPlaced():
            yield from hold_placed(state, what, now)
        case inp.HoldReleased():
            yield from hold_released(state, what)
        case inp.Tick():
            yield from revise_etas(state, now)  # everything else that time decides, `plan` sees by itself
        case _:
            assert_never(what)
