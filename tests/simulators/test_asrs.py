"""The crane's physics, with time pushed by hand."""

import pytest

from edge_agent.domain.command import (
    Done,
    Failed,
    FailureReason,
    Order,
    RefusalReason,
    Report,
    Retrieve,
    Store,
    Transfer,
)
from edge_agent.domain.ids import CommandId, DeviceId, LocationId, Lpn, PointId
from edge_agent.domain.site import Site
from simulators.asrs import Asrs
from simulators.catalogue import Stock, Tote
from simulators.machine import VARIATION, End, Pace
from simulators.world import Cause, World, at_location, at_point, on_device
from tests.simulators.floor import Notes

OUT, IN = PointId("out"), PointId("in")
CRANE = DeviceId("asrs-1")
ELSEWHERE = Cause(DeviceId("conveyor-1"), CommandId(99))
FREE = LocationId("A01-99-99")
LONG_S = 1000.0


@pytest.fixture
def crane(site: Site, world: World) -> Asrs:
    return Asrs(CRANE, site.storage[CRANE], world, site.cycle_times, Pace(1, CRANE))


@pytest.fixture
def tote(stock: Stock) -> Tote:
    return stock.totes[0]


def order(machine: Asrs, what: Order, command: int = 1, now_s: float = 0.0) -> RefusalReason | None:
    refusal = machine.start(CommandId(command), what, now_s)
    return refusal.reason if refusal else None


def done(command: int, place: str) -> End:
    return End(CommandId(command), Done(Report(place=place)))


def failed(command: int, reason: FailureReason) -> End:
    return End(CommandId(command), Failed(reason))


def put(world: World, load: Lpn, point: PointId) -> None:
    world.pick_up(load, world.loads[load], ELSEWHERE)
    world.set_down(load, at_point(point), ELSEWHERE)


def test_a_retrieved_tote_rides_on_the_crane_and_ends_on_the_outfeed(
    crane: Asrs, world: World, site: Site, tote: Tote
) -> None:
    assert order(crane, Retrieve(tote.lpn, tote.location, OUT)) is None
    longest_s = site.cycle_times.retrieve_s * (1 + VARIATION)
    assert world.loads[tote.lpn] == at_location(tote.location)
    assert crane.step(longest_s / 2) == []
    assert world.loads[tote.lpn] == on_device(CRANE)
    assert crane.step(longest_s) == [done(1, tote.location)]
    assert world.loads[tote.lpn] == at_point(OUT)


def test_a_cycle_takes_its_time_give_or_take_the_variation(crane: Asrs, site: Site, tote: Tote) -> None:
    order(crane, Retrieve(tote.lpn, tote.location, OUT))
    assert crane.step(site.cycle_times.retrieve_s * (1 - VARIATION) - 0.01) == []
    assert crane.step(site.cycle_times.retrieve_s * (1 + VARIATION)) != []


def test_a_retrieve_waits_on_the_crane_while_the_outfeed_is_full(
    crane: Asrs, world: World, stock: Stock
) -> None:
    first, second = stock.totes[:2]
    put(world, second.lpn, OUT)
    order(crane, Retrieve(first.lpn, first.location, OUT))
    assert crane.step(LONG_S) == []
    assert world.loads[first.lpn] == on_device(CRANE)
    world.pick_up(second.lpn, at_point(OUT), ELSEWHERE)
    assert crane.step(LONG_S) == [done(1, first.location)]


def test_a_tote_is_stored_where_the_order_says(crane: Asrs, world: World, tote: Tote) -> None:
    put(world, tote.lpn, IN)
    assert order(crane, Store(tote.lpn, IN, FREE)) is None
    assert crane.step(LONG_S) == [done(1, FREE)]
    assert world.loads[tote.lpn] == at_location(FREE)


def test_a_tote_that_is_not_where_the_order_says_is_missing(crane: Asrs, world: World, tote: Tote) -> None:
    order(crane, Retrieve(tote.lpn, FREE, OUT))
    assert crane.step(LONG_S) == [failed(1, FailureReason.LOAD_MISSING)]
    order(crane, Store(tote.lpn, IN, FREE), command=2, now_s=LONG_S)
    assert crane.step(2 * LONG_S) == [failed(2, FailureReason.LOAD_MISSING)]
    assert world.loads[tote.lpn] == at_location(tote.location)


def test_a_store_to_an_occupied_location_leaves_the_tote_on_the_infeed(
    crane: Asrs, world: World, stock: Stock
) -> None:
    first, second = stock.totes[:2]
    put(world, first.lpn, IN)
    order(crane, Store(first.lpn, IN, second.location))
    assert crane.step(LONG_S) == [failed(1, FailureReason.DESTINATION_FULL)]
    assert world.loads[first.lpn] == at_point(IN)


def test_one_order_at_a_time(crane: Asrs, stock: Stock) -> None:
    first, second = stock.totes[:2]
    order(crane, Retrieve(first.lpn, first.location, OUT))
    assert order(crane, Retrieve(second.lpn, second.location, OUT), command=2) is RefusalReason.BUSY


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (Retrieve(Lpn("TOTE-0001"), LocationId("A01-01-01"), IN), RefusalReason.BAD_ARGUMENT),
        (Store(Lpn("TOTE-0001"), OUT, LocationId("A01-01-01")), RefusalReason.BAD_ARGUMENT),
        (Store(Lpn("TOTE-0001"), IN, LocationId("A02-01-01")), RefusalReason.BAD_ARGUMENT),
        (Transfer(Lpn("TOTE-0001"), OUT, IN), RefusalReason.BAD_ARGUMENT),
        (Retrieve(Lpn("TOTE-9999"), LocationId("A01-01-01"), OUT), RefusalReason.UNKNOWN_LOAD),
    ],
)
def test_an_order_that_cannot_be_carried_out_is_refused_and_moves_nothing(
    crane: Asrs, notes: Notes, what: Order, reason: RefusalReason
) -> None:
    assert order(crane, what) is reason
    assert crane.step(LONG_S) == []
    assert notes.of("load_moved") == []


def test_the_same_seed_takes_the_same_times() -> None:
    first, again, other = (Pace(seed, CRANE).vary(9.0) for seed in (1, 1, 2))
    assert first == again != other
