"""The physics of a conveyor that tracks its loads from point to point."""

import re
from dataclasses import dataclass

from edge_agent.domain.command import (
    Done,
    Failed,
    FailureReason,
    Order,
    Refusal,
    RefusalReason,
    Report,
    Transfer,
)
from edge_agent.domain.ids import CommandId, DeviceId, Lpn, PointId
from edge_agent.domain.site import Site
from simulators.machine import End, Pace, Seen, Sighting
from simulators.world import Cause, PlaceKind, World, at_point


@dataclass(slots=True)
class _Ride:
    """One load on its way; it can be handed over from `arrives_at_s` on."""

    command_id: CommandId
    order: Transfer
    middle_s: float
    arrives_at_s: float
    goes_to: PointId
    says: PointId
    """The point that the controller takes it to reach. Both are as ordered, unless something is wrong."""
    loaded: bool = False


class Conveyor:
    """The whole conveyor. It takes a load off its point at once; at the other end loads wait in the order of
    their arrival until the point has room. New order containers come from the supply point."""

    def __init__(self, device_id: DeviceId, site: Site, world: World, pace: Pace) -> None:
        self._device_id = device_id
        self._site = site
        self._world = world
        self._pace = pace
        self._rides: list[_Ride] = []
        self._believed: dict[str, PointId] = {}
        """Where the controller takes loads to stand that stand elsewhere."""
        self._blocked: dict[PointId, FailureReason] = {}
        """Lanes that take no load, and what is the matter there."""

    def start(self, command_id: CommandId, order: Order, now_s: float) -> Refusal | None:
        if not isinstance(order, Transfer):
            return Refusal(RefusalReason.BAD_ARGUMENT, f"a conveyor cannot {type(order).__name__}")
        for point in (order.origin, order.destination):
            if point not in self._site.points:
                return Refusal(RefusalReason.BAD_ARGUMENT, f"no point {point}")
        if order.load not in self._world.loads and not self._is_new(order):
            return Refusal(RefusalReason.UNKNOWN_LOAD, f"no load {order.load}")
        duration_s = self._pace.vary(self._site.cycle_times.transfer_s)
        middle_s, arrives_at_s = now_s + duration_s / 2, now_s + duration_s
        goes_to = order.destination
        self._rides.append(_Ride(command_id, order, middle_s, arrives_at_s, goes_to, goes_to))
        return None

    def step(self, now_s: float) -> list[End]:
        ends = [end for ride in list(self._rides) if not ride.loaded and (end := self._load(ride))]
        blocked = set(self._blocked)
        for ride in sorted(self._rides, key=lambda ride: ride.arrives_at_s):
            if now_s < ride.arrives_at_s or ride.goes_to in blocked:
                continue
            if (end := self._hand_over(ride)) is not None:
                ends.append(end)
            else:
                blocked.add(ride.goes_to)
        return ends

    def middle_s(self, command_id: CommandId) -> float:
        ride = self._ride(command_id)
        assert ride is not None  # asked straight after the start
        return ride.middle_s

    def lose(self, command_id: CommandId) -> End | None:
        """Somebody takes the load off the conveyor. Returns the end that a conveyor reports which notices;
        None when the load is not on it."""
        ride = self._ride(command_id)
        if ride is None or not ride.loaded:
            return None
        self._world.lose(ride.order.load, self._cause(ride))
        return self._end(ride, Failed(FailureReason.LOAD_MISSING))

    def divert(self, command_id: CommandId, point: PointId | None, *, noticed: bool) -> PointId | None:
        """The load goes to another point: this one, or the last of the site's that has room.

        `noticed`: the controller knows. Returns the point; None when there is none or the load is not on it.
        """
        ride = self._ride(command_id)
        if ride is None or not ride.loaded:
            return None
        others = [
            name
            for name in self._site.points
            if name not in (ride.order.origin, ride.order.destination, self._site.supply)
            and point in (None, name)
            and self._world.has_room(at_point(name))
        ]
        if not others:
            return None
        ride.goes_to = others[-1]
        if noticed:
            ride.says = ride.goes_to
        return ride.goes_to

    def lane_of(self, command_id: CommandId) -> PointId | None:
        """The point of the lane that a load was ordered to; None where it goes elsewhere."""
        ride = self._ride(command_id)
        lanes = {lane.point for lane in self._site.lanes.values()}
        return ride.order.destination if ride is not None and ride.order.destination in lanes else None

    def block(self, command_id: CommandId, reason: FailureReason) -> End:
        """Nothing more gets to where this command goes until that is cleared; how the command ends."""
        ride = self._ride(command_id)
        assert ride is not None  # its lane was asked for
        self._blocked[ride.order.destination] = reason
        return self._end(ride, Failed(reason))

    def clear(self, point: PointId) -> None:
        """The point takes loads again."""
        self._blocked.pop(point, None)

    def sight(self, load: str) -> Sighting:
        """It follows every load from point to point, and believes what it has noted. A new container stands
        in the supply."""
        if any(ride.order.load == load for ride in self._rides):
            return Sighting(Seen.UNDER_WAY)
        if (believed := self._believed.get(load)) is not None:
            return Sighting(Seen.AT_PLACE, believed)
        place = self._world.loads.get(Lpn(load))
        if place is None and self._is_container(load):
            return Sighting(Seen.AT_PLACE, self._site.supply)
        if place is not None and place.kind is PlaceKind.POINT:
            return Sighting(Seen.AT_PLACE, place.name)
        return Sighting(Seen.NOT_HERE)

    def forget(self) -> None:
        """It looks anew at what stands where."""
        self._believed.clear()

    def _ride(self, command_id: CommandId) -> _Ride | None:
        return next((ride for ride in self._rides if ride.command_id == command_id), None)

    def _load(self, ride: _Ride) -> End | None:
        """Take the load off its point; an end only when it is not there, or its lane takes nothing."""
        load, origin = ride.order.load, at_point(ride.order.origin)
        if (reason := self._blocked.get(ride.goes_to)) is not None:
            return self._end(ride, Failed(reason))
        if self._is_new(ride.order):
            self._world.introduce(load, self._cause(ride))
        if self._world.loads.get(load) != origin:
            return self._end(ride, Failed(FailureReason.LOAD_MISSING))
        self._world.pick_up(load, origin, self._cause(ride))
        self._believed.pop(load, None)
        ride.loaded = True
        return None

    def _hand_over(self, ride: _Ride) -> End | None:
        destination = at_point(ride.goes_to)
        if not self._world.has_room(destination):
            return None
        self._world.set_down(ride.order.load, destination, self._cause(ride))
        if ride.says != ride.goes_to:
            self._believed[ride.order.load] = ride.says
        return self._end(ride, Done(Report(place=ride.says)))

    def _is_new(self, order: Transfer) -> bool:
        return (
            order.origin == self._site.supply
            and order.load not in self._world.loads
            and self._world.has_room(at_point(self._site.supply))
            and self._is_container(order.load)
        )

    def _is_container(self, load: str) -> bool:
        return re.fullmatch(self._site.labels.container, load) is not None

    def _end(self, ride: _Ride, outcome: Done | Failed) -> End:
        self._rides.remove(ride)
        return End(ride.command_id, outcome)

    def _cause(self, ride: _Ride) -> Cause:
        return Cause(self._device_id, ride.command_id)
