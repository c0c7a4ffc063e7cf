"""The scanner family behind an OPC UA server that follows the AutoID model (OPC 30010)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from asyncua import ua
from asyncua.common.node import Node
from asyncua.common.subscription import OpcEvent, Subscription

from drivers.deframer import Deframer
from drivers.links.autoid import STATUS, AutoIdFormatError, read_scan_result, scan_settings
from drivers.links.opcua import OpcUaLink
from drivers.scanner_wire import AUTOID_NAMESPACE, AutoId, ScannerWire, Tap
from edge_agent.domain.device import DeviceStatus, Mode, Observation, ScanFailed, ScanRead
from edge_agent.domain.ids import DeviceId

logger = logging.getLogger(__name__)

EVENT_TYPE = "AutoIdScanEventType"
CHECK_S = 1.0
"""After so long without a scan the server is asked whether it is still there."""
UNLIMITED = 0xFFFF_FFFF
"""Asks the server for the longest event queue that it has (OPC 10000-4, MonitoringParameters)."""


@dataclass(frozen=True, slots=True)
class _Nodes:
    device: Node
    start: Node | None
    settings: ua.NodeId
    """The binary encoding of ScanSettings."""


class AutoIdScanner:
    """Implements `edge_agent.ports.Scanner`. The model has no way to show a verdict at the reader."""

    def __init__(
        self, device_id: DeviceId, link: OpcUaLink, wire: ScannerWire, autoid: AutoId, tap: Tap | None = None
    ) -> None:
        """`tap` is told the codes as they come in."""
        self._device_id = device_id
        self._link = link
        self._wire = wire
        self._autoid = autoid
        self._tap = tap
        self._deframer = Deframer(wire)
        self._nodes: _Nodes | None = None
        self._subscription: Subscription | None = None

    @property
    def device_id(self) -> DeviceId:
        return self._device_id

    async def connect(self) -> DeviceStatus:
        """Open a session, find the reader and subscribe to its scans.

        Raises `LinkLostError`, and `DeviceMismatchError` where a node is missing.
        """
        await self.close()
        await self._link.connect()
        try:
            self._nodes = await self._find_nodes()
            event_type = await self._find(("Types", "EventTypes", "BaseEventType"), EVENT_TYPE)
            subscription = await self._link.subscribe(self._autoid.publishing_interval_ms)
            await self._link.monitor_events(subscription, self._nodes.device, event_type, UNLIMITED)
            self._subscription = subscription
        except BaseException:  # a cancellation too: nobody else lets go of it
            await self.close()
            raise
        return DeviceStatus(Mode.READY)

    async def trigger(self) -> None:
        """Start a scan; its codes come as events. A scan that is under way goes on as it is."""
        nodes = self._connected()
        if nodes.start is None:
            return
        settings = ua.ExtensionObject(nodes.settings, ua.ByteString(scan_settings(self._autoid.duration_ms)))
        argument = ua.Variant(settings, ua.VariantType.ExtensionObject)
        outputs = await self._link.start(nodes.device, nodes.start, [argument])
        status = int(outputs[0]) if outputs else 0
        if status:
            meaning = STATUS[status] if 0 <= status < len(STATUS) else f"status {status}"
            logger.warning("%s: the reader did not start to scan: %s", self._device_id, meaning)

    async def feedback(self, good: bool) -> None:
        """Nothing to do: OPC 30010 has no signal for it."""

    async def observations(self) -> AsyncIterator[Observation]:
        while True:
            yield self._scanned(await self._next())

    async def close(self) -> None:
        self._nodes = self._subscription = None
        await self._link.close()

    # ---- connecting --------------------------------------------------------------------------------

    async def _find_nodes(self) -> _Nodes:
        device = self._link.root
        path = [ua.QualifiedName("Objects", 0)]
        for step in self._autoid.object:
            short, _, name = step.partition(":")
            path.append(ua.QualifiedName(name, await self._link.namespace(self._autoid.namespaces[short])))
        device = await self._link.find(device, path)
        index = await self._link.namespace(AUTOID_NAMESPACE)
        method = self._autoid.start_method
        start = await self._link.find(device, [ua.QualifiedName(method, index)]) if method else None
        settings = await self._find(("Types", "DataTypes", "BaseDataType", "Structure"), "ScanSettings")
        return _Nodes(device, start, await self._link.binary_encoding(settings))

    async def _find(self, standard: Sequence[str], name: str) -> Node:
        """A type of the AutoID model, below a path of OPC UA's own names."""
        index = await self._link.namespace(AUTOID_NAMESPACE)
        path = [ua.QualifiedName(step, 0) for step in standard]
        return await self._link.find(self._link.root, [*path, ua.QualifiedName(name, index)])

    def _connected(self) -> _Nodes:
        if self._nodes is None:
            self._link.fail("not connected")
        return self._nodes

    # ---- observing ---------------------------------------------------------------------------------

    async def _next(self) -> Any:
        """The event that comes next. A scanner may be silent for hours: meanwhile its server is asked."""
        while True:
            if self._subscription is None:
                self._link.fail("not connected")
            try:
                async with asyncio.timeout(CHECK_S):
                    event = await anext(self._subscription)
            except TimeoutError:
                await self._link.check()
            except StopAsyncIteration:
                self._link.fail("closed")
            else:
                if not isinstance(event, OpcEvent):
                    self._link.fail(f"the subscription ended: {event}")
                return event.event

    def _scanned(self, event: Any) -> ScanRead | ScanFailed:
        """All results of one event are the codes of one trigger."""
        results = getattr(event, "ScanResult", None)
        if not isinstance(results, list):
            # Above all the server's own "event queue overflow", which no filter keeps away.
            self._link.fail(f"an event that is no {EVENT_TYPE}: {event}")
        codes: list[bytes] = []
        for result in results:
            match self._result(result):
                case ScanRead(data, more):
                    codes += [data, *more]
        if codes:
            first, *more_codes = dict.fromkeys(codes)
            return ScanRead(first, tuple(more_codes))
        return ScanFailed()

    def _result(self, result: object) -> ScanRead | ScanFailed | None:
        body = getattr(result, "Body", None)
        try:
            found = read_scan_result(body if isinstance(body, bytes) else b"")
        except AutoIdFormatError as error:
            logger.warning("%s: dropped a scan result: %s", self._device_id, error)
            return None
        code = found.data
        if self._wire.aim and code not in self._wire.no_reads and not code.startswith(found.symbology):
            code = found.symbology + code
        if self._tap is not None:
            self._tap(code + self._wire.terminators[0])  # as it would stand on a line
        return self._deframer.frame(code)
