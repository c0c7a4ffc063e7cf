"""One connection to the API: whose it is, and how long it may last.

uvicorn itself waits for ever for the end of a request's head and for a client that does not read its answer.
"""

import asyncio
from collections import Counter
from collections.abc import Callable

from uvicorn.protocols.http.h11_impl import H11Protocol

from edge_agent.adapters.api.peer import Peer

LAST_REQUEST_S = 15.0
"""After so long a connection takes no further request."""
LONGEST_S = 30.0
"""After so long it is cut, whatever is under way on it."""
PER_USER = 32
"""More connections of one user are closed at once, so that nobody keeps the others out."""
ALTOGETHER = 96

PeerOf = Callable[[asyncio.BaseTransport], Peer]


class Connections:
    """How many connections each user has; the peers of new ones."""

    def __init__(self, peer_of: PeerOf) -> None:
        self.peer_of = peer_of
        self._by_user: Counter[int] = Counter()

    def admit(self, peer: Peer) -> bool:
        """Count a new connection; False where it is one too many."""
        if self._by_user[peer.uid] >= PER_USER or self._by_user.total() >= ALTOGETHER:
            return False
        self._by_user[peer.uid] += 1
        return True

    def gone(self, peer: Peer) -> None:
        self._by_user[peer.uid] -= 1


class LimitedProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 with the peer's user in `request.state.peer`, and limits."""

    connections_of_users: Connections
    """Set by the server, in a subclass of its own: uvicorn builds the protocol with arguments of its own."""

    _peer: Peer | None = None
    _timers: tuple[asyncio.TimerHandle, ...] = ()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        peer = self.connections_of_users.peer_of(transport)
        if not self.connections_of_users.admit(peer):
            transport.abort()
            return
        self._peer = peer
        self.app_state = {**self.app_state, "peer": peer}
        self._timers = (
            self.loop.call_later(LAST_REQUEST_S, self._end_after_this_request),
            self.loop.call_later(LONGEST_S, transport.abort),
        )

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in self._timers:
            timer.cancel()
        if self._peer is not None:
            self.connections_of_users.gone(self._peer)
            self._peer = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._peer is not None:  # else it was not admitted
            super().data_received(data)

    def _end_after_this_request(self) -> None:
        if not self.transport.is_closing():
            self.shutdown()
