"""The picker's physics, with time pushed by hand."""

from collections.abc import Callable

import pytest

from drivers.profile import Handshake
from edge_agent.domain.command import (
    Done,
    Failed,
    FailureReason,
    Order,
    Pick,
    Place,
    PutBack,
    RefusalReason,
    Transfer,
)
from edge_agent.domain.ids import CommandId, DeviceId, Gtin, Lpn, PointId
from edge_agent.domain.site import Site, Station
from simulators.catalogue import Stock, Tote
from simulators.faults import AnyFault, DeviceFaults, FaultSource, Target
from simulators.faults.catalogue import SwappedLabel, WrongItem
from simulators.machine import End, Pace
from simulators.picker import Picker
from simulators.world import Cause, World, at_point
from tests.simulators.floor import Notes

ROBOT = DeviceId("picker-1")
ELSEWHERE = Cause(DeviceId("conveyor-1"), CommandId(99))
POINT, PUT, OTHER_PUT, SUPPLY = (PointId(name) for name in ("tote", "put-1", "put-2", "supply"))
CONTAINER = Lpn("OC-1")
ALWAYS_WRONG = WrongItem(rate=1.0)

Make = Callable[..., Picker]


@pytest.fixture
def station(site: Site) -> Station:
    return next(iter(site.stations.values()))


@pytest.fixture
def make(site: Site, station: Station, world: World, notes: Notes) -> Make:
    def make_picker(*armed: AnyFault) -> Picker:
        faults = DeviceFaults(FaultSource(armed, 1), Target(ROBOT, "picker", Handshake.MAILBOX))
        pace = Pace(1, ROBOT)
        return Picker(ROBOT, station, world, site.cycle_times, pace, faults=faults, seed=1, record=notes)

    return make_picker


@pytest.fixture
def tote(stock: Stock, world: World) -> Tote:
    """A tote on the picker's point, with a container on the first put position."""
    tote = stock.totes[0]
    put(world, tote.lpn, POINT)
    world.introduce(CONTAINER, ELSEWHERE)
    put(world, CONTAINER, PUT)
    return tote


@pytest.fixture
def gtin(stock: Stock, tote: Tote) -> Gtin:
    return stock.by_sku[next(iter(stock.in_tote[tote.lpn]))].gtin


def put(world: World, load: Lpn, point: PointId) -> None:
    world.pick_up(load, world.loads[load], ELSEWHERE)
    world.set_down(load, at_point(point), ELSEWHERE)


class Shift:
    """Gives one order after the other and lets each come to its end."""

    def __init__(self, picker: Picker) -> None:
        self.picker = picker
        self.now_s = 0.0
        self.command = 0

    def do(self, order: Order) -> Done | Failed:
        self.command += 1
        assert self.picker.start(CommandId(self.command), order, self.now_s) is None
        self.now_s += 100.0
        (end,) = self.picker.step(self.now_s)
        assert end.command_id == self.command
        return end.outcome

    def refusal(self, order: Order) -> RefusalReason | None:
        refusal = self.picker.start(CommandId(999), order, self.now_s)
        return refusal.reason if refusal else None


def test_a_unit_goes_from_the_tote_over_the_gripper_into_the_container(
    make: Make, world: World, tote: Tote, gtin: Gtin
) -> None:
    shift = Shift(make())
    before = len(world.units_in(tote.lpn))
    picked = shift.do(Pick(tote.lpn, POINT, gtin))
    unit = world.held_by(ROBOT)
    assert unit is not None
    assert unit.gtin == gtin
    assert isinstance(picked, Done)
    assert picked.report.weight_g == unit.weight_g
    assert isinstance(shift.do(Place(CONTAINER, PUT)), Done)
    assert world.units_in(CONTAINER) == (unit,)
    assert len(world.units_in(tote.lpn)) == before - 1


def test_a_pick_takes_its_time(make: Make, world: World, tote: Tote, gtin: Gtin) -> None:
    picker = make()
    picker.start(CommandId(1), Pick(tote.lpn, POINT, gtin), 0.0)
    assert picker.step(2.6 * 0.84) == []
    assert world.held_by(ROBOT) is None
    assert len(picker.step(2.6 * 1.16)) == 1


def test_a_unit_can_be_put_back(make: Make, world: World, tote: Tote, gtin: Gtin) -> None:
    shift = Shift(make())
    before = set(world.units_in(tote.lpn))
    shift.do(Pick(tote.lpn, POINT, gtin))
    assert isinstance(shift.do(PutBack(tote.lpn, POINT)), Done)
    assert set(world.units_in(tote.lpn)) == before


def test_when_the_last_unit_is_gone_the_item_is_missing(
    make: Make, tote: Tote, gtin: Gtin, stock: Stock
) -> None:
    shift = Shift(make())
    for _ in next(iter(stock.in_tote[tote.lpn].values())):
        shift.do(Pick(tote.lpn, POINT, gtin))
        shift.do(Place(CONTAINER, PUT))
    assert shift.do(Pick(tote.lpn, POINT, gtin)) == Failed(FailureReason.ITEM_MISSING)


def test_another_tote_on_the_point_is_a_missing_load(
    make: Make, stock: Stock, tote: Tote, gtin: Gtin
) -> None:
    other = stock.totes[1].lpn
    assert Shift(make()).do(Pick(other, POINT, gtin)) == Failed(FailureReason.LOAD_MISSING)


def test_an_empty_point_is_a_missing_load(make: Make, world: World, tote: Tote, gtin: Gtin) -> None:
    shift = Shift(make())
    shift.do(Pick(tote.lpn, POINT, gtin))
    assert shift.do(Place(Lpn("OC-2"), PUT)) == Failed(FailureReason.LOAD_MISSING)
    assert shift.do(Place(CONTAINER, OTHER_PUT)) == Failed(FailureReason.LOAD_MISSING)
    world.pick_up(tote.lpn, at_point(POINT), ELSEWHERE)
    assert shift.do(PutBack(tote.lpn, POINT)) == Failed(FailureReason.LOAD_MISSING)
    assert world.held_by(ROBOT) is not None


def test_a_full_gripper_picks_nothing_and_an_empty_one_lets_nothing_go(
    make: Make, tote: Tote, gtin: Gtin
) -> None:
    shift = Shift(make())
    assert shift.refusal(Place(CONTAINER, PUT)) is RefusalReason.NOT_READY
    assert shift.refusal(PutBack(tote.lpn, POINT)) is RefusalReason.NOT_READY
    shift.do(Pick(tote.lpn, POINT, gtin))
    assert shift.refusal(Pick(tote.lpn, POINT, gtin)) is RefusalReason.NOT_READY


def test_one_order_at_a_time(make: Make, tote: Tote, gtin: Gtin) -> None:
    shift = Shift(make())
    shift.picker.start(CommandId(1), Pick(tote.lpn, POINT, gtin), 0.0)
    assert shift.refusal(Pick(tote.lpn, POINT, gtin)) is RefusalReason.BUSY


@pytest.mark.parametrize(
    "order",
    [
        Pick(Lpn("TOTE-0001"), PUT, Gtin("09520000000011")),
        Place(CONTAINER, POINT),
        PutBack(Lpn("TOTE-0001"), PUT),
        Transfer(CONTAINER, PUT, POINT),
    ],
)
def test_a_point_out_of_reach_and_a_foreign_verb_are_bad_arguments(make: Make, order: Order) -> None:
    assert Shift(make()).refusal(order) is RefusalReason.BAD_ARGUMENT


def test_a_wrong_item_is_gripped_reported_as_done_and_written_down(
    make: Make, world: World, notes: Notes, tote: Tote, gtin: Gtin
) -> None:
    outcome = Shift(make(ALWAYS_WRONG)).do(Pick(tote.lpn, POINT, gtin))
    unit = world.held_by(ROBOT)
    assert isinstance(outcome, Done)
    assert unit is not None
    assert unit.gtin != gtin
    assert notes.of("fault") == [
        {
            "fault": "wrong_item",
            "device": ROBOT,
            "command": 1,
            "unit": unit.unit_id,
            "gtin": unit.gtin,
            "ordered_gtin": gtin,
        }
    ]


def test_a_unit_with_another_items_label_is_gripped_and_written_down(
    make: Make, world: World, notes: Notes, tote: Tote, gtin: Gtin
) -> None:
    right = next(unit for unit in world.units_in(tote.lpn) if unit.gtin == gtin)
    Shift(make(SwappedLabel(rate=1.0))).do(Pick(tote.lpn, POINT, gtin))
    unit = world.held_by(ROBOT)
    assert unit is not None
    assert unit.gtin != gtin
    assert gtin[1:].encode() in unit.barcode
    (fault,) = notes.of("fault")
    label = fault["label"]
    assert (label["gtin"], label["lot"]) == (gtin, right.lot)
    assert (label["serial"] or "").encode() in unit.barcode
    assert label["serial"] is None or label["serial"] != right.serial
    assert fault["detectable"] is False  # this picker's agent has no item master


def test_no_wrong_item_where_the_tote_holds_no_other(
    make: Make, world: World, notes: Notes, stock: Stock, tote: Tote, gtin: Gtin
) -> None:
    for unit in world.units_in(tote.lpn):
        if unit.gtin != gtin:
            world.grip(unit.unit_id, tote.lpn, POINT, ELSEWHERE)
            world.place(CONTAINER, PUT, ELSEWHERE)
    shift = Shift(make(ALWAYS_WRONG))
    assert isinstance(shift.do(Pick(tote.lpn, POINT, gtin)), Done)
    assert notes.of("fault") == []


def test_nothing_ends_that_was_not_started(make: Make) -> None:
    assert make().step(1000.0) == list[End]()
