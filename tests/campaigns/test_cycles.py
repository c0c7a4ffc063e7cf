"""One cycle: what is noticed when a process of the scene ends."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_agent.site_file import load
from simulators.campaigns.chaos import AT_RANDOM, Kills
from simulators.campaigns.mixed import Mixture
from simulators.campaigns.report import Report
from simulators.demo.broker import find_mosquitto
from simulators.demo.processes import Child, ChildFailedError
from simulators.demo.scene import Scene, SceneOptions
from tests.e2e.scenes import DEMO

pytestmark = pytest.mark.skipif(find_mosquitto() is None, reason="mosquitto is not installed")
LONG = ("sleep", "60")
SITE, _ = load(DEMO, {})


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    """A scene with other programs in the places of OMS and agent; nothing is started but the OMS."""
    scene = Scene(SITE, SceneOptions(DEMO), tmp_path)
    scene.oms = Child("oms", LONG, tmp_path, {})
    scene.agent = Child("agent", LONG, tmp_path, {})
    await scene.oms.start(wait_ready=False)
    yield scene
    for child in (scene.oms, scene.agent):
        await child.kill()


async def test_an_agent_that_ended_by_itself_is_noticed_by_the_next_disturbance(scene: Scene) -> None:
    scene.agent = Child("agent", ("sh", "-c", "echo no reason; exit 3"), scene.folder, {})
    await scene.agent.start(wait_ready=False)
    await scene.agent.wait()
    with pytest.raises(ChildFailedError, match=r"agent ended with code 3\n.*no reason"):
        await Mixture(SITE, Report("mixed", seed=1)).strike(scene)


async def test_an_agent_that_ends_in_its_life_instead_of_being_killed_is_noticed(scene: Scene) -> None:
    scene.agent = Child("agent", ("sh", "-c", "exit 1"), scene.folder, {})
    with pytest.raises(ChildFailedError, match="agent ended with code 1"):
        await Kills(Report("chaos", seed=1)).one_life(scene)


async def test_a_life_ends_by_sigkill_and_with_the_oms_at_the_latest(scene: Scene) -> None:
    report = Report("chaos", seed=1)
    await scene.oms.kill()
    assert await Kills(report).one_life(scene)
    assert scene.agent.returncode == -signal.SIGKILL
    assert report.done == {AT_RANDOM: 1}


async def test_no_disturbance_strikes_when_the_oms_has_ended(scene: Scene) -> None:
    report = Report("mixed", seed=1)
    await scene.agent.start(wait_ready=False)
    await scene.oms.kill()
    assert not await Mixture(SITE, report).strike(scene)
    assert not report.done
