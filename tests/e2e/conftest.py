"""Whole scenes: broker, simulators, agent and OMS as real processes on free ports."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edge_agent.site_file import load
from simulators.demo.broker import broker_for, find_mosquitto
from simulators.demo.scene import BrokerFactory, Scene, SceneOptions
from tests.e2e.scenes import DEMO

Play = Callable[..., AbstractAsyncContextManager[Scene]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without mosquitto the scenes are skipped, each by its name."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.e2e)
            if find_mosquitto() is None and item.get_closest_marker("any_broker") is None:
                item.add_marker(pytest.mark.skip(reason="mosquitto is not installed"))


@pytest.fixture
def play(tmp_path: Path) -> Play:
    """`async with play(tasks=10) as scene`: a scene that has been started and is stopped at the end."""

    @asynccontextmanager
    async def played(
        site_file: Path = DEMO, broker: BrokerFactory = broker_for, **options: Any
    ) -> AsyncIterator[Scene]:
        defaults = SceneOptions(site_file, tasks=8, speed=60.0)
        site, _ = await asyncio.to_thread(load, site_file, {})
        scene = Scene(site, replace(defaults, **options), tmp_path, broker)
        try:
            await scene.start()
            yield scene
        finally:
            await scene.stop()

    return played
