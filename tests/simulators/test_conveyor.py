"""The conveyor's physics, with time pushed by hand."""

import pytest

from edge_agent.domain.command import (
    Done,
    Failed,
    FailureReason,
    Order,
    RefusalReason,
    Report,
    Store,
    Transfer,
)
from edge_agent.domain.ids import CommandId, DeviceId, LocationId, Lpn, PointId
from edge_agent.domain.site import Site
from simulators.catalogue import Stock
from simulators.conveyor import Conveyor
from simulators.machine import End, Pace
from simulators.world import Cause, World, at_point, on_device
from tests.simulators.floor import Notes

BELT = DeviceId("conveyor-1")
ELSEWHERE = Cause(DeviceId("asrs-1"), CommandId(99))
OUT, TOTE, PUT, SUPPLY, SHIP = (PointId(name) for name in ("out", "tote", "put-1", "supply", "ship"))
LONG_S = 1000.0


@pytest.fixture
def belt(site: Site, world: World) -> Conveyor:
    return Conveyor(BELT, site, world, Pace(1, BELT))


@pytest.fixture
def totes(stock: Stock) -> list[Lpn]:
    return [tote.lpn for tote in stock.totes]


def order(machine: Conveyor, what: Order, command: int = 1, now_s: float = 0.0) -> RefusalReason | None:
    refusal = machine.start(CommandId(command), what, now_s)
    return refusal.reason if refusal else None


def done(command: int, place: str) -> End:
    return End(CommandId(command), Done(Report(place=place)))


def put(world: World, load: Lpn, point: PointId) -> None:
    world.pick_up(load, world.loads[load], ELSEWHERE)
    world.set_down(load, at_point(point), ELSEWHERE)


def test_a_load_leaves_its_point_at_once_and_arrives_later(
    belt: Conveyor, world: World, totes: list[Lpn]
) -> None:
    put(world, totes[0], OUT)
    assert order(belt, Transfer(totes[0], OUT, TOTE)) is None
    assert belt.step(0.0) == []
    assert world.loads[totes[0]] == on_device(BELT)
    assert world.has_room(at_point(OUT))
    assert belt.step(LONG_S) == [done(1, TOTE)]
    assert world.loads[totes[0]] == at_point(TOTE)


def test_loads_wait_for_a_full_point_in_the_order_of_their_arrival(
    belt: Conveyor, world: World, totes: list[Lpn]
) -> None:
    for number, tote in enumerate(totes[:3], start=1):
        put(world, tote, OUT)
        order(belt, Transfer(tote, OUT, TOTE), command=number, now_s=100.0 * number)
        belt.step(100.0 * number)
    assert [end.command_id for end in belt.step(LONG_S)] == []
    for waiting in (2, 3):
        world.pick_up(totes[waiting - 2], at_point(TOTE), ELSEWHERE)
        assert belt.step(LONG_S) == [done(waiting, TOTE)]


def test_a_full_point_holds_up_nothing_that_goes_elsewhere(
    belt: Conveyor, world: World, totes: list[Lpn]
) -> None:
    put(world, totes[0], TOTE)
    put(world, totes[1], OUT)
    order(belt, Transfer(totes[1], OUT, TOTE), command=1)
    belt.step(0.0)
    put(world, totes[2], OUT)
    order(belt, Transfer(totes[2], OUT, SHIP), command=2)
    assert belt.step(LONG_S) == [done(2, SHIP)]


def test_a_lane_never_fills(belt: Conveyor, world: World, totes: list[Lpn]) -> None:
    for number, tote in enumerate(totes, start=1):
        put(world, tote, OUT)
        order(belt, Transfer(tote, OUT, SHIP), command=number)
        belt.step(0.0)
    assert len(belt.step(LONG_S)) == len(totes)
    assert set(world.loads_at(at_point(SHIP))) == set(totes)


def test_an_order_container_appears_at_the_supply_point_when_it_is_first_asked_for(
    belt: Conveyor, world: World, notes: Notes
) -> None:
    container = Lpn("OC-1")
    order(belt, Transfer(container, SUPPLY, PUT))
    assert container not in world.loads
    assert belt.step(LONG_S) == [done(1, PUT)]
    assert world.loads[container] == at_point(PUT)
    assert notes.of("container_introduced") == [
        {"load": container, "place": "supply", "device": BELT, "command": 1}
    ]


def test_a_container_is_introduced_once(belt: Conveyor, world: World, notes: Notes) -> None:
    for command in (1, 2):
        order(belt, Transfer(Lpn("OC-1"), SUPPLY, PUT), command=command)
    ends = belt.step(LONG_S)
    assert ends == [End(CommandId(2), Failed(FailureReason.LOAD_MISSING)), done(1, PUT)]
    assert len(notes.of("container_introduced")) == 1


def test_a_load_that_is_not_at_its_origin_is_missing(belt: Conveyor, world: World, totes: list[Lpn]) -> None:
    before = world.loads[totes[0]]
    order(belt, Transfer(totes[0], OUT, TOTE))
    assert belt.step(0.0) == [End(CommandId(1), Failed(FailureReason.LOAD_MISSING))]
    assert world.loads[totes[0]] == before


@pytest.mark.parametrize(
    ("what", "reason"),
    [
        (Transfer(Lpn("TOTE-0001"), PointId("nowhere"), TOTE), RefusalReason.BAD_ARGUMENT),
        (Transfer(Lpn("TOTE-0001"), OUT, PointId("nowhere")), RefusalReason.BAD_ARGUMENT),
        (Store(Lpn("TOTE-0001"), OUT, LocationId("A01-01-01")), RefusalReason.BAD_ARGUMENT),
        (Transfer(Lpn("OC-1"), OUT, TOTE), RefusalReason.UNKNOWN_LOAD),
        (Transfer(Lpn("TOTE-9999"), SUPPLY, TOTE), RefusalReason.UNKNOWN_LOAD),
    ],
)
def test_an_order_that_cannot_be_carried_out_is_refused_and_moves_nothing(
    belt: Conveyor, notes: Notes, what: Order, reason: RefusalReason
) -> None:
    assert order(belt, what) is reason
    assert belt.step(LONG_S) == []
    assert notes.of("load_moved") == []
