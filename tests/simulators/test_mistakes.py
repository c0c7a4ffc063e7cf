"""Units that come up by mistake: what each is, how a picker brings it up, and what the audit says of it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.core.verification.gtin import check_digit_error
from edge_agent.domain.command import Done, Pick, PutBack
from edge_agent.domain.ids import CommandId, DeviceId, Gtin, PointId
from edge_agent.domain.site import Site
from simulators.audit_findings import Identity
from simulators.audit_records import Grip, UnitRecord
from simulators.audit_trouble import CommandKey
from simulators.audit_units import harmless_serials
from simulators.catalogue import Demands, Stock, Unit, build_stock
from simulators.faults import AnyFault, Fault
from simulators.mistakes import mistaken
from simulators.tasks import build_tasks
from simulators.world import ImpossibleMoveError, World, at_point
from tests.simulators.bench import ELSEWHERE, MakeBench, of, put
from tests.simulators.floor import Notes
from tests.simulators.shift import Upsets, a_shift
from tests.simulators.test_tasks import NOW
from tests.simulators.test_tasks import demo_site as _demo_site

demo_site = _demo_site
ROBOT = DeviceId("picker-1")


@pytest.fixture
def unit(stock: Stock) -> Unit:
    """A unit with lot, date and serial number whose lines ask for all of them."""
    found = next(unit for unit in stock.units if unit.serial is not None)
    assert found.expiry is not None
    demands = Demands(lot="L00042", expiry_min=found.expiry, serial=True)
    return replace(found, lot="L00042", demands=demands)


def test_each_mistake_differs_from_the_unit_in_one_thing(unit: Unit) -> None:
    before = replace(unit, unit_id="U999999", serial="S-BEFORE")
    others = mistaken(unit, "U000001-7", before)
    assert {other.unit_id for other in others.values()} == {"U000001-7"}
    assert all(other.stray for other in others.values())
    assert others[Fault.WRONG_LOT].lot != unit.lot
    assert others[Fault.EXPIRED].expiry < NOW.date()
    assert NOW.date() < others[Fault.SHORT_DATED].expiry < unit.demands.expiry_min
    assert others[Fault.DUPLICATE_SERIAL].serial == "S-BEFORE"
    assert others[Fault.FOREIGN_ITEM].gtin != unit.gtin
    assert others[Fault.WHOLE_PACK].weight_g == 12 * unit.weight_g
    labels = (Fault.UNLABELLED, Fault.DAMAGED_CODE, Fault.LOST_SEPARATOR, Fault.TWO_LABELS)
    for fault in labels:
        other = others[fault]
        assert (other.gtin, other.lot, other.serial) == (unit.gtin, unit.lot, unit.serial)
        assert (other.barcode, other.second_barcode) != (unit.barcode, unit.second_barcode)


def test_codes_of_other_items_are_sound_and_a_damaged_one_is_not(unit: Unit) -> None:
    others = mistaken(unit, "X", None)
    for fault in (Fault.FOREIGN_ITEM, Fault.WHOLE_PACK):
        assert check_digit_error(others[fault].gtin) is None
        assert others[fault].gtin in others[fault].barcode.decode()
    damaged = others[Fault.DAMAGED_CODE].barcode.decode().removeprefix("]d201")[:14]
    assert check_digit_error(damaged) is not None


def test_a_plain_article_can_only_be_mistaken_in_what_it_has(stock: Stock) -> None:
    plain = next(unit for unit in stock.units if unit.lot is None)
    possible = {Fault.FOREIGN_ITEM, Fault.WHOLE_PACK, Fault.UNLABELLED, Fault.DAMAGED_CODE}
    assert mistaken(plain, "X", None).keys() == possible


def test_a_share_of_the_lines_asks_for_lots_dates_and_serial_numbers_that_all_the_stock_has(
    demo_site: Site,
) -> None:
    stock = build_stock(demo_site, 7)
    lines = [line for task in build_tasks(demo_site, 7, 100, now=NOW) for line in task["lines"]]
    for asked in ("lot", "expiry_min", "serial_capture"):
        assert 0.05 < sum(bool(line[asked]) for line in lines) / len(lines) < 0.6
    for unit in stock.units:
        assert unit.demands.lot in (None, unit.lot)
        assert unit.demands.expiry_min is None or unit.demands.expiry_min <= unit.expiry
        assert not unit.demands.serial or unit.serial


# ---- at the picker -----------------------------------------------------------------------------------


Order = Callable[..., Done]


@pytest.fixture
def tell(bench: MakeBench, world: World, stock: Stock) -> Callable[[AnyFault], Order]:
    """A picker with a fault armed: `order(kind)` carries out an order about the first tote and item."""
    tote, point = stock.totes[0].lpn, PointId("tote")
    put(world, tote, "tote")
    gtin = world.units_in(tote)[0].gtin

    def armed(fault: AnyFault) -> Order:
        picker = bench("picker-1", fault).machine
        numbers = iter(range(1, 100))

        def order(kind: type[Pick | PutBack]) -> Done:
            number = CommandId(next(numbers))
            what = Pick(tote, point, Gtin(gtin)) if kind is Pick else PutBack(tote, point)
            assert picker.start(number, what, 100.0 * number) is None
            (end,) = picker.step(100.0 * number + 99)
            assert isinstance(end.outcome, Done)
            return end.outcome

        return order

    return armed


def test_a_stray_comes_to_light_once_and_is_not_gripped_again(
    tell: Callable[[AnyFault], Order], world: World, notes: Notes
) -> None:
    order = tell(of(fault="foreign_item"))
    order(Pick)
    (found,) = notes.of("unit_found")
    held = world.held_by(ROBOT)
    assert held is not None
    assert (held.unit_id, held.gtin) == (found["unit"], found["gtin"])
    order(PutBack)
    for _ in range(20):
        order(Pick)
        held = world.held_by(ROBOT)
        assert held is not None
        assert not held.stray
        order(PutBack)


def test_what_clings_goes_where_the_unit_goes_and_weighs(
    tell: Callable[[AnyFault], Order], world: World, notes: Notes
) -> None:
    order = tell(of(fault="over_pick"))
    report = order(Pick).report
    both = world.all_held_by(ROBOT)
    assert len(both) == 2
    assert report.weight_g == sum(unit.weight_g for unit in both)
    order(PutBack)
    assert {line["unit"] for line in notes.of("unit_put_back")} == {unit.unit_id for unit in both}
    assert world.all_held_by(ROBOT) == ()


def test_a_unit_with_a_swapped_label_is_stock_and_weighs_what_it_weighs(
    tell: Callable[[AnyFault], Order], world: World, notes: Notes
) -> None:
    order = tell(of(fault="swapped_label"))
    report = order(Pick).report
    held = world.held_by(ROBOT)
    (fault,) = notes.of("fault")
    assert held is not None
    assert (held.unit_id, held.gtin, held.stray) == (fault["unit"], fault["gtin"], False)
    assert not held.wears_its_own_label
    assert fault["label"]["gtin"] == fault["ordered_gtin"] != held.gtin
    assert not fault["detectable"]  # no item master
    assert report.weight_g == held.weight_g


def test_nothing_clings_to_an_empty_gripper(world: World, stock: Stock) -> None:
    tote = stock.totes[0].lpn
    put(world, tote, "tote")
    unit = world.units_in(tote)[0]
    with pytest.raises(ImpossibleMoveError, match="holds nothing"):
        world.grip(unit.unit_id, tote, PointId("tote"), ELSEWHERE, clings=True)


def test_a_tote_can_lose_its_own_label_once(world: World, stock: Stock) -> None:
    tote = stock.totes[0].lpn
    assert world.can_be_mislabelled(tote)
    says = world.relabel(tote)
    assert says != tote
    assert says in {one.lpn for one in stock.totes}
    assert world.label_of(tote) == says
    assert not world.can_be_mislabelled(tote)
    assert not world.can_be_mislabelled("OC-0001")
    assert world.loads_at(at_point(PointId("supply"))) == ()


# ---- in the audit ------------------------------------------------------------------------------------


def caught(count: int, **by_rule: int) -> dict[str, object]:
    """A kind of mistake that was injected so often and caught each time."""
    return {"injected": count, "caught": count, "escaped": 0, "by_rule": by_rule, "hidden": 0}


def test_the_audit_tells_by_which_rule_each_mistake_was_caught(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    upsets = Upsets(wrong_item=frozenset({1, 3}), no_read=frozenset({2}))
    result = a_shift(site, stock, upsets).audit(tmp_path)
    told = result.to_json()["mistakes"]
    assert told["wrong_item"] == caught(2, V5=2)
    assert told["no_read"] == caught(1, **{"read again": 1})


@pytest.mark.parametrize("kind", ["lost_separator", "two_labels"])
def test_a_unit_that_was_placed_on_a_bad_label_has_escaped(
    site: Site, stock: Stock, tmp_path: Path, kind: str
) -> None:
    shift = a_shift(site, stock)
    grip = shift.happened("unit_gripped")
    fault = {"t": grip["t"], "kind": "fault", "fault": kind, "device": grip["device"], "unit": grip["unit"]}
    shift.world_lines.insert(shift.world_lines.index(grip), fault)
    result = shift.audit(tmp_path)
    assert result.mistakes[kind].escaped == result.verification.escaped == 1
    assert any(f"its label is bad: {kind}" in problem for problem in result.problems)


def test_a_serial_number_that_no_other_unit_of_the_container_has_is_no_duplicate(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    shift = a_shift(site, stock)
    grip = shift.happened("unit_gripped")
    facts = {"fault": "duplicate_serial", "device": grip["device"], "unit": grip["unit"]}
    shift.world_lines.insert(shift.world_lines.index(grip), {"t": grip["t"], "kind": "fault", **facts})
    result = shift.audit(tmp_path)
    assert result.mistakes == {}
    assert result.consistent


def test_a_unit_past_its_last_day_has_escaped_where_it_was_placed(
    site: Site, stock: Stock, tmp_path: Path
) -> None:
    shift = a_shift(site, stock)
    name = shift.happened("unit_placed")["unit"]
    shift.happened("stock", unit=name)["expiry"] = "2020-01-31"
    result = shift.audit(tmp_path)
    assert result.verification.escaped == 1
    assert any(f"unit {name} was placed" in text and "2020-01-31" in text for text in result.problems)


def test_of_two_units_with_one_serial_number_that_leave_the_later_is_one_too_many() -> None:
    def grip(unit: str, serial: str, container: str) -> Grip:
        identity = Identity("09520000000011", lot="L1", serial=serial)
        key = CommandKey(ROBOT, 1)
        return Grip(UnitRecord(unit, identity, container), key, "TOTE-0001", "A01-01-01", container=container)

    placed = {
        "OC-1": [grip("U1", "S1", "OC-1"), grip("U2", "S2", "OC-1"), grip("U3", "S1", "OC-1")],
        "OC-2": [grip("U4", "S1", "OC-2")],
    }
    assert set(harmless_serials(placed)) == {"U1", "U2"}
    assert set(harmless_serials(placed, {"OC-1"})) == {"U1", "U2", "U3", "U4"}, "that one was not shipped"
