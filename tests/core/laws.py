"""What must hold of the core at every moment, checked against the floor and the journal alone."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from edge_agent.core.lifecycle import CommandStatus, TaskStatus
from edge_agent.core.prompts import PromptCode, prompt
from edge_agent.core.sourcing import queue_length
from edge_agent.core.state import TaskState
from edge_agent.core.wait import WaitCode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.ids import CommandId, Gtin, LineId, Lpn, PointId, StationId, TaskId
from edge_agent.domain.item import Catalogue
from tests.core.agent import Agent
from tests.core.floor import Floor


@dataclass
class Checks:
    """Which scans a unit in hand has passed, as the journal says."""

    line: ev.LineRef
    item: Gtin | None = None
    weight_g: float | None = None
    container: bool = False


@dataclass
class Witness:
    """Follows the journal, event by event, and remembers what the laws need."""

    floor: Floor
    ordered: dict[ev.LineRef, int] = field(default_factory=dict)
    gtins: dict[ev.LineRef, Gtin] = field(default_factory=dict)
    containers: dict[TaskId, Lpn] = field(default_factory=dict)
    hands: dict[StationId, Checks] = field(default_factory=dict)
    command_ids: set[CommandId] = field(default_factory=set)
    ended: set[TaskId] = field(default_factory=set)
    catalogue: Catalogue = field(default_factory=Catalogue)
    weighed: set[TaskId] = field(default_factory=set)
    """Tasks whose container is on a scale."""
    in_doubt: set[TaskId] = field(default_factory=set)
    """Those of them that have got a unit since it was weighed."""

    def see(self, event: ev.Event) -> None:
        match event:
            case ev.TaskAccepted(task) | ev.TaskReplaced(task):
                self.containers[task.task_id] = task.destination.container_id
                for line in task.lines:
                    ref = ev.LineRef(task.task_id, line.line_id)
                    self.ordered[ref], self.gtins[ref] = line.quantity, line.gtin
            case ev.UnitStarted(station_id, _, task_id, line_id):
                self.hands[station_id] = Checks(ev.LineRef(task_id, line_id))
            case ev.UnitVerified(station_id, unit=unit):
                self.hands[station_id].item = unit.gtin
            case ev.ContainerVerified(station_id):
                self.hands[station_id].container = True
            case ev.UnitWeighed(station_id, weight_g=weight_g):
                self.hands[station_id].weight_g = weight_g
            case ev.ContainerWeighed(station_id, task_id, scale):
                at = next(p for p in self.floor.site.stations[station_id].put_positions if p.scale == scale)
                assert self.floor.places[self.containers[task_id]] == at.point, "that was another container"
                self.weighed.add(task_id)
                self.in_doubt.discard(task_id)
            case ev.WeightWaived(task_id) | ev.PlacedUnitLost(task_id):
                self.in_doubt.discard(task_id)
            case ev.TaskMoved(task_id):
                assert task_id not in self.in_doubt, "its container left the scale before it was weighed"
                self.weighed.discard(task_id)
            case ev.UnitPlaced(task_id=task_id) if task_id in self.weighed:
                self.in_doubt.add(task_id)
            case ev.LinePicked(task_id) | ev.LineShort(task_id) | ev.TaskFilled(task_id):
                assert task_id not in self.in_doubt, "told before its container was weighed"
            case ev.CommandOrdered(command):
                assert command.command_id not in self.command_ids, "a command id was given twice"
                self.command_ids.add(command.command_id)
                if isinstance(command.order, cmd.Place):
                    self._placing(command, command.order)
            case ev.TaskCompleted(task_id, lines=lines) | ev.TaskCancelled(task_id, lines=lines):
                self._task_ended(task_id, lines)
            case _:
                pass

    def _placing(self, command: cmd.Command, order: cmd.Place) -> None:
        """Invariant 5: a unit is placed only after its scan has passed, and the scan was of that unit."""
        assert isinstance(command.purpose, cmd.ForUnit)
        station_id = command.purpose.station_id
        checks = self.hands[station_id]
        assert checks.item == self.gtins[checks.line], "placed without a passed item scan"
        assert self.floor.grippers[command.device_id] == checks.item, (
            "what is gripped is not what was verified"
        )
        item = self.catalogue.by_code.get(self.gtins[checks.line])
        if self.floor.site.stations[station_id].scale and item and item.weight:
            assert checks.weight_g is not None, "placed without having been weighed"
            off_g = abs(checks.weight_g - item.weight.weight_g)
            assert off_g <= item.weight.tolerance_g, "placed with a weight that is not its own"
        positions = self.floor.site.stations[station_id].put_positions
        if any(position.scanner for position in positions if position.point == order.point):
            assert checks.container, "placed without a passed container scan"

    def _task_ended(self, task_id: TaskId, lines: tuple[ev.LineResult, ...]) -> None:
        """Invariant 6: ordered = picked + short + cancelled, and picked is what the floor has seen."""
        for line in lines:
            assert line.ordered == self.ordered[self._ref(task_id, line.line_id)]
            assert line.ordered == line.picked + line.short + line.cancelled
            assert min(line.picked, line.short, line.cancelled) >= 0
        self.ended.add(task_id)

    @staticmethod
    def _ref(task_id: TaskId, line_id: LineId) -> ev.LineRef:
        return ev.LineRef(task_id, line_id)


def check_state(agent: Agent) -> None:
    """Everything that can be seen in one state."""
    assert agent.state == agent.shadow, "the journal says something else than the state"
    _commands_are_bounded(agent)
    _units_agree_with_the_floor(agent)
    _registers_agree(agent)
    _places_are_not_given_twice(agent)
    _every_wait_has_a_reason(agent)
    _persons_are_asked(agent)


def _commands_are_bounded(agent: Agent) -> None:
    state = agent.state
    purposes = Counter(c.command.purpose for c in state.commands.values())
    assert not [purpose for purpose, count in purposes.items() if count > 1], "two commands for one thing"
    known = (c for c in state.commands.values() if c.status is not CommandStatus.UNKNOWN)
    open_at = Counter(c.command.device_id for c in known)
    for device_id, device in state.devices.items():
        assert device.open == open_at[device_id] <= state.plant.max_open[device_id]


def _units_agree_with_the_floor(agent: Agent) -> None:
    """What the agent counts as picked lies in the container; only a placing in doubt may differ."""
    doubtful = Counter(
        open_command.command.order.container
        for open_command in agent.state.commands.values()
        if isinstance(open_command.command.order, cmd.Place)
    )
    for task in agent.state.tasks.values():
        if not task.container_here:
            continue
        load = task.task.destination.container_id
        picked = Counter(unit.gtin for line in task.lines.values() for unit in line.units)
        placed = agent.floor.placed.get(load, Counter())
        assert picked <= placed, f"{load}: more was counted than placed"
        assert (placed - picked).total() <= doubtful[load], f"{load}: more was placed than counted"
        for line in task.lines.values():
            assert line.remaining >= 0
            assert not line.ended or line.remaining == 0


def _registers_agree(agent: Agent) -> None:
    """The look-ups of the state say the same as what they were made from."""
    state = agent.state
    assert state.totes == {trip.tote: trip.trip_id for trip in state.trips.values()}
    assert state.containers == {t.task.destination.container_id: t.task.task_id for t in state.tasks.values()}
    waiting = {t.task.task_id for t in state.tasks.values() if t.status is TaskStatus.ACCEPTED}
    assert [task_id for _, task_id in state.queue] == sorted(waiting, key=lambda t: state.tasks[t].order)
    assert state.active.keys() == state.tasks.keys() - waiting
    assert state.gtins == Counter(line.gtin for t in state.tasks.values() for line in t.task.lines)
    assert state.serials == dict(_serials_in_work(agent)), "a serial number is taken by nobody, or not taken"
    refs = [ref for trip in state.trips.values() for ref in trip.lines]
    assert len(refs) == len(set(refs)), "a line is on two trips"
    for ref in refs:
        trip_id = state.line(ref).trip_id
        assert trip_id is not None
        assert ref in state.trips[trip_id].lines


def _serials_in_work(agent: Agent) -> Iterator[tuple[tuple[Gtin, str], TaskId]]:
    state = agent.state
    for task_id, task in state.tasks.items():
        for line in task.lines.values():
            yield from (((u.gtin, u.serial), task_id) for u in line.units if u.serial is not None)
    for station in state.stations.values():
        unit = station.hand.unit if station.hand else None
        if station.hand is not None and unit is not None and unit.serial is not None:
            yield (unit.gtin, unit.serial), station.hand.task_id


def _places_are_not_given_twice(agent: Agent) -> None:
    state, site = agent.state, agent.plant.site
    for station_id, station in site.stations.items():
        beyond = queue_length(state, station_id) - station.queue
        assert beyond <= 0 or beyond <= _let_go_on(agent, station_id)
    standing: dict[PointId, list[TaskState]] = {}
    for task in state.tasks.values():
        for point in {task.put_point, task.container_at} - {None}:
            standing.setdefault(point, []).append(task)
    for point, tasks in standing.items():
        staying = [task for task in tasks if len(tasks) > 1 and not _was_taken_off(agent, task, point)]
        assert len(staying) <= 1, "one put position, two containers"


def _let_go_on(agent: Agent, station_id: StationId) -> int:
    """Totes that took no place in the queue while they were held, and that a person has let go on since."""
    raised = agent.of(ev.ExceptionRaised)
    once_held = {one.held.trip_id for one in raised if isinstance(one.held, ev.HeldTrip)}
    trips = (trip for trip in agent.state.trips.values() if trip.station_id == station_id)
    return sum(1 for trip in trips if trip.trip_id in once_held)


def _was_taken_off(agent: Agent, task: TaskState, point: PointId) -> bool:
    """Whether its container is leaving, and the conveyor has had it: one that could not leave stands there
    again, with the next one on its way."""
    accepted = {event.command_id for event in agent.of(ev.CommandAccepted)}
    purpose = cmd.ForContainer(task.task.task_id)
    ordered = (event.command for event in agent.of(ev.CommandOrdered))
    away = (one.order for one in ordered if one.purpose == purpose and one.command_id in accepted)
    return task.leaves == point and any(isinstance(o, cmd.Transfer) and o.origin == point for o in away)


def _every_wait_has_a_reason(agent: Agent) -> None:
    for task_id in agent.state.tasks:
        reasons = agent.why(task_id)
        assert reasons, f"nobody knows why {task_id} does not move"
        assert all(reason.text and reason.about for reason in reasons)


def _persons_are_asked(agent: Agent) -> None:
    """Work at an operator's station that only the person can move is asked for, in a way that can be met."""
    for station_id, station in agent.state.stations.items():
        if not agent.plant.has_operator(station_id):
            continue
        asked = prompt(agent.state, station_id, agent.now)
        assert asked is not None or station.hand is None, "a unit is in hand, and nothing is asked"
        if asked is None:
            continue
        moves = asked.target is not None or asked.answers
        is_open = asked.code not in (PromptCode.WAIT, PromptCode.SETTLE)
        assert bool(moves) == is_open
        assert (asked.exception_id is not None) == (asked.code is PromptCode.SETTLE)


def check_rest(agent: Agent) -> None:
    """When nothing moves any more: what is open is held by an exception, or says whose it stands behind."""
    state = agent.state
    held = [raised for raised in state.exceptions.values() if raised.held is not None]
    assert len(held) == len(state.exceptions), "an exception that holds nothing was not closed"
    if not held:
        assert not state.tasks
        assert not state.trips
        assert not agent.open_commands()
    for task_id in state.tasks:
        codes = {reason.code for reason in agent.why(task_id)}
        assert WaitCode.HELD in codes, f"{task_id} is not told to wait for a person: {codes}"
    for command in agent.open_commands():
        assert command.command_id in agent.floor.begun, f"{command} was never sent"
        assert not agent.floor.has_room_for(command), f"{command} could end"
