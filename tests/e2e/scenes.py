"""What the end-to-end tests ask of a running scene."""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from simulators.audit import Audit
from simulators.demo.scene import Scene

CONFIG = Path(__file__).parents[2] / "config"
DEMO, DEMO_MODBUS = CONFIG / "demo.yaml", CONFIG / "demo-modbus.yaml"
DEMO_OPERATOR = CONFIG / "demo-operator.yaml"
OVER_TIMEOUT_S = 100.0


async def until(condition: Callable[[], bool], what: str, timeout_s: float = 30.0) -> None:
    """Wait for something to become true; the failure says what it was.

    The condition is asked in a thread: most read a ledger, which grows.
    """
    try:
        async with asyncio.timeout(timeout_s):
            while not await asyncio.to_thread(condition):
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not within {timeout_s:.0f} s: {what}") from None


def told(scene: Scene) -> Counter[str]:
    """The events that the OMS has been told so far, by the last part of their type."""
    names = (event["type"].split(".")[2] for event in events(scene))
    return Counter(names)


def events(scene: Scene) -> list[dict[str, Any]]:
    """The CloudEvents in the OMS's ledger, in the order in which they came."""
    return [line["event"] for line in _lines(scene.oms_ledger) if line["kind"] == "event"]


def _lines(ledger: Path) -> list[dict[str, Any]]:
    if not ledger.exists():
        return []
    whole = ledger.read_bytes().split(b"\n")[:-1]  # the last line may be half written
    return [json.loads(line) for line in whole if line]


async def over(scene: Scene) -> None:
    """Wait until the OMS says that every task has ended or is held."""
    async with asyncio.timeout(OVER_TIMEOUT_S):
        code = await scene.oms.wait()
    assert code == 0, scene.oms.tail()


async def audited(scene: Scene) -> Audit:
    """Stop the scene as an operator would, and audit it."""
    await scene.stop()
    return await asyncio.to_thread(scene.audit)


async def consistent_end(scene: Scene) -> Audit:
    """The scene runs to its end and the ledgers agree."""
    await over(scene)
    result = await audited(scene)
    assert result.problems == ()
    assert result.tasks.submitted == scene.options.tasks
    ended = result.tasks.completed + result.tasks.short + result.tasks.cancelled
    assert ended + result.tasks.held == scene.options.tasks
    return result
