"""A busy scene of whole processes: tasks cancelled all over their lives, and asked why they wait."""

import asyncio
import os
import random
import signal
from pathlib import Path

from edge_agent.adapters.api_client import AgentRefusedError, ApiClient
from edge_agent.adapters.journal_reader import JournalReader
from edge_agent.app import plant
from edge_agent.core.wait import WaitCode
from edge_agent.domain.ids import TaskId
from edge_agent.site_file import load
from simulators.demo.scene import Scene
from simulators.ledger import read_ledger
from tests.e2e.conftest import Play
from tests.e2e.scenes import DEMO, consistent_end
from tests.virtual.oracle import Claim, Oracle

MOMENTS = 20
SEED = 4


class Questions:
    """Asks the running agent over its local API, and its journal on disk for the facts."""

    def __init__(self, scene: Scene, api: Path) -> None:
        site, profiles = load(DEMO, scene.env)
        self._facts = Oracle(site, plant(site, profiles).max_open)
        self._client = ApiClient(api)
        self._journal = JournalReader(scene.env["EDGE_AGENT__JOURNAL__URL"])
        self._sequence = 0
        self._simulators = scene.simulators.pid
        self.asked = 0
        self.codes: set[WaitCode] = set()
        self.untrue: list[str] = []

    def ask(self) -> None:
        """One moment: the machines stand still while every open task is asked about."""
        os.kill(self._simulators, signal.SIGSTOP)
        try:
            for _ in range(50):
                self._catch_up()
                answers = self._answers()
                if not self._catch_up():  # nothing was decided meanwhile: all is of one moment
                    self._judge(answers)
                    return
            raise AssertionError("the agent goes on deciding though every machine stands still")
        finally:
            os.kill(self._simulators, signal.SIGCONT)

    def _catch_up(self) -> bool:
        """Whether there was something new in the journal."""
        before = self._sequence
        while page := self._journal.read(self._sequence, 2000):
            for recorded in page:
                self._facts.see(recorded)
                self._now, self._now_s = recorded.at, recorded.clock_s
                self._sequence = recorded.sequence
        return self._sequence > before

    def _answers(self) -> list[tuple[TaskId, Claim]]:
        found = []
        for task in self._client.get("tasks", limit=500)["tasks"]:
            try:
                answer = self._client.get("tasks", task["task_id"], "why")
            except AgentRefusedError:
                continue  # it has ended meanwhile
            for wait in answer["waits"]:
                claim = WaitCode(wait["code"]), wait["about"], wait["text"]
                found.append((TaskId(task["task_id"]), claim))
        return found

    def _judge(self, answers: list[tuple[TaskId, Claim]]) -> None:
        for task_id, claim in answers:
            self.codes.add(claim[0])
            if not self._facts.is_true(task_id, claim, self._now, self._now_s):
                self.untrue.append(f"event {self._sequence}: {task_id}: {claim}")
        self.asked += bool(answers)

    def close(self) -> None:
        self._journal.close()


async def test_every_reason_is_true_and_every_cancel_adds_up_in_a_busy_scene(
    play: Play, tmp_path: Path
) -> None:
    api = tmp_path / "api.sock"
    options = {"tasks": 25, "seed": SEED, "speed": 100.0, "faults": "typical", "cancel_rate": 0.95}
    chance = random.Random(SEED)
    async with play(**options, extra_env={"EDGE_AGENT__API__SOCKET": str(api)}) as scene:
        questions = await asyncio.to_thread(Questions, scene, api)
        try:
            while questions.asked < MOMENTS and scene.oms.running:
                await asyncio.sleep(chance.uniform(0.02, 0.2))
                await asyncio.to_thread(questions.ask)
        finally:
            await asyncio.to_thread(questions.close)
        result = await consistent_end(scene)
    assert questions.untrue == []
    assert questions.asked == MOMENTS
    assert len(questions.codes) >= 6
    assert cancels(scene) >= 20
    assert result.tasks.cancelled >= 8


def cancels(scene: Scene) -> int:
    return sum(entry.kind == "cancelled" for entry in read_ledger(scene.oms_ledger))
