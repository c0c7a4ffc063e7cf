"""OPC UA methods: one method per verb, events for ends, variables for the state.

Rules: docs/reference/handshakes.md, "OPC UA methods".
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asyncua import ua
from asyncua.common.node import Node
from asyncua.common.subscription import DataChangeEvent, OpcEvent, StatusChangeEvent, SubEvent, Subscription

from drivers.handshakes.base import (
    HEARTBEAT_LIMIT_S,
    AgentBeat,
    Observed,
    read_answer,
    read_outcome,
    read_sighting,
    read_status,
)
from drivers.links.cancellation import heeding_cancellation
from drivers.links.opcua import OpcUaLink
from drivers.profile import Codes, Methods, Verb
from edge_agent.crash_points import CrashPoint, reached
from edge_agent.domain.command import (
    Accepted,
    NotStarted,
    Reconciled,
    Refusal,
    Report,
    Running,
    Unknown,
)
from edge_agent.domain.device import CommandEnded, DeviceStatus, Sighting, StatusChanged
from edge_agent.domain.ids import CommandId
from edge_agent.errors import DeviceMismatchError

EVENT_FIELDS = ("CommandId", "Result", "Place", "WeightGrams")
EVENT_TYPES = ("Types", "EventTypes", "BaseEventType")
UNLIMITED = 0xFFFF_FFFF
"""Asks the server for the longest event queue that it has (OPC 10000-4, MonitoringParameters)."""
NEVER_SEEN, RUNNING, ENDED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The profile's nodes, as this server numbers them in this session."""

    device: Node
    status_method: Node
    methods: Mapping[str, Node]
    variables: Mapping[str, Node]
    """By name of the profile's field: mode, fault, epoch, heartbeat, agent_stale."""
    event_type: Node
    where_method: Node | None
    holding_method: Node | None
    agent_heartbeat: Node | None


class MethodsHandshake:
    """The agent's side of the OPC UA handshake, for one device."""

    def __init__(
        self,
        device: str,
        link: OpcUaLink,
        methods: Methods,
        verbs: Mapping[str, Verb],
        codes: Codes,
        heartbeat_limit_s: float = HEARTBEAT_LIMIT_S,
    ) -> None:
        self._device = device
        self._link = link
        self._methods = methods
        self._verbs = verbs
        self._codes = codes
        self._heartbeat_limit_s = heartbeat_limit_s
        self._nodes: _Nodes | None = None
        self._subscription: Subscription | None = None
        self._values: dict[str, int] = {}
        self._beat_at_s = 0.0
        self._agent_beat = AgentBeat(heartbeat_limit_s)
        self._early: deque[Observed] = deque()

    async def connect(self) -> DeviceStatus:
        await self.close()
        await self._link.connect()
        try:
            self._nodes = await self._find_nodes()
            # Events first: what ends from here on is reported, what ended before is found by reconciling.
            self._subscription = await self._subscribe(self._nodes)
            return await self._first_status()
        except BaseException:  # a cancellation too: nobody else lets go of it
            await self.close()
            raise

    async def send(
        self, command_id: CommandId, call: int | str, arguments: Sequence[str]
    ) -> Accepted | Refusal:
        nodes = self._connected()
        texts = [ua.Variant(text, ua.VariantType.String) for text in arguments]
        outputs = await self._call(nodes.methods[str(call)], command_id, *texts)
        reached(CrashPoint.AFTER_WIRE_WRITE)
        code, detail = self._unpack(str(call), outputs, 2)
        return read_answer(self._codes, int(code), str(detail or ""))

    async def reconcile(self, command_id: CommandId, epoch: int) -> Reconciled:
        nodes = self._connected()
        name = self._methods.status_method
        outputs = await self._call(nodes.status_method, command_id)
        state, result, place, weight_g = self._unpack(name, outputs, 4)
        if state == ENDED:
            return read_outcome(self._codes, int(result), _report(place, weight_g))
        if state == RUNNING:
            return Running()
        if state != NEVER_SEEN:
            return Unknown(f"{name} answers state {state}, which is neither 0, 1 nor 2")
        now = int(await self._link.read(nodes.variables["epoch"]))
        if now != epoch:
            return Unknown(f"the device has lost its memory: boot epoch {epoch} is now {now}")
        return NotStarted()

    async def query(self, load: str) -> Sighting | None:
        nodes = self._connected()
        method = nodes.where_method if load else nodes.holding_method
        if method is None:
            return None
        arguments = [ua.Variant(load, ua.VariantType.String)] if load else []
        outputs = await self._link.call(nodes.device, method, arguments)
        seen, place = self._unpack("the query", outputs, 2)
        return read_sighting(self._device, int(seen), str(place or ""))

    async def observations(self) -> AsyncIterator[Observed]:
        while True:
            while self._early:
                yield self._early.popleft()
            for observed in self._observe(await self._next()):
                yield observed
            await self._beat()

    async def acknowledge(self, receipt: int) -> None:
        """Nothing to do: what the agent missed, it finds by reconciling."""

    async def close(self) -> None:
        self._nodes = self._subscription = None
        self._values.clear()
        self._early.clear()
        self._agent_beat.restart()
        await self._link.close()

    # ---- connecting --------------------------------------------------------------------------------

    async def _find_nodes(self) -> _Nodes:
        methods = self._methods
        index = await self._link.namespace(methods.namespace)
        root = self._link.root

        def path(*names: str) -> list[ua.QualifiedName]:
            return [ua.QualifiedName(name, index) for name in names]

        device = await self._link.find(root, [ua.QualifiedName("Objects", 0), *path(*methods.object)])
        standard = [ua.QualifiedName(name, 0) for name in EVENT_TYPES]
        event_type = await self._link.find(root, [*standard, *path(methods.event_type)])
        for field in EVENT_FIELDS:
            await self._link.find(event_type, path(field))
        calls = {
            str(verb.call): await self._link.find(device, path(str(verb.call)))
            for verb in self._verbs.values()
        }
        for verb in self._verbs.values():
            await self._check_arguments(calls[str(verb.call)], verb)
        names = {
            "mode": methods.mode,
            "fault": methods.fault,
            "epoch": methods.epoch,
            "heartbeat": methods.heartbeat,
            "agent_stale": methods.agent_stale,
        }

        async def named(name: str | None) -> Node | None:
            return await self._link.find(device, path(name)) if name else None

        return _Nodes(
            device,
            await self._link.find(device, path(methods.status_method)),
            calls,
            {field: node for field, name in names.items() if (node := await named(name))},
            event_type,
            await named(methods.where_method),
            await named(methods.holding_method),
            await named(methods.agent_heartbeat),
        )

    async def _check_arguments(self, method: Node, verb: Verb) -> None:
        node = await self._link.find(method, [ua.QualifiedName("InputArguments", 0)])
        takes, gives = len(await self._link.read(node)), 1 + len(verb.arguments)
        if takes != gives:
            raise DeviceMismatchError(
                f"{self._device}: method {verb.call} takes {takes} arguments, the profile gives it {gives} "
                "with the command id: correct verbs in the profile"
            )

    async def _subscribe(self, nodes: _Nodes) -> Subscription:
        subscription = await self._link.subscribe(self._methods.publishing_interval_ms)
        await self._link.monitor_events(subscription, nodes.device, nodes.event_type, UNLIMITED)
        await self._link.monitor_values(subscription, list(nodes.variables.values()))
        return subscription

    async def _first_status(self) -> DeviceStatus:
        """Wait until every variable has been reported once. Ends that come meanwhile are kept."""
        try:
            async with asyncio.timeout(self._methods.request_timeout_s):
                while len(self._values) < len(self._connected().variables):
                    self._early.extend(self._observe(await self._next()))
        except TimeoutError:
            self._link.fail("the server has not reported the state variables")
        return self._status()

    # ---- observing ---------------------------------------------------------------------------------

    async def _next(self) -> SubEvent:
        subscription = self._subscription
        if subscription is None:
            self._link.fail("not connected")
        deadline_s = self._beat_at_s + self._heartbeat_limit_s if "heartbeat" in self._values else None
        try:
            with heeding_cancellation():
                async with asyncio.timeout_at(deadline_s):
                    return await anext(subscription)
        except TimeoutError:
            self._link.fail(f"the heartbeat has stood still for {self._heartbeat_limit_s:g} s")
        except StopAsyncIteration:
            self._link.fail("closed")

    async def _beat(self) -> None:
        """Show that the agent lives, and notice where the device does not see it. Each beat of the device
        brings us here, and no beat of its own is a lost link."""
        node, now_s = self._connected().agent_heartbeat, asyncio.get_running_loop().time()
        if node is None:
            return
        if self._agent_beat.is_missed(self._values.get("agent_stale") == 1, now_s):
            self._link.fail("the device does not see the agent's heartbeat")
        if (count := self._agent_beat.due(now_s)) is not None:
            await self._link.write(node, ua.Variant(count, ua.VariantType.UInt32))

    def _observe(self, event: SubEvent) -> list[Observed]:
        match event:
            case OpcEvent():
                return [self._command_ended(event.event)]
            case DataChangeEvent():
                return self._value_changed(event)
            case StatusChangeEvent():
                return self._link.fail(f"the subscription ended: {event.notification.Status}")

    def _command_ended(self, event: Any) -> CommandEnded:
        try:
            report = _report(event.Place, event.WeightGrams, event.Time)
            return CommandEnded(
                CommandId(event.CommandId), read_outcome(self._codes, int(event.Result), report)
            )
        except (AttributeError, TypeError):
            # Above all the server's own "event queue overflow", which no filter keeps away.
            self._link.fail(f"an event that is no {self._methods.event_type}: {event}")

    def _value_changed(self, change: DataChangeEvent) -> list[Observed]:
        variables = self._connected().variables
        field = next(field for field, node in variables.items() if node == change.node)
        if not isinstance(change.value, int):
            raise DeviceMismatchError(f"{self._device}: {field} is {change.value!r} where a number should be")
        complete = len(self._values) == len(variables)
        before, self._values[field] = self._values.get(field), change.value
        if field == "heartbeat":
            self._beat_at_s = asyncio.get_running_loop().time()
        elif field == "epoch" and before not in (None, change.value):
            self._link.fail(f"the device has started anew: boot epoch {before} is now {change.value}")
        elif complete and before != change.value and field != "agent_stale":
            return [StatusChanged(self._status())]
        return []

    def _status(self) -> DeviceStatus:
        values = self._values
        return read_status(self._device, self._codes, values["mode"], values["epoch"], values["fault"])

    # ---- calling -----------------------------------------------------------------------------------

    async def _call(self, method: Node, command_id: CommandId, *texts: ua.Variant) -> list[Any]:
        arguments = [ua.Variant(command_id, ua.VariantType.UInt32), *texts]
        return await self._link.call(self._connected().device, method, arguments)

    def _unpack(self, name: str, outputs: list[Any], count: int) -> list[Any]:
        if len(outputs) != count:
            self._link.fail(f"{name} gave {len(outputs)} values back where {count} were expected")
        return outputs

    def _connected(self) -> _Nodes:
        if self._nodes is None:
            self._link.fail("not connected")
        return self._nodes


def _report(place: str | None, weight_g: int | None, time: datetime | None = None) -> Report:
    if time is not None and time.tzinfo is None:
        time = time.replace(tzinfo=UTC)  # OPC UA times are UTC; the library leaves the zone out
    return Report(place or None, weight_g or None, time)
