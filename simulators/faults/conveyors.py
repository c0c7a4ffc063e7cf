"""Faults of conveyors: loads that do not get where they were to go, or nobody notices that they did."""

from typing import ClassVar, Literal

from pydantic import PositiveFloat

from simulators.faults.names import Fault
from simulators.faults.when import Armed, Moment

CONVEYOR = frozenset({"conveyor"})


class LoadLost(Armed):
    """The load is taken off the conveyor by hand and is nowhere from then on.

    `ends` says whether the conveyor notices (`failed`) or its command stays open for ever (`never`).
    """

    fault: Literal[Fault.LOAD_LOST] = Fault.LOAD_LOST
    families: ClassVar = CONVEYOR
    moments: ClassVar = (Moment.HALF_WAY,)
    ends: Literal["failed", "never"] = "failed"


class WrongPoint(Armed):
    """The conveyor delivers the load to another point that has room.

    `says` is what it reports and answers when asked: where the load `really` is, or the point `as_ordered`.
    """

    fault: Literal[Fault.WRONG_POINT] = Fault.WRONG_POINT
    families: ClassVar = CONVEYOR
    moments: ClassVar = (Moment.HALF_WAY,)
    says: Literal["really", "as_ordered"] = "really"
    point: str | None = None
    """Where it goes; without it any other point with room."""


class ArrivalMissed(Armed):
    """The load arrives and the conveyor's sensor misses it: its command stays open until a reset.

    A load query finds the load where it stands.
    """

    fault: Literal[Fault.ARRIVAL_MISSED] = Fault.ARRIVAL_MISSED
    families: ClassVar = CONVEYOR
    moments: ClassVar = (Moment.ENDS,)


class LaneBlocked(Armed):
    """A lane takes no load for `duration_s` simulated seconds. It strikes at an order to a lane.

    That order and the next ones to it fail at once for `reason`, and their loads stay where they are; what is
    on its way there waits.
    """

    fault: Literal[Fault.LANE_BLOCKED] = Fault.LANE_BLOCKED
    families: ClassVar = CONVEYOR
    moments: ClassVar = (Moment.ACCEPTED,)
    reason: Literal["destination_full", "jam"] = "destination_full"
    duration_s: PositiveFloat = 60.0
