"""Which scale is asked, and what it must say: the second evidence, by the site and the item master."""

from collections.abc import Iterator

from edge_agent.core.sourcing import line_picked
from edge_agent.core.state import Hand, State, TaskState
from edge_agent.core.verification.verdicts import Verdict
from edge_agent.core.verification.weight import verify_container_weight
from edge_agent.domain import events as ev
from edge_agent.domain.events import ScanTarget
from edge_agent.domain.ids import DeviceId, StationId
from edge_agent.domain.item import Item, Weight

WEIGHT_TARGETS = frozenset({ScanTarget.WEIGHT, ScanTarget.CONTAINER_WEIGHT})


# ---- the unit in hand --------------------------------------------------------------------------------


def unit_scale(state: State, station_id: StationId, hand: Hand) -> DeviceId | None:
    """The scale that the unit in hand still has to go over; None: there is none, or nothing to compare."""
    line = state.tasks[hand.task_id].lines[hand.line_id].line
    known = state.catalogue.item_of(line).weight is not None
    return state.plant.site.stations[station_id].scale if known and hand.scale_g is None else None


# ---- order containers --------------------------------------------------------------------------------


def put_scale(state: State, task: TaskState) -> DeviceId | None:
    """The scale under a task's put position."""
    station = state.plant.site.stations.get(task.station_id) if task.station_id is not None else None
    positions = station.put_positions if station is not None else ()
    return next((one.scale for one in positions if one.point == task.put_point), None)


def wanted_scale(state: State, task: TaskState) -> DeviceId | None:
    """The scale that is to weigh a task's container before anything else goes into it.

    An empty container is weighed first of all, so that each unit is compared with what was there before.
    """
    scale = put_scale(state, task) if task.container_here and task.held is None else None
    if scale is None or task.unweighed:
        return scale
    return scale if task.container_g is None and _is_to_be_weighed(state, task) else None


def _is_to_be_weighed(state: State, task: TaskState) -> bool:
    """Whether anything is still to be picked for it, and the weight of anything that it asks for is known."""
    item_of = state.catalogue.item_of
    lacks = any(line.remaining for line in task.open_lines)
    return lacks and any(item_of(line.line).weight is not None for line in task.lines.values())


def task_on(state: State, station_id: StationId, scale: DeviceId) -> TaskState | None:
    """The task whose container stands on a scale."""
    tasks = (state.tasks[task_id] for task_id in state.stations[station_id].tasks)
    return next((task for task in tasks if _rests_on(state, task, scale)), None)


def is_on_scale(state: State, task: TaskState) -> bool:
    """Whether its container's weight was asked for and has not been told: it must not leave meanwhile."""
    scan = state.stations[task.station_id].scan if task.station_id is not None else None
    if scan is None or scan.target is not ScanTarget.CONTAINER_WEIGHT:
        return False
    return _rests_on(state, task, scan.scanner)


def _rests_on(state: State, task: TaskState, scale: DeviceId) -> bool:
    """Whether its container stands there. One that was told to leave does not, though no device may have said
    so yet: the next one may stand there already."""
    return task.container_here and task.container_command is None and put_scale(state, task) == scale


def container_verdict(state: State, task: TaskState, weight_g: float) -> Verdict | None:
    """Whether a container is heavier by what was placed since it was last weighed; None: nobody can say."""
    before = task.container_g
    if before is None:
        return None
    base = Weight(before, state.plant.site.policies.scale_tolerance_g)
    return verify_container_weight(weight_g, base, _contents(state, task))


def _contents(state: State, task: TaskState) -> Iterator[tuple[Item, int]]:
    for line, unit in task.unweighed:
        item = state.catalogue.item_of(line.line)
        yield item, item.codes.get(line.line.gtin, 1) * unit.units


def confirm_lines(state: State, task: TaskState) -> Iterator[ev.Event]:
    """Lines that lack nothing any more, once their container's weight keeps nothing in doubt."""
    if task.unweighed:
        return
    for line in list(task.open_lines):
        if line.units and not line.remaining:
            yield line_picked(state, ev.LineRef(task.task.task_id, line.line.line_id))


def forget_missing_scales(state: State) -> Iterator[ev.Event]:
    """The site file has lost a scale since: what it was to weigh waits for it no longer."""
    for task in [state.tasks[task_id] for task_id in state.active]:
        if task.container_g is not None and put_scale(state, task) is None:
            yield ev.WeightWaived(task.task.task_id)
            yield from confirm_lines(state, task)
