"""The checks that hold for every test can fail."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

BAD = """
import asyncio, time, warnings
import pytest

async def test_a_task_is_left_behind():
    asyncio.create_task(asyncio.sleep(60), name="forgotten")
    await asyncio.sleep(0)

async def test_an_error_goes_unseen():
    future = asyncio.get_running_loop().create_future()
    future.set_exception(RuntimeError("nobody looks"))
    del future

async def test_a_callback_keeps_the_processor():
    end = time.thread_time() + 0.15
    while time.thread_time() < end:
        pass

async def test_a_callback_blocks():
    time.sleep(1.1)

def test_something_warns():
    warnings.warn("old")
"""

GOOD = """
import asyncio, time
import pytest

async def test_a_task_that_is_waited_for():
    await asyncio.create_task(asyncio.sleep(0))

@pytest.mark.slow_callbacks("it has its reasons")
async def test_a_callback_that_may():
    end = time.thread_time() + 0.15
    while time.thread_time() < end:
        pass

def test_without_a_loop():
    end = time.thread_time() + 0.15
    while time.thread_time() < end:
        pass
"""


def outcome(folder: Path, tests: str) -> str:
    file = folder / "test_inner.py"
    file.write_text(tests)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-c", ROOT / "pyproject.toml"]
    result = subprocess.run(
        [*command, "-p", "no:cacheprovider", f"--rootdir={folder}", file],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
        timeout=60,
    )
    return result.stdout + result.stderr


def test_what_breaks_the_rules_fails(tmp_path: Path) -> None:
    said = outcome(tmp_path, BAD)
    assert "tasks left behind: ['forgotten']" in said
    assert "errors that nobody has looked at" in said
    assert "callbacks kept the event loop" in said
    assert "UserWarning: old" in said
    assert "5 failed" in said or "3 failed, 2 passed, 2 errors" in said, said


def test_what_keeps_the_rules_passes(tmp_path: Path) -> None:
    assert "3 passed" in outcome(tmp_path, GOOD)
