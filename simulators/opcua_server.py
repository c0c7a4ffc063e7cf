"""A simulated controller behind an OPC UA server.

The device side of docs/reference/handshakes.md, "OPC UA methods"; the profile gives the node names.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.common.node import Node
from asyncua.server.event_generator import EventGenerator
from asyncua.server.server import Server
from asyncua.ua.status_codes import StatusCodes

from drivers.profile import Methods, Profile
from edge_agent.errors import ConfigurationError
from simulators.clock import SimClock
from simulators.device_memory import DeviceMemory, Ended
from simulators.machine import Sighting
from simulators.opcua_nodes import SharedNodesServer

NEVER_SEEN, RUNNING, ENDED = 0, 1, 2
HEARTBEAT_S = 0.5

UINT16, UINT32, STRING = ua.VariantType.UInt16, ua.VariantType.UInt32, ua.VariantType.String
RESULT_FIELDS = (("Result", UINT16), ("Place", STRING), ("WeightGrams", UINT32))
EVENT_FIELDS = (("CommandId", UINT32), *RESULT_FIELDS)
LINK_CUT = ua.StatusCode(ua.UInt32(StatusCodes.BadConnectionClosed))
"""What nobody reads: the connection is gone."""
BAD_ARGUMENTS = ua.StatusCode(ua.UInt32(StatusCodes.BadInvalidArgument))

Method = Callable[..., Awaitable[list[ua.Variant] | ua.StatusCode]]


class OpcUaServer:
    """One device on one endpoint, without security."""

    def __init__(
        self, url: str, memory: DeviceMemory, clock: SimClock, *, bind: tuple[str, int] | None = None
    ) -> None:
        """`url` is `opc.tcp://host:port/path`. Port 0 takes a free one; `url` has it after `start`.

        `bind` is the host and port to listen at where something else stands at the address of `url`; `bound`
        has them after `start`. Raises `ConfigurationError` when the profile has no methods section.
        """
        self.url = url
        self.bound = ("", 0)
        self.memory = memory
        self._bind = bind
        self._methods = _methods_of(memory.profile)
        self._clock = clock
        self._server: Server | None = None
        self._variables: list[_Variable] = []
        self._events: EventGenerator | None = None
        self._agent_heartbeat: Node | None = None
        self._next_look_s = 0.0

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 0

    async def start(self) -> None:
        """Build the nodes and open the socket. Raises `ConfigurationError` when the address is taken."""
        server = Server(iserver=SharedNodesServer())
        await server.init()
        server.disable_clock()
        server.set_endpoint(self.url)
        server.socket_address = self._bind
        server.set_server_name(f"Simulated {self.memory.device_id}")
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
            self.bound = (listener.hostname, listener.port)
            if self._bind is None:
                netloc = f"{listener.hostname}:{listener.port}"
                self.url = urlsplit(self.url)._replace(netloc=netloc).geturl()

    async def step(self) -> None:
        """Let the machine go on, emit the events of what has ended, show what has changed."""
        for ended in self.memory.step(self._clock.now_s()):
            await self._emit(ended)
        await self._watch_agent()
        for variable in self._variables:
            await variable.refresh()

    async def stop(self) -> None:
        """Close the socket and every session. The device keeps what it remembers."""
        if self._server is not None:
            server, self._server = self._server, None
            await server.stop()

    # ---- nodes ---------------------------------------------------------------------------------------

    async def _build(self, server: Server) -> None:
        index = await server.register_namespace(self._methods.namespace)
        device = server.nodes.objects
        for name in self._methods.object:
            device = await device.add_object(index, name)
        await self._add_variables(device, index)
        for verb in self.memory.profile.verbs.values():
            arguments = [("CommandId", UINT32), *((name, STRING) for name in verb.arguments)]
            results = [("Code", UINT16), ("Detail", STRING)]
            call = str(verb.call)
            method = self._verb(call, len(verb.arguments))
            await _add_method(device, index, call, method, arguments, results)
        await _add_method(
            device,
            index,
            self._methods.status_method,
            self._command_status,
            [("CommandId", UINT32)],
            [("State", UINT16), *RESULT_FIELDS],
        )
        await self._add_recovery(device, index)
        event_type = await server.create_custom_event_type(
            index, self._methods.event_type, properties=list(EVENT_FIELDS)
        )
        self._events = await server.get_event_generator(event_type, device.nodeid)

    async def _add_variables(self, device: Node, index: int) -> None:
        memory, names = self.memory, self._methods
        shown: list[tuple[str, Callable[[], int], ua.VariantType]] = [
            (names.mode, lambda: memory.mode_number, UINT16),
            (names.fault, lambda: memory.fault, UINT16),
            (names.epoch, lambda: memory.epoch, UINT32),
            (names.heartbeat, lambda: int(memory.pulse_s(self._clock.wall_s()) / HEARTBEAT_S), UINT32),
        ]
        self._variables = []
        for name, read, kind in shown:
            node = await device.add_variable(index, name, ua.Variant(read(), kind))
            self._variables.append(_Variable(node, read, kind))

    async def _add_recovery(self, device: Node, index: int) -> None:
        """What the profile has beyond the handshake: queries, and the agent's heartbeat."""
        memory, names = self.memory, self._methods
        if names.where_method is not None:
            inputs, outputs = [("Load", STRING)], [("Seen", UINT16), ("Place", STRING)]
            await _add_method(device, index, names.where_method, self._where, inputs, outputs)
        if names.holding_method is not None:
            outputs = [("Seen", UINT16), ("Load", STRING)]
            await _add_method(device, index, names.holding_method, self._holding, [], outputs)
        if names.agent_stale is not None:
            node = await device.add_variable(index, names.agent_stale, ua.Variant(0, UINT16))

            def stale() -> int:
                return int(memory.agent_is_stale(self._clock.wall_s()))

            self._variables.append(_Variable(node, stale, UINT16))
        if names.agent_heartbeat is not None:
            node = await device.add_variable(index, names.agent_heartbeat, ua.Variant(0, UINT32))
            await node.set_writable()
            self._agent_heartbeat = node

    async def _watch_agent(self) -> None:
        """Look at the agent's heartbeat; half a second is often enough for a limit of three."""
        now_s = self._clock.wall_s()
        if self._agent_heartbeat is not None and now_s >= self._next_look_s:
            self._next_look_s = now_s + HEARTBEAT_S
            self.memory.agent_beats(await self._agent_heartbeat.read_value(), now_s)

    async def _emit(self, ended: Ended) -> None:
        if self._events is None:
            return
        event = self._events.event
        event.CommandId, event.Result = ended.command_id, ended.result
        event.Place, event.WeightGrams = ended.place, ended.weight_g
        await self._events.trigger(message=f"command {ended.command_id} ended")

    # ---- methods -------------------------------------------------------------------------------------

    def _verb(self, call: str, argument_count: int) -> Method:
        expected = [UINT32, *[STRING] * argument_count]

        async def submit(_parent: ua.NodeId, *given: ua.Variant) -> list[ua.Variant] | ua.StatusCode:
            if [variant.VariantType for variant in given] != expected:
                return BAD_ARGUMENTS
            command, *arguments = given
            answer = self.memory.submit(
                command.Value,
                call,
                [argument.Value or "" for argument in arguments],
                now_s=self._clock.now_s(),
                wall_s=self._clock.wall_s(),
            )
            if answer is None:
                return LINK_CUT
            return [ua.Variant(answer.code, UINT16), ua.Variant(answer.detail, STRING)]

        return submit

    async def _command_status(
        self, _parent: ua.NodeId, *given: ua.Variant
    ) -> list[ua.Variant] | ua.StatusCode:
        if [variant.VariantType for variant in given] != [UINT32]:
            return BAD_ARGUMENTS
        command_id = given[0].Value
        if (ended := self.memory.ended(command_id)) is not None:
            values: Sequence[Any] = (ENDED, ended.result, ended.place, ended.weight_g)
        else:
            values = (RUNNING if self.memory.is_open(command_id) else NEVER_SEEN, 0, "", 0)
        kinds = (UINT16, *(kind for _, kind in RESULT_FIELDS))
        return [ua.Variant(value, kind) for value, kind in zip(values, kinds, strict=True)]

    async def _where(self, _parent: ua.NodeId, *given: ua.Variant) -> list[ua.Variant] | ua.StatusCode:
        if [variant.VariantType for variant in given] != [STRING]:
            return BAD_ARGUMENTS
        return _sighting(self.memory.sight(given[0].Value or ""))

    async def _holding(self, _parent: ua.NodeId) -> list[ua.Variant] | ua.StatusCode:
        return _sighting(self.memory.sight(""))


class _Variable:
    """A variable that is written only when what it shows has changed."""

    def __init__(self, node: Node, read: Callable[[], int], kind: ua.VariantType) -> None:
        self._node = node
        self._read = read
        self._kind = kind
        self._shown = read()

    async def refresh(self) -> None:
        if (value := self._read()) != self._shown:
            self._shown = value
            await self._node.write_value(ua.Variant(value, self._kind))


def _sighting(sighting: Sighting) -> list[ua.Variant]:
    return [ua.Variant(int(sighting.seen), UINT16), ua.Variant(sighting.place, STRING)]


def _methods_of(profile: Profile) -> Methods:
    if profile.methods is None:
        raise ConfigurationError(f"profile {profile.name}: the OPC UA simulator needs a section 'methods'")
    return profile.methods


async def _add_method(
    device: Node,
    index: int,
    name: str,
    method: Method,
    inputs: Sequence[tuple[str, ua.VariantType]],
    outputs: Sequence[tuple[str, ua.VariantType]],
) -> None:
    await device.add_method(index, name, method, _arguments(inputs), _arguments(outputs))


def _arguments(fields: Sequence[tuple[str, ua.VariantType]]) -> list[ua.Argument]:
    return [
        ua.Argument(Name=name, DataType=ua.NodeId(ua.Int32(kind.value)), ValueRank=-1)
        for name, kind in fields
    ]
