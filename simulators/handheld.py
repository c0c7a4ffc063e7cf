"""What a person scans with: a handheld on its line, or a terminal that sends codes to the local API."""

from collections.abc import Callable
from typing import Protocol

from edge_agent.domain.ids import DeviceId
from simulators.ledger import Record
from simulators.scanner import Scanner, Seen, View

Leaving = Callable[[bytes], None]
"""Told of every code, frame and all its faults off, just before it goes to the agent."""


class Handheld(Protocol):
    """Something with a trigger."""

    def scan(self, view: View, now_s: float) -> None:
        """The person holds it to what the view shows and pulls the trigger."""
        ...


class OnItsLine:
    """A simulated scanner. What it looks at is what the person last held it to."""

    def __init__(self) -> None:
        self._view: View = lambda: None
        self._scanner: Scanner | None = None

    def joins(self, scanner: Scanner, leaving: Leaving) -> None:
        """The scanner that was made with `look` as its view."""
        self._scanner = scanner
        scanner.leaving = leaving

    def look(self) -> Seen | None:
        return self._view()

    def scan(self, view: View, now_s: float) -> None:
        assert self._scanner is not None  # it joins before anybody works
        self._view = view
        self._scanner.pull(now_s)


class ThroughApi:
    """Codes that go over the local API: `take` is what they are handed to."""

    def __init__(self, device_id: DeviceId, record: Record, leaving: Leaving) -> None:
        self._device_id = device_id
        self._record = record
        self._leaving = leaving
        self._codes: list[bytes] = []

    def scan(self, view: View, now_s: float) -> None:  # noqa: ARG002 - it takes no time
        seen = view()
        if seen is None or not seen.label:
            return
        self._record(
            "scanned", {"scanner": self._device_id, "data": seen.label.decode("latin-1"), **seen.facts}
        )
        self._leaving(seen.label)
        self._codes.append(seen.label)

    def take(self) -> list[bytes]:
        """What was scanned since it was last asked."""
        codes, self._codes = self._codes, []
        return codes
