"""Decides which of the armed faults strike: repeatable by seed."""

import random
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from drivers.profile import Handshake
from edge_agent.domain.ids import CommandId, DeviceId, Lpn
from simulators.catalogue import Stock, Unit
from simulators.faults.catalogue import AnyFault
from simulators.faults.names import Fault
from simulators.faults.when import Moment

LEFT_OVER = 3
"""A tote with missing units of an item still holds at most so many of them. Were more left, no line would
ever notice: a tote holds far more units than a line asks for."""


@dataclass(frozen=True, slots=True)
class Target:
    """A device that a fault could hit."""

    device: DeviceId
    family: str
    handshake: Handshake


@dataclass(frozen=True, slots=True)
class Occasion:
    """Something is happening at a device: does a fault strike?"""

    moment: Moment
    target: Target
    command: CommandId | None = None
    verb: str | None = None
    possible: Container[Fault] | None = None
    """What can happen to what is at hand; None: everything."""


class FaultSource:
    """The armed faults, and which of them strike on an occasion.

    Each decision by rate depends on the seed, the fault, whom it would hit and how often it was asked before,
    and on nothing else: devices do not disturb each other, and a new fault leaves the others where they were.
    """

    def __init__(self, faults: Sequence[AnyFault], seed: int) -> None:
        self._seed = seed
        self._armed: dict[int, AnyFault] = {}
        self._left: dict[int, int] = {}
        self._rank: dict[int, int] = {}
        self._asked: Counter[tuple[Fault, int, str]] = Counter()
        self._last = 0
        for fault in faults:
            self.arm(fault)

    @property
    def armed(self) -> Mapping[int, AnyFault]:
        """Everything that can still strike, by the number that `arm` gave it."""
        return self._armed

    def left(self, number: int) -> int | None:
        """How often an armed fault will strike yet; None where the rate decides."""
        return self._left.get(number)

    def arm(self, fault: AnyFault) -> int:
        """From now on the fault strikes as it says. Returns its number, for `disarm`."""
        self._last += 1
        self._rank[self._last] = sum(known.fault is fault.fault for known in self._armed.values())
        self._armed[self._last] = fault
        if (strikes := fault.strikes) is not None:
            self._left[self._last] = strikes
        return self._last

    def disarm(self, number: int) -> bool:
        """Whether there was such a fault."""
        self._left.pop(number, None)
        return self._armed.pop(number, None) is not None

    def strike(self, occasion: Occasion) -> list[AnyFault]:
        """The faults that strike now; those that strike a number of times are one fewer."""
        return [
            fault
            for number, fault in list(self._armed.items())
            if fault.time_s is None and _concerns(fault, occasion) and self._hits(number, fault, occasion)
        ]

    def due(self, now_s: float) -> list[AnyFault]:
        """The faults whose simulated time has come, each once."""
        due = [
            number
            for number, fault in self._armed.items()
            if fault.time_s is not None and fault.time_s <= now_s
        ]
        faults = [self._armed[number] for number in due]
        for number in due:
            self.disarm(number)
        return faults

    def absent_units(self, stock: Stock, asrs_of: Callable[[Lpn], Target]) -> Iterator[tuple[Unit, ...]]:
        """For each tote and item that a missing-item fault strikes, the units that are not there.

        `asrs_of` names the AS/RS that holds a tote.
        """
        for number, fault in list(self._armed.items()):
            if fault.fault is not Fault.ITEM_MISSING:
                continue
            for tote, content in stock.in_tote.items():
                if not can_hit(fault, asrs_of(tote)):
                    continue
                for sku, units in content.items():
                    subject = f"{tote}/{sku}"
                    if self._decides(number, fault, subject):
                        left = self._draw(number, fault, subject).randint(0, min(LEFT_OVER, len(units) - 1))
                        yield tuple(units[left:])

    def _hits(self, number: int, fault: AnyFault, occasion: Occasion) -> bool:
        return self._decides(number, fault, occasion.target.device)

    def _decides(self, number: int, fault: AnyFault, subject: str) -> bool:
        if fault.rate is not None:
            return self._draw(number, fault, subject).random() < fault.rate
        if number not in self._left:
            return False
        self._left[number] -= 1
        if not self._left[number]:
            self.disarm(number)
        return True

    def _draw(self, number: int, fault: AnyFault, subject: str) -> random.Random:
        rank = self._rank[number]
        count = self._asked[fault.fault, rank, subject]
        self._asked[fault.fault, rank, subject] += 1
        return random.Random(f"{self._seed}/{fault.fault}/{subject}/{count}" + (f"/{rank}" if rank else ""))


def _concerns(fault: AnyFault, occasion: Occasion) -> bool:
    return (
        fault.when is occasion.moment
        and fault.verb in (None, occasion.verb)
        and fault.command in (None, occasion.command)
        and (occasion.possible is None or fault.fault in occasion.possible)
        and can_hit(fault, occasion.target)
    )


def can_hit(fault: AnyFault, target: Target) -> bool:
    """Whether it is a device to which the fault can happen, and one that it is meant for."""
    return (
        target.handshake in fault.handshakes
        and target.family in fault.families
        and fnmatchcase(target.device, fault.device)
    )


@dataclass(frozen=True, slots=True)
class DeviceFaults:
    """What strikes one device."""

    source: FaultSource
    target: Target

    def strike(
        self,
        moment: Moment,
        command: CommandId | None = None,
        verb: str | None = None,
        possible: Container[Fault] | None = None,
    ) -> list[AnyFault]:
        return self.source.strike(Occasion(moment, self.target, command, verb, possible))
