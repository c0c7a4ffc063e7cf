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
READY_POLL_S = 0.02
STOP_TIMEOUT_S = 20.0
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
        try:
            async with asyncio.timeout(READY_TIMEOUT_S):
                while self.running:
                    try:
                        message = notify.recv(4096)
                    except BlockingIOError:
                        # Not awaited: a wait that is broken off may have read the message already.
                        await asyncio.sleep(READY_POLL_S)
                        continue
                    if b"READY=1" in message.split(b"\n"):
                        return
        except TimeoutError:
            raise ChildFailedError(
                f"{self.name} was not ready in {READY_TIMEOUT_S:.0f} s{self.tail()}"
            ) from None
        raise ChildFailedError(f"{self.name} ended with code {self.returncode}{self.tail()}")

    @property
    def returncode(self) -> int | None:
        return self._process.returncode if self._process else None

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
