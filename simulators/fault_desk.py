"""Where faults are ordered: arms them, makes those that have their time, and plays the simulated operator."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from edge_agent.domain.ids import DeviceId, Lpn
from edge_agent.errors import ConfigurationError
from simulators.agenda import Agenda
from simulators.clock import SimClock
from simulators.faults.catalogue import AnyFault
from simulators.faults.source import FaultSource, can_hit
from simulators.injector import Injector
from simulators.world import World

ANY_FAULT: TypeAdapter[AnyFault] = TypeAdapter(AnyFault)


@dataclass(frozen=True)
class FaultDesk:
    """Everything that goes wrong in one simulated site. `agenda` runs on real time."""

    source: FaultSource
    injectors: Mapping[DeviceId, Injector]
    world: World
    agenda: Agenda
    clock: SimClock

    def step(self) -> None:
        """Make what is due: called with every tick."""
        self.agenda.run(self.clock.wall_s())
        for fault in self.source.due(self.clock.now_s()):
            for injector in self.injectors.values():
                if can_hit(fault, injector.faults.target):
                    injector.inflict(fault)

    def check(self) -> None:
        """Raises `ConfigurationError` for an armed fault that names a device which it cannot hit."""
        for fault in self.source.armed.values():
            self._check(fault)

    def arm(self, description: Mapping[str, Any]) -> int:
        """Arm a fault as a scenario describes it; its number. Raises `ConfigurationError`."""
        try:
            fault = ANY_FAULT.validate_python(description)
        except ValidationError as error:
            raise ConfigurationError(*map(_said, error.errors())) from error
        self._check(fault)
        return self.source.arm(fault)

    def disarm(self, number: int) -> None:
        """Raises `ConfigurationError` when no fault of that number is armed."""
        if not self.source.disarm(number):
            raise ConfigurationError(f"no fault {number} is armed: see the list")

    def armed(self) -> list[dict[str, Any]]:
        """What can still strike, with how often: null where a rate decides."""
        return [
            {"number": number, "left": self.source.left(number)}
            | fault.model_dump(mode="json", by_alias=True, exclude_none=True)
            for number, fault in self.source.armed.items()
        ]

    def injector(self, device: str) -> Injector:
        """Raises `ConfigurationError` for a name that is no device's."""
        found = self.injectors.get(DeviceId(device))
        if found is None:
            raise ConfigurationError(f"no device {device!r}: the devices are {', '.join(self.injectors)}")
        return found

    def where(self, thing: str) -> str | None:
        """Where a load or a unit really is; None for a name that is neither's."""
        place = self.world.loads.get(Lpn(thing)) or self.world.units.get(thing)
        return place.name if place else None

    def _check(self, fault: AnyFault) -> None:
        targets = [injector.faults.target for injector in self.injectors.values()]
        if fault.device != "*" and not any(can_hit(fault, target) for target in targets):
            possible = [t.device for t in targets if can_hit(fault.model_copy(update={"device": "*"}), t)]
            raise ConfigurationError(
                f"{fault.fault}: device {fault.device!r}: it cannot happen there; "
                f"it can at {', '.join(possible) or 'none of the devices of this site'}"
            )


def _said(problem: Mapping[str, Any]) -> str:
    where = ".".join(str(step) for step in problem["loc"][1:])
    return f"{where}: {problem['msg']}" if where else problem["msg"].removeprefix("Value error, ")
