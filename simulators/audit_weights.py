"""Containers whose scale disagrees, or is mute: what was placed last is in question, as the OMS was told.

The agent holds such a task and confirms nothing more of it. So the units in question have not escaped, and
neither what the OMS was told of them nor its stock record of their items is right or wrong yet. What a person
then takes out of the container was caught by that, and counts as never placed.
"""

from collections.abc import Iterator, Mapping

from simulators.audit_oms import OmsLedger, Told
from simulators.audit_records import Grip
from simulators.audit_world import WorldBook


def contest(oms: OmsLedger, world: WorldBook, placed: Mapping[str, list[Grip]]) -> dict[str, list[Grip]]:
    """Mark what was placed last into each of these containers, and count its mistakes as caught.

    Returns what was placed and is not in question.
    """
    for told in _in_question(oms):
        grips = placed.get(oms.task(told.data["task_id"])["destination"]["container_id"], [])
        for grip in grips:
            if grip.key == grips[-1].key:  # two, where one clung to the other
                grip.contested = True
                world.mistakes.catch(grip.unit.unit, told.data["rule"])
    rules = {told.data["task_id"]: told.data["rule"] for told in oms.told if _weighs_wrong(told)}
    for container, grips in placed.items():
        for grip in grips:
            if grip.taken_out and (rule := rules.get(oms.container_of.get(container))) is not None:
                grip.contested = True
                world.mistakes.catch(grip.unit.unit, rule)
    return {container: [one for one in grips if not one.contested] for container, grips in placed.items()}


def _in_question(oms: OmsLedger) -> Iterator[Told]:
    """What was told of containers whose weight failed after a unit, and whose tasks wait for a person."""
    resolved = {event.data["exception_id"] for event in oms.told if event.name == "exception_resolved"}
    held = {
        event.data.get("task_id")
        for event in oms.told
        if event.name == "exception_raised"
        and event.data.get("held")
        and event.data["exception_id"] not in resolved
    }
    for event in oms.told:
        if _weighs_wrong(event) and event.data["task_id"] in held & oms.stories.keys():
            yield event


def _weighs_wrong(told: Told) -> bool:
    """Whether it tells of a container whose weight failed after a unit."""
    data = told.data
    failed = told.name == "unit_rejected" and data["target"] == "container_weight"
    return failed and data["line_id"] is not None
