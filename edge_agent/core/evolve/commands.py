"""Commands and who waits for them."""

from edge_agent.core.cycles import measure_command
from edge_agent.core.evolve.dispatch import apply
from edge_agent.core.lifecycle import COMMAND, CommandStatus
from edge_agent.core.state import (
    CommandState,
    Hand,
    State,
    TaskState,
    TripState,
)
from edge_agent.domain import events as ev
from edge_agent.domain.command import FailureReason
from edge_agent.domain.ids import CommandId
from edge_agent.errors import IllegalTransitionError


@apply.register
def _(event: ev.CommandOrdered, state: State, clock_s: float) -> None:
    command = event.command
    _refuse_a_second(event, state)
    state.commands[command.command_id] = CommandState(command, ordered_s=clock_s)
    state.next_command = CommandId(command.command_id + 1)
    state.devices[command.device_id].open += 1
    _set_command(state, command.command_id, command.command_id)


def _refuse_a_second(event: ev.CommandOrdered, state: State) -> None:
    """One trip, container or hand has one open command at most."""
    holder = state.holder_of(event.command.purpose)
    open_id = holder.container_command if isinstance(holder, TaskState) else holder and holder.command_id
    known = state.commands.get(open_id or event.command.command_id)
    if known is not None:
        raise IllegalTransitionError(COMMAND.name, known.status.value, type(event).__name__)


def _set_command(state: State, command_id: CommandId, value: CommandId | None) -> None:
    holder = state.holder_of(state.commands[command_id].command.purpose)
    if isinstance(holder, TripState | Hand):
        holder.command_id = value
    elif isinstance(holder, TaskState):
        holder.container_command = value


@apply.register
def _(event: ev.CommandAccepted, state: State, _clock_s: float) -> None:
    command = state.commands[event.command_id]
    command.status = COMMAND.next(command.status, event)
    device = state.devices[command.command.device_id]
    device.refusals, device.refused_s = 0, None


def _end_command(
    event: ev.CommandDone | ev.CommandFailed | ev.CommandRefused, state: State, clock_s: float
) -> None:
    command = state.commands[event.command_id]
    COMMAND.next(command.status, event)
    device = state.devices[command.command.device_id]
    if command.status is not CommandStatus.UNKNOWN:  # that one has not counted as open any more
        device.open -= 1
    match event:
        case ev.CommandRefused():
            device.refusals += 1
            device.refused_s = clock_s
        case ev.CommandFailed(reason=FailureReason.NOT_STARTED):
            device.unstarted += 1
            device.refused_s = clock_s
        case ev.CommandDone():
            device.unstarted = 0
            measure_command(state, command.command, clock_s - command.ordered_s)
    _set_command(state, event.command_id, None)
    del state.commands[event.command_id]


for _ended_type in (ev.CommandDone, ev.CommandFailed, ev.CommandRefused):
    apply.register(_ended_type)(_end_command)


@apply.register
def _(event: ev.CommandUnknown, state: State, _clock_s: float) -> None:
    command = state.commands[event.command_id]
    command.status = COMMAND.next(command.status, event)
    state.devices[command.command.device_id].open -= 1
