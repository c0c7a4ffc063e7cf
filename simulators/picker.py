"""The physics of a robotic picker: one unit at a time out of the tote, past the scanner, into a container."""

from dataclasses import dataclass

from edge_agent.domain.command import (
    Done,
    Failed,
    FailureReason,
    Order,
    Pick,
    Place,
    PutBack,
    Refusal,
    RefusalReason,
    Report,
)
from edge_agent.domain.ids import CommandId, DeviceId, Lpn
from edge_agent.domain.site import CycleTimes, Station
from simulators.catalogue import Unit
from simulators.faults import DeviceFaults
from simulators.grip import Grip
from simulators.ledger import Record
from simulators.machine import End, Pace, Seen, Sighting
from simulators.world import Cause, World, at_point

SCALE_BLUR_G = 3.0
"""What a scale's noise and `policies.scale_tolerance_g`, as it is by default, may hide."""


@dataclass(frozen=True, slots=True)
class _Job:
    command_id: CommandId
    order: Pick | Place | PutBack
    middle_s: float
    due_s: float


class Picker:
    """The picker of one station. It reads no labels: which unit it has gripped it does not know.

    It weighs what it holds, where the station has no scales for that."""

    def __init__(
        self,
        device_id: DeviceId,
        station: Station,
        world: World,
        cycle_times: CycleTimes,
        pace: Pace,
        *,
        faults: DeviceFaults,
        seed: int,
        record: Record,
        has_master: bool = False,
    ) -> None:
        """`has_master`: the agent has an item master with weights."""
        self._device_id = device_id
        self._tote_point = station.tote_point
        self._put_points = tuple(position.point for position in station.put_positions)
        self._world = world
        self._cycle_times = cycle_times
        self._pace = pace
        self._weighs = station.scale is None and not any(one.scale for one in station.put_positions)
        blur_g = 0.0 if self._weighs else SCALE_BLUR_G
        self._grip = Grip(
            device_id, world, faults, seed=seed, record=record, weighed=has_master, blur_g=blur_g
        )
        self._job: _Job | None = None
        self._gripped_from: Lpn | None = None

    def start(self, command_id: CommandId, order: Order, now_s: float) -> Refusal | None:
        if not isinstance(order, Pick | Place | PutBack):
            return Refusal(RefusalReason.BAD_ARGUMENT, f"a picker cannot {type(order).__name__}")
        if self._job is not None:
            return Refusal(RefusalReason.BUSY, f"command {self._job.command_id} is under way")
        if order.point not in (self._put_points if isinstance(order, Place) else (self._tote_point,)):
            return Refusal(RefusalReason.BAD_ARGUMENT, f"point {order.point} is out of reach")
        holding = self._world.held_by(self._device_id) is not None
        if holding is isinstance(order, Pick):
            return Refusal(RefusalReason.NOT_READY, "the gripper is " + ("full" if holding else "empty"))
        duration_s = self._pace.vary(self._cycle_s(order))
        self._job = _Job(command_id, order, now_s + duration_s / 2, now_s + duration_s)
        return None

    def step(self, now_s: float) -> list[End]:
        job = self._job
        if job is None or now_s < job.due_s:
            return []
        self._job = None
        load = job.order.container if isinstance(job.order, Place) else job.order.tote
        if load not in self._world.loads_at(at_point(job.order.point)):
            return [End(job.command_id, Failed(FailureReason.LOAD_MISSING))]
        unit = self._handle(job, load)
        if unit is None:
            return [End(job.command_id, Failed(FailureReason.ITEM_MISSING))]
        held = self._world.all_held_by(self._device_id) or (unit,)
        weight_g = sum(one.weight_g for one in held) if self._weighs else None
        return [End(job.command_id, Done(Report(place=job.order.point, weight_g=weight_g)))]

    def middle_s(self, command_id: CommandId) -> float:
        assert self._job is not None  # asked straight after the start
        assert self._job.command_id == command_id
        return self._job.middle_s

    def give_up(self, command_id: CommandId) -> End | None:
        """The arm stops; what the gripper holds, it holds."""
        if self._job is None or self._job.command_id != command_id:
            return None
        self._job = None
        return End(command_id, Failed(FailureReason.DEVICE_FAULT))

    def sight(self, _load: str) -> Sighting:
        """What the gripper holds: its vacuum says that, its memory where the unit came from."""
        if self._job is not None:
            return Sighting(Seen.UNDER_WAY)
        if self._world.held_by(self._device_id) is None:
            return Sighting(Seen.NOT_HERE)
        return Sighting(Seen.AT_PLACE, self._gripped_from or "")

    def forget(self) -> None:
        self._gripped_from = None

    def _handle(self, job: _Job, load: Lpn) -> Unit | None:
        """Move the unit; None when there was none to grip."""
        cause = Cause(self._device_id, job.command_id)
        if isinstance(job.order, Place):
            return self._grip.place(load, job.order.point, cause)
        if isinstance(job.order, PutBack):
            return self._grip.put_back(load, job.order.point, cause)
        unit = self._grip.take(job.order, cause)
        if unit is not None:
            self._gripped_from = load
        return unit

    def _cycle_s(self, order: Pick | Place | PutBack) -> float:
        times = self._cycle_times
        match order:
            case Pick():
                return times.pick_s
            case Place():
                return times.place_s
            case PutBack():
                return times.put_back_s
