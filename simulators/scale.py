"""The physics of a scale: what lies on it, and what it says of that."""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.profile import Profile
from drivers.scanner_wire import ScaleWords, ScannerWire, wire_bytes
from edge_agent.domain.ids import DeviceId
from edge_agent.errors import ConfigurationError
from simulators.commands import Commands
from simulators.faults.catalogue import AnyFault
from simulators.faults.names import Fault
from simulators.faults.scales import ScaleGarbage, ScaleOffset
from simulators.ledger import Record
from simulators.machine import Pace
from simulators.scanner import FIRST_NOISE, Reading, Strike

NOISE_G = 0.4
"""How far a reading strays from the truth, either way."""
SERIAL_NUMBER = '"B021002593"'
"""Stands behind the answer to `cancel`."""


@dataclass(frozen=True, slots=True)
class Load:
    """What lies on a scale."""

    weight_g: float
    facts: Mapping[str, object]
    """What it is, for the ledger."""


View = Callable[[], Load]
"""Looks at what lies on a scale now."""


class Scale:
    """One scale. Its profile says how it is asked and how it words its answers; one question, one answer.

    A scale without a trigger text sends by itself, again and again, and says so while the weight changes.
    """

    def __init__(
        self,
        device_id: DeviceId,
        profile: Profile,
        view: View,
        weigh_s: float,
        pace: Pace,
        *,
        seed: int,
        record: Record,
    ) -> None:
        """Raises `ConfigurationError` when the profile is no scale's."""
        self.device_id = device_id
        self._wire, self._words = _wire_of(profile)
        self._view = view
        self._weigh_s = weigh_s
        self._pace = pace
        self._noise = random.Random(f"{seed}/{device_id}/noise")
        self._record = record
        self.strike: Strike = lambda _facts: ()
        """Asked at every reading; nothing strikes until somebody else is put here."""
        self._commands = Commands({self._wire.trigger: self._ask, self._words.cancel: self._cancel})
        self._due_s: float | None = None if self._wire.trigger else 0.0
        self._shown_g: float | None = None
        self._answers: list[Reading] = []

    def receive(self, data: bytes, now_s: float) -> None:
        """Take what the agent sent."""
        for act in self._commands.take(data):
            act(now_s)

    def hung_up(self) -> None:
        """The line was closed: half a command goes with it."""
        self._commands.forget()

    def step(self, now_s: float) -> list[Reading]:
        """What is to be sent by now."""
        answers, self._answers = self._answers, []
        if self._due_s is None or now_s < self._due_s:
            return answers
        self._due_s = None if self._wire.trigger else now_s + self._weigh_s
        return answers + self._weigh()

    def sent(self, reading: Reading) -> None:
        """The reading goes over the wire: only now does it happen."""
        if reading.facts is not None:
            self._record("weighed", {"scale": self.device_id, **reading.facts})

    # ---- inside --------------------------------------------------------------------------------------

    def _ask(self, now_s: float) -> None:
        if self._due_s is None:
            self._due_s = now_s + self._pace.vary(self._weigh_s)

    def _cancel(self, _now_s: float) -> None:
        self._due_s = None
        self._answers = [Reading(self._frame(f"{self._words.cancelled[0]} {SERIAL_NUMBER}"), None)]

    def _weigh(self) -> list[Reading]:
        load = self._view()
        struck = {fault.fault: fault for fault in self.strike(load.facts)}
        if Fault.UNPLUGGED in struck or Fault.SCALE_MUTE in struck:
            return []
        moving = not self._wire.trigger and load.weight_g != self._shown_g
        self._shown_g = load.weight_g
        if Fault.SCALE_UNSTABLE in struck or moving:
            return [Reading(self._frame(self._words.motion[0]), None)]
        return [self._reading(load, struck)]

    def _reading(self, load: Load, struck: Mapping[Fault, AnyFault]) -> Reading:
        said_g = load.weight_g + self._noise.uniform(-NOISE_G, NOISE_G)
        if isinstance(offset := struck.get(Fault.SCALE_OFFSET), ScaleOffset):
            said_g += offset.offset_g
        width = self._words.value_width or 0
        text = self._words.stable.replace("{value}", f"{said_g:{width}.1f}").replace("{unit}", "g")
        facts = {"said_g": round(said_g, 1), "really_g": load.weight_g, **load.facts}
        frame = self._frame(text)
        if isinstance(garbage := struck.get(Fault.SCALE_GARBAGE), ScaleGarbage):
            noise = (self._noise.randint(FIRST_NOISE, 0xFF) for _ in range(garbage.length))
            return Reading(bytes(noise) + frame, {**facts, "spoiled": True})
        return Reading(frame, facts)

    def _frame(self, text: str) -> bytes:
        return wire_bytes(self._wire.prefix) + wire_bytes(text) + self._wire.terminators[0]


def _wire_of(profile: Profile) -> tuple[ScannerWire, ScaleWords]:
    if profile.scanner is None or profile.scanner.scale is None:
        raise ConfigurationError(f"profile {profile.name}: a simulated scale needs a section 'scanner.scale'")
    return profile.scanner, profile.scanner.scale
