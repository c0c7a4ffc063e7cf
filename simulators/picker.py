"""The physics of a robotic picker: one unit at a time out of the tote, past the scanner, into a container."""

import random
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
from simulators.faults import Fault, FaultSource
from simulators.ledger import Record
from simulators.machine import End, Pace
from simulators.world import Cause, World, at_point


@dataclass(frozen=True, slots=True)
class _Job:
    command_id: CommandId
    order: Pick | Place | PutBack
    due_s: float


class Picker:
    """The picker of one station. It reads no labels: which unit it has gripped it does not know."""

    def __init__(
        self,
        device_id: DeviceId,
        station: Station,
        world: World,
        cycle_times: CycleTimes,
        pace: Pace,
        *,
        faults: FaultSource,
        seed: int,
        record: Record,
    ) -> None:
        self._device_id = device_id
        self._tote_point = station.tote_point
        self._put_points = tuple(position.point for position in station.put_positions)
        self._world = world
        self._cycle_times = cycle_times
        self._pace = pace
        self._faults = faults
        self._random = random.Random(f"{seed}/{device_id}/grip")
        self._record = record
        self._job: _Job | None = None

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
        self._job = _Job(command_id, order, now_s + self._pace.vary(self._cycle_s(order)))
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
        return [End(job.command_id, Done(Report(place=job.order.point, weight_g=unit.weight_g)))]

    def _handle(self, job: _Job, load: Lpn) -> Unit | None:
        """Move the unit; None when there was none to grip."""
        cause = Cause(self._device_id, job.command_id)
        if isinstance(job.order, Place):
            return self._world.place(load, job.order.point, cause)
        if isinstance(job.order, PutBack):
            return self._world.put_back(load, job.order.point, cause)
        unit = self._choose(job.order, cause)
        if unit is not None:
            self._world.grip(unit.unit_id, load, job.order.point, cause)
        return unit

    def _choose(self, order: Pick, cause: Cause) -> Unit | None:
        content = self._world.units_in(order.tote)
        right = [unit for unit in content if unit.gtin == order.gtin]
        wrong = [unit for unit in content if unit.gtin != order.gtin]
        if not right:
            return None
        if self._faults.strikes(Fault.WRONG_ITEM, self._device_id) and wrong:
            unit = self._random.choice(wrong)
            facts = {"unit": unit.unit_id, "gtin": unit.gtin, "ordered_gtin": order.gtin}
            self._record("fault", {"fault": Fault.WRONG_ITEM, **cause.facts(), **facts})
            return unit
        return self._random.choice(right)

    def _cycle_s(self, order: Pick | Place | PutBack) -> float:
        times = self._cycle_times
        match order:
            case Pick():
                return times.pick_s
            case Place():
                return times.place_s
            case PutBack():
                return times.put_back_s
