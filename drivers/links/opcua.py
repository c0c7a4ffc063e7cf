"""OPC UA: a client session, its nodes by browse name, method calls and one subscription."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from asyncua.common.subscription import OverflowPolicy, Subscription
from asyncua.ua.uaerrors import BadInvalidState, BadNoMatch, UaError

from drivers.links.cancellation import heeding_cancellation
from drivers.links.trouble import HUNG, dead
from edge_agent.errors import DeviceMismatchError, LinkLostError

CONNECT_LIMIT_S = 10.0
"""Opening a session takes half a dozen requests; all of them together take no longer than this."""
CLOSE_LIMIT_S = 1.0
WATCHDOG_S = 1.0
"""Every so often the server is asked for its state, and has as long to answer: a silent server is noticed
within two seconds."""
SESSION_TIMEOUT_MS = 30_000
"""A server drops what a killed agent left behind after this time."""
HAS_ENCODING = ua.NodeId(ua.Int32(38))
"""The reference from a structure's type to how it is written (OPC 10000-6, NodeIds)."""
QUEUE_LIMIT = 10_000
"""Notifications that may wait here before the link counts as lost."""


class _Client(Client):
    """Knows whether the server has let us in at all, which tells one that hangs from one that is away."""

    reached = False

    async def connect_socket(self) -> None:
        await super().connect_socket()
        self.reached = True


class OpcUaLink:
    """A client session with one server.

    Whatever a request raises ends it: a method call that brought no answer may still have been carried out.
    """

    def __init__(self, device: str, url: str, timeout_s: float) -> None:
        self._device = device
        self._url = url
        self._timeout_s = timeout_s
        self._client: _Client | None = None
        self._subscription: Subscription | None = None
        self._lost = "not connected"

    async def connect(self) -> None:
        """Open the session, within `CONNECT_LIMIT_S`. Raises `LinkLostError`."""
        await self.close()
        client = _Client(self._url, timeout=self._timeout_s, watchdog_intervall=WATCHDOG_S)
        client.session_timeout = SESSION_TIMEOUT_MS
        self._client, self._lost = client, ""
        try:
            with self._doing("connecting"):
                async with asyncio.timeout(CONNECT_LIMIT_S):
                    with heeding_cancellation():
                        await client.connect(auto_reconnect=False)
        except BaseException:  # a cancellation too: nobody else lets go of it
            await self.close()
            raise

    async def namespace(self, uri: str) -> int:
        """The index that the server gives this namespace today. Raises `DeviceMismatchError`."""
        with self._doing("reading the namespaces"):
            known = await self._open_client().get_namespace_array()
        if uri not in known:
            raise DeviceMismatchError(
                f"{self._device}: the server has no namespace {uri!r}, only {', '.join(known)}: "
                "correct the namespace in the profile"
            )
        return known.index(uri)

    async def find(self, start: Node, path: Sequence[ua.QualifiedName]) -> Node:
        """The node at a path of browse names below `start`. Raises `DeviceMismatchError` naming it."""
        with self._doing("browsing"):
            try:
                return await start.get_child(path)
            except BadNoMatch:
                wanted = "/".join(name.to_string() for name in path)
                raise DeviceMismatchError(
                    f"{self._device}: the server has no node {wanted} below {start}: "
                    "correct the names in the profile"
                ) from None

    @property
    def root(self) -> Node:
        return self._open_client().nodes.root

    async def read(self, node: Node) -> Any:
        """The value of a variable or property."""
        with self._doing(f"reading {node}"):
            return await node.read_value()

    async def write(self, node: Node, value: ua.Variant) -> None:
        """Set the value of a variable."""
        with self._doing(f"writing {node}"):
            await node.write_value(value)

    async def call(self, parent: Node, method: Node, arguments: Sequence[ua.Variant]) -> list[Any]:
        """Call a method, once; its output arguments. A `LinkLostError` from here means doubt."""
        self._open_client()
        with self._doing(f"calling {method}"):
            outputs = await parent.call_method(method.nodeid, *arguments)
        return outputs if isinstance(outputs, list) else [outputs]

    async def check(self) -> None:
        """Ask the server whether it is there. Raises `LinkLostError`."""
        with self._doing("asking the server for its state"):
            await self._open_client().nodes.server_state.read_value()

    async def start(self, parent: Node, method: Node, arguments: Sequence[ua.Variant]) -> list[Any] | None:
        """Call a method that may be under way already; None: it is, and nothing has begun."""
        self._open_client()
        with self._doing(f"calling {method}"):
            try:
                outputs = await parent.call_method(method.nodeid, *arguments)
            except BadInvalidState:
                return None
        return outputs if isinstance(outputs, list) else [outputs]

    async def binary_encoding(self, data_type: Node) -> ua.NodeId:
        """By what the server knows structures of this type on the wire. Raises `DeviceMismatchError`."""
        with self._doing(f"reading the encodings of {data_type}"):
            for node in await data_type.get_referenced_nodes(HAS_ENCODING):
                if (await node.read_browse_name()).Name == "Default Binary":
                    return node.nodeid
        raise DeviceMismatchError(f"{self._device}: data type {data_type} has no binary encoding")

    async def subscribe(self, interval_ms: int) -> Subscription:
        """The link's one subscription, as an iterator that fails loudly instead of dropping anything."""
        with self._doing("subscribing"):
            self._subscription = await self._open_client().create_subscription(
                interval_ms, queue_maxsize=QUEUE_LIMIT, overflow=OverflowPolicy.DISCONNECT
            )
        return self._subscription

    async def monitor_events(self, subscription: Subscription, source: Node, kind: Node, queue: int) -> None:
        """Report the events of one type that a node emits; the server keeps up to `queue` of them."""
        with self._doing(f"subscribing to the events of {source}"):
            await subscription.subscribe_events(source, kind, queuesize=queue)

    async def monitor_values(self, subscription: Subscription, variables: Sequence[Node]) -> None:
        """Report the variables' values, now and at every change."""
        with self._doing("subscribing to the state variables"):
            for variable in variables:
                await subscription.subscribe_data_change(variable, queuesize=10)

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        """Turn what the library raises into a lost link, and keep it lost."""
        try:
            with heeding_cancellation():
                yield
        except (OSError, TimeoutError, ValueError, UaError) as error:
            if self._client is not None and not self._client.reached:
                self.fail(dead(self._url, str(error) or f"no answer in {self._timeout_s:g} s"))
            self.fail(f"{what}: {HUNG if isinstance(error, TimeoutError) else error or type(error).__name__}")

    def fail(self, detail: str) -> NoReturn:
        """Count the link as lost from now on and raise `LinkLostError`. The session is left to `close`."""
        self._lost = self._lost or detail
        raise LinkLostError(self._device, detail)

    async def close(self) -> None:
        """Let go of the session; may be called at any time and more than once. Ends the subscription."""
        client, self._client = self._client, None
        subscription, self._subscription = self._subscription, None
        self._lost = self._lost or "closed"
        if subscription is not None:
            # Also wakes whoever iterates it, whether or not the server still answers.
            with suppress(TimeoutError, OSError, UaError):
                async with asyncio.timeout(CLOSE_LIMIT_S):
                    with heeding_cancellation():
                        await subscription.delete()
        if client is not None:
            with heeding_cancellation():
                await client.disconnect()

    def _open_client(self) -> _Client:
        if self._client is None or self._lost:
            raise LinkLostError(self._device, self._lost)
        return self._client
