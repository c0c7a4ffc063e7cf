"""A simulated code reader behind an OPC UA server that follows the AutoID model (OPC 30010, 1.01).

As much of the model as an agent needs: the device with ScanStart, the event with its scan results, the data
type of the settings. Structures are written by hand: asyncua's own encoder shares one table of them between
all servers and clients of a process.
"""

import asyncio
import struct
import time
from collections.abc import Callable
from contextlib import suppress
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.common.node import Node
from asyncua.server.event_generator import EventGenerator
from asyncua.server.server import Server

from drivers.scanner_wire import AUTOID_NAMESPACE, AutoId
from edge_agent.errors import ConfigurationError
from simulators.opcua_nodes import SharedNodesServer
from simulators.scanner import AIM_LENGTH, Reading
from simulators.stream_server import nothing

SCAN_SETTINGS_BYTES = 17
SUCCESS = 0
HAS_TYPE_DEFINITION, HAS_ENCODING = (ua.NodeId(ua.Int32(number)) for number in (40, 38))
DATA_TYPE_ENCODING = ua.NodeId(ua.Int32(76))
STRUCTURE = ua.NodeId(ua.Int32(22))
BAD_ARGUMENTS = ua.StatusCode(ua.UInt32(0x80AB0000))
EPOCH_DIFFERENCE_S = 11_644_473_600
"""From 1601, where OPC UA's times begin, to 1970."""


class AutoIdLine:
    """The reader on its endpoint. Implements `simulators.stream_server.Line`."""

    def __init__(self, url: str, autoid: AutoId, trigger: bytes) -> None:
        """`trigger` is what the scanner's physics take for a trigger; ScanStart gives it to them."""
        self.url = url
        self._autoid = autoid
        self._trigger = trigger
        self._server: Server | None = None
        self._events: EventGenerator | None = None
        self._result_type = ua.NodeId()
        self._received: Callable[[bytes], None] = lambda _data: None
        self._to_send: asyncio.Queue[Reading] = asyncio.Queue()

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    async def open(self, received: Callable[[bytes], None], _hung_up: Callable[[], None]) -> None:
        self._received = received
        server = Server(iserver=SharedNodesServer())
        await server.init()
        server.disable_clock()
        server.set_endpoint(self.url)
        server.set_server_name("Simulated AutoID reader")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        server.set_identity_tokens([ua.AnonymousIdentityToken])
        await self._build(server)
        try:
            await server.start()
        except OSError as error:
            raise ConfigurationError(
                f"{self.url}: cannot listen there ({error.strerror}); change it"
            ) from error
        self._server = server
        if (listener := server.bserver) is not None:
            self.url = urlsplit(self.url)._replace(netloc=f"{listener.hostname}:{listener.port}").geturl()

    async def run(self) -> None:
        """Emit what is to be sent, one event after the other."""
        while True:
            reading = await self._to_send.get()
            if self._events is not None:
                self._events.event.ScanResult = [self._result(reading.code)] if reading.code else []
                await self._events.trigger(message="scanned")

    def poll(self) -> None:
        return

    def send(self, reading: Reading, leaving: Callable[[], None] = nothing) -> bool:
        if self._server is None:
            return False
        leaving()
        self._to_send.put_nowait(reading)
        return True

    async def close(self) -> None:
        server, self._server = self._server, None
        self._events = None
        while not self._to_send.empty():
            self._to_send.get_nowait()
        if server is not None:
            with suppress(OSError):
                await server.stop()

    # ---- the model -----------------------------------------------------------------------------------

    async def _build(self, server: Server) -> None:
        autoid = await server.register_namespace(AUTOID_NAMESPACE)
        device = server.nodes.objects
        for step in self._autoid.object:
            short, _, name = step.partition(":")
            index = await server.register_namespace(self._autoid.namespaces[short])
            device = await device.add_object(index, name)
        await _structure(server, autoid, "ScanSettings")
        scan_result = await _structure(server, autoid, "ScanResult")
        self._result_type = await _structure(server, autoid, "OpticalScanResult", scan_result)
        if self._autoid.start_method is not None:
            await device.add_method(
                autoid,
                self._autoid.start_method,
                self._start,
                [ua.Argument(Name="Settings", DataType=STRUCTURE, ValueRank=-1)],
                [ua.Argument(Name="Status", DataType=ua.NodeId(ua.Int32(6)), ValueRank=-1)],
            )
        base = await server.create_custom_event_type(
            autoid, "AutoIdScanEventType", properties=[("DeviceName", ua.VariantType.String)]
        )
        await base.add_property(autoid, "ScanResult", [], ua.VariantType.ExtensionObject, STRUCTURE)
        optical = await server.create_custom_event_type(autoid, "OpticalScanEventType", base.nodeid)
        self._events = await server.get_event_generator(optical, device.nodeid)
        self._events.event.DeviceName = device.nodeid.to_string()

    async def _start(self, _parent: ua.NodeId, settings: ua.Variant) -> list[ua.Variant] | ua.StatusCode:
        if len(getattr(settings.Value, "Body", None) or b"") != SCAN_SETTINGS_BYTES:
            return BAD_ARGUMENTS
        self._received(self._trigger)
        return [ua.Variant(SUCCESS, ua.VariantType.Int32)]

    def _result(self, code: bytes) -> ua.ExtensionObject:
        """An OpticalScanResult with a Symbology."""
        tagged = code.startswith(b"]")
        symbology, data = (code[:AIM_LENGTH], code[AIM_LENGTH:]) if tagged else (b"", code)
        now = int((time.time() + EPOCH_DIFFERENCE_S) * 10_000_000)
        body = struct.pack("<I", 8 if tagged else 0) + _text(b"RAW:STRING") + struct.pack("<I", 2)
        body += _text(data) + struct.pack("<q", now) + (_text(symbology) if tagged else b"")
        return ua.ExtensionObject(self._result_type, ua.ByteString(body))


def _text(text: bytes) -> bytes:
    return struct.pack("<i", len(text)) + text


async def _structure(server: Server, index: int, name: str, parent: ua.NodeId = STRUCTURE) -> ua.NodeId:
    """Add a structure's data type; the node of its binary encoding."""
    data_type: Node = await server.get_node(parent).add_data_type(index, name)
    encoding: Node = await data_type.add_object(0, "Default Binary", DATA_TYPE_ENCODING)
    await data_type.add_reference(encoding, HAS_ENCODING, forward=True, bidirectional=False)
    return encoding.nodeid
