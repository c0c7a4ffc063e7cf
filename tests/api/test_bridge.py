"""What crosses between the API's thread and the agent's loop, and what does not."""

import asyncio
import threading
from pathlib import Path

import pytest

from edge_agent.adapters.api import bridge as module
from edge_agent.adapters.api.bridge import Bridge
from edge_agent.adapters.api.problems import Problem
from edge_agent.core.plant import Plant
from edge_agent.core.state import State
from edge_agent.domain.events import TaskAccepted
from edge_agent.domain.inputs import TaskSubmitted
from edge_agent.runtime.loop import Loop
from tests.api.rig import api_rig, with_api
from tests.core.agent import a_task, demo_site
from tests.runtime.test_loop import GateJournal, HandClock


async def test_what_is_not_durable_is_not_shown() -> None:
    journal, clock = GateJournal(), HandClock()
    loop = Loop(State(Plant(demo_site(), {})), journal, clock, lambda _: None)  # type: ignore[arg-type]
    bridge = Bridge(loop, clock)
    asked = asyncio.create_task(bridge.ask(TaskSubmitted(a_task(), "d")), name="ask")
    turn = asyncio.create_task(_turn_when_asked(loop), name="turn")
    await journal.asked.wait()
    read = asyncio.create_task(bridge.read(lambda state, _: list(state.tasks)), name="read")
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not asked.done()
    assert not read.done()
    journal.gate.set()
    await turn
    assert await read == ["T-1"]
    assert [type(event) for event in await asked] == [TaskAccepted]


async def _turn_when_asked(loop: Loop) -> None:
    while not loop.backlog:
        await asyncio.sleep(0)
    await loop.turn()


async def test_a_view_is_made_in_the_agents_thread(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path)) as rig:
        bridge = rig.bridge
        home = threading.get_ident()
        seen = await asyncio.to_thread(lambda: asyncio.run(bridge.read(lambda _s, _n: threading.get_ident())))
        assert seen == home


async def test_a_fault_in_a_view_reaches_the_asker_and_not_the_loop(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path)) as rig:
        with pytest.raises(ZeroDivisionError):
            await rig.bridge.read(lambda _s, _n: 1 // 0)
        assert (await rig.get("agent"))["state"] == "online"


async def test_an_agent_that_does_not_answer_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_LIMIT_S", 0.01)
    journal, clock = GateJournal(), HandClock()
    bridge = Bridge(Loop(State(Plant(demo_site(), {})), journal, clock, lambda _: None), clock)  # type: ignore[arg-type]
    with pytest.raises(Problem, match=r"did not answer within 0\.01 s; it may still do what was asked"):
        await bridge.ask(TaskSubmitted(a_task(), "d"))  # nobody turns the loop
