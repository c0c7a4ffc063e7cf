"""What a journal says of the floor: folded here anew, with nothing of the core."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.decision import HoldSubject
from edge_agent.domain.device import Mode
from edge_agent.domain.events import Recorded
from edge_agent.domain.ids import CommandId, DeviceId, ExceptionId, Lpn, PointId, StationId, TaskId, TripId
from edge_agent.domain.site import Site
from edge_agent.domain.task import PickTask


@dataclass
class Trip:
    tote: Lpn
    station: StationId
    lines: set[ev.LineRef]
    leaves: bool = False


@dataclass
class Facts:
    """What the journal says up to now."""

    site: Site
    max_open: Mapping[DeviceId, int]
    draining: bool = False
    modes: dict[DeviceId, Mode] = field(default_factory=dict)
    commands: dict[CommandId, cmd.Command] = field(default_factory=dict)
    status: dict[CommandId, str] = field(default_factory=dict)
    """Of the open ones, and of those whose end nobody knows."""
    refused_s: dict[DeviceId, float] = field(default_factory=dict)
    tasks: dict[TaskId, PickTask] = field(default_factory=dict)
    arrival: dict[TaskId, int] = field(default_factory=dict)
    queued: set[TaskId] = field(default_factory=set)
    filled: set[TaskId] = field(default_factory=set)
    places: dict[TaskId, tuple[StationId, PointId]] = field(default_factory=dict)
    taken: set[TaskId] = field(default_factory=set)
    """Tasks whose put position no other one can have."""
    trips: dict[TripId, Trip] = field(default_factory=dict)
    stands: dict[Lpn, PointId] = field(default_factory=dict)
    scanning: dict[StationId, DeviceId] = field(default_factory=dict)
    hands: dict[StationId, ev.LineRef] = field(default_factory=dict)
    exceptions: dict[ExceptionId, ev.ExceptionRaised] = field(default_factory=dict)
    holds: dict[HoldSubject, ev.HeldByPerson] = field(default_factory=dict)

    # ---- what happens --------------------------------------------------------------------------------

    def see(self, recorded: Recorded) -> None:
        event = recorded.event
        self._of_tasks(event, recorded.sequence)
        self._of_trips(event)
        self._of_commands(event, recorded.clock_s)
        self._of_stations(event)
        match event:
            case ev.DrainChanged(on):
                self.draining = on
            case ev.DeviceChanged(device, status):
                self.modes[device] = status.mode
            case ev.ExceptionRaised(exception_id):
                self.exceptions[exception_id] = event
            case ev.ExceptionResolved(exception_id):
                del self.exceptions[exception_id]
            case ev.HeldByPerson(subject):
                self.holds[subject] = event
            case ev.ReleasedByPerson(subject):
                del self.holds[subject]

    def _of_tasks(self, event: ev.Event, sequence: int) -> None:
        match event:
            case ev.TaskAccepted(task):
                self.tasks[task.task_id], self.arrival[task.task_id] = task, sequence
                self.queued.add(task.task_id)
            case ev.TaskReplaced(task):
                self.tasks[task.task_id] = task
            case ev.CancelRequested(task_id):
                self.queued.discard(task_id)
            case ev.TaskStarted(task_id, station_id, put_point):
                self.queued.discard(task_id)
                self.places[task_id] = station_id, put_point
                self.taken.add(task_id)
            case ev.ContainerArrived(task_id):
                self.stands[self.tasks[task_id].destination.container_id] = self.places[task_id][1]
            case ev.TaskFilled(task_id):
                self.filled.add(task_id)
            case ev.TaskCompleted(task_id) | ev.TaskCancelled(task_id):
                task = self.tasks.pop(task_id)
                self.stands.pop(task.destination.container_id, None)
                self.taken.discard(task_id)

    def _of_trips(self, event: ev.Event) -> None:
        match event:
            case ev.TripPlanned(trip_id, tote, _, _, station_id, lines):
                self.trips[trip_id] = Trip(tote, station_id, set(lines))
            case ev.TripJoined(trip_id, line):
                self.trips[trip_id].lines.add(line)
            case (
                ev.SourceExhausted(task_id, line_id)
                | ev.LineUnassigned(task_id, line_id)
                | ev.LinePicked(task_id, line_id)
                | ev.LineShort(task_id, line_id)
                | ev.LineCancelled(task_id, line_id)
            ):
                for trip in self.trips.values():
                    trip.lines.discard(ev.LineRef(task_id, line_id))
            case (
                ev.TripRetrieved(trip_id, point)
                | ev.ToteDelivered(trip_id, point)
                | ev.ToteReturned(trip_id, point)
                | ev.ToteDiverted(trip_id, point)
            ):
                self.stands[self.trips[trip_id].tote] = point
            case ev.ToteReleased(trip_id):
                self.trips[trip_id].leaves = True
            case ev.TripEnded(trip_id) | ev.TripDropped(trip_id) | ev.ToteRemoved(trip_id):
                self.stands.pop(self.trips.pop(trip_id).tote, None)

    def _of_commands(self, event: ev.Event, clock_s: float) -> None:
        match event:
            case ev.CommandOrdered(command):
                self.commands[command.command_id] = command
                self.status[command.command_id] = "ordered"
            case ev.CommandAccepted(number):
                self.status[number] = "accepted"
                self.refused_s.pop(self.commands[number].device_id, None)
                self._leaves(self.commands[number])
            case ev.CommandDone(number):
                del self.status[number]
                self._leaves(self.commands[number])
            case ev.CommandRefused(number):
                del self.status[number]
                self.refused_s[self.commands[number].device_id] = clock_s
            case ev.CommandFailed(number, reason):
                del self.status[number]
                if reason is cmd.FailureReason.NOT_STARTED:
                    self.refused_s[self.commands[number].device_id] = clock_s
                self._is_back(self.commands[number])
            case ev.CommandUnknown(number):
                self.status[number] = "unknown"
                self._is_back(self.commands[number])

    def _leaves(self, command: cmd.Command) -> None:
        match command.order, command.purpose:
            case cmd.Transfer(load) | cmd.Store(load), purpose:
                self.stands.pop(load, None)
                if isinstance(purpose, cmd.ForContainer) and purpose.task_id in self.filled:
                    self.taken.discard(purpose.task_id)

    def _is_back(self, command: cmd.Command) -> None:
        """Where it was, or may be."""
        match command.order, command.purpose:
            case cmd.Transfer(load, origin), cmd.ForContainer(task_id) if task_id in self.filled:
                self.stands[load] = origin
                self.taken.add(task_id)
            case ((cmd.Transfer(load, origin) | cmd.Store(load, origin)), cmd.ForTrip(trip_id)) if (
                trip_id in self.trips
            ):
                self.stands[load] = origin

    def _of_stations(self, event: ev.Event) -> None:
        match event:
            case ev.ScanRequested(station_id, scanner):
                self.scanning[station_id] = scanner
            case ev.UnitVerified(station_id) | ev.ContainerVerified(station_id) | ev.ScanRejected(station_id):
                self.scanning.pop(station_id, None)
            case ev.TotePresented(_, station_id):
                self.scanning.pop(station_id, None)
            case ev.UnitStarted(station_id, _, task_id, line_id):
                self.hands[station_id] = ev.LineRef(task_id, line_id)
            case (
                ev.UnitPlaced(station_id)
                | ev.UnitPutBack(station_id)
                | ev.UnitMissing(station_id)
                | ev.UnitLost(station_id)
            ):
                self.hands.pop(station_id, None)
