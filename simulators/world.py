"""Ground truth: where every load and every unit really is, and the record of how it got there.

Nothing appears or vanishes here, but for order containers that come to the supply point, loads that are
taken away by hand, and units that lay in a tote unknown to everybody. A move that cannot happen raises and
changes nothing; every other one stands in the ledger with its device and its command.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from edge_agent.domain.ids import CommandId, DeviceId, LocationId, Lpn, PointId
from edge_agent.domain.site import Site
from edge_agent.errors import EdgeAgentError
from simulators.catalogue import Tote, Unit
from simulators.ledger import Record

Thing = TypeVar("Thing", bound=str)


class ImpossibleMoveError(EdgeAgentError):
    """A simulated machine tried what cannot be done: a bug in the simulators, never in the agent."""


class PlaceKind(StrEnum):
    """The kinds of places. A load is at one of the first four, a unit at one of the last two."""

    LOCATION = "location"
    """A storage location; room for one load."""
    POINT = "point"
    """A hand-over point; room as in the site file."""
    CARRIER = "carrier"
    """On a machine that is moving the load."""
    LOST = "lost"
    """Nobody knows: it was taken out of the warehouse."""
    LOAD = "load"
    """In a tote or an order container."""
    GRIPPER = "gripper"
    """In a picker's gripper; room for one unit, to which another may cling."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place. Its name is what the ledger shows."""

    kind: PlaceKind
    name: str

    def __str__(self) -> str:
        return self.name


NOWHERE = Place(PlaceKind.LOST, "lost")


def at_location(name: LocationId) -> Place:
    return Place(PlaceKind.LOCATION, name)


def at_point(name: PointId) -> Place:
    return Place(PlaceKind.POINT, name)


def on_device(name: DeviceId) -> Place:
    return Place(PlaceKind.CARRIER, name)


def in_load(name: Lpn) -> Place:
    return Place(PlaceKind.LOAD, name)


def in_gripper(name: DeviceId) -> Place:
    return Place(PlaceKind.GRIPPER, name)


@dataclass(frozen=True, slots=True)
class Cause:
    """Who moves: the device and the command that it is carrying out."""

    device: DeviceId
    command: CommandId

    def facts(self) -> dict[str, object]:
        return {"device": self.device, "command": self.command}


class World:
    """The totes, order containers and units of one warehouse."""

    def __init__(self, site: Site, totes: Iterable[Tote], units: Iterable[Unit], record: Record) -> None:
        """Lay out what is really there and write it down as `load` and `stock` lines."""
        self._site = site
        self._record = record
        self._loads: dict[Lpn, Place] = {}
        self._units: dict[str, Place] = {}
        self._known: dict[str, Unit] = {}
        self._totes: set[Lpn] = set()
        self._labels: dict[Lpn, Lpn] = {}
        # What is at each place, in the order in which it came: every look-up by place goes through these.
        self._loads_at: dict[Place, dict[Lpn, None]] = {}
        self._units_at: dict[Place, dict[str, None]] = {}
        for tote in totes:
            self._put_load(tote.lpn, at_location(tote.location))
            self._totes.add(tote.lpn)
            record("load", {"load": tote.lpn, "place": tote.location})
        for unit in units:
            self._known[unit.unit_id] = unit
            self._put_unit(unit.unit_id, in_load(unit.tote))
            record("stock", self._stock_facts(unit))

    # ---- looking -------------------------------------------------------------------------------------

    @property
    def loads(self) -> Mapping[Lpn, Place]:
        """Where each load is."""
        return self._loads

    @property
    def units(self) -> Mapping[str, Place]:
        """Where each unit is, by its id."""
        return self._units

    def unit(self, unit_id: str) -> Unit:
        return self._known[unit_id]

    def loads_at(self, place: Place) -> tuple[Lpn, ...]:
        """The loads there, the one that came first first."""
        return tuple(self._loads_at.get(place, ()))

    def units_in(self, load: Lpn) -> tuple[Unit, ...]:
        return tuple(self._known[unit] for unit in self._units_at.get(in_load(load), ()))

    def held_by(self, device: DeviceId) -> Unit | None:
        """The unit in a picker's gripper."""
        return next(iter(self.all_held_by(device)), None)

    def all_held_by(self, device: DeviceId) -> tuple[Unit, ...]:
        """The unit in a picker's gripper, and behind it what clings to it."""
        return tuple(self._known[unit] for unit in self._units_at.get(in_gripper(device), ()))

    def can_be_mislabelled(self, load: object) -> bool:
        """Whether it is a tote that still wears its own label."""
        return load in self._totes and load not in self._labels and len(self._totes) > 1

    def label_of(self, load: Lpn) -> Lpn:
        """What the label on a load says."""
        return self._labels.get(load, load)

    def has_room(self, place: Place) -> bool:
        """Whether one more load can be set down at a location or point; an unknown point has no room."""
        there = len(self._loads_at.get(place, ()))
        if place.kind is PlaceKind.LOCATION:
            return there == 0
        point = self._site.points.get(PointId(place.name))
        return point is not None and (point.capacity == 0 or there < point.capacity)

    # ---- moving --------------------------------------------------------------------------------------

    def introduce(self, container: Lpn, cause: Cause) -> None:
        """A new, empty order container comes to the supply point."""
        supply = at_point(self._site.supply)
        _require(container not in self._loads, f"{container} exists already")
        _require(self.has_room(supply), f"{supply} is full")
        self._record("container_introduced", {"load": container, "place": supply.name, **cause.facts()})
        self._put_load(container, supply)

    def pick_up(self, load: Lpn, place: Place, cause: Cause) -> None:
        """A machine takes a load off its place."""
        _require(
            place.kind in (PlaceKind.LOCATION, PlaceKind.POINT), f"nothing is picked up from {place.kind}"
        )
        self._move_load(load, place, on_device(cause.device), cause)

    def set_down(self, load: Lpn, place: Place, cause: Cause) -> None:
        """A machine hands over the load that it carries."""
        _require(place.kind in (PlaceKind.LOCATION, PlaceKind.POINT), f"nothing is set down on {place.kind}")
        _require(self.has_room(place), f"{place} is full")
        self._move_load(load, on_device(cause.device), place, cause)

    def lose(self, load: Lpn, cause: Cause) -> None:
        """Somebody takes a load off the machine that carries it; it is not seen again."""
        carrier = on_device(cause.device)
        self._require_at(load, carrier)
        self._record("load_lost", {"load": load, "from": carrier.name, **cause.facts()})
        self._put_load(load, NOWHERE)

    def carry(self, load: Lpn, place: Place) -> None:
        """Somebody carries a load by hand from where it stands, or was lost, to a place with room."""
        origin = self._loads[load]
        _require(origin.kind is not PlaceKind.CARRIER, f"{load} is on {origin}")
        _require(self.has_room(place), f"{place} is full")
        self._record("load_carried", {"load": load, "from": origin.name, "to": place.name})
        self._put_load(load, place)

    def find(self, unit: Unit, cause: Cause) -> None:
        """A unit comes to light that has lain in its tote all along and in nobody's stock record."""
        _require(unit.unit_id not in self._known, f"{unit.unit_id} is known already")
        self._known[unit.unit_id] = unit
        self._record("unit_found", {**self._stock_facts(unit), **cause.facts()})
        self._put_unit(unit.unit_id, in_load(unit.tote))

    def relabel(self, load: Lpn) -> Lpn:
        """Somebody has put the label of another tote on this one; returns what it says now."""
        names = sorted(self._totes)
        self._labels[load] = names[(names.index(load) + 1) % len(names)]
        return self._labels[load]

    def grip(self, unit: str, tote: Lpn, point: PointId, cause: Cause, *, clings: bool = False) -> None:
        """A picker takes a unit out of the load that stands at its point; one may cling to that in its
        gripper."""
        self._require_at(tote, at_point(point))
        held = self.held_by(cause.device) is not None
        _require(held is clings, f"{cause.device} holds {'a unit already' if held else 'nothing'}")
        self._require_unit(unit, in_load(tote))
        self._record("unit_gripped", {**self._short_facts(unit), "tote": tote, **cause.facts()})
        self._put_unit(unit, in_gripper(cause.device))

    def place(self, container: Lpn, point: PointId, cause: Cause) -> Unit:
        """A picker lets go of what it holds over the order container at a point; returns the unit that it
        had gripped."""
        units = self._let_go(container, point, cause)
        for unit in units:
            facts = {**self._short_facts(unit.unit_id), "lot": unit.lot, "serial": unit.serial}
            self._record("unit_placed", {**facts, "container": container, **cause.facts()})
            self._put_unit(unit.unit_id, in_load(container))
        return units[0]

    def put_back(self, tote: Lpn, point: PointId, cause: Cause) -> Unit:
        """A picker lets go of what it holds over the tote that it came from; returns the unit that it had
        gripped."""
        units = self._let_go(tote, point, cause)
        for unit in units:
            self._record("unit_put_back", {**self._short_facts(unit.unit_id), "tote": tote, **cause.facts()})
            self._put_unit(unit.unit_id, in_load(tote))
        return units[0]

    def take_out(self, unit: str, container: Lpn) -> None:
        """Somebody takes a unit out of an order container by hand; it is not seen again."""
        self._require_unit(unit, in_load(container))
        self._record("unit_taken_out", {**self._short_facts(unit), "container": container})
        self._put_unit(unit, NOWHERE)

    def relabel_unit(self, unit: str, barcode: bytes) -> None:
        """From now on a unit carries this label, whatever it is."""
        self._known[unit] = replace(self._known[unit], barcode=barcode)

    def write_end(self) -> None:
        """Write where every unit and load is, as `stock_end` lines."""
        for load, place in self._loads.items():
            self._record("stock_end", {"load": load, "place": place.name})
        for unit, place in self._units.items():
            self._record("stock_end", {"unit": unit, "place": place.name})

    # ---- inside --------------------------------------------------------------------------------------

    def _move_load(self, load: Lpn, origin: Place, destination: Place, cause: Cause) -> None:
        self._require_at(load, origin)
        facts = {"load": load, "from": origin.name, "to": destination.name, **cause.facts()}
        self._record("load_moved", facts)
        self._put_load(load, destination)

    def _let_go(self, load: Lpn, point: PointId, cause: Cause) -> tuple[Unit, ...]:
        self._require_at(load, at_point(point))
        units = self.all_held_by(cause.device)
        _require(bool(units), f"{cause.device} holds no unit")
        return units

    def _require_at(self, load: Lpn, place: Place) -> None:
        _require(self._loads.get(load) == place, f"{load} is at {self._loads.get(load)}, not at {place}")

    def _require_unit(self, unit: str, place: Place) -> None:
        _require(self._units.get(unit) == place, f"{unit} is in {self._units.get(unit)}, not in {place}")

    def _put_load(self, load: Lpn, place: Place) -> None:
        _put(load, self._loads, self._loads_at, place)

    def _put_unit(self, unit: str, place: Place) -> None:
        _put(unit, self._units, self._units_at, place)

    def _short_facts(self, unit: str) -> dict[str, object]:
        return {"unit": unit, "gtin": self._known[unit].gtin}

    def _stock_facts(self, unit: Unit) -> dict[str, object]:
        return {
            "unit": unit.unit_id,
            "gtin": unit.gtin,
            "sku": unit.sku,
            "lot": unit.lot,
            "serial": unit.serial,
            "expiry": unit.expiry.isoformat() if unit.expiry else None,
            "container": unit.tote,
            "location": self._loads[unit.tote].name,
        }


def _put(thing: Thing, places: dict[Thing, Place], at: dict[Place, dict[Thing, None]], place: Place) -> None:
    if (before := places.get(thing)) is not None:
        del at[before][thing]
    places[thing] = place
    at.setdefault(place, {})[thing] = None


def _require(condition: bool, otherwise: str) -> None:
    if not condition:
        raise ImpossibleMoveError(otherwise)
