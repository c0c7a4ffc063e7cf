"""What holds for every test: no task is left behind, no error goes unseen, no callback keeps the loop."""

import asyncio
import gc
import logging
import threading
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings
from pytest_asyncio import is_async_test

from edge_agent.logs import plain_console
from tests.broker import Mosquitto, mosquitto_binary

# A busy machine fails no property test.
settings.register_profile("edge-agent", deadline=None)
settings.load_profile("edge-agent")
structlog.configure(processors=[structlog.processors.add_log_level, plain_console()])

LONGEST_CALLBACK_S = 0.1
LONGEST_BLOCK_S = 1.0

_slow: list[str] = []
_run_callback = asyncio.Handle._run


def _timed_run(handle: asyncio.Handle) -> None:
    """The loop's own clock for one callback.

    Processor time is what counts, so that a busy machine fails no test; the wall clock has a wider limit,
    which only a blocking call reaches: what the thread waited for a processor is taken off. Collecting
    garbage is not the callback's doing.
    """
    cpu_s, wall_s = time.thread_time() - _garbage.cpu_s, time.monotonic()
    _processor.note(wall_s)
    _run_callback(handle)
    cpu_s, wall_s = time.thread_time() - _garbage.cpu_s - cpu_s, time.monotonic() - wall_s
    if wall_s > LONGEST_BLOCK_S:
        wall_s -= _processor.waited_s()
    if cpu_s > LONGEST_CALLBACK_S or wall_s > LONGEST_BLOCK_S:
        _slow.append(f"{cpu_s:.3f} s of processor, {wall_s:.3f} s in all: {handle!r}")


class _GarbageClock:
    """Processor time that went into garbage collection so far."""

    def __init__(self) -> None:
        self.cpu_s = 0.0
        self._began_s = 0.0

    def __call__(self, phase: str, _: dict[str, int]) -> None:
        if phase == "start":
            self._began_s = time.thread_time()
        else:
            self.cpu_s += time.thread_time() - self._began_s


class _Processor(threading.local):
    """How long each thread was ready to run and had no processor (Linux; elsewhere never)."""

    _STAT = Path("/proc/thread-self/schedstat")
    _EVERY_S = 0.05

    def __init__(self) -> None:
        self._noted_at_s = 0.0
        self._noted_s = 0.0

    def note(self, now_s: float) -> None:
        """Count from now on, or from a moment ago: asking costs more than most callbacks."""
        if now_s - self._noted_at_s > self._EVERY_S:
            self._noted_at_s, self._noted_s = now_s, self._read_s()

    def waited_s(self) -> float:
        return self._read_s() - self._noted_s

    def _read_s(self) -> float:
        try:
            return int(self._STAT.read_text("ascii").split()[1]) / 1e9
        except OSError:
            return 0.0


_garbage = _GarbageClock()
_processor = _Processor()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "slow_callbacks(reason): callbacks may keep the loop here, for this reason"
    )
    gc.callbacks.append(_garbage)
    asyncio.Handle._run = _timed_run  # type: ignore[method-assign]  # the only place that sees them all


def pytest_unconfigure() -> None:
    gc.callbacks.remove(_garbage)
    asyncio.Handle._run = _run_callback  # type: ignore[method-assign]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if is_async_test(item):
            item.fixturenames.insert(0, "_clean_loop")
            if "mosquitto" in item.fixturenames:
                item.add_marker("mosquitto")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    _slow.clear()
    yield
    if _slow and item.get_closest_marker("slow_callbacks") is None:
        pytest.fail("callbacks kept the event loop:\n" + "\n".join(_slow), pytrace=False)


@pytest.fixture(autouse=True)
def _own_logging() -> Iterator[None]:
    """The command line sets logging up for its process: the next test must not inherit a closed stream."""
    root, before = logging.getLogger(), structlog.get_config()
    handlers, level = list(root.handlers), root.level
    yield
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
async def _clean_loop() -> AsyncIterator[None]:
    """Fails a test that leaves a task behind, or an error that nobody has looked at."""
    unseen: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: unseen.append(context))
    before = asyncio.all_tasks()
    yield
    left = {task for task in asyncio.all_tasks() - before if task is not asyncio.current_task()}
    for task in left:
        task.cancel()
    if left:
        await asyncio.wait(left, timeout=1.0)
    assert not left, f"tasks left behind: {sorted(task.get_name() for task in left)}"
    assert not unseen, f"errors that nobody has looked at: {unseen}"


@pytest.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """A running broker; a test may stop, kill and start it."""
    binary = mosquitto_binary()
    if binary is None:
        pytest.skip("mosquitto is not installed (sh tests/ensure_mosquitto.sh, or apt install mosquitto)")
    broker = Mosquitto(binary, tmp_path / "mosquitto")
    await broker.start()
    yield broker
    await broker.kill()
