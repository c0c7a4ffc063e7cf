"""The physics of a fixed barcode scanner: what stands in front of it, and what it makes of that."""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from drivers.profile import Profile
from drivers.scanner_wire import ScannerWire, wire_bytes
from edge_agent.domain.ids import DeviceId, Lpn
from edge_agent.errors import ConfigurationError
from simulators.catalogue import Unit
from simulators.commands import Commands
from simulators.faults.catalogue import AnyFault, GarbageBytes
from simulators.faults.names import Fault
from simulators.ledger import Record
from simulators.machine import Pace

CODE_128 = b"]C0"
"""AIM identifier of a plain Code 128, the symbology of the totes' and containers' labels."""
AIM_LENGTH = 3
NUMBER_LENGTH = AIM_LENGTH + 2 + 14
"""AIM identifier, "01" and the GTIN: what stands in front of lot and serial number."""
FIRST_NOISE = 0x80


@dataclass(frozen=True, slots=True)
class Seen:
    """A label in front of the scanner, AIM identifier first, and what it is stuck to."""

    label: bytes
    """Empty where there is none."""
    facts: Mapping[str, object]
    second: bytes = b""
    """A second label that is read with it."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the scanner sends, frame and all, and what the ledger says of it: None where nothing was read."""

    frame: bytes
    facts: Mapping[str, object] | None
    code: bytes = b""
    """What stands in the frame; empty for a no-read."""


Strike = Callable[[Mapping[str, object]], Sequence[AnyFault]]
"""Tells of a reading and what stands in front of the scanner; returns the faults that strike it."""
View = Callable[[], Seen | None]
"""Looks at what stands in front of a scanner now."""


def load_label(lpn: Lpn, says: Lpn | None = None) -> Seen:
    """The label on a load, its own or what else it `says`."""
    return Seen(CODE_128 + (says or lpn).encode(), {"load": lpn})


def unit_label(unit: Unit) -> Seen:
    return Seen(unit.barcode, {"unit": unit.unit_id}, unit.second_barcode)


class Scanner:
    """One scanner. Its profile says how it is triggered and how it frames; one trigger makes one read.

    A scanner without a trigger text watches for itself and reads whatever newly comes in front of it.
    """

    def __init__(
        self,
        device_id: DeviceId,
        profile: Profile,
        view: View,
        scan_s: float,
        pace: Pace,
        *,
        record: Record,
    ) -> None:
        """Raises `ConfigurationError` when the profile has no scanner section."""
        self.device_id = device_id
        self._wire = _wire_of(profile)
        self._view = view
        self._scan_s = scan_s
        self._pace = pace
        self._record = record
        self.strike: Strike = lambda _facts: ()
        """Asked at every reading; nothing strikes until somebody else is put here."""
        self.leaving: Callable[[bytes], None] = lambda _code: None
        """Told of every code just before it is sent, for whoever acts as it is read."""
        self._due_s: float | None = None
        self._watched: Seen | None = None
        self._replies: list[Reading] = []
        self._commands = Commands(
            {
                self._wire.trigger: self._trigger,
                self._wire.trigger_off: self._hurry,
                self._wire.good: self._good,
                self._wire.bad: self._bad,
            }
        )

    def receive(self, data: bytes, now_s: float) -> None:
        """Take what the agent sent."""
        for act in self._commands.take(data):
            act(now_s)
            self._answer()

    def pull(self, now_s: float) -> None:
        """Somebody pulls its trigger."""
        self._trigger(now_s)

    def hung_up(self) -> None:
        """The line was closed: half a command goes with it."""
        self._commands.forget()

    def step(self, now_s: float) -> list[Reading]:
        """What is to be sent by now: as a rule one reading or none, after the answers to commands."""
        if not self._wire.trigger:
            self._watch(now_s)
        replies, self._replies = self._replies, []
        if self._due_s is None or now_s < self._due_s:
            return replies
        self._due_s = None
        return replies + self._read()

    def sent(self, reading: Reading) -> None:
        """The reading goes over the wire: only now does it happen. Whatever follows from it comes later."""
        if reading.facts is not None:
            self._record("scanned", {"scanner": self.device_id, **reading.facts})
        self.leaving(reading.code)

    # ---- inside --------------------------------------------------------------------------------------

    def _read(self) -> list[Reading]:
        seen = self._view()
        if seen is None:
            return self._no_read({})
        struck = {fault.fault: fault for fault in self.strike(seen.facts)}
        if Fault.UNPLUGGED in struck:
            return []
        if Fault.WRONG_TOTE in struck:
            seen = self._view() or seen
        if Fault.NO_READ in struck or not seen.label:
            return self._no_read(seen.facts)
        return self._sent(seen, struck)

    def _no_read(self, facts: Mapping[str, object]) -> list[Reading]:
        text = next(iter(self._wire.no_reads), b"")
        return [replace(reading, code=b"") for reading in self._framed(text, facts)]

    def _sent(self, seen: Seen, struck: Mapping[Fault, AnyFault]) -> list[Reading]:
        """The label as it gets onto the line, with whatever happens to it there."""
        code = self._with_second(seen.label if self._wire.aim else seen.label[AIM_LENGTH:], seen)
        if seen.second:  # half of such a frame would be one whole label
            struck = {Fault.DOUBLE_READ: struck[Fault.DOUBLE_READ]} if Fault.DOUBLE_READ in struck else {}
        pieces, spoiled, noise = [code], False, b""
        if isinstance(garbage := struck.get(Fault.GARBAGE_BYTES), GarbageBytes):
            noise = _noise(code, garbage.length)
            spoiled = not self._wire.prefix  # what comes before a prefix is known to be none of the code
        if Fault.CODES_JOINED in struck:
            pieces, spoiled = [code + code], True
        if Fault.CODE_CUT in struck and len(code) > 1:
            cut = _cut(code)
            pieces, spoiled = [code[:cut], code[cut:]], True
        if Fault.DOUBLE_READ in struck:
            pieces = pieces * 2
        facts = {**seen.facts, "spoiled": True} if spoiled else seen.facts
        return [reading for piece in pieces for reading in self._framed(piece, facts, noise)]

    def _with_second(self, code: bytes, seen: Seen) -> bytes:
        """Both codes in one frame, where the scanner can say where one ends."""
        if not seen.second or not self._wire.separator:
            return code
        return code + wire_bytes(self._wire.separator) + seen.second[0 if self._wire.aim else AIM_LENGTH :]

    def _framed(self, code: bytes, facts: Mapping[str, object], noise: bytes = b"") -> list[Reading]:
        if not code:
            return []
        facts = {"data": (noise + code).decode("latin-1"), **facts}
        return [Reading(noise + self._in_frame(code), facts, noise + code)]

    def _in_frame(self, data: bytes) -> bytes:
        return wire_bytes(self._wire.prefix) + data + self._wire.terminators[0]

    def _answer(self) -> None:
        """Some makes answer every command, in a frame of its own."""
        if self._wire.replies:
            self._replies.append(Reading(self._in_frame(wire_bytes(self._wire.replies[0])), None))

    def _watch(self, now_s: float) -> None:
        seen = self._view()
        if seen != self._watched:
            self._watched = seen
            if seen is not None:
                self._trigger(now_s)

    def _trigger(self, now_s: float) -> None:
        if self._due_s is None:
            self._due_s = now_s + self._pace.vary(self._scan_s)

    def _hurry(self, now_s: float) -> None:
        """The gate is closed: what was read until then is sent."""
        if self._due_s is not None:
            self._due_s = now_s

    def _good(self, _now_s: float) -> None:
        self._record("feedback", {"scanner": self.device_id, "good": True})

    def _bad(self, _now_s: float) -> None:
        self._record("feedback", {"scanner": self.device_id, "good": False})


def _cut(code: bytes) -> int:
    """Where a code breaks: within the number that it is about."""
    return random.Random(code).randint(1, min(NUMBER_LENGTH, len(code)) - 1)


def _noise(code: bytes, length: int) -> bytes:
    """Bytes that stand in no code, no prefix and no terminator."""
    return bytes(random.Random(code).randint(FIRST_NOISE, 0xFF) for _ in range(length))


def _wire_of(profile: Profile) -> ScannerWire:
    if profile.scanner is None:
        raise ConfigurationError(f"profile {profile.name}: a simulated scanner needs a section 'scanner'")
    return profile.scanner
