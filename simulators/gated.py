"""A simulated controller with its wire in front: the server on the loopback, and a gate to it at the address
that the agent knows."""

from typing import Protocol

from simulators.gate import Gate

BEHIND = ("127.0.0.1", 0)
"""Where the server itself listens: at a free port of this machine."""


class Bound(Protocol):
    """A server that says where it listens, once it has been started."""

    @property
    def bound(self) -> tuple[str, int]: ...

    async def start(self) -> None: ...

    async def step(self) -> None: ...

    async def stop(self) -> None: ...


class Gated:
    """A server behind a gate: everything that is said to it and by it goes through there."""

    def __init__(self, server: Bound, gate: Gate) -> None:
        self._server = server
        self._gate = gate

    async def start(self) -> None:
        """Raises `ConfigurationError` when the address is taken."""
        await self._server.start()
        await self._gate.open(*self._server.bound)

    async def step(self) -> None:
        await self._server.step()
        await self._gate.step()

    async def stop(self) -> None:
        await self._gate.close()
        await self._server.stop()
