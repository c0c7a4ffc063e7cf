"""A device: a family, said over a handshake, in the words of a profile."""

from collections.abc import AsyncIterator

from drivers.family import Family, verb_of
from drivers.handshakes.base import Handshake
from drivers.profile import Profile
from edge_agent.domain.command import Accepted, Command, Reconciled, Refusal, RefusalReason, Unknown
from edge_agent.domain.device import CommandEnded, DeviceStatus, Observation, Sighting
from edge_agent.domain.ids import DeviceId


class ComposedDevice:
    """Implements `edge_agent.ports.Device`; the parts know nothing of each other."""

    def __init__(self, device_id: DeviceId, family: Family, handshake: Handshake, profile: Profile) -> None:
        self._device_id = device_id
        self._family = family
        self._handshake = handshake
        self._profile = profile

    @property
    def device_id(self) -> DeviceId:
        return self._device_id

    async def connect(self) -> DeviceStatus:
        return await self._handshake.connect()

    async def send(self, command: Command) -> Accepted | Refusal:
        order = command.order
        name = verb_of(self._family, order)
        if name is None:
            detail = f"family {self._profile.family} has no verb for {type(order).__name__}"
            return Refusal(RefusalReason.BAD_ARGUMENT, detail)
        verb = self._profile.verbs[name]
        values = self._family.values(order)
        arguments = [values[argument] for argument in verb.arguments]
        return await self._handshake.send(command.command_id, verb.call, arguments)

    async def reconcile(self, command: Command) -> Reconciled:
        if not self._profile.echoes:
            return Unknown(f"profile {self._profile.name}: the device gives no command ids back")
        return await self._handshake.reconcile(command.command_id, command.epoch)

    async def look(self, command: Command) -> Sighting | None:
        if not self._profile.echoes:
            return None  # whose command moved the load it could not say either
        return await self._handshake.query(self._family.sought(command.order))

    def timeout_s(self, command: Command) -> float:
        name = verb_of(self._family, command.order)
        return self._profile.verbs[name].timeout_s if name is not None else 0.0

    def observations(self) -> AsyncIterator[Observation]:
        return self._handshake.observations()

    async def acknowledge(self, report: CommandEnded) -> None:
        await self._handshake.acknowledge(report.receipt)

    async def close(self) -> None:
        await self._handshake.close()
