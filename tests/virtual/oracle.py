"""Whether a reason for a wait is true: judged by the journal alone, folded here anew.

Nothing of the core that makes the reasons is used. For every code there is what must be so for it to be said,
and which events are what its remedy names.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from edge_agent.core.wait import WaitCode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.decision import HoldSubject, subject_name
from edge_agent.domain.device import Mode
from edge_agent.domain.events import Recorded
from edge_agent.domain.ids import CommandId, DeviceId, ExceptionId, Lpn, PointId, StationId, TaskId, TripId
from edge_agent.domain.site import Site
from edge_agent.domain.task import PickTask

Claim: TypeAlias = tuple[WaitCode, str, str]
"""A reason as it was given: its code, what it is about, its text."""


OVERTAKES = (
    ev.ExceptionRaised,
    ev.ExceptionResolved,
    ev.SourceExhausted,
    ev.LineUnassigned,
    ev.TripJoined,
    ev.HeldByPerson,
    ev.ReleasedByPerson,
    ev.DrainChanged,
    ev.DeviceChanged,
)
"""After these something else may be what a task waits for."""


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

    # ---- what may be said ----------------------------------------------------------------------------

    def is_true(self, task_id: TaskId, claim: Claim, utc: datetime, now_s: float) -> bool:
        """Whether the journal bears the reason out."""
        code, about, text = claim
        task = self.tasks[task_id]
        match code:
            case WaitCode.DRAINING:
                return self.draining
            case WaitCode.NOT_BEFORE:
                return task.not_before is not None and task.not_before > utc and about == task_id
            case WaitCode.NO_PUT_POSITION:
                return task_id in self.queued and self._is_full(StationId(about))
            case WaitCode.STATION_QUEUE_FULL:
                return self._coming(StationId(about)) >= self.site.stations[StationId(about)].queue
            case WaitCode.NO_ASRS:
                return all(
                    self.site.storage_of(s.location) is None for s in _sources(task) if s.location == about
                )
            case WaitCode.TOTE_IN_USE:
                station = self.places[task_id][0]
                trip = next((trip for trip in self.trips.values() if trip.tote == about), None)
                return trip is not None and (trip.leaves or trip.station != station)
            case WaitCode.CONTAINER_ON_THE_WAY:
                here = self.stands.get(Lpn(about))
                return about in self._containers() and here is None
            case WaitCode.DEVICE_NOT_READY:
                return self.modes.get(DeviceId(about), Mode.DISCONNECTED) is not Mode.READY
            case WaitCode.DEVICE_BUSY:
                count = self._open_at(DeviceId(about))
                return count >= self.max_open[DeviceId(about)] and f"has {count} of" in text
            case WaitCode.DEVICE_REFUSED:
                since_s = self.refused_s.get(DeviceId(about))
                return since_s is not None and since_s + self.site.policies.refusal_retry_s > now_s
            case WaitCode.POINT_FULL:
                return self._loads_of(PointId(about)) >= self.site.points[PointId(about)].capacity > 0
            case WaitCode.COMMAND_OPEN:
                return self._is_open(about, text)
            case WaitCode.SCAN_OPEN:
                return about in self.scanning.values()
            case WaitCode.OTHER_WORK_FIRST:
                return self._goes_first(task_id, about, text)
            case WaitCode.HELD:
                raised = self.exceptions.get(ExceptionId(about))
                return raised is not None and raised.held is not None
            case WaitCode.HELD_BY_PERSON:
                return any(_names(hold, about, text) for hold in self.holds.values())

    def _is_full(self, station_id: StationId) -> bool:
        """It is, and no other station could take the task."""
        free = {name for name in self.site.stations if self._free(name)}
        usable = {name for name in free if self.modes.get(self.site.stations[name].picker) is Mode.READY}
        return station_id not in free and (not usable or bool(self.exceptions or self.holds))

    def _free(self, station_id: StationId) -> bool:
        used = sum(self.places[task_id][0] == station_id for task_id in self.taken)
        return used < len(self.site.stations[station_id].put_positions)

    def _coming(self, station_id: StationId) -> int:
        return sum(trip.station == station_id and not trip.leaves for trip in self.trips.values())

    def _containers(self) -> set[str]:
        return {
            self.tasks[task_id].destination.container_id for task_id in self.places if task_id in self.tasks
        }

    def _open_at(self, device_id: DeviceId) -> int:
        open_ = (number for number, status in self.status.items() if status != "unknown")
        return sum(self.commands[number].device_id == device_id for number in open_)

    def _loads_of(self, point: PointId) -> int:
        """Those that stand there, and those that a crane is bringing or may have brought."""
        orders = (self.commands[number].order for number in self.status)
        coming = sum(isinstance(order, cmd.Retrieve) and order.point == point for order in orders)
        return coming + sum(place == point for place in self.stands.values())

    def _is_open(self, about: str, text: str) -> bool:
        found = re.match(r"(\S+) has (\w+) command (\d+): (\w+)", text)
        number = CommandId(int(found[3])) if found else None
        if found is None or number not in self.status:
            return False
        command = self.commands[number]
        named = {str(getattr(command.order, name)) for name in type(command.order).__match_args__}
        said = found[1] == command.device_id and found[2] == type(command.order).__name__.lower()
        return said and found[4] == self.status[number] and about in named | {command.device_id}

    def _goes_first(self, task_id: TaskId, about: str, text: str) -> bool:
        if about == task_id:
            rank = self._rank(task_id)
            ahead = sum(self._rank(other) < rank for other in self.queued)
            return task_id in self.queued and text.endswith(f": {ahead}")
        hand = self.hands.get(StationId(about))
        return hand is not None and f"task {hand.task_id} line {hand.line_id} " in text

    def _rank(self, task_id: TaskId) -> tuple[int, float, int]:
        task = self.tasks[task_id]
        ship_by = task.ship_by.timestamp() if task.ship_by else float("inf")
        return -task.priority, ship_by, self.arrival[task_id]

    # ---- what its remedy names -----------------------------------------------------------------------

    def remedied(self, task_id: TaskId, claim: Claim, events: Sequence[ev.Event]) -> bool:
        """Whether one of the events, already seen, is what was named as ending the wait."""
        return any(self._ends(task_id, claim, event) for event in events)

    def _ends(self, task_id: TaskId, claim: Claim, event: ev.Event) -> bool:
        code, about, text = claim
        match code, event:
            case WaitCode.DRAINING, ev.DrainChanged(on):
                return not on
            case WaitCode.NOT_BEFORE, ev.TaskStarted(started):
                return started == task_id
            case WaitCode.NO_PUT_POSITION, ev.CommandAccepted(number) | ev.CommandDone(number):
                return isinstance(self.commands[number].purpose, cmd.ForContainer)
            case WaitCode.NO_PUT_POSITION, ev.TaskCompleted() | ev.TaskCancelled():
                return True
            case WaitCode.STATION_QUEUE_FULL, ev.ToteReleased() | ev.TripDropped() | ev.ToteRemoved():
                return True
            case WaitCode.TOTE_IN_USE, ev.TripEnded() | ev.TripDropped() | ev.ToteRemoved():
                return about not in {trip.tote for trip in self.trips.values()} or self._is_planned_anew(
                    about
                )
            case WaitCode.CONTAINER_ON_THE_WAY, ev.ContainerArrived(arrived):
                return self.tasks[arrived].destination.container_id == about
            case WaitCode.DEVICE_NOT_READY, ev.DeviceChanged(device, status):
                return device == about and status.mode is Mode.READY
            case (
                (WaitCode.DEVICE_BUSY | WaitCode.COMMAND_OPEN),
                (
                    ev.CommandDone(number)
                    | ev.CommandFailed(number)
                    | ev.CommandRefused(number)
                    | ev.CommandUnknown(number)
                ),
            ):
                command = self.commands[number]
                return command.device_id == about if code is WaitCode.DEVICE_BUSY else f" {number}:" in text
            case WaitCode.DEVICE_REFUSED, ev.CommandOrdered(command):
                return command.device_id == about
            case WaitCode.POINT_FULL, ev.CommandAccepted(number) | ev.CommandDone(number):
                order = self.commands[number].order
                return isinstance(order, cmd.Transfer) and order.origin == about
            case WaitCode.SCAN_OPEN, (
                ev.UnitVerified(scanner=scanner)
                | ev.ContainerVerified(scanner=scanner)
                | ev.ScanRejected(scanner=scanner)
                | ev.TotePresented(scanner=scanner)
            ):
                return scanner == about
            case (
                WaitCode.OTHER_WORK_FIRST,
                ev.TaskStarted() | ev.UnitPlaced() | ev.UnitPutBack() | ev.UnitMissing(),
            ):
                return True
            case WaitCode.HELD, ev.ExceptionResolved(exception_id):
                return exception_id == about
            case WaitCode.HELD_BY_PERSON, ev.ReleasedByPerson(subject):
                return about in subject_name(subject)
        return False

    def overtaken(self, task_id: TaskId, claim: Claim, events: Sequence[ev.Event], utc: datetime) -> bool:
        """Whether the wait is over because something else comes to be waited for, or nothing any more."""
        task = self.tasks.get(task_id)
        if task is None or any(isinstance(event, OVERTAKES) for event in events):
            return True
        if claim[0] is WaitCode.NOT_BEFORE:
            return task.not_before is not None and task.not_before <= utc
        return any(self._overtakes(task, claim[0], event) for event in events)

    def _overtakes(self, task: PickTask, code: WaitCode, event: ev.Event) -> bool:
        match event:
            case ev.TripPlanned(tote=tote):  # for the task, or to where it cannot have the tote
                return tote in {source.container_id for source in _sources(task)}
            case ev.TaskFilled() | ev.TaskCompleted() | ev.TaskCancelled():  # another station has a place
                return task.task_id in self.queued
            case ev.ToteReleased(trip_id) if trip_id in self.trips:  # from a station that is held
                return self.trips[trip_id].tote in {source.container_id for source in _sources(task)}
            case ev.LinePicked(task_id):  # its last unit was in hand, or a station has one less to wait for
                return task_id == task.task_id or task.task_id in self.queued
            case ev.ContainerArrived():  # another one that the tote serves
                return code is WaitCode.CONTAINER_ON_THE_WAY
            case ev.CommandRefused(number):  # what was to come does not
                return code is WaitCode.POINT_FULL and isinstance(self.commands[number].order, cmd.Retrieve)
        return False

    def _is_planned_anew(self, tote: str) -> bool:
        return any(trip.tote == tote and not trip.leaves for trip in self.trips.values())


def _sources(task: PickTask) -> list[Any]:
    return [source for line in task.lines for source in line.sources]


def _names(hold: ev.HeldByPerson, about: str, text: str) -> bool:
    return about in subject_name(hold.subject) and hold.actor in text and hold.reason in text
