"""A person on the floor who settles an exception: makes it so with their own hands, and then says so."""

from collections import Counter
from dataclasses import dataclass

from edge_agent.core.moves import tote_order
from edge_agent.core.options import options
from edge_agent.domain import events as ev
from edge_agent.domain.command import Order, Retrieve, Store, Transfer
from edge_agent.domain.decision import Action, Option
from edge_agent.domain.ids import ExceptionId, Lpn, StationId, TaskId
from tests.core.agent import ANNA, SUE, Agent
from tests.core.floor import location, tote

LOST = Lpn("lost")
"""Where the units are that nobody finds again: they are still counted."""


@dataclass
class Person:
    """Answers truthfully, and only what the floor allows."""

    agent: Agent

    def open(self) -> list[tuple[ExceptionId, Option]]:
        """Every answer that the open exceptions allow."""
        state = self.agent.state
        return [
            (key, option) for key, raised in state.exceptions.items() for option in options(state, raised)
        ]

    def settle(self, exception_id: ExceptionId, option: Option, number: int = 1) -> bool:
        """Answer so; `number` is the tote of an added source. False where it cannot be made true."""
        raised = self.agent.state.exceptions[exception_id]
        if not self._made_true(raised, option.action):
            return False
        if option.action is Action.RETURNED and isinstance(raised.held, ev.HeldTrip):
            number = int(self.agent.state.trips[raised.held.trip_id].tote[5:])
        known = {"location": str(location(number)), "tote": str(tote(number))}
        arguments = {name: known[name] for name in option.arguments}
        events = self.agent.answer(
            option.action,
            exception_id,
            actor=ANNA if option.needs_approval else SUE,
            approver=SUE,
            **arguments,
        )
        assert isinstance(events[0], ev.ExceptionResolved), events[0]
        return True

    def _made_true(self, raised: ev.ExceptionRaised, action: Action) -> bool:
        match raised.held:
            case ev.HeldTrip(trip_id):
                trip = self.agent.state.trips[trip_id]
                move = tote_order(self.agent.state, trip)
                return self._tote(trip.tote, move[1] if move else None, action)
            case ev.HeldUnit(station_id) if raised.kind is ev.ExceptionKind.WRONG_ITEM:
                return self._rejected_unit(station_id, action)
            case ev.HeldUnit(station_id):
                return self._unit(station_id, action)
            case ev.HeldTask(task_id):
                return self._container(task_id, action)
            case ev.HeldLine(task_id) if action in (Action.ACCEPT_SHORT, Action.CANCEL_LINE):
                return not self.agent.state.tasks[task_id].unweighed  # else to be answered later
            case ev.HeldDevice(device_id):
                self.agent.ready(device_id)
        return True

    # ---- loads ---------------------------------------------------------------------------------------

    def _tote(self, load: Lpn, order: Order | None, action: Action) -> bool:
        match order, action:
            case None, Action.RETURNED:
                return self.agent.floor.places[load] == self.agent.plant.site.reject
            case _, Action.REMOVED:  # carried back to its shelf by hand
                return self._carry(load, location(int(load[5:])))
            case ((Retrieve(point=place) | Store(location=place) | Transfer(destination=place)), Action.DONE):
                return self._carry(load, place)
            case ((Retrieve(location=place) | Store(point=place) | Transfer(origin=place)), _):
                return self._carry(load, place)
        return False

    def _container(self, task_id: TaskId, action: Action) -> bool:
        task, floor = self.agent.state.tasks[task_id], self.agent.floor
        load, supply = task.task.destination.container_id, self.agent.plant.site.supply
        assert task.put_point is not None
        if task.exit is None:
            origin, destination = task.container_at or supply, task.put_point
        else:
            origin, destination = task.container_at or task.put_point, task.exit
        if action is Action.GO_ON:
            others = (other for other in self.agent.state.tasks.values() if other is not task)
            if any(other.held and other.leaves == task.put_point for other in others):
                return False  # nobody knows that it has left: that is settled first
            return not any(other != load for other in floor.loads_at(task.put_point))
        if action in (Action.LOST, Action.CANCEL_REST):  # what the scale keeps in doubt is taken out
            for _, unit in task.unweighed:
                floor.content[load].remove(unit.gtin)
                floor.placed[load][unit.gtin] -= 1
                floor.content.setdefault(LOST, []).append(unit.gtin)
        if action not in (Action.DONE, Action.NOT_MOVED):
            return True
        if task.exit is None and floor.places.get(load) not in (supply, origin, "belt", task.put_point):
            floor.bring(load)
        return self._carry(load, destination if action is Action.DONE else origin)

    def _carry(self, load: Lpn, place: str) -> bool:
        floor = self.agent.floor
        if floor.places[load] != place and not floor.has_room_at(place):
            return False
        floor.places[load] = place
        return True

    # ---- units ---------------------------------------------------------------------------------------

    def _rejected_unit(self, station_id: StationId, action: Action) -> bool:
        """At an operator's station: what is in hand goes back, or passes as what it is."""
        state, floor = self.agent.state, self.agent.floor
        hand, picker = state.stations[station_id].hand, self.agent.plant.site.stations[station_id].picker
        assert hand is not None
        wanted = state.tasks[hand.task_id].lines[hand.line_id].line.gtin
        if action is Action.OVERRIDE:
            return floor.grippers.get(picker) == wanted
        if picker in floor.grippers:
            floor.content[state.trips[hand.trip_id].tote].append(floor.grippers.pop(picker))
        return True

    def _unit(self, station_id: StationId, action: Action) -> bool:
        state, floor = self.agent.state, self.agent.floor
        hand, picker = state.stations[station_id].hand, self.agent.plant.site.stations[station_id].picker
        assert hand is not None
        source, task = state.trips[hand.trip_id].tote, state.tasks[hand.task_id]
        box = task.task.destination.container_id
        wanted = task.lines[hand.line_id].line.gtin
        placing = action in (Action.PLACED, Action.NOT_PLACED) or (
            action is Action.LOST and not hand.rejected_by
        )
        if picker not in floor.grippers:  # first back into the gripper, wherever it is
            if placing:
                floor.content[box].remove(wanted)
                floor.placed[box][wanted] -= 1
                floor.grippers[picker] = wanted
            elif action is Action.GRIPPER_HOLDS and wanted not in floor.content[source]:
                return False
            elif action is not Action.GRIPPER_EMPTY:
                taken = wanted if action is Action.GRIPPER_HOLDS else floor.content[source][-1]
                floor.content[source].remove(taken)
                floor.grippers[picker] = taken
        if (
            action in (Action.GRIPPER_HOLDS, Action.NOT_PLACED, Action.IN_GRIPPER)
            or picker not in floor.grippers
        ):
            return True
        unit = floor.grippers.pop(picker)
        ends = {Action.PLACED: box, Action.LOST: LOST}
        floor.content.setdefault(ends.get(action, source), []).append(unit)
        if action is Action.PLACED:
            floor.placed.setdefault(box, Counter())[unit] += 1
        return True
