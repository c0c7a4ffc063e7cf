"""The core and the domain look at nothing but what they are given."""

import ast
from pathlib import Path

import pytest

from edge_agent.core.plan import PHASES
from edge_agent.domain.events import TaskAccepted
from tests.core.agent import MUG, PEN, a_line, a_task, an_agent

PACKAGES = Path(__file__).parents[2] / "edge_agent"
IMPURE = {
    *("asyncio", "logging", "structlog", "os", "sys", "io", "pathlib", "random", "secrets", "socket"),
    *("sqlite3", "sqlalchemy", "subprocess", "threading", "time", "uuid"),
}
SOURCES = sorted([*(PACKAGES / "core").rglob("*.py"), *(PACKAGES / "domain").rglob("*.py")])


def _imports(source: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            found.update(name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PACKAGES)))
def test_nothing_that_reaches_outside_is_imported(source: Path) -> None:
    assert _imports(source) & IMPURE == set()


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(PACKAGES)))
def test_no_clock_is_read(source: Path) -> None:
    calls = {
        node.func.attr
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    assert calls & {"now", "utcnow", "today", "monotonic", "perf_counter"} == set()


def test_the_same_inputs_give_the_same_events() -> None:
    def story() -> list[object]:
        agent = an_agent({1: [MUG, MUG], 2: [PEN]})
        agent.submit(a_task("T-1", a_line("1", MUG, 2, (1,)), a_line("2", PEN, 1, (2,))))
        agent.submit(a_task("T-2", box=2))
        agent.run()
        return list(agent.events)

    assert story() == story()


def test_a_plan_leaves_nothing_that_it_could_still_decide() -> None:
    agent = an_agent({1: [MUG, MUG], 2: [PEN]})
    agent.submit(a_task("T-1", a_line("1", MUG, 2, (1,)), a_line("2", PEN, 1, (2,))))
    for _ in range(200):
        assert [event for phase in PHASES for event in phase(agent.state, agent.now)] == []
        if not agent.advance():
            break
    assert agent.of(TaskAccepted)
