"""The wire in front of a simulated controller: a TCP relay on which all goes wrong that does on wires.

The server behind it knows nothing of it: it sees connections and bytes, or it does not.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from typing import cast

from edge_agent.errors import ConfigurationError
from simulators.clock import SimClock

HEAD = 8
"""So many bytes at the beginning of a reply are inverted when it is garbled: on both wires they hold what the
message is and how long it is, so that the receiver can tell that it is none."""
RESET_ON_CLOSE = struct.pack("ii", 1, 0)
"""SO_LINGER that makes a close a reset (socket(7))."""

Spoil = Callable[[bytes], bytes]


def garbled(reply: bytes) -> bytes:
    return bytes(byte ^ 0xFF for byte in reply[:HEAD]) + reply[HEAD:]


def truncated(reply: bytes) -> bytes:
    return reply[: len(reply) // 2]


def doubled(reply: bytes) -> bytes:
    return reply + reply


class Gate:
    """Listens where the agent expects the device and relays to the server behind. Times are real seconds.

    Nothing runs on its own: `step` has to be called with every tick.
    """

    def __init__(self, name: str, host: str, port: int, clock: SimClock) -> None:
        """`name` is the address as errors say it. `port` 0 takes a free one; `port` has it after `open`."""
        self.name = name
        self.host = host
        self.port = port
        self._clock = clock
        self._behind: tuple[str, int] | None = None
        self._server: asyncio.Server | None = None
        self._pairs: set[_Pair] = set()
        self._spoil: list[Spoil] = []
        self._hung = False
        self._down_until_s = 0.0
        self._silent_until_s = 0.0
        self._late_until_s = 0.0

    async def open(self, host: str, port: int) -> None:
        """Let the world in to the server at `host` and `port`.

        Raises `ConfigurationError` when the gate's own address is taken.
        """
        self._behind = (host, port)
        await self._listen()

    async def step(self) -> None:
        """Connect who has come, hand on what was kept back, listen again after a restart."""
        now_s = self._clock.wall_s()
        if self._behind is None or self._hung:
            return
        if self._server is None and now_s >= self._down_until_s:
            with suppress(ConfigurationError):  # somebody else has the port: try again with the next tick
                await self._listen()
        if now_s >= self._silent_until_s:
            for pair in [pair for pair in self._pairs if pair.waits]:
                await pair.connect(*self._behind)
        if now_s >= self._late_until_s:
            for pair in self._pairs:
                pair.hand_on()

    async def close(self) -> None:
        """Let go of the address and of every connection; may be called more than once."""
        self._behind = None
        self.reset()
        if self._server is not None:
            server, self._server = self._server, None
            server.close()
            await server.wait_closed()

    # ---- faults --------------------------------------------------------------------------------------

    def spoil_next(self, spoil: Spoil) -> None:
        """Something happens to the next reply, on whichever connection it comes."""
        self._spoil.append(spoil)

    def delay(self, delay_s: float) -> None:
        """Nothing that the server says gets out before `delay_s` have passed; then all of it, in order."""
        self._late_until_s = max(self._late_until_s, self._clock.wall_s() + delay_s)

    def reset(self) -> None:
        """Break every connection with a reset."""
        for pair in list(self._pairs):
            pair.reset()

    def vanish(self, silent_s: float) -> None:
        """Half-open: the present connections stay and carry nothing any more; new ones are let in later."""
        self._silent_until_s = self._clock.wall_s() + silent_s
        for pair in self._pairs:
            pair.dead = True

    def hang(self) -> None:
        """Stand still: connections are made, and nothing is read or written until `thaw`."""
        self._hung = True
        for pair in self._pairs:
            pair.pause()

    def thaw(self) -> None:
        """Go on with everything that came meanwhile."""
        self._hung = False
        for pair in self._pairs:
            pair.resume()

    def go_down(self, down_s: float) -> None:
        """The controller restarts: connections are reset and new ones refused until it is back."""
        self._down_until_s = self._clock.wall_s() + down_s
        if self._server is not None:
            self._server.close()
            self._server = None
        self.reset()

    # ---- inside --------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        try:
            self._server = await asyncio.get_running_loop().create_server(self._enter, self.host, self.port)
        except OSError as error:
            raise ConfigurationError(
                f"{self.name}: cannot listen there ({error.strerror}); is the port taken?"
            ) from error
        self.port = self._server.sockets[0].getsockname()[1]

    def _enter(self) -> "_Front":
        pair = _Pair(self)
        self._pairs.add(pair)
        return pair.front

    def leave(self, pair: "_Pair") -> None:
        self._pairs.discard(pair)

    @property
    def is_hung(self) -> bool:
        return self._hung

    @property
    def is_late(self) -> bool:
        return self._clock.wall_s() < self._late_until_s

    def spoilt(self, reply: bytes) -> bytes:
        """A reply as it gets out."""
        return self._spoil.pop(0)(reply) if self._spoil else reply


class _Pair:
    """The agent's connection and the one to the server behind."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.front = _Front(self)
        self.back = _Back(self)
        self.dead = False
        self._kept = b""
        self._early = b""
        """What the agent asked before the server behind was there: older Pythons (seen: 3.11.2) read on
        though a transport was paused as it was made."""

    @property
    def waits(self) -> bool:
        """The agent is there and has not been connected to the server yet."""
        return self.front.is_open and not self.back.was_open and not self.dead

    async def connect(self, host: str, port: int) -> None:
        self.back.was_open = True
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.back, host, port)
        except OSError:
            self.reset()
            return
        self.back.write(self._early)
        self._early = b""
        self.front.resume()

    def asked(self, data: bytes) -> None:
        if self.dead:
            return
        if self.back.is_open:
            self.back.write(data)
        else:
            self._early += data

    def replied(self, data: bytes) -> None:
        if self.dead:
            return
        data = self.gate.spoilt(data)
        if self._kept or self.gate.is_late:
            self._kept += data
        else:
            self.front.write(data)

    def hand_on(self) -> None:
        if self._kept and not self.dead:
            self.front.write(self._kept)
        self._kept = b""

    def pause(self) -> None:
        self.front.pause()
        self.back.pause()

    def resume(self) -> None:
        if self.back.is_open:
            self.front.resume()
            self.back.resume()

    def reset(self) -> None:
        self.front.reset()
        self.back.reset()
        self.gate.leave(self)

    def front_left(self) -> None:
        """What the agent had sent before it hung up still reaches the server."""
        self.gate.leave(self)
        self.back.close()

    def back_left(self) -> None:
        if not self.dead:
            self.front.close()


class _End(asyncio.Protocol):
    """One connection of a pair."""

    def __init__(self, pair: _Pair) -> None:
        self._pair = pair
        self._transport: asyncio.Transport | None = None
        self.was_open = False

    @property
    def is_open(self) -> bool:
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.was_open = True

    def write(self, data: bytes) -> None:
        if self._transport is not None and data:
            self._transport.write(data)

    def pause(self) -> None:
        if self._transport is not None and self._transport.is_reading():
            self._transport.pause_reading()

    def resume(self) -> None:
        if self._transport is not None and self.is_open and not self._transport.is_reading():
            self._transport.resume_reading()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def reset(self) -> None:
        if self._transport is None:
            return
        with suppress(OSError):
            self._transport.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE
            )
        self._transport.abort()


class _Front(_End):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.pause()  # until the server behind is there

    def data_received(self, data: bytes) -> None:
        self._pair.asked(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._pair.front_left()


class _Back(_End):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self._pair.front.is_open:
            self.close()
        elif self._pair.gate.is_hung:
            self.pause()

    def data_received(self, data: bytes) -> None:
        self._pair.replied(data)

    def connection_lost(self, _error: Exception | None) -> None:
        self._pair.back_left()
