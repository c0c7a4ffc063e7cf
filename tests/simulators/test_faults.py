"""Faults strike when they are armed for it, at the same moments for the same seed, and where nobody looks."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from drivers.profile import Handshake
from edge_agent.domain.ids import CommandId, DeviceId
from edge_agent.errors import ConfigurationError
from simulators.catalogue import build_stock
from simulators.faults import LEFT_OVER, AnyFault, Fault, FaultSource, Moment, Occasion, Target
from simulators.faults.catalogue import CATALOGUE, AckLate, Busy, ConnectionReset, ItemMissing, Jam, NoRead
from simulators.faults.scenario import named_mix
from tests.simulators.floor import small_site

CRANE = Target(DeviceId("asrs-1"), "asrs", Handshake.MAILBOX)
BELT = Target(DeviceId("conveyor-1"), "conveyor", Handshake.METHODS)
S1, S2 = (Target(DeviceId(name), "scanner", Handshake.SCANNER) for name in ("s1", "s2"))
FAULT: TypeAdapter[AnyFault] = TypeAdapter(AnyFault)


def of(**description: Any) -> AnyFault:
    return FAULT.validate_python(description)


def at(moment: Moment, target: Target = CRANE, command: int = 1, verb: str = "retrieve") -> Occasion:
    return Occasion(moment, target, CommandId(command), verb)


def names(source: FaultSource, occasion: Occasion) -> list[str]:
    return [str(fault.fault) for fault in source.strike(occasion)]


def draws(source: FaultSource, target: Target, count: int = 200) -> list[bool]:
    return [bool(source.strike(Occasion(Moment.READS, target))) for _ in range(count)]


# ---- by rate -----------------------------------------------------------------------------------------


def test_the_same_seed_strikes_at_the_same_moments() -> None:
    half = (NoRead(rate=0.5),)
    assert draws(FaultSource(half, 7), S1) == draws(FaultSource(half, 7), S1)
    assert draws(FaultSource(half, 7), S1) != draws(FaultSource(half, 8), S1)


def test_devices_and_faults_do_not_disturb_each_other() -> None:
    alone = draws(FaultSource((NoRead(rate=0.5),), 7), S1, 50)
    busy = FaultSource((Busy(rate=0.5), NoRead(rate=0.5)), 7)
    mixed = []
    for _ in range(50):
        draws(busy, S2, 1)
        busy.strike(at(Moment.ARRIVES))
        mixed += draws(busy, S1, 1)
    assert mixed == alone


@pytest.mark.parametrize(("name", "rate"), [("none", 0.0), ("typical", 0.03), ("harsh", 0.10)])
def test_a_mix_strikes_about_as_often_as_it_says(name: str, rate: float) -> None:
    armed = [fault for fault in named_mix(name) if fault.fault is Fault.NO_READ]
    assert sum(draws(FaultSource(armed, 1), S1, 5000)) == pytest.approx(5000 * rate, abs=60)


def test_an_unknown_mix_is_an_error_that_names_the_known_ones() -> None:
    with pytest.raises(ConfigurationError, match=r"no mix 'evil'; choose one of none, .*harsh.*, typical"):
        named_mix("evil")


def test_the_same_fault_armed_twice_decides_each_time_for_itself() -> None:
    twice = FaultSource((NoRead(rate=0.5), NoRead(rate=0.5)), 7)
    both = [len(twice.strike(Occasion(Moment.READS, S1))) for _ in range(100)]
    assert set(both) == {0, 1, 2}


# ---- by count and moment -----------------------------------------------------------------------------


def test_a_count_strikes_the_next_times_and_no_more() -> None:
    source = FaultSource((Busy(count=3),), 1)
    struck = [names(source, at(Moment.ARRIVES, CRANE if n % 2 else BELT)) for n in range(5)]
    assert struck == [["busy"]] * 3 + [[]] * 2
    assert source.armed == {}


def test_a_fault_with_nothing_said_strikes_once() -> None:
    source = FaultSource((Busy(),), 1)
    assert [names(source, at(Moment.ARRIVES)) for _ in range(2)] == [["busy"], []]


@pytest.mark.parametrize(
    ("narrowed", "occasion", "strikes"),
    [
        ({"verb": "store"}, at(Moment.ACCEPTED), False),
        ({"verb": "retrieve"}, at(Moment.ACCEPTED), True),
        ({"command": 7}, at(Moment.ACCEPTED, command=6), False),
        ({"command": 7}, at(Moment.ACCEPTED, command=7), True),
        ({"moment": "half_way"}, at(Moment.ACCEPTED), False),
        ({"moment": "half_way"}, at(Moment.HALF_WAY), True),
        ({"moment": "arrives"}, at(Moment.ARRIVES), True),
        ({"moment": "ends"}, at(Moment.ENDS), True),
        ({"device": "asrs-*"}, at(Moment.ACCEPTED), True),
        ({"device": "asrs-*"}, at(Moment.ACCEPTED, BELT), False),
    ],
)
def test_a_named_moment_is_waited_for(narrowed: dict[str, Any], occasion: Occasion, strikes: bool) -> None:
    source = FaultSource((of(fault="connection_reset", **narrowed),), 1)
    assert bool(source.strike(occasion)) is strikes
    assert bool(source.armed) is not strikes


def test_a_fault_at_a_time_is_due_once_and_strikes_at_no_command() -> None:
    source = FaultSource((ConnectionReset(time_s=30.0),), 1)
    assert source.strike(at(Moment.ACCEPTED)) == []
    assert source.due(29.9) == []
    assert [fault.fault for fault in source.due(30.0)] == [Fault.CONNECTION_RESET]
    assert source.due(31.0) == []


def test_a_fault_strikes_only_where_it_can_happen() -> None:
    source = FaultSource([kind(rate=1.0) for kind in CATALOGUE.values()], 1)
    everywhere = {
        target.device: {name for moment in Moment for name in names(source, at(moment, target))}
        for target in (CRANE, BELT, S1)
    }
    assert {"stuck_register", "ack_duplicated", "crane_fault"} <= everywhere[CRANE.device]
    assert {"load_lost", "jam", "wrong_point", "arrival_missed"} <= everywhere[BELT.device]
    assert not everywhere[BELT.device] & {"stuck_register", "ack_duplicated", "crane_fault", "e_stop"}
    assert everywhere[S1.device] == {
        *("no_read", "unplugged", "garbage_bytes", "double_read", "code_cut", "codes_joined", "wrong_tote")
    }


def test_a_disarmed_fault_does_not_strike() -> None:
    source = FaultSource((), 1)
    number = source.arm(Busy(count=2))
    assert source.left(number) == 2
    source.strike(at(Moment.ARRIVES))
    assert source.left(number) == 1
    assert source.disarm(number)
    assert not source.disarm(number)
    assert source.strike(at(Moment.ARRIVES)) == []


# ---- what cannot be armed ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("description", "complaint"),
    [
        ({"fault": "crane_falt"}, "there is no fault 'crane_falt': did you mean 'crane_fault'?"),
        ({"fault": "meteor"}, "there is no fault 'meteor': the faults are busy, ack_lost"),
        ({"device": "asrs-1"}, "fault is missing: the faults are busy"),
        ({"fault": "busy", "rate": 0.1, "count": 3}, "rate and count exclude each other"),
        ({"fault": "busy", "rate": 1.5}, "less than or equal to 1"),
        ({"fault": "busy", "count": 0}, "greater than 0"),
        ({"fault": "busy", "moment": "ends"}, "it can strike at arrives only"),
        ({"fault": "busy", "time_s": 3}, "it strikes at a command or a reading only"),
        ({"fault": "hung", "time_s": 3, "verb": "pick"}, "time_s goes with neither"),
        ({"fault": "no_read", "verb": "pick"}, "it does not strike at commands"),
        ({"fault": "busy", "verb": "retreive"}, "Input should be 'retrieve'"),
        ({"fault": "ack_late", "delay_s": 20}, "less than or equal to 10"),
        ({"fault": "jam", "rate": 0.1, "reset_after_s": None}, "a fault by rate needs an operator"),
        ({"fault": "stuck_register", "register": "colour"}, "Input should be 'status'"),
        ({"fault": "hung", "duration": 3}, "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_armed_is_an_error_that_says_why(description: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError) as raised:
        FAULT.validate_python(description)
    assert complaint in str(raised.value)


def test_every_fault_is_in_the_catalogue_with_a_description_and_can_be_armed() -> None:
    assert set(CATALOGUE) == set(Fault)
    for name, kind in CATALOGUE.items():
        assert kind.__doc__
        assert of(fault=name.value) == kind()
        assert kind.moments


def test_a_person_may_be_needed_where_a_fault_is_armed_by_hand() -> None:
    assert of(fault="jam", count=1, reset_after_s=None) == Jam(count=1, reset_after_s=None)


def test_the_parameters_of_a_fault_are_its_own() -> None:
    assert AckLate(rate=0.5, delay_s=2.0).parameters == {"delay_s": 2.0}
    assert of(fault="stuck_register").parameters == {"register": "status", "duration_s": 5.0}
    assert Busy(count=2).parameters == {}


# ---- missing units -----------------------------------------------------------------------------------


def crane_of(_tote: str) -> Target:
    return CRANE


def test_missing_units_leave_so_few_that_a_line_runs_into_it() -> None:
    stock = build_stock(small_site(), 1)
    absent = list(FaultSource((ItemMissing(rate=1.0),), 1).absent_units(stock, crane_of))
    assert len(absent) == sum(len(content) for content in stock.in_tote.values())
    for units in absent:
        held = stock.in_tote[units[0].tote][units[0].sku]
        assert {unit.sku for unit in units} == {units[0].sku}
        assert 0 <= len(held) - len(units) <= min(LEFT_OVER, len(held) - 1)


@pytest.mark.parametrize(
    ("armed", "expected"), [((), 0), ((ItemMissing(count=2),), 2), ((ItemMissing(rate=1, device="x"),), 0)]
)
def test_as_many_items_are_missing_as_were_armed(armed: tuple[AnyFault, ...], expected: int) -> None:
    stock = build_stock(small_site(), 1)
    assert len(list(FaultSource(armed, 1).absent_units(stock, crane_of))) == expected
