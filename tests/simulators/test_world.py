"""Ground truth under everything that can be tried on it."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edge_agent.domain.ids import CommandId, DeviceId, LocationId, Lpn, PointId
from edge_agent.domain.site import Site
from simulators.catalogue import Stock, build_stock
from simulators.world import (
    Cause,
    ImpossibleMoveError,
    Place,
    World,
    at_location,
    at_point,
    in_gripper,
    in_load,
)
from tests.simulators.floor import Notes, small_site

CRANE = Cause(DeviceId("asrs-1"), CommandId(1))
BELT = Cause(DeviceId("conveyor-1"), CommandId(2))
PICKER = Cause(DeviceId("picker-1"), CommandId(3))
SUPPLY, TOTE, PUT = PointId("supply"), PointId("tote"), PointId("put-1")
CONTAINER = Lpn("OC-1")

SITE = small_site()
STOCK = build_stock(SITE, seed=1)
LOADS = [*(tote.lpn for tote in STOCK.totes[:3]), CONTAINER, Lpn("OC-2")]
UNITS = [unit.unit_id for unit in STOCK.units if unit.tote in LOADS][::4]
PLACES = [
    *(at_location(tote.location) for tote in STOCK.totes[:2]),
    at_location(LocationId("A01-99-99")),
    *(at_point(PointId(name)) for name in ("out", "tote", "put-1", "supply", "ship", "nowhere")),
]
POINTS = [PointId(place.name) for place in PLACES[3:]]
CAUSES = [CRANE, BELT, PICKER]


def replayed(notes: Notes) -> tuple[dict[str, str], dict[str, str]]:
    """Where loads and units are, from the ledger's lines alone."""
    loads: dict[str, str] = {}
    units: dict[str, str] = {}
    for kind, facts in notes.lines:
        match kind:
            case "load" | "container_introduced":
                loads[facts["load"]] = facts["place"]
            case "stock":
                units[facts["unit"]] = facts["container"]
            case "load_moved":
                assert loads[facts["load"]] == facts["from"]
                loads[facts["load"]] = facts["to"]
            case "unit_gripped":
                assert units[facts["unit"]] == facts["tote"]
                units[facts["unit"]] = facts["device"]
            case "unit_placed" | "unit_put_back":
                assert units[facts["unit"]] == facts["device"]
                units[facts["unit"]] = facts["container" if kind == "unit_placed" else "tote"]
    return loads, units


class AnythingIsTried(RuleBasedStateMachine):
    """Arbitrary moves, sensible or not: each happens wholly or raises and changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.notes = Notes()
        self.world = World(SITE, STOCK.totes, STOCK.units, self.notes)

    def attempt(self, allowed: bool, move: Callable[[], Any]) -> None:
        before = (dict(self.world.loads), dict(self.world.units), len(self.notes.lines))
        try:
            move()
        except ImpossibleMoveError:
            assert not allowed
            assert before == (dict(self.world.loads), dict(self.world.units), len(self.notes.lines))
        else:
            assert allowed
            assert len(self.notes.lines) == before[2] + 1

    def holds(self, device: DeviceId) -> bool:
        return in_gripper(device) in self.world.units.values()

    def stands(self, load: Lpn, place: Place) -> bool:
        return self.world.loads.get(load) == place

    def is_full(self, place: Place) -> bool:
        there = list(self.world.loads.values()).count(place)
        if place.kind == "location":
            return there > 0
        point = SITE.points.get(PointId(place.name))
        return point is None or 0 < point.capacity <= there

    @rule(load=st.sampled_from(LOADS))
    def introduce(self, load: Lpn) -> None:
        self.attempt(load not in self.world.loads, lambda: self.world.introduce(load, BELT))

    @rule(load=st.sampled_from(LOADS), place=st.sampled_from(PLACES), cause=st.sampled_from(CAUSES))
    def pick_up(self, load: Lpn, place: Place, cause: Cause) -> None:
        self.attempt(self.stands(load, place), lambda: self.world.pick_up(load, place, cause))

    @rule(data=st.data(), cause=st.sampled_from(CAUSES))
    def pick_up_what_is_there(self, data: st.DataObject, cause: Cause) -> None:
        load, place = data.draw(st.sampled_from(sorted(self.world.loads.items(), key=str)))
        self.attempt(place.kind != "carrier", lambda: self.world.pick_up(load, place, cause))

    @rule(load=st.sampled_from(LOADS), place=st.sampled_from(PLACES), cause=st.sampled_from(CAUSES))
    def set_down(self, load: Lpn, place: Place, cause: Cause) -> None:
        carried = self.stands(load, Place(kind=place.kind.CARRIER, name=cause.device))
        allowed = carried and not self.is_full(place)
        self.attempt(allowed, lambda: self.world.set_down(load, place, cause))

    @rule(unit=st.sampled_from(UNITS), load=st.sampled_from(LOADS), point=st.sampled_from(POINTS))
    def grip(self, unit: str, load: Lpn, point: PointId) -> None:
        there = self.stands(load, at_point(point)) and self.world.units[unit] == in_load(load)
        allowed = there and not self.holds(PICKER.device)
        self.attempt(allowed, lambda: self.world.grip(unit, load, point, PICKER))

    @rule(unit=st.sampled_from(UNITS))
    def bring_and_grip(self, unit: str) -> None:
        """The long way round to a unit in the gripper, which chance alone seldom finds."""
        load = Lpn(self.world.units[unit].name)
        place = self.world.loads.get(load)
        if place is None or place.kind == "carrier" or self.is_full(at_point(TOTE)):
            return
        self.world.pick_up(load, place, BELT)
        self.world.set_down(load, at_point(TOTE), BELT)
        self.grip(unit, load, TOTE)

    @rule(load=st.sampled_from(LOADS), point=st.sampled_from(POINTS), back=st.booleans())
    def let_go(self, load: Lpn, point: PointId, back: bool) -> None:
        allowed = self.holds(PICKER.device) and self.stands(load, at_point(point))
        move = self.world.put_back if back else self.world.place
        self.attempt(allowed, lambda: move(load, point, PICKER))

    @invariant()
    def units_are_conserved(self) -> None:
        assert set(self.world.units) == {unit.unit_id for unit in STOCK.units}
        everywhere = [unit.unit_id for load in self.world.loads for unit in self.world.units_in(load)]
        held = [unit.unit_id for cause in CAUSES if (unit := self.world.held_by(cause.device))]
        assert Counter(everywhere + held) == Counter(set(self.world.units))

    @invariant()
    def no_place_holds_more_than_it_can(self) -> None:
        for place, count in Counter(self.world.loads.values()).items():
            assert len(self.world.loads_at(place)) == count
            if place.kind == "location":
                assert count == 1
            elif place.kind == "point":
                capacity = SITE.points[PointId(place.name)].capacity
                assert capacity == 0 or count <= capacity

    def teardown(self) -> None:
        loads, units = replayed(self.notes)
        assert loads == {load: place.name for load, place in self.world.loads.items()}
        assert units == {unit: place.name for unit, place in self.world.units.items()}


TestAnythingIsTried = AnythingIsTried.TestCase
TestAnythingIsTried.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


def bring(world: World, load: Lpn, point: PointId) -> None:
    world.pick_up(load, world.loads[load], BELT)
    world.set_down(load, at_point(point), BELT)


def test_the_start_is_written_down_load_by_load_and_unit_by_unit(
    world: World, stock: Stock, notes: Notes
) -> None:
    tote, unit = stock.totes[0], stock.units[0]
    assert notes.of("load")[0] == {"load": tote.lpn, "place": tote.location}
    assert notes.of("stock")[0] == {
        "unit": unit.unit_id,
        "gtin": unit.gtin,
        "sku": unit.sku,
        "lot": unit.lot,
        "expiry": unit.expiry.isoformat() if unit.expiry else None,
        "serial": unit.serial,
        "container": tote.lpn,
        "location": tote.location,
    }
    assert (len(notes.of("load")), len(notes.of("stock"))) == (len(stock.totes), len(stock.units))


def test_one_unit_on_its_way_is_told_in_the_ledger(world: World, stock: Stock, notes: Notes) -> None:
    tote, unit = stock.totes[0], stock.units[0]
    bring(world, tote.lpn, TOTE)
    world.introduce(CONTAINER, BELT)
    bring(world, CONTAINER, PUT)
    start = len(notes.lines)
    world.grip(unit.unit_id, tote.lpn, TOTE, PICKER)
    assert world.held_by(PICKER.device) == unit
    world.put_back(tote.lpn, TOTE, PICKER)
    world.grip(unit.unit_id, tote.lpn, TOTE, PICKER)
    world.place(CONTAINER, PUT, PICKER)
    assert world.units_in(CONTAINER) == (unit,)
    short = {"unit": unit.unit_id, "gtin": unit.gtin}
    cause = {"device": "picker-1", "command": 3}
    full = {**short, "lot": unit.lot, "serial": unit.serial}
    assert notes.lines[start:] == [
        ("unit_gripped", {**short, "tote": tote.lpn, **cause}),
        ("unit_put_back", {**short, "tote": tote.lpn, **cause}),
        ("unit_gripped", {**short, "tote": tote.lpn, **cause}),
        ("unit_placed", {**full, "container": CONTAINER, **cause}),
    ]


def test_a_move_shows_the_device_as_the_place_between(world: World, stock: Stock, notes: Notes) -> None:
    tote = stock.totes[0]
    bring(world, tote.lpn, TOTE)
    assert [(line["from"], line["to"]) for line in notes.of("load_moved")] == [
        (tote.location, "conveyor-1"),
        ("conveyor-1", "tote"),
    ]


def test_a_load_on_a_machine_cannot_be_set_down_by_another(world: World, stock: Stock) -> None:
    tote = stock.totes[0]
    world.pick_up(tote.lpn, at_location(tote.location), CRANE)
    with pytest.raises(ImpossibleMoveError, match="is at asrs-1, not at conveyor-1"):
        world.set_down(tote.lpn, at_point(TOTE), BELT)


def test_the_end_is_written_down_for_everything(world: World, site: Site, stock: Stock, notes: Notes) -> None:
    bring(world, stock.totes[0].lpn, TOTE)
    start = len(notes.lines)
    world.write_end()
    ends = [facts for kind, facts in notes.lines[start:] if kind == "stock_end"]
    assert {line["load"]: line["place"] for line in ends if "load" in line} == replayed(notes)[0]
    assert {line["unit"]: line["place"] for line in ends if "unit" in line} == replayed(notes)[1]


def test_a_load_is_carried_by_hand_to_where_there_is_room(world: World, stock: Stock, notes: Notes) -> None:
    first, second = stock.totes[0], stock.totes[1]
    with pytest.raises(ImpossibleMoveError, match="is full"):
        world.carry(first.lpn, at_location(second.location))
    world.carry(first.lpn, at_point(TOTE))
    assert world.loads[first.lpn] == at_point(TOTE)
    kind, facts = notes.lines[-1]
    assert (kind, dict(facts)) == (
        "load_carried",
        {"load": first.lpn, "from": first.location, "to": TOTE},
    )


def test_nobody_takes_a_load_off_a_machine_by_hand(world: World, stock: Stock) -> None:
    tote = stock.totes[0]
    world.pick_up(tote.lpn, at_location(tote.location), CRANE)
    with pytest.raises(ImpossibleMoveError, match="is on asrs-1"):
        world.carry(tote.lpn, at_point(TOTE))
