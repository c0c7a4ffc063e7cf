"""The physics of an AS/RS crane: one load at a time between the storage and its two hand-over points."""

from dataclasses import dataclass
from fnmatch import fnmatchcase

from edge_agent.domain.command import (
    Done,
    Failed,
    FailureReason,
    Order,
    Refusal,
    RefusalReason,
    Report,
    Retrieve,
    Store,
)
from edge_agent.domain.ids import CommandId, DeviceId, Lpn
from edge_agent.domain.site import CycleTimes, Storage
from simulators.machine import End, Pace, Seen, Sighting
from simulators.world import Cause, Place, PlaceKind, World, at_location, at_point


@dataclass(slots=True)
class _Job:
    """One load to carry. It is picked up halfway through the cycle and set down at the end."""

    command_id: CommandId
    order: Retrieve | Store
    pick_up_at_s: float
    set_down_at_s: float
    loaded: bool = False

    @property
    def origin(self) -> Place:
        return (
            at_location(self.order.location)
            if isinstance(self.order, Retrieve)
            else at_point(self.order.point)
        )

    @property
    def destination(self) -> Place:
        return (
            at_point(self.order.point)
            if isinstance(self.order, Retrieve)
            else at_location(self.order.location)
        )


class Asrs:
    """One crane. A retrieve waits on the crane while the outfeed is full."""

    def __init__(
        self, device_id: DeviceId, storage: Storage, world: World, cycle_times: CycleTimes, pace: Pace
    ) -> None:
        self._device_id = device_id
        self._storage = storage
        self._world = world
        self._cycle_times = cycle_times
        self._pace = pace
        self._job: _Job | None = None

    def start(self, command_id: CommandId, order: Order, now_s: float) -> Refusal | None:
        if not isinstance(order, Retrieve | Store):
            return Refusal(RefusalReason.BAD_ARGUMENT, f"an AS/RS cannot {type(order).__name__}")
        if self._job is not None:
            return Refusal(RefusalReason.BUSY, f"command {self._job.command_id} is under way")
        if (refusal := self._unreachable(order)) is not None:
            return refusal
        if order.load not in self._world.loads:
            return Refusal(RefusalReason.UNKNOWN_LOAD, f"no load {order.load}")
        times = self._cycle_times
        duration_s = self._pace.vary(times.retrieve_s if isinstance(order, Retrieve) else times.store_s)
        self._job = _Job(command_id, order, now_s + duration_s / 2, now_s + duration_s)
        return None

    def step(self, now_s: float) -> list[End]:
        job = self._job
        if job is None or now_s < job.pick_up_at_s:
            return []
        if not job.loaded:
            if (reason := self._hindrance(job)) is not None:
                return [self._end(job, Failed(reason))]
            self._world.pick_up(job.order.load, job.origin, self._cause(job))
            job.loaded = True
        if now_s < job.set_down_at_s or not self._world.has_room(job.destination):
            return []
        self._world.set_down(job.order.load, job.destination, self._cause(job))
        return [self._end(job, Done(Report(place=job.order.location)))]

    def middle_s(self, command_id: CommandId) -> float:
        """When it picks the load up."""
        assert self._job is not None  # asked straight after the start
        assert self._job.command_id == command_id
        return self._job.pick_up_at_s

    def give_up(self, command_id: CommandId) -> End | None:
        """The load goes back to where it came from."""
        job = self._job
        if job is None or job.command_id != command_id:
            return None
        if job.loaded:
            if not self._world.has_room(job.origin):
                return None
            self._world.set_down(job.order.load, job.origin, self._cause(job))
        return self._end(job, Failed(FailureReason.DEVICE_FAULT))

    def sight(self, load: str) -> Sighting:
        """It reads the labels in its own locations and on its two points, and sees where its crane goes."""
        if self._job is not None and self._job.order.load == load:
            return Sighting(Seen.UNDER_WAY)
        place = self._world.loads.get(Lpn(load))
        if place is not None and self._reaches(place):
            return Sighting(Seen.AT_PLACE, place.name)
        return Sighting(Seen.NOT_HERE)

    def forget(self) -> None:
        """Nothing that it answers with comes out of its memory."""

    def _reaches(self, place: Place) -> bool:
        if place.kind is PlaceKind.LOCATION:
            return any(fnmatchcase(place.name, shell) for shell in self._storage.locations)
        return place in (at_point(self._storage.infeed), at_point(self._storage.outfeed))

    def _unreachable(self, order: Retrieve | Store) -> Refusal | None:
        point = self._storage.outfeed if isinstance(order, Retrieve) else self._storage.infeed
        if order.point != point:
            return Refusal(RefusalReason.BAD_ARGUMENT, f"point {order.point}: it must be {point}")
        if not any(fnmatchcase(order.location, shell) for shell in self._storage.locations):
            return Refusal(RefusalReason.BAD_ARGUMENT, f"location {order.location} is out of reach")
        return None

    def _hindrance(self, job: _Job) -> FailureReason | None:
        if self._world.loads[job.order.load] != job.origin:
            return FailureReason.LOAD_MISSING
        if isinstance(job.order, Store) and not self._world.has_room(job.destination):
            return FailureReason.DESTINATION_FULL
        return None

    def _end(self, job: _Job, outcome: Done | Failed) -> End:
        self._job = None
        return End(job.command_id, outcome)

    def _cause(self, job: _Job) -> Cause:
        return Cause(self._device_id, job.command_id)
