"""A warehouse floor in a few lines: the ground truth that the core's orders are held against.

It carries out what it is told, in any order that the test likes, and fails the test when an order is
physically impossible. Nothing here knows how the core thinks.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from edge_agent.domain import command as cmd
from edge_agent.domain.device import Seen, Sighting
from edge_agent.domain.ids import CommandId, DeviceId, Gtin, LocationId, Lpn, PointId
from edge_agent.domain.site import Site

TOTES = 24
BELT = "belt"
UNIT_G, EMPTY_G = 100, 750
"""What every unit weighs, and what an empty container does."""


def tote(number: int) -> Lpn:
    return Lpn(f"TOTE-{number:04d}")


def container(number: int) -> Lpn:
    return Lpn(f"OC-{number:04d}")


def location(number: int) -> LocationId:
    """Odd totes live in the second aisle, even ones in the first."""
    return LocationId(f"A0{1 + number % 2}-01-{number:02d}")


@dataclass
class Floor:
    """Where every load and every unit really is."""

    site: Site
    content: dict[Lpn, list[Gtin]] = field(default_factory=dict)
    places: dict[Lpn, str] = field(default_factory=dict)
    grippers: dict[DeviceId, Gtin] = field(default_factory=dict)
    placed: dict[Lpn, Counter[Gtin]] = field(default_factory=dict)
    """What was ever placed into an order container, also after it has left."""
    begun: set[CommandId] = field(default_factory=set)
    ended: set[CommandId] = field(default_factory=set)

    @classmethod
    def stocked(cls, site: Site, stock: Mapping[int, Sequence[Gtin]]) -> "Floor":
        """Totes in their locations, those of `stock` with units in them."""
        numbers = range(1, TOTES + 1)
        content = {tote(number): list(stock.get(number, ())) for number in numbers}
        return cls(site, content, {tote(number): str(location(number)) for number in numbers})

    @property
    def units(self) -> int:
        """Every unit there is: it never changes."""
        return sum(len(units) for units in self.content.values()) + len(self.grippers)

    # ---- what devices do -----------------------------------------------------------------------------

    def begin(self, command: cmd.Command) -> None:
        """The device has accepted the command. A conveyor takes the load off its point at once."""
        assert command.command_id not in self.begun, "a command was put on the wire twice"
        self.begun.add(command.command_id)
        if isinstance(command.order, cmd.Transfer):
            if command.order.origin == self.site.supply != self.places.get(command.order.load):
                self.bring(command.order.load)
            self._move(command.order.load, command.order.origin, BELT)

    def has_room_for(self, command: cmd.Command) -> bool:
        """Whether a command that has begun can end: a full point lets no load in."""
        match command.order:
            case cmd.Retrieve(point=point) | cmd.Transfer(destination=point):
                return self.has_room_at(point)
            case _:
                return True

    def has_room_at(self, place: str) -> bool:
        """Whether one more load fits; a location has room for its tote."""
        point = self.site.points.get(PointId(place))
        return point is None or not point.capacity or len(list(self.loads_at(place))) < point.capacity

    def end(self, command: cmd.Command, wrong: Gtin | None = None) -> cmd.Done | cmd.Failed:
        """Do the rest. `wrong` is gripped instead of the right item, where the tote has a unit of it."""
        if command.command_id not in self.begun:
            self.begin(command)
        assert command.command_id not in self.ended, "a command was carried out twice"
        assert self.has_room_for(command), f"{command} cannot end: the point is full"
        self.ended.add(command.command_id)
        match command.order:
            case cmd.Retrieve(load, place, point):
                self._move(load, place, point)
            case cmd.Store(load, point, place):
                self._move(load, point, place)
            case cmd.Transfer(load, _, place):
                self._move(load, BELT, place)
            case cmd.Pick(load, place, gtin):
                return self._grip(command.device_id, load, place, gtin, wrong)
            case cmd.Place(load, place):
                self.placed.setdefault(load, Counter())[self.grippers[command.device_id]] += 1
                self._let_go(command.device_id, load, place)
            case cmd.PutBack(load, place):
                self._let_go(command.device_id, load, place)
        return cmd.Done(cmd.Report(place=place))

    def fail(self, command: cmd.Command) -> None:
        """The device gives up: the load is where it was before."""
        if command.command_id in self.begun and isinstance(command.order, cmd.Transfer):
            self._move(command.order.load, BELT, command.order.origin)
        self.begun.add(command.command_id)
        self.ended.add(command.command_id)

    # ---- what can be seen ----------------------------------------------------------------------------

    def sees(self, command: cmd.Command) -> Sighting:
        """What the sensors of a machine at rest show of what a command moves. A picker has forgotten which
        tote its unit came from."""
        match command.order:
            case cmd.Retrieve(load) | cmd.Store(load) | cmd.Transfer(load):
                place = self.places.get(load, self.site.supply)
                return Sighting(Seen.UNDER_WAY if place == BELT else Seen.AT_PLACE, place)
            case _:
                holds = command.device_id in self.grippers
                return Sighting(Seen.AT_PLACE if holds else Seen.NOWHERE)

    def held_g(self, picker: DeviceId) -> float:
        """What a picker's gripper holds weighs."""
        return UNIT_G * (picker in self.grippers)

    def weight_at(self, place: str) -> float:
        """What stands at a place weighs, with all that is in it."""
        return sum(EMPTY_G + UNIT_G * len(self.content[load]) for load in self.loads_at(place))

    def loads_at(self, place: str) -> Iterator[Lpn]:
        return (load for load, where in self.places.items() if where == place)

    def bring(self, load: Lpn) -> None:
        """A new, empty container, or one that has left and comes back empty."""
        assert self.places.get(load) not in self.site.points.keys() - self._exits(), f"{load} is on the floor"
        self.content[Lpn(f"{load} of old {len(self.content)}")] = self.content.pop(load, [])
        self.content[load], self.placed[load] = [], Counter()
        self.places[load] = self.site.supply

    def _exits(self) -> set[PointId]:
        return {lane.point for lane in self.site.lanes.values()} | {self.site.reject}

    def _move(self, load: Lpn, origin: str, destination: str) -> None:
        assert self.places[load] == origin, f"{load} is at {self.places[load]}, not at {origin}"
        self.places[load] = destination

    def _grip(
        self, picker: DeviceId, load: Lpn, point: str, gtin: Gtin, wrong: Gtin | None
    ) -> cmd.Done | cmd.Failed:
        assert picker not in self.grippers, f"{picker} picks with a unit in its gripper"
        assert self.places[load] == point, f"{load} is at {self.places[load]}, not at {point}"
        if gtin not in self.content[load]:
            return cmd.Failed(cmd.FailureReason.ITEM_MISSING)
        taken = wrong if wrong in self.content[load] else gtin
        assert taken is not None
        self.content[load].remove(taken)
        self.grippers[picker] = taken
        return cmd.Done(cmd.Report(place=point, weight_g=UNIT_G))

    def _let_go(self, picker: DeviceId, load: Lpn, point: str) -> None:
        assert self.places[load] == point, f"{load} is at {self.places[load]}, not at {point}"
        self.content[load].append(self.grippers.pop(picker))
