"""Why something does not move: a value with a reason, given by the same functions that would move it."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from edge_agent.core.state import DeviceState, State, TripState
from edge_agent.domain.command import Transfer
from edge_agent.domain.decision import DeviceHold, HoldSubject, subject_name
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import CommandId, DeviceId, ExceptionId, PointId, StationId
from edge_agent.domain.time import Instant


class WaitCode(StrEnum):
    """The kinds of reasons, for a page to translate."""

    DRAINING = "draining"
    NOT_BEFORE = "not_before"
    NO_PUT_POSITION = "no_put_position"
    STATION_QUEUE_FULL = "station_queue_full"
    NO_ASRS = "no_asrs"
    TOTE_IN_USE = "tote_in_use"
    CONTAINER_ON_THE_WAY = "container_on_the_way"
    DEVICE_NOT_READY = "device_not_ready"
    DEVICE_BUSY = "device_busy"
    DEVICE_REFUSED = "device_refused"
    POINT_FULL = "point_full"
    COMMAND_OPEN = "command_open"
    SCAN_OPEN = "scan_open"
    PERSON_ASKED = "person_asked"
    OTHER_WORK_FIRST = "other_work_first"
    HELD = "held"
    HELD_BY_PERSON = "held_by_person"


FOR_A_PERSON = frozenset({WaitCode.HELD, WaitCode.HELD_BY_PERSON})
"""Only a person can end these. Where another way may free itself, that is the better reason."""


@dataclass(frozen=True, slots=True)
class Wait:
    """A reason: its kind, what it is about, and a sentence for people."""

    code: WaitCode
    about: str
    text: str


DRAINING = Wait(WaitCode.DRAINING, "agent", "the agent is draining: it orders no new work")


def device_wait(state: State, device_id: DeviceId, now: Instant) -> Wait | None:
    """Why a device cannot take one more command now; None where it can."""
    if state.draining:
        return DRAINING
    device = state.devices[device_id]
    if stopped := device_held(state, device_id):
        return stopped
    mode = device.status.mode
    if mode is not Mode.READY:
        return Wait(WaitCode.DEVICE_NOT_READY, device_id, f"{device_id} is {mode.value}")
    limit = state.plant.max_open.get(device_id, 1)
    if device.open >= limit:
        return Wait(
            WaitCode.DEVICE_BUSY, device_id, f"{device_id} has {device.open} of {limit} commands under way"
        )
    if retry_s(state, device) > now.clock_s:
        return Wait(
            WaitCode.DEVICE_REFUSED, device_id, f"{device_id} did not take a command and is told anew soon"
        )
    return None


def device_held(state: State, device_id: DeviceId) -> Wait | None:
    """Why a device gets no orders though it might take them: it was e-stopped, or a person holds it."""
    mark = state.devices[device_id].held
    return held(mark) if mark is not None else held_by_person(state, DeviceHold(device_id), device_id)


def held_by_person(state: State, subject: HoldSubject, about: str) -> Wait | None:
    """The wait of whatever a person has stopped; None where nobody has."""
    hold = state.holds.get(subject)
    if hold is None:
        return None
    text = f"{subject_name(subject)} is held by {hold.actor}: {hold.reason}"
    return Wait(WaitCode.HELD_BY_PERSON, about, text)


def command_wait(state: State, about: str, command_id: CommandId) -> Wait:
    """The wait for the end of a command, and what keeps its device from coming to it."""
    open_command = state.commands[command_id]
    device_id = open_command.command.device_id
    verb = type(open_command.command.order).__name__.lower()
    if device_id in state.plant.persons:
        return Wait(WaitCode.PERSON_ASKED, about, f"{device_id}, a person, is asked to {verb}")
    text = f"{device_id} has {verb} command {command_id}: {open_command.status.value}"
    mode = state.devices[device_id].status.mode
    if mode is not Mode.READY:
        text += f"; {device_id} is {mode.value}"
    return Wait(WaitCode.COMMAND_OPEN, about, text)


def retry_s(state: State, device: DeviceState) -> float:
    """Until when a device that refused is left alone, on the agent's clock; 0 where it did not."""
    if device.refused_s is None:
        return 0.0
    return device.refused_s + state.plant.site.policies.refusal_retry_s


def held(exception_id: str) -> Wait:
    """The wait of whatever an open exception holds."""
    return Wait(WaitCode.HELD, exception_id, f"held by exception {exception_id}")


def all_held(marks: Iterable[ExceptionId | None]) -> Wait | None:
    """A place is taken by these: where all are held, only a person can make room."""
    known = list(marks)
    first = next(iter(known), None)
    return held(first) if first is not None and None not in known else None


def station_held(state: State, station_id: StationId) -> Wait | None:
    """The exception that stops a whole station: of its hand, its picker, or a tote that blocks it, or may."""
    hand = state.stations[station_id].hand
    if hand is not None and hand.held is not None:
        return held(hand.held)
    site = state.plant.site.stations[station_id]
    mark, tote_point = state.devices[site.picker].held, site.tote_point
    if mark is not None:
        return held(mark)
    for trip in state.trips.values():
        if trip.held is not None and tote_point in (trip.point, _in_doubt(state, trip)):
            return held(trip.held)
    return None


def _in_doubt(state: State, trip: TripState) -> PointId | None:
    """Where a tote may stand, if the transfer that nobody knows the end of has been done."""
    command = state.commands.get(trip.command_id) if trip.command_id else None
    order = command.command.order if command else None
    return order.destination if isinstance(order, Transfer) else None
