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
from edge_agent.domain.ids import CommandId, DeviceId, PointId
from edge_agent.domain.site import Site
from simulators.machine import End, Pace
from simulators.world import Cause, World, at_point


@dataclass(slots=True)
class _Ride:
    """One load on its way; it can be handed over from `arrives_at_s` on."""

    command_id: CommandId
    order: Transfer
    arrives_at_s: float
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

    def start(self, command_id: CommandId, order: Order, now_s: float) -> Refusal | None:
        if not isinstance(order, Transfer):
            return Refusal(RefusalReason.BAD_ARGUMENT, f"a conveyor cannot {type(order).__name__}")
        for point in (order.origin, order.destination):
            if point not in self._site.points:
                return Refusal(RefusalReason.BAD_ARGUMENT, f"no point {point}")
        if order.load not in self._world.loads and not self._is_new(order):
            return Refusal(RefusalReason.UNKNOWN_LOAD, f"no load {order.load}")
        duration_s = self._pace.vary(self._site.cycle_times.transfer_s)
        self._rides.append(_Ride(command_id, order, now_s + duration_s))
        return None

    def step(self, now_s: float) -> list[End]:
        ends = [end for ride in list(self._rides) if not ride.loaded and (end := self._load(ride))]
        blocked: set[PointId] = set()
        for ride in sorted(self._rides, key=lambda ride: ride.arrives_at_s):
            if now_s < ride.arrives_at_s or ride.order.destination in blocked:
                continue
            if (end := self._hand_over(ride)) is not None:
                ends.append(end)
            else:
                blocked.add(ride.order.destination)
        return ends

    def _load(self, ride: _Ride) -> End | None:
        """Take the load off its point; an end only when it is not there."""
        load, origin = ride.order.load, at_point(ride.order.origin)
        if self._is_new(ride.order):
            self._world.introduce(load, self._cause(ride))
        if self._world.loads.get(load) != origin:
            return self._end(ride, Failed(FailureReason.LOAD_MISSING))
        self._world.pick_up(load, origin, self._cause(ride))
        ride.loaded = True
        return None

    def _hand_over(self, ride: _Ride) -> End | None:
        destination = at_point(ride.order.destination)
        if not self._world.has_room(destination):
            return None
        self._world.set_down(ride.order.load, destination, self._cause(ride))
        return self._end(ride, Done(Report(place=ride.order.destination)))

    def _is_new(self, order: Transfer) -> bool:
        return (
            order.origin == self._site.supply
            and order.load not in self._world.loads
            and self._world.has_room(at_point(self._site.supply))
            and re.fullmatch(self._site.labels.container, order.load) is not None
        )

    def _end(self, ride: _Ride, outcome: Done | Failed) -> End:
        self._rides.remove(ride)
        return End(ride.command_id, outcome)

    def _cause(self, ride: _Ride) -> Cause:
        return Cause(self._device_id, ride.command_id)
