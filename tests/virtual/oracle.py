"""Whether a reason for a wait is true: judged by the journal alone, folded here anew.

Nothing of the core that makes the reasons is used. For every code there is what must be so for it to be said,
and which events are what its remedy names.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeAlias

from edge_agent.core.wait import WaitCode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.decision import subject_name
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import CommandId, DeviceId, ExceptionId, Lpn, PointId, StationId, TaskId
from edge_agent.domain.task import PickTask
from tests.virtual.facts import Facts

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


class Oracle(Facts):
    """Judges reasons by what the journal says up to now."""

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
            case (WaitCode.NO_PUT_POSITION, ev.TaskCompleted() | ev.TaskCancelled()) | (
                WaitCode.STATION_QUEUE_FULL,
                ev.ToteReleased() | ev.TripDropped() | ev.ToteRemoved(),
            ):
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
