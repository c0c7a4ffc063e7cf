"""The API's server: uvicorn in a thread with an event loop of its own.

Whatever a client does, it takes the API's time and not that of the agent's loop, which sees nothing but short
calls of the bridge (docs/decisions/0027-the-api-has-a-thread-of-its-own.md).
"""

import asyncio
import socket
from concurrent.futures import Future
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import structlog

from edge_agent.adapters.api.parts import Parts
from edge_agent.adapters.api.socket_file import listen

if TYPE_CHECKING:  # loaded in the thread: it takes a good part of a second
    from uvicorn import Server

log = structlog.get_logger(__name__)

STOP_LIMIT_S = 2
"""How long a stop waits for answers under way."""


class ApiServer:
    """Answers on the site's socket from `start` to `stop`."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._settings = parts.site.api
        self._socket: socket.socket | None = None
        self._server: Future[Server | None] = Future()
        self._ended: asyncio.Future[None] | None = None

    @property
    def path(self) -> Path:
        return Path(self._settings.socket or "")

    def start(self) -> None:
        """Begin to listen; requests are answered as soon as the application is loaded.

        Raises `ConfigurationError` where the socket cannot be had.
        """
        self._socket = listen(self._settings)
        loop = asyncio.get_running_loop()
        self._ended = loop.create_future()
        Thread(target=self._run, args=(self._socket, loop), name="api", daemon=True).start()
        log.info("api_listening", socket=str(self.path))

    async def stop(self) -> None:
        """Finish what is under way, within `STOP_LIMIT_S`, and remove the socket. May be called again."""
        listening, ended, self._socket = self._socket, self._ended, None
        if listening is None or ended is None:
            return
        self.path.unlink(missing_ok=True)
        self._parts.stopping.set()
        server = await asyncio.wrap_future(self._server)
        if server is not None:
            server.should_exit = True
        await ended
        listening.close()

    def _run(self, listening: socket.socket, home: asyncio.AbstractEventLoop) -> None:
        try:
            server = self._made()
            self._server.set_result(server)
            asyncio.run(self._serve(server, listening))
        except Exception:  # the thread's outermost edge: the agent works on without its API
            log.exception("api_failed", advice="the agent works on without it; restart it to have it back")
            if not self._server.done():
                self._server.set_result(None)
        finally:
            home.call_soon_threadsafe(self._note_end)

    async def _serve(self, server: "Server", listening: socket.socket) -> None:
        try:
            await server.serve(sockets=[listening])
        finally:
            await self._parts.history.close()

    def _made(self) -> "Server":
        from uvicorn import Config, Server

        from edge_agent.adapters.api.application import application
        from edge_agent.adapters.api.connection import Connections, LimitedProtocol
        from edge_agent.adapters.api.peer import peer_of

        settings = self._settings

        class SiteProtocol(LimitedProtocol):
            connections_of_users = Connections(
                lambda transport: peer_of(transport.get_extra_info("socket"), settings)
            )

        config = Config(
            application(self._parts),
            http=SiteProtocol,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=5,
            timeout_graceful_shutdown=STOP_LIMIT_S,
        )
        return Server(config)

    def _note_end(self) -> None:
        if self._ended is not None and not self._ended.done():
            self._ended.set_result(None)
