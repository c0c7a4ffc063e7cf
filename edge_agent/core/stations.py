"""What a station does next: read the tote's label, pick a unit, read it, place it or put it back."""

from collections.abc import Iterator
from dataclasses import replace

from edge_agent.core.lifecycle import TripStatus, UnitPhase
from edge_agent.core.moves import infeed_of, order
from edge_agent.core.spare_scanners import in_use
from edge_agent.core.state import Hand, ScanStep, State, StationState, TaskState, TripState
from edge_agent.core.wait import (
    Wait,
    WaitCode,
    command_wait,
    device_held,
    device_wait,
    held,
    held_by_person,
)
from edge_agent.core.weighing import WEIGHT_TARGETS, is_on_scale, put_scale, unit_scale, wanted_scale
from edge_agent.domain import events as ev
from edge_agent.domain.command import ForUnit, Order, Pick, Place, PutBack
from edge_agent.domain.decision import StationHold
from edge_agent.domain.device import Mode
from edge_agent.domain.events import ScanTarget
from edge_agent.domain.ids import DeviceId, StationId
from edge_agent.domain.time import Instant


def work(state: State, now: Instant) -> Iterator[ev.Event]:
    """Give every station its next step."""
    for station_id in state.plant.site.stations:
        step = next_step(state, state.stations[station_id], now)
        if not isinstance(step, Wait) and step is not None:
            yield from step


def next_step(state: State, station: StationState, now: Instant) -> tuple[ev.Event, ...] | Wait | None:
    """The station's next events, or why it waits; None where it has nothing to do."""
    if station.scan is not None:
        return _scan_wait(station, station.scan)
    if station.hand is not None:
        return _next_of_unit(state, station.station_id, station.hand, now)
    if weighing := _weigh_a_container(state, station, now):
        return weighing
    trip = trip_at(state, station.station_id)
    if trip is None:
        return None
    if trip.held is not None:
        return held(trip.held)
    if trip.status is TripStatus.AT_STATION:
        scanner = state.plant.site.stations[station.station_id].tote_scanner
        return request_scan(state, station.station_id, scanner, ScanTarget.TOTE, 1, now)
    return _next_unit(state, station.station_id, trip, now)


def _scan_wait(station: StationState, scan: ScanStep) -> Wait:
    if station.hand is not None and station.hand.held is not None:
        return held(station.hand.held)
    if scan.deadline_s is None:
        text = f"the person at {station.station_id} is asked to scan the {scan.target.value}'s label"
        return Wait(WaitCode.PERSON_ASKED, station.station_id, text)
    return Wait(WaitCode.SCAN_OPEN, scan.scanner, f"{scan.scanner} is being read")


def trip_at(state: State, station_id: StationId) -> TripState | None:
    """The trip whose tote stands on the station's tote point."""
    at = (TripStatus.AT_STATION, TripStatus.PRESENTED)
    trips = (t for t in state.trips.values() if t.station_id == station_id and t.status in at)
    return next(trips, None)


def _next_unit(
    state: State, station_id: StationId, trip: TripState, now: Instant
) -> tuple[ev.Event, ...] | Wait:
    """Begin a unit for the first line by schedule whose container is here; let the tote go when done."""
    if not trip.lines:
        return (ev.ToteReleased(trip.trip_id, infeed_of(state, trip)),)
    here = [ref for ref in trip.lines if state.tasks[ref.task_id].container_here]
    if not here:
        container = state.tasks[trip.lines[0].task_id].task.destination.container_id
        return Wait(WaitCode.CONTAINER_ON_THE_WAY, container, f"container {container} is on its way")
    waits = [weighing_wait(state, state.tasks[ref.task_id], now) for ref in here]
    here = [ref for ref, wait in zip(here, waits, strict=True) if wait is None]
    if not here:
        return next(filter(None, waits))
    picker = state.plant.site.stations[station_id].picker
    stopped = held_by_person(state, StationHold(station_id), station_id)
    if wait := stopped or device_wait(state, picker, now):
        return wait
    ref = min(here, key=lambda ref: state.tasks[ref.task_id].order)
    return (ev.UnitStarted(station_id, trip.trip_id, ref.task_id, ref.line_id),)


def _next_of_unit(
    state: State, station_id: StationId, hand: Hand, now: Instant
) -> tuple[ev.Event, ...] | Wait:
    if hand.held is not None:
        return held(hand.held)
    if hand.command_id is not None:
        return command_wait(state, state.plant.site.stations[station_id].picker, hand.command_id)
    site_station = state.plant.site.stations[station_id]
    scanner = _put_scanner(state, state.tasks[hand.task_id])
    match hand.phase:
        case UnitPhase.GRIPPED if (scale := unit_scale(state, station_id, hand)) is not None:
            return request_scan(state, station_id, scale, ScanTarget.WEIGHT, 1, now)
        case UnitPhase.GRIPPED:
            return request_scan(state, station_id, site_station.item_scanner, ScanTarget.ITEM, 1, now)
        case UnitPhase.VERIFIED if scanner is not None:
            return request_scan(state, station_id, scanner, ScanTarget.CONTAINER, 1, now)
    wait = device_wait(state, site_station.picker, now)
    return wait or (order(state, site_station.picker, unit_order(state, hand), ForUnit(station_id)),)


def unit_order(state: State, hand: Hand) -> Order:
    """What the picker does next with the unit in hand."""
    trip, task = state.trips[hand.trip_id], state.tasks[hand.task_id]
    tote_point = state.plant.site.stations[trip.station_id].tote_point
    match hand.phase:
        case UnitPhase.PICKING:
            return Pick(trip.tote, tote_point, task.lines[hand.line_id].line.gtin)
        case UnitPhase.REJECTED:
            return PutBack(trip.tote, tote_point)
        case _:
            assert task.put_point is not None  # a started task has a put position
            return Place(task.task.destination.container_id, task.put_point)


def _put_scanner(state: State, task: TaskState) -> DeviceId | None:
    assert task.station_id is not None  # a started task has a station
    positions = state.plant.site.stations[task.station_id].put_positions
    return next((p.scanner for p in positions if p.point == task.put_point), None)


def open_step(state: State, station: StationState, now: Instant) -> ScanStep | None:
    """The scan that the station waits for, and the scanner that it counts from by now."""
    step = _persons_step(state, station) if state.plant.has_operator(station.station_id) else station.scan
    if step is None or step.deadline_s is not None:  # a machine's scanner was chosen as it was triggered
        return step
    return replace(step, scanner=in_use(state, station.station_id, step.scanner, step.target, now))


def _persons_step(state: State, station: StationState) -> ScanStep | None:
    """A person may scan the unit as soon as it is asked for: that shows that it was picked."""
    hand = station.hand
    if hand is None:
        return station.scan
    if hand.held is not None:
        return None
    if hand.phase is not UnitPhase.PICKING or hand.command_id is None:
        return station.scan
    scanner = state.plant.site.stations[station.station_id].item_scanner
    return ScanStep(ScanTarget.ITEM, scanner, 1, None)


# ---- order containers on scales ----------------------------------------------------------------------


def _weigh_a_container(state: State, station: StationState, now: Instant) -> tuple[ev.Event, ...] | None:
    """Ask for the first container's weight that can be had now. Those whose scale is away hold nobody up."""
    for task in sorted((state.tasks[task_id] for task_id in station.tasks), key=lambda task: task.order):
        if (scale := wanted_scale(state, task)) is not None:
            asked = request_scan(state, station.station_id, scale, ScanTarget.CONTAINER_WEIGHT, 1, now)
            if not isinstance(asked, Wait):
                return asked
    return None


def weighing_wait(state: State, task: TaskState, now: Instant) -> Wait | None:
    """Why a task's container waits to be weighed: nothing goes into it before. None: it does not."""
    scale = put_scale(state, task) if is_on_scale(state, task) else wanted_scale(state, task)
    if scale is None or task.station_id is None:
        return None
    asked = request_scan(state, task.station_id, scale, ScanTarget.CONTAINER_WEIGHT, 1, now)
    container = task.task.destination.container_id
    weighs = Wait(WaitCode.SCAN_OPEN, scale, f"{scale} is to weigh container {container} first")
    return asked if isinstance(asked, Wait) else weighs


# ---- scans -------------------------------------------------------------------------------------------


def request_scan(
    state: State, station_id: StationId, scanner: DeviceId, target: ScanTarget, attempt: int, now: Instant
) -> tuple[ev.Event, ...] | Wait:
    """Trigger the scanner, once it is connected: an unplugged scanner is not a no-read. Its spare, where one
    has to read instead."""
    asked, scanner = scanner, in_use(state, station_id, scanner, target, now)
    mode = state.devices[scanner].status.mode
    if stopped := device_held(state, scanner):
        return stopped
    if target not in WEIGHT_TARGETS and state.plant.has_operator(station_id):
        # What comes over the local API counts too. Which scanner is in use may change until the person scans.
        return (ev.ScanRequested(station_id, asked, target, attempt, None),)
    if mode is not Mode.READY:
        return Wait(WaitCode.DEVICE_NOT_READY, scanner, f"{scanner} is {mode.value}")
    policies = state.plant.site.policies
    timeout_s = policies.weigh_timeout_s if target in WEIGHT_TARGETS else policies.scan_timeout_s
    deadline_s = now.clock_s + timeout_s
    return (ev.ScanRequested(station_id, scanner, target, attempt, deadline_s),)


def repeat_scan(
    state: State, station_id: StationId, step: ScanStep, attempt: int, now: Instant
) -> Iterator[ev.Event]:
    """Trigger again for the same step."""
    again = request_scan(state, station_id, step.scanner, step.target, attempt, now)
    if not isinstance(again, Wait):
        yield from again
