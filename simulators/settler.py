"""A person who settles exceptions in a simulated warehouse: looks, carries what must be carried, and answers.

The answers are those that the exception lists, and true: told from where things really are.
"""

from collections.abc import Callable, Mapping, Sequence

from edge_agent.domain import events as ev
from edge_agent.domain.command import (
    ForContainer,
    ForTrip,
    ForUnit,
    Order,
    Pick,
    Place,
    Purpose,
    PutBack,
    Retrieve,
    Store,
    Transfer,
)
from edge_agent.domain.decision import Action, Actor, Option, Role
from edge_agent.domain.device import Mode
from edge_agent.domain.events import ExceptionKind, ExceptionRaised, Recorded
from edge_agent.domain.ids import DeviceId, Gtin, Lpn, PointId, StationId, TaskId
from edge_agent.domain.inputs import ExceptionAnswered
from edge_agent.domain.site import Site
from simulators import world as floor
from simulators.device_memory import DeviceMemory
from simulators.world import NOWHERE, PlaceKind, World, at_location, at_point

SUE, BO = Actor("sue", Role.SUPERVISOR), Actor("bo", Role.SUPERVISOR)
Open = Sequence[tuple[ExceptionRaised, Sequence[Option]]]


class Settler:
    """Answers each exception as soon as the truth about it can be seen."""

    def __init__(
        self,
        site: Site,
        world: World,
        controllers: Sequence[DeviceMemory],
        exceptions: Callable[[], Open],
        answer: Callable[[ExceptionAnswered], None],
    ) -> None:
        self._site = site
        self._world = world
        self._controllers: Mapping[DeviceId, DeviceMemory] = {one.device_id: one for one in controllers}
        self._exceptions = exceptions
        self._answer = answer
        self._orders: dict[Purpose, Order] = {}
        """The last order for each thing, as the journal tells."""
        self._home = {load: place for load, place in world.loads.items() if place.kind is PlaceKind.LOCATION}
        self._containers: dict[str, Lpn] = {}
        self._put_points: dict[str, PointId] = {}
        self._placed: dict[str, Gtin] = {}
        """What was placed last for each task."""
        self._weighed_again: set[str] = set()
        """Tasks whose container was weighed once more and is to be looked into next."""

    def see(self, records: Sequence[Recorded]) -> None:
        """What the agent has decided: people see on a screen what was to be moved where."""
        for recorded in records:
            match recorded.event:
                case ev.CommandOrdered(command):
                    self._orders[command.purpose] = command.order
                case ev.TaskAccepted(task) | ev.TaskReplaced(task):
                    self._containers[task.task_id] = task.destination.container_id
                case ev.UnitPlaced(task_id=task_id, unit=unit):
                    self._placed[task_id] = unit.gtin
                case ev.TaskStarted() | ev.TaskMoved() as begun:
                    self._put_points[begun.task_id] = begun.put_point

    def look(self) -> None:
        """Answer what can be answered now."""
        for raised, options in self._exceptions():
            action = self._truth(raised, {option.action for option in options})
            option = next((option for option in options if option.action == action), None)
            if option is not None:
                approver = BO if option.needs_approval else None
                reason = "seen on the floor"
                self._answer(ExceptionAnswered(raised.exception_id, option.action, SUE, {}, approver, reason))

    def _truth(self, raised: ExceptionRaised, allowed: set[Action]) -> Action | None:
        """What is so; None: it cannot be said yet."""
        match raised.held:
            case ev.HeldTrip(trip_id):
                return self._tote(Lpn(raised.where.removeprefix("tote ")), self._orders.get(ForTrip(trip_id)))
            case ev.HeldTask(task_id) if raised.kind is ExceptionKind.WEIGHT_DISAGREES:
                return self._weighing(task_id)
            case ev.HeldTask(task_id) if Action.SCAN_AGAIN in allowed:
                return self._stands_right(self._containers[task_id], self._put_points[task_id])
            case ev.HeldTask(task_id) if Action.GO_ON in allowed:
                free = not self._others_at(self._put_points[task_id], self._containers[task_id])
                return Action.GO_ON if free else None
            case ev.HeldTask(task_id):
                return self._container(self._containers[task_id], self._orders[ForContainer(task_id)])
            case ev.HeldUnit(station_id):
                return self._unit(station_id, allowed)
            case ev.HeldDevice(device_id):
                return Action.RESUME if self._controllers[device_id].mode is Mode.READY else None
            case ev.HeldLine():
                return Action.ACCEPT_SHORT
            case _:
                return None

    # ---- loads ---------------------------------------------------------------------------------------

    def _tote(self, tote: Lpn, order: Order | None) -> Action | None:
        place, (origin, destination) = self._world.loads[tote], _ends(order)
        if place.kind is PlaceKind.CARRIER:
            return None
        if place == destination and destination.name != self._site.reject:
            return Action.DONE
        if place == origin:
            return Action.NOT_MOVED
        if place != NOWHERE and place != self._home[tote]:
            self._world.carry(tote, self._home[tote])
        return Action.REMOVED

    def _container(self, container: Lpn, order: Order) -> Action | None:
        place, (origin, destination) = self._world.loads.get(container), _ends(order)
        if place is None or place == origin:
            return Action.NOT_MOVED
        if place.kind is PlaceKind.CARRIER:
            return None
        if place == destination:
            return Action.DONE
        for end, action in ((destination, Action.DONE), (origin, Action.NOT_MOVED)):
            if self._world.has_room(end):
                self._world.carry(container, end)
                return action
        return None

    def _stands_right(self, container: Lpn, point: PointId) -> Action | None:
        return Action.SCAN_AGAIN if self._bring(container, point) else None

    def _weighing(self, task_id: TaskId) -> Action | None:
        """Weigh it once more; where that does not help, look what lies in it. A wrong unit is taken out."""
        container = self._containers[task_id]
        if self._stands_right(container, self._put_points[task_id]) is None:
            return None
        if task_id not in self._weighed_again:
            self._weighed_again.add(task_id)
            return Action.SCAN_AGAIN
        self._weighed_again.discard(task_id)
        last = self._world.units_in(container)[-1]
        if last.gtin == self._placed[task_id]:
            return Action.PLACED
        self._world.take_out(last.unit_id, container)
        return Action.LOST

    def _others_at(self, point: PointId, container: Lpn) -> bool:
        return any(load != container for load in self._world.loads_at(at_point(point)))

    # ---- units ---------------------------------------------------------------------------------------

    def _unit(self, station_id: StationId, allowed: set[Action]) -> Action | None:
        picker = self._site.stations[station_id].picker
        if self._controllers[picker].open_commands:
            return None
        if not self._in_reach(self._orders.get(ForUnit(station_id))):
            return None
        held = self._world.held_by(picker) is not None
        if Action.GRIPPER_EMPTY in allowed:
            return Action.GRIPPER_HOLDS if held else Action.GRIPPER_EMPTY
        if Action.PUT_BACK in allowed:
            return Action.IN_GRIPPER if held else Action.PUT_BACK
        return Action.NOT_PLACED if held else Action.PLACED

    def _in_reach(self, order: Order | None) -> bool:
        """The load that the picker works at stands before it, carried there where it did not."""
        match order:
            case Pick(tote=load, point=point) | PutBack(tote=load, point=point):
                return self._bring(load, point)
            case Place(container=load, point=point):
                return self._bring(load, point)
            case _:
                return True

    def _bring(self, load: Lpn, point: PointId) -> bool:
        if self._world.loads.get(load) == at_point(point):
            return True
        if not self._world.has_room(at_point(point)):
            return False
        self._world.carry(load, at_point(point))
        return True


def _ends(order: Order | None) -> tuple[floor.Place, floor.Place]:
    """From where to where a load was to be moved."""
    match order:
        case Retrieve(location=location, point=point):
            return at_location(location), at_point(point)
        case Store(location=location, point=point):
            return at_point(point), at_location(location)
        case Transfer(origin=origin, destination=destination):
            return at_point(origin), at_point(destination)
        case _:
            return NOWHERE, NOWHERE
