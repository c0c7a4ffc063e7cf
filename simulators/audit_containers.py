"""Order containers: did those that were told to be completed really leave?"""

from simulators.audit_findings import FindingKind, Findings
from simulators.audit_oms import OmsLedger, TaskStory
from simulators.audit_world import WorldBook
from simulators.oms_book import TaskStatus

LOST = "lost"
"""The place of a load that was taken away by hand."""


def check_containers(oms: OmsLedger, world: WorldBook, findings: Findings) -> None:
    """Find tasks that were told to be completed while their container has not gone where it was to go.

    A task that a person had to look after is left out: he may have carried the container himself.
    """
    carriers = {key.device for key in world.commands}
    for story in oms.stories.values():
        status = oms.book.tasks[story.task_id].status
        if status not in (TaskStatus.COMPLETED, TaskStatus.SHORT) or _needed_a_person(oms, story):
            continue
        container = oms.task(story.task_id)["destination"]["container_id"]
        place = world.loads.get(container)
        if place == LOST:
            why = "was taken away and is lost"
        elif place in carriers:
            why = f"is still on {place}"
        elif place is not None and place == world.filled_at.get(container):
            why = f"still stands on {place}"
        else:
            continue
        text = f"task {story.task_id} was told to be completed; its container {container} {why}"
        findings.add(FindingKind.WRONG, text)


def _needed_a_person(oms: OmsLedger, story: TaskStory) -> bool:
    return any(
        told.data.get("held")
        and story.task_id in (told.data.get("task_id"), *told.data.get("affected_tasks", ()))
        for told in oms.told
        if told.name == "exception_raised"
    )
