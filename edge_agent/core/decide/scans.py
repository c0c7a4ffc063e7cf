"""Scans and device states: each scan is judged by the step that waits for it, or by none (V20)."""

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from datetime import date

from edge_agent.core.decide.commands import done_by_hand
from edge_agent.core.device_down import end_wait
from edge_agent.core.exceptions import hold, hold_task, settle
from edge_agent.core.moves import divert, order
from edge_agent.core.rejection import missing_value
from edge_agent.core.rereads import seen_again
from edge_agent.core.serials import Taken
from edge_agent.core.spare_scanners import spare_of
from edge_agent.core.state import Hand, ScanStep, State, StationState
from edge_agent.core.stations import open_step, repeat_scan, trip_at, unit_order
from edge_agent.core.verification.items import (
    Answers,
    ItemExpectation,
    companion_values,
    verify_item,
    verify_typed_item,
)
from edge_agent.core.verification.labels import verify_container, verify_tote
from edge_agent.core.verification.reads import exact, no_read, unexpected_scan, verify_several
from edge_agent.core.verification.rules import Permits, Rule
from edge_agent.core.verification.verdicts import ItemPassed, ItemVerdict, Rejected, Verdict
from edge_agent.core.verification.weight import verify_weight, weight_lost
from edge_agent.core.weighing import WEIGHT_TARGETS
from edge_agent.domain import events as ev
from edge_agent.domain.command import ForUnit
from edge_agent.domain.device import DeviceStatus, Mode
from edge_agent.domain.events import ExceptionKind, HeldDevice, HeldUnit, PickedUnit, ScanTarget
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
    if came_back:
        yield from end_wait(state, device_id)
    station = _waiting_for(state, device_id, now)
    if status.mode is Mode.E_STOPPED and _needs_acknowledgement(state, device_id):
        detail = "was stopped at its panel; it gets no orders until a person says that it may move again"
        yield from hold(state, ExceptionKind.E_STOP, f"device {device_id}", detail, HeldDevice(device_id))
    step = station.scan if station is not None else None
    if came_back and station is not None and step is not None and step.deadline_s is not None:
        yield from repeat_scan(state, station.station_id, step, step.attempt, now)


def _needs_acknowledgement(state: State, device_id: DeviceId) -> bool:
    """Whether a person must let the device go on (invariant 12). A scanner moves nothing."""
    site = state.plant.site
    pickers = {station.picker for station in site.stations.values()}
    moves = device_id == site.conveyor or device_id in site.storage or device_id in pickers
    stops = (one.held for one in state.exceptions.values() if one.kind is ExceptionKind.E_STOP)
    asked = HeldDevice(device_id) in stops
    return moves and not asked and site.exceptions.e_stop.acknowledge == "agent"


def _waiting_for(state: State, scanner: DeviceId, now: Instant) -> StationState | None:
    steps = ((station, open_step(state, station, now)) for station in state.stations.values())
    return next((station for station, step in steps if step and step.scanner == scanner), None)


def scanned(
    state: State, scanner: DeviceId, data: bytes | None, now: Instant, more: tuple[bytes, ...] = ()
) -> Iterator[ev.Event]:
    """What one trigger has read: a code, or several; `data` is None for the scanner's no-read text."""
    station = _waiting_for(state, scanner, now)
    step = open_step(state, station, now) if station is not None else None
    codes = (data, *more) if data is not None else ()
    if again := seen_again(state, scanner, codes, step, now):
        yield ev.ScanIgnored(scanner, again.scanned, again.rule.code, again.rule.value)
        return
    if station is None or step is None:
        for code in codes:
            yield ev.ScanIgnored(scanner, unexpected_scan(code).scanned)
        return
    if codes:
        yield ev.CodesRead(scanner, exact(codes))
    if len(codes) == 1 and (said := _missing_value(state, station, step, codes[0], now)):
        yield said
        yield from judge_again(state, station, now)
        return
    verdict = verify_several(
        codes, lambda code: judge(state, station, step, code, now), expected(state, station, step)
    )
    if state.plant.has_operator(station.station_id):
        yield from scanned_by_hand(state, station, step, verdict, data or b"")
    elif isinstance(verdict, Rejected):
        yield from _rejected(state, station, step, verdict, now)
    else:
        yield from _passed(state, station, step, verdict)


def expire_scans(state: State, now: Instant) -> Iterator[ev.Event]:
    """A scan that has not come in time counts as a no-read, as long as its scanner is connected."""
    for station in state.stations.values():
        step = station.scan
        if step is None or step.target in WEIGHT_TARGETS:
            continue
        if step.deadline_s is None or step.deadline_s > now.clock_s:
            continue
        if state.devices[step.scanner].status.mode is Mode.READY:
            yield from _rejected(state, station, step, no_read(expected(state, station, step)), now)
        else:
            yield from repeat_scan(state, station.station_id, step, 1, now)


def expected(state: State, station: StationState, step: ScanStep) -> str:
    """What the step should read: a label, or a GTIN."""
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


def judge(
    state: State,
    station: StationState,
    step: ScanStep,
    data: bytes,
    now: Instant,
    *,
    typed: bool = False,
    answers: Answers | None = None,
) -> Verdict | ItemVerdict:
    """The verdict on one code; `typed`: a person has typed it in; `answers`: what it does not say itself."""
    plant, aim = state.plant, state.plant.sends_aim(step.scanner, data)
    if step.target is ScanTarget.TOTE:
        trip = trip_at(state, station.station_id)
        assert trip is not None  # a tote scan is only open while a tote stands there
        return verify_tote(data, trip.tote, plant.labels, aim=aim)
    if step.target is ScanTarget.CONTAINER:
        container = state.tasks[_hand(station).task_id].task.destination.container_id
        return verify_container(data, container, plant.labels, aim=aim)
    expectation, today = _expectation(state, station), now.utc.date()
    if typed:
        verdict = verify_typed_item(data.decode(), expectation, today=today, answers=answers)
    else:
        verdict = verify_item(data, expectation, plant.labels, aim=aim, today=today, answers=answers)
    return _weighed(state, station, expectation, verdict)


def _expectation(state: State, station: StationState) -> ItemExpectation:
    """What the code of the unit in hand must agree with."""
    hand, by_code = _hand(station), state.catalogue.by_code
    task = state.tasks[hand.task_id]
    line = task.lines[hand.line_id]
    gtin = line.line.gtin
    return ItemExpectation.of_line(
        line.line,
        line.remaining,
        _Known(state.gtins, by_code),
        Taken(state),
        item=by_code.get(gtin),
        wrong_items=station.rejection.wrong_items if station.rejection else 0,
        overrides={(one.name, one.value) for one in task.overrides if one.gtin == gtin},
    )


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
    state: State,
    station: StationState,
    step: ScanStep,
    verdict: Verdict | ItemVerdict,
    *,
    typed: bool = False,
) -> Iterator[ev.Event]:
    if step.target is ScanTarget.TOTE:
        trip = trip_at(state, station.station_id)
        assert trip is not None  # a tote scan is only open while a tote stands there
        yield ev.TotePresented(trip.trip_id, station.station_id, step.scanner)
        return
    hand = _hand(station)
    if isinstance(verdict, ItemPassed):
        unit = PickedUnit(verdict.gtin, verdict.lot, verdict.expiry, verdict.serial, verdict.units)
        overrides = _used(state, hand, verdict.overridden)
        at = station.station_id, hand.task_id, hand.line_id, step.scanner
        yield ev.UnitVerified(*at, unit, typed, overrides)
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
    spare = spare_of(state, station.station_id, step.scanner, step.target) if unsure else None
    if spare is not None:
        yield from _read_by(state, station, step, spare, verdict, now)
        return
    yield from rejected_for_good(state, station, step, verdict)


def rejected_for_good(
    state: State, station: StationState, step: ScanStep, verdict: Rejected
) -> Iterator[ev.Event]:
    """The unit goes back, or the tote that nobody can identify leaves."""
    yield _rejection(station, step, verdict)
    trip = trip_at(state, station.station_id)
    if step.target is ScanTarget.TOTE and trip is not None:
        yield from divert(state, trip)
    elif station.hand is not None and verdict.rule is Rule.WRONG_CONTAINER:
        detail = f"read {verdict.scanned} where {verdict.expected} should stand"
        yield from hold_task(state, ExceptionKind.WRONG_CONTAINER, detail, station.hand.task_id)


def _rejection(station: StationState, step: ScanStep, verdict: Rejected) -> ev.ScanRejected:
    hand = station.hand if step.target is not ScanTarget.TOTE else None
    return ev.ScanRejected(
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


def _read_by(
    state: State, station: StationState, step: ScanStep, spare: DeviceId, verdict: Rejected, now: Instant
) -> Iterator[ev.Event]:
    """The other scanner that looks there tries, as often as the first one has."""
    hand = station.hand if step.target is ScanTarget.ITEM else None
    line = ev.LineRef(hand.task_id, hand.line_id) if hand else None
    detail = f"rule {verdict.rule.code} after {step.attempt} readings"
    kind = _kind(step.target, verdict.rule)
    yield from settle(
        state, kind, f"scanner {step.scanner}", detail, "other_scanner", line, arguments={"scanner": spare}
    )
    yield from repeat_scan(state, station.station_id, replace(step, scanner=spare), 1, now)


def _kind(target: ScanTarget, rule: Rule) -> ExceptionKind:
    """Whose policy says whether the scanner is triggered again."""
    if target is ScanTarget.TOTE:
        return ExceptionKind.TOTE_UNIDENTIFIED
    return ExceptionKind.WRONG_CONTAINER if rule is Rule.WRONG_CONTAINER else ExceptionKind.NO_READ


# ---- at an operator's station ------------------------------------------------------------------------


def scanned_by_hand(
    state: State,
    station: StationState,
    step: ScanStep,
    verdict: Verdict | ItemVerdict,
    data: bytes,
    *,
    typed: bool = False,
) -> Iterator[ev.Event]:
    """A scan that passes shows that what was asked for is done: nobody presses a button in between. One that
    does not pass changes nothing: the person is told why, and scans again."""
    if isinstance(verdict, Rejected):
        rejected = _rejection(station, step, verdict)
        yield replace(rejected, step_open=True, data_hex=data.hex(), typed=typed)
        yield from _call_for_help(state, station, verdict)
        return
    if step.target is ScanTarget.ITEM and station.scan is None:
        yield from done_by_hand(state, station.station_id)
    yield from _passed(state, station, step, verdict, typed=typed)
    if step.target is ScanTarget.CONTAINER:
        picker = state.plant.site.stations[station.station_id].picker
        yield order(state, picker, unit_order(state, _hand(station)), ForUnit(station.station_id))
        yield from done_by_hand(state, station.station_id)


def _missing_value(
    state: State, station: StationState, step: ScanStep, data: bytes, now: Instant
) -> ev.AnswerTaken | None:
    """What the code before did not say, where this one on the same unit does: as good as typed in."""
    wanted = missing_value(station.rejection)
    if wanted is None:
        return None
    aim = state.plant.sends_aim(step.scanner, data)
    values = companion_values(data, state.plant.labels, aim=aim, today=now.utc.date())
    value = getattr(values, wanted.value) if values is not None else None
    if value is None:
        return None
    hand = _hand(station)
    refs = station.station_id, hand.task_id, hand.line_id
    return ev.AnswerTaken(*refs, wanted, {"value": str(value)}, step.scanner)


def judge_again(state: State, station: StationState, now: Instant) -> Iterator[ev.Event]:
    """The code that was rejected last, with what was said about it since."""
    step, last = open_step(state, station, now), station.rejection
    assert step is not None  # the rejection is of the step that is open
    assert last is not None
    said = {answer.value: value for answer, value in station.given.items()}
    expiry = date.fromisoformat(said["expiry"]) if "expiry" in said else None
    answers, data = Answers(said.get("lot"), expiry, said.get("serial")), bytes.fromhex(last.data_hex)
    verdict = judge(state, station, step, data, now, typed=last.typed, answers=answers)
    yield from scanned_by_hand(state, station, step, verdict, data, typed=last.typed)


def _call_for_help(state: State, station: StationState, verdict: Rejected) -> Iterator[ev.Event]:
    """What the person cannot settle alone holds the unit until somebody has looked."""
    if not verdict.calls_supervisor and verdict.permits is not Permits.OVERRIDE:
        return
    hand, station_id = _hand(station), station.station_id
    rule = verdict.rule
    detail = f"{rule.code} {rule.value}: {verdict.scanned} where {verdict.expected} is asked for"
    line = ev.LineRef(hand.task_id, hand.line_id)
    where = f"station {station_id}"
    yield from hold(state, ExceptionKind.WRONG_ITEM, where, detail, HeldUnit(station_id), line)


def _used(state: State, hand: Hand, overridden: tuple[Rejected, ...]) -> tuple[ev.Override, ...]:
    """Who has let pass what was rejected."""
    task = state.tasks[hand.task_id]
    gtin, passed = task.lines[hand.line_id].line.gtin, {(one.rule.value, one.scanned) for one in overridden}
    return tuple(one for one in task.overrides if one.gtin == gtin and (one.name, one.value) in passed)
