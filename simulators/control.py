"""The simulators' control socket: faults are armed and devices reset while the site runs.

A Unix stream socket; a request is one JSON object on a line, and so is its answer: `{"ok": true, ...}` or
`{"ok": false, "error": "..."}`. What can be asked is in docs/reference/faults.md, "The control socket".
"""

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge_agent.errors import ConfigurationError, EdgeAgentError
from simulators.fault_desk import FaultDesk

Json = Mapping[str, Any]
ANSWER_LIMIT_S = 5.0
LONGEST_PATH = 107
"""Bytes that the name of a Unix socket may have (unix(7))."""


class ControlServer:
    """Answers on the socket for as long as the simulators run."""

    def __init__(self, path: Path, desk: FaultDesk) -> None:
        self._path = path
        self._desk = desk
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._requests: Mapping[str, Callable[[Json], Json]] = {
            "arm": lambda request: {"number": desk.arm(_without_do(request))},
            "disarm": self._disarm,
            "list": lambda _request: {"armed": desk.armed()},
            "reset": self._reset,
            "restart": self._restart,
            "where": lambda request: {"place": desk.where(str(request["what"]))},
        }

    async def start(self) -> None:
        """Make the socket, in place of one that a killed run has left.

        Raises `ConfigurationError` when the path cannot be used.
        """
        if len(os.fsencode(self._path)) > LONGEST_PATH:
            raise ConfigurationError(f"{self._path}: longer than {LONGEST_PATH} bytes: choose a shorter path")
        try:
            if self._path.is_socket():
                self._path.unlink()
            self._server = await asyncio.start_unix_server(self._serve, self._path)
        except OSError as error:
            raise ConfigurationError(
                f"{self._path}: no control socket can be made there ({error.strerror}): choose another path"
            ) from error

    async def stop(self) -> None:
        """Close the socket and every connection; may be called more than once."""
        if self._server is not None:
            server, self._server = self._server, None
            server.close()
            for writer in self._writers:
                writer.close()
            await server.wait_closed()
            self._path.unlink(missing_ok=True)

    def answer(self, line: bytes) -> Json:
        """Do what one line asks for."""
        try:
            request = json.loads(line)
            if not isinstance(request, dict) or (act := self._requests.get(str(request.get("do")))) is None:
                return _no(f"no request; 'do' is one of {', '.join(self._requests)}")
            return {"ok": True, **act(request)}
        except ConfigurationError as error:
            return _no(str(error))
        except KeyError as error:
            return _no(f"{error} is missing")
        except (ValueError, TypeError) as error:
            return _no(f"not understood: {error}")

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self.answer(line)).encode() + b"\n")
        except (OSError, ValueError):
            pass  # it hung up, or sent a line without an end
        finally:
            self._writers.discard(writer)
            writer.close()

    def _disarm(self, request: Json) -> Json:
        self._desk.disarm(int(request["number"]))
        return {}

    def _reset(self, request: Json) -> Json:
        self._desk.injector(str(request["device"])).reset()
        return {}

    def _restart(self, request: Json) -> Json:
        injector = self._desk.injector(str(request["device"]))
        injector.restart(
            float(request.get("down_s", 1.0)), keep_memory=bool(request.get("keep_memory", True))
        )
        return {}


class ControlError(EdgeAgentError):
    """The simulators said no, or did not answer: what was asked and why not."""


class ControlClient:
    """Asks a running set of simulators; use it in an `async with`. Every method raises `ControlError`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def __aenter__(self) -> Self:
        try:
            self._streams = await asyncio.open_unix_connection(self._path)
        except OSError as error:
            raise ControlError(
                f"{self._path}: no simulators answer there ({error.strerror}): start them with --control"
            ) from error
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def arm(self, fault: str, **details: Any) -> int:
        """Arm a fault, with the keys of a scenario; its number."""
        return int((await self._ask({"do": "arm", "fault": fault, **details}))["number"])

    async def disarm(self, number: int) -> None:
        await self._ask({"do": "disarm", "number": number})

    async def armed(self) -> list[dict[str, Any]]:
        """What can still strike."""
        return list((await self._ask({"do": "list"}))["armed"])

    async def reset(self, device: str) -> None:
        """Be the operator at a device."""
        await self._ask({"do": "reset", "device": device})

    async def restart(self, device: str, *, down_s: float = 1.0, keep_memory: bool = True) -> None:
        """Switch a device off and on; `down_s` is real seconds. A scanner is unplugged for so long."""
        await self._ask({"do": "restart", "device": device, "down_s": down_s, "keep_memory": keep_memory})

    async def where(self, what: str) -> str | None:
        """Where a load or unit really is."""
        place = (await self._ask({"do": "where", "what": what}))["place"]
        return None if place is None else str(place)

    async def _ask(self, request: Json) -> Json:
        if self._streams is None:
            raise ControlError(f"{self._path}: not connected: use the client in an 'async with'")
        reader, writer = self._streams
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                writer.write(json.dumps(request).encode() + b"\n")
                await writer.drain()
                answer: Json = json.loads(await reader.readline() or b"{}")
        except (OSError, ValueError) as error:
            raise ControlError(f"{self._path}: no answer to {request['do']}: {error}") from error
        if not answer.get("ok"):
            raise ControlError(str(answer.get("error", f"{self._path}: the simulators have gone")))
        return answer


def _without_do(request: Json) -> Json:
    return {key: value for key, value in request.items() if key != "do"}


def _no(error: str) -> Json:
    return {"ok": False, "error": error}
