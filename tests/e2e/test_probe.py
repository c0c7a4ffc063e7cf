"""`check --probe` reaches every device and the broker of a standing site, and names what it cannot reach."""

import asyncio
import os
import sys

from simulators.demo.scene import Scene
from tests.e2e.conftest import Play


async def _probe(scene: Scene) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "edge_agent.cli", "check", str(scene.options.site_file), "--probe"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, **scene.env},
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def test_a_probe_reaches_everything_and_names_what_is_gone(play: Play) -> None:
    async with play(tasks=1) as scene:
        await scene.oms.wait()
        await scene.agent.stop()  # a scanner line takes one reader only
        code, out = await _probe(scene)
        assert code == 0, out
        assert out.count("\nok  ") == 13, out
        await scene.broker.stop()
        code, out = await _probe(scene)
        assert code == 1
        assert "FAIL broker" in out
