"""One tote's journey: storage, station, storage."""

from dataclasses import dataclass
from datetime import datetime

from edge_agent.domain.events.common import LineRef
from edge_agent.domain.ids import DeviceId, LocationId, Lpn, PointId, StationId, TaskId, TripId


@dataclass(frozen=True, slots=True)
class TripPlanned:
    """A tote will be brought from its location to a station for these lines."""

    trip_id: TripId
    tote: Lpn
    location: LocationId
    asrs: DeviceId
    station_id: StationId
    lines: tuple[LineRef, ...]


@dataclass(frozen=True, slots=True)
class TripJoined:
    """A tote that is under way anyway serves one more line."""

    trip_id: TripId
    line: LineRef


@dataclass(frozen=True, slots=True)
class TripRetrieved:
    """The tote stands on the outfeed."""

    trip_id: TripId
    point: PointId


@dataclass(frozen=True, slots=True)
class ToteRetrieved:
    """One task is told that a tote for it left storage."""

    task_id: TaskId
    container: Lpn
    location: LocationId
    point: PointId
    station_id: StationId
    device_time: datetime | None
    eta: datetime


@dataclass(frozen=True, slots=True)
class ToteDelivered:
    """The tote stands on the station's tote point; its label has not been read yet."""

    trip_id: TripId
    point: PointId


@dataclass(frozen=True, slots=True)
class TotePresented:
    """The tote's label was read and is the expected one: units may be picked from it."""

    trip_id: TripId
    station_id: StationId
    scanner: DeviceId


@dataclass(frozen=True, slots=True)
class ToteReleased:
    """Nothing more is picked from the tote; it goes to `destination` (infeed or reject point)."""

    trip_id: TripId
    destination: PointId


@dataclass(frozen=True, slots=True)
class ToteReturned:
    """The tote stands on the infeed of its AS/RS."""

    trip_id: TripId
    point: PointId


@dataclass(frozen=True, slots=True)
class ToteDiverted:
    """The tote stands on the reject point, for a person to look at."""

    trip_id: TripId
    point: PointId


@dataclass(frozen=True, slots=True)
class ToteRemoved:
    """A person took the tote out of the machines' reach. No task that is open now asks for it again."""

    trip_id: TripId
    tote: Lpn


@dataclass(frozen=True, slots=True)
class ToteIdentified:
    """A person knows the tote on the reject point: it is the one of this trip, and goes to that location."""

    trip_id: TripId
    location: LocationId
    asrs: DeviceId
    destination: PointId
    """The infeed of that AS/RS."""


@dataclass(frozen=True, slots=True)
class ToteQuarantined:
    """The tote holds what it should not. No task that is open now asks for it again."""

    tote: Lpn


@dataclass(frozen=True, slots=True)
class TripEnded:
    """The tote is back at its location."""

    trip_id: TripId


@dataclass(frozen=True, slots=True)
class TripDropped:
    """The tote never left storage: no line needs it any more, or it was not there."""

    trip_id: TripId
