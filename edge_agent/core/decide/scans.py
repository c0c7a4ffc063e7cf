"""Scans and device states: each scan is judged by the step that waits for it, or by none (V20)."""

from collections.abc import Container, Iterator
from dataclasses import dataclass

from edge_agent.core.exceptions import hold, hold_task
from edge_agent.core.moves import divert
from edge_agent.core.state import Hand, ScanStep, State, StationState
from edge_agent.core.stations import repeat_scan, trip_at
from edge_agent.core.verification.items import ItemExpectation, verify_item
from edge_agent.core.verification.labels import verify_container, verify_tote
from edge_agent.core.verification.reads import no_read, unexpected_scan, verify_several
from edge_agent.core.verification.rules import Permits, Rule
from edge_agent.core.verification.verdicts import ItemPassed, ItemVerdict, Rejected, Verdict
from edge_agent.core.verification.weight import verify_weight, weight_lost
from edge_agent.core.weighing import WEIGHT_TARGETS
from edge_agent.domain import events as ev
from edge_agent.domain.device import DeviceStatus, Mode
from edge_agent.domain.events import ExceptionKind, HeldDevice, PickedUnit, ScanTarget
from edge_agent.domain.ids import DeviceId, Gtin
from edge_agent.domain.time import Instant


@dataclass(frozen=True, slots=True)
class _Known:
    """Every GTIN that this site knows, without a copy for each scan."""

    of_tasks: Container[Gtin]
    of_catalogue: Container[Gtin]

    def __contains__(self, gtin: object) -> bool:
        return gtin in self.of_tasks or gtin in self.of_catalogue


def device_reported(
    state: State, device_id: DeviceId, status: DeviceStatus, now: Instant
) -> Iterator[ev.Event]:
    """A device's state; a scanner that comes back is triggered again for the step that waits for it."""
    device = state.devices.get(device_id)
    if device is None or device.status == status:
        return
    came_back = device.status.mode is not Mode.READY and status.mode is Mode.READY
    yield ev.DeviceChanged(device_id, status, now.utc)
    station = _waiting_for(state, device_id)
    if status.mode is Mode.E_STOPPED and _needs_acknowledgement(state, device_id):
        detail = "was stopped at its panel; it gets no orders until a person says that it may move again"
        yield from hold(state, ExceptionKind.E_STOP, f"device {device_id}", detail, HeldDevice(device_id))
    if came_back and station is not None and station.scan is not None:
        yield from repeat_scan(state, station.station_id, station.scan, station.scan.attempt, now)


def _needs_acknowledgement(state: State, device_id: DeviceId) -> bool:
    """Whether a person must let the device go on (invariant 12). A scanner moves nothing."""
    site = state.plant.site
    pickers = {station.picker for station in site.stations.values()}
    moves = device_id == site.conveyor or device_id in site.storage or device_id in pickers
    asked = state.devices[device_id].held is not None
    return moves and not asked and site.exceptions.e_stop.acknowledge == "agent"


def _waiting_for(state: State, scanner: DeviceId) -> StationState | None:
    return next((s for s in state.stations.values() if s.scan and s.scan.scanner == scanner), None)


def scanned(
    state: State, scanner: DeviceId, data: bytes | None, now: Instant, more: tuple[bytes, ...] = ()
) -> Iterator[ev.Event]:
    """What one trigger has read: a code, or several; `data` is None for the scanner's no-read text."""
    station = _waiting_for(state, scanner)
    if station is None or station.scan is None:
        for code in (data, *more) if data is not None else ():
            yield ev.ScanIgnored(scanner, unexpected_scan(code).scanned)
        return
    step = station.scan
    codes = (data, *more) if data is not None else ()
    verdict = verify_several(
        codes, lambda code: _judge(state, station, step, code, now), _expected(state, station, step)
    )
    if isinstance(verdict, Rejected):
        yield from _rejected(state, station, step, verdict, now)
    else:
        yield from _passed(state, station, step, verdict)


def expire_scans(state: State, now: Instant) -> Iterator[ev.Event]:
    """A scan that has not come in time counts as a no-read, as long as its scanner is connected."""
    for station in state.stations.values():
        step = station.scan
        if step is None or step.target in WEIGHT_TARGETS or step.deadline_s > now.clock_s:
            continue
        if state.devices[step.scanner].status.mode is Mode.READY:
            yield from _rejected(state, station, step, no_read(_expected(state, station, step)), now)


def _expected(state: State, station: StationState, step: ScanStep) -> str:
    if step.target is ScanTarget.TOTE:
        trip = trip_at(state, station.station_id)
        return trip.tote if trip else ""
    hand = _hand(station)
    task = state.tasks[hand.task_id]
    if step.target is ScanTarget.CONTAINER:
        return task.task.destination.container_id
    return task.lines[hand.line_id].line.gtin


def _hand(station: StationState) -> Hand:
    assert station.hand is not None  # item and container scans are only open for a unit in hand
    return station.hand


def _judge(
    state: State, station: StationState, step: ScanStep, data: bytes, now: Instant
) -> Verdict | ItemVerdict:
    plant, aim = state.plant, state.plant.aim.get(step.scanner, True)
    if step.target is ScanTarget.TOTE:
        trip = trip_at(state, station.station_id)
        assert trip is not None  # a tote scan is only open while a tote stands there
        return verify_tote(data, trip.tote, plant.labels, aim=aim)
    hand = _hand(station)
    task = state.tasks[hand.task_id]
    if step.target is ScanTarget.CONTAINER:
        return verify_container(data, task.task.destination.container_id, plant.labels, aim=aim)
    line = task.lines[hand.line_id]
    taken = {
        (unit.gtin, unit.serial)
        for other in task.lines.values()
        for unit in other.units
        if unit.serial is not None
    }
    by_code = plant.catalogue.by_code
    expectation = ItemExpectation.of_line(
        line.line,
        line.remaining,
        _Known(state.gtins, by_code),
        taken,
        item=by_code.get(line.line.gtin),
    )
    verdict = verify_item(data, expectation, plant.labels, aim=aim, today=now.utc.date())
    return _weighed(state, station, expectation, verdict)


def _weighed(
    state: State, station: StationState, expectation: ItemExpectation, verdict: ItemVerdict
) -> ItemVerdict:
    """The second evidence (V18): a right label on a wrong item is an error that no scan can see."""
    if isinstance(verdict, Rejected) or expectation.weight is None:
        return verdict
    hand, at = _hand(station), state.plant.site.stations[station.station_id]
    expected = expectation.weight.times(verdict.units)
    weights_g = [one for one in (hand.weight_g, hand.scale_g) if one is not None]
    lost = not weights_g and state.devices[at.picker].weighs
    if lost or (at.scale is not None and hand.scale_g is None):
        return weight_lost(expected)
    seconds = (verify_weight(weight_g, expected) for weight_g in weights_g)
    return next((second for second in seconds if isinstance(second, Rejected)), verdict)


def _passed(
    state: State, station: StationState, step: ScanStep, verdict: Verdict | ItemVerdict
) -> Iterator[ev.Event]:
    if step.target is ScanTarget.TOTE:
        trip = trip_at(state, station.station_id)
        assert trip is not None  # a tote scan is only open while a tote stands there
        yield ev.TotePresented(trip.trip_id, station.station_id, step.scanner)
        return
    hand = _hand(station)
    if isinstance(verdict, ItemPassed):
        unit = PickedUnit(verdict.gtin, verdict.lot, verdict.expiry, verdict.serial, verdict.units)
        yield ev.UnitVerified(station.station_id, hand.task_id, hand.line_id, step.scanner, unit)
    else:
        yield ev.ContainerVerified(station.station_id, hand.task_id, step.scanner)


def _rejected(
    state: State, station: StationState, step: ScanStep, verdict: Rejected, now: Instant
) -> Iterator[ev.Event]:
    """Read again where that may help; else the check has failed for good."""
    # A container's label that was read in part looks like another's, so V19 is read again too.
    unsure = verdict.permits is Permits.SCAN_AGAIN or verdict.rule is Rule.WRONG_CONTAINER
    again = "trigger_again" in state.plant.site.exceptions.steps(_kind(step.target, verdict.rule))
    if unsure and again and step.attempt <= state.plant.site.policies.retriggers:
        yield from repeat_scan(state, station.station_id, step, step.attempt + 1, now)
        return
    hand = station.hand if step.target is not ScanTarget.TOTE else None
    yield ev.ScanRejected(
        station.station_id,
        hand.task_id if hand else None,
        hand.line_id if hand else None,
        step.scanner,
        step.target,
        verdict.rule.code,
        verdict.rule.value,
        verdict.expected,
        verdict.scanned,
    )
    trip = trip_at(state, station.station_id)
    if step.target is ScanTarget.TOTE and trip is not None:
        yield from divert(state, trip)
    elif hand is not None and verdict.rule is Rule.WRONG_CONTAINER:
        detail = f"read {verdict.scanned} where {verdict.expected} should stand"
        yield from hold_task(state, ExceptionKind.WRONG_CONTAINER, detail, hand.task_id)


def _kind(target: ScanTarget, rule: Rule) -> ExceptionKind:
    """Whose policy says whether the scanner is triggered again."""
    if target is ScanTarget.TOTE:
        return ExceptionKind.TOTE_UNIDENTIFIED
    return ExceptionKind.WRONG_CONTAINER if rule is Rule.WRONG_CONTAINER else ExceptionKind.NO_READ
