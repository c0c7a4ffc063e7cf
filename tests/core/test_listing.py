"""Lists of tasks, and what would move one."""

from edge_agent.core.lifecycle import TaskStatus
from edge_agent.core.listing import OPEN, task_page
from edge_agent.core.plant import Plant
from edge_agent.core.remedy import REMEDIES, remedy
from edge_agent.core.state import EndedTask, State
from edge_agent.core.step import step
from edge_agent.core.wait import WaitCode, held
from edge_agent.domain.ids import TaskId
from edge_agent.domain.inputs import TaskSubmitted
from edge_agent.domain.time import Instant
from tests.core.agent import T0, a_task, demo_site


def test_pages_follow_one_another_without_a_gap_or_a_repeat() -> None:
    state = State(Plant(demo_site(), {}))
    for number in (5, 3, 1):
        step(state, [TaskSubmitted(a_task(f"T-{number}", box=number), "d")], Instant(T0, 0.0))
    for number in (4, 2):
        state.ended[TaskId(f"T-{number}")] = EndedTask(1, "d", TaskStatus.COMPLETED)
    found, after = [], ""
    while page := task_page(state, frozenset(TaskStatus), after, 2):
        found += [task["task_id"] for task in page]
        after = found[-1]
    assert found == ["T-1", "T-2", "T-3", "T-4", "T-5"]
    assert [task["task_id"] for task in task_page(state, OPEN, "T-1", 9)] == ["T-3", "T-5"]


def test_every_kind_of_wait_says_what_would_end_it() -> None:
    assert set(REMEDIES) == set(WaitCode)
    assert "edge-agent exceptions show X-7" in remedy(State(Plant(demo_site(), {})), held("X-7"))
