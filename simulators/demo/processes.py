"""Child processes of a scene: started, waited for until they say that they are ready, stopped or killed."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from edge_agent.errors import EdgeAgentError

READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 30.0
LAST_LINES = 12

EDGE_AGENT = (sys.executable, "-m", "edge_agent.cli")


class ChildFailedError(EdgeAgentError):
    """A process of the scene ended or did not become ready; the last lines of its log say why."""


class Child:
    """One process. Its output goes to a file; readiness comes by the systemd notify protocol."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self._command = command
        self._env = {**os.environ, **env}
        self._notify = folder / f"{name}.notify"
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None  # asked of a started child only
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    async def start(self, *, wait_ready: bool = True) -> None:
        """Start it and wait for `READY=1`. Raises `ChildFailedError`."""
        self._notify.unlink(missing_ok=True)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.setblocking(False)
            notify.bind(str(self._notify))
            with self.log.open("ab") as log:
                self._process = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.DEVNULL,
                    stdout=log,
                    stderr=asyncio.subprocess.STDOUT,
                    env={**self._env, "NOTIFY_SOCKET": str(self._notify)},
                )
            if wait_ready:
                await self._ready(notify)

    async def _ready(self, notify: socket.socket) -> None:
        ready = asyncio.create_task(_said_ready(notify), name=f"{self.name} ready")
        ended = asyncio.create_task(self.wait(), name=f"{self.name} ended")
        try:
            await asyncio.wait({ready, ended}, timeout=READY_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
            if ready.done():
                return
        finally:
            ready.cancel()
            ended.cancel()
            await asyncio.wait({ready, ended})
        if self.running:
            raise ChildFailedError(f"{self.name} was not ready in {READY_TIMEOUT_S:.0f} s{self.tail()}")
        raise ChildFailedError(f"{self.name} ended with code {self.returncode}{self.tail()}")

    @property
    def returncode(self) -> int | None:
        return self._process.returncode if self._process else None

    def must_run(self) -> None:
        """Raises `ChildFailedError` where it does not run (any more)."""
        if not self.running:
            raise ChildFailedError(f"{self.name} ended with code {self.returncode}{self.tail()}")

    def set_env(self, name: str, value: str) -> None:
        """For the next start."""
        self._env[name] = value

    async def ended_within(self, seconds: float) -> bool:
        """Wait so long for its end. True where it came."""
        try:
            async with asyncio.timeout(seconds):
                await self.wait()
        except TimeoutError:
            return False
        return True

    async def wait(self) -> int:
        """Wait for its end. Returns the exit code; negative: the signal that killed it."""
        assert self._process is not None  # only a started child is waited for
        return await self._process.wait()

    async def stop(self) -> int | None:
        """SIGTERM, and SIGKILL for what does not end in time. May be called more than once."""
        if self._process is None:
            return None
        if self.running:
            self._process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await self._process.wait()
            except TimeoutError:
                await self.kill()
        return self._process.returncode

    async def kill(self) -> None:
        """SIGKILL: what a power cut looks like to the process."""
        if self.running:
            assert self._process is not None  # it is running
            self._process.kill()
            await self._process.wait()

    def tail(self) -> str:
        """The last lines of its log, for an error message."""
        lines = self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []
        return "".join(f"\n  {self.name}: {line}" for line in lines[-LAST_LINES:])


async def _said_ready(notify: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    while b"READY=1" not in (await loop.sock_recv(notify, 4096)).split(b"\n"):
        pass
