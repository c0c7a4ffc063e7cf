"""The physics of a fixed barcode scanner: what stands in front of it, and what it makes of that."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.profile import Profile, ScannerWire, wire_bytes
from edge_agent.domain.ids import DeviceId, Lpn
from edge_agent.errors import ConfigurationError
from simulators.catalogue import Unit
from simulators.faults import Fault, FaultSource
from simulators.ledger import Record
from simulators.machine import Pace

CODE_128 = b"]C0"
"""AIM identifier of a plain Code 128, the symbology of the totes' and containers' labels."""
AIM_LENGTH = 3


@dataclass(frozen=True, slots=True)
class Seen:
    """A label in front of the scanner, AIM identifier first, and what it is stuck to."""

    label: bytes
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Reading:
    """What the scanner sends, frame and all, and what the ledger says of it."""

    frame: bytes
    facts: Mapping[str, object]


View = Callable[[], Seen | None]
"""Looks at what stands in front of a scanner now."""


def load_label(lpn: Lpn) -> Seen:
    return Seen(CODE_128 + lpn.encode(), {"load": lpn})


def unit_label(unit: Unit) -> Seen:
    return Seen(unit.barcode, {"unit": unit.unit_id})


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
        faults: FaultSource,
        record: Record,
    ) -> None:
        """Raises `ConfigurationError` when the profile has no scanner section."""
        self.device_id = device_id
        self._wire = _wire_of(profile)
        self._view = view
        self._scan_s = scan_s
        self._pace = pace
        self._faults = faults
        self._record = record
        self._received = b""
        self._due_s: float | None = None
        self._watched: Seen | None = None
        self._texts = {
            text: act
            for text, act in (
                (wire_bytes(self._wire.trigger), self._trigger),
                (wire_bytes(self._wire.good), self._good),
                (wire_bytes(self._wire.bad), self._bad),
            )
            if text
        }

    def receive(self, data: bytes, now_s: float) -> None:
        """Take what the agent sent; the commands may come in pieces, what is none is dropped."""
        self._received += data
        while self._received:
            found = next((text for text in self._texts if self._received.startswith(text)), None)
            if found is not None:
                self._received = self._received[len(found) :]
                self._texts[found](now_s)
            elif any(text.startswith(self._received) for text in self._texts):
                return
            else:
                self._received = self._received[1:]

    def hung_up(self) -> None:
        """The line was closed: half a command goes with it."""
        self._received = b""

    def step(self, now_s: float) -> Reading | None:
        """What is to be sent by now, if anything."""
        if not self._wire.trigger:
            self._watch(now_s)
        if self._due_s is None or now_s < self._due_s:
            return None
        self._due_s = None
        return self._read()

    def sent(self, reading: Reading) -> None:
        """The reading has gone over the wire: only now has it happened."""
        self._record("scanned", {"scanner": self.device_id, **reading.facts})

    # ---- inside --------------------------------------------------------------------------------------

    def _read(self) -> Reading | None:
        seen = self._view()
        facts = dict(seen.facts) if seen else {}
        if seen is not None and self._faults.strikes(Fault.NO_READ, self.device_id):
            self._record("fault", {"device": self.device_id, "fault": Fault.NO_READ, **facts})
            seen = None
        if seen is None:
            data = wire_bytes(self._wire.no_read)
        else:
            data = seen.label if self._wire.aim else seen.label[AIM_LENGTH:]
        if not data:
            return None
        frame = wire_bytes(self._wire.prefix) + data + wire_bytes(self._wire.terminator)
        return Reading(frame, {"data": data.decode("latin-1"), **facts})

    def _watch(self, now_s: float) -> None:
        seen = self._view()
        if seen != self._watched:
            self._watched = seen
            if seen is not None:
                self._trigger(now_s)

    def _trigger(self, now_s: float) -> None:
        if self._due_s is None:
            self._due_s = now_s + self._pace.vary(self._scan_s)

    def _good(self, _now_s: float) -> None:
        self._record("feedback", {"scanner": self.device_id, "good": True})

    def _bad(self, _now_s: float) -> None:
        self._record("feedback", {"scanner": self.device_id, "good": False})


def _wire_of(profile: Profile) -> ScannerWire:
    if profile.scanner is None:
        raise ConfigurationError(f"profile {profile.name}: a simulated scanner needs a section 'scanner'")
    return profile.scanner
