"""Containers whose scale disagrees: what was placed last is in question, and the OMS was told so.

The agent holds such a task and confirms nothing more of it. So the units in question have not escaped, and
neither what the OMS was told of them nor its stock record of their items is right or wrong yet.
"""

from collections.abc import Iterator, Mapping

from simulators.audit_oms import OmsLedger
from simulators.audit_records import Grip
from simulators.audit_world import WorldBook

RULE = "V18"


def contest(oms: OmsLedger, world: WorldBook, placed: Mapping[str, list[Grip]]) -> None:
    """Mark what was placed last into each of these containers, and count its mistakes as caught."""
    for container in disagreeing(oms):
        grips = placed.get(container, [])
        last = [grip for grip in grips if grip.key == grips[-1].key]  # two, where one clung to the other
        for grip in last:
            grip.contested = True
            world.mistakes.catch(grip.unit.unit, RULE)


def disagreeing(oms: OmsLedger) -> Iterator[str]:
    """The containers of tasks that are held for their weight, and that nobody has settled."""
    resolved = {event.data["exception_id"] for event in oms.told if event.name == "exception_resolved"}
    for event in oms.told:
        data = event.data
        weight = event.name == "exception_raised" and data.get("kind") == "weight_disagrees"
        if weight and data["exception_id"] not in resolved and data.get("task_id") in oms.stories:
            yield oms.task(data["task_id"])["destination"]["container_id"]
