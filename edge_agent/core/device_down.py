"""A device that somebody waits for has not been ready for long: a person is told, with who waits.

Nobody answers that: it ends by itself when the device is ready. Meanwhile the device counts as held, so that
whatever can go round it does, and whatever cannot says what it waits for (invariants 4 and 11).
"""

from collections.abc import Iterator

from edge_agent.core.exceptions import ACTOR, hold, release
from edge_agent.core.patience import device_wait_s, down_for
from edge_agent.core.state import State
from edge_agent.core.tasks import station_for
from edge_agent.core.wait import Wait, WaitCode
from edge_agent.core.why import why
from edge_agent.domain import events as ev
from edge_agent.domain.command import ForContainer, ForTrip, ForUnit, Purpose
from edge_agent.domain.events import ExceptionKind, HeldDevice
from edge_agent.domain.ids import DeviceId, TaskId
from edge_agent.domain.time import Instant


def end_wait(state: State, device_id: DeviceId) -> Iterator[ev.Event]:
    """The device is ready again: what was told of it ends."""
    for exception_id, raised in list(state.exceptions.items()):
        if raised.kind is ExceptionKind.DEVICE_DOWN and raised.held == HeldDevice(device_id):
            yield from release(state, exception_id, "wait_for_device", ACTOR, "it is ready again")


def tell_of_devices(state: State, now: Instant) -> Iterator[ev.Event]:
    """Tell of every device that is waited for longer than the site wants to wait."""
    wait_s = device_wait_s(state.plant.site)
    for device_id, device in list(state.devices.items()):
        if device.down_since_s is None or device.held is not None:
            continue
        if device_id not in state.plant.site.devices or not down_for(state, device_id, wait_s, now):
            continue
        waiting = tuple(dict.fromkeys(_waiting(state, device_id, now)))
        if waiting or _queue_waits(state, device_id, now):
            detail = f"has been {device.status.mode.value} for longer than {wait_s:g} s, and is waited for"
            held = HeldDevice(device_id)
            yield from hold(
                state, ExceptionKind.DEVICE_DOWN, f"device {device_id}", detail, held, waiting=waiting
            )


def _waiting(state: State, device_id: DeviceId, now: Instant) -> Iterator[TaskId]:
    """The tasks at stations whose next step, or whose step under way, is this device's."""
    for command in state.commands.values():
        if command.command.device_id == device_id:
            yield from _of(state, command.command.purpose)
    for task_id in state.active:
        if any(_is_for(wait, device_id) for wait in why(state, task_id, now)):
            yield task_id


def _of(state: State, purpose: Purpose) -> Iterator[TaskId]:
    match purpose:
        case ForTrip(trip_id) if trip_id in state.trips:
            yield from (ref.task_id for ref in state.trips[trip_id].lines)
        case ForContainer(task_id):
            yield task_id
        case ForUnit(station_id) if (hand := state.stations[station_id].hand) is not None:
            yield hand.task_id


def _queue_waits(state: State, device_id: DeviceId, now: Instant) -> bool:
    """Whether the tasks that wait for a station wait for this device. They all wait for the same."""
    places = (station_for(state, state.tasks[task_id], now) for _, task_id in state.queue[:1])
    return any(isinstance(place, Wait) and _is_for(place, device_id) for place in places)


def _is_for(wait: Wait, device_id: DeviceId) -> bool:
    return wait.code is WaitCode.DEVICE_NOT_READY and wait.about == device_id
