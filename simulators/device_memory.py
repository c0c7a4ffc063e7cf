"""What a simulated controller remembers of the commands that it was given, and how strictly it takes them.

The device side of docs/reference/handshakes.md, "Common rules", written from that page alone: the agent's
drivers and this module share no code, so they cannot share a mistake.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import TypeVar

from drivers.profile import Profile
from edge_agent.domain.command import (
    Done,
    Failed,
    Order,
    Pick,
    Place,
    PutBack,
    Refusal,
    RefusalReason,
    Retrieve,
    Store,
    Transfer,
)
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import CommandId, DeviceId
from edge_agent.errors import ConfigurationError
from simulators.ledger import Record
from simulators.machine import End, Machine

ORDERS: Mapping[str, Callable[..., Order]] = {
    "retrieve": Retrieve,
    "store": Store,
    "transfer": Transfer,
    "pick": Pick,
    "place": Place,
    "put_back": PutBack,
}
REMEMBERED = 1000
"""So many commands that are no longer open are remembered, the latest."""
LONGEST_RING = 32
NOTICE_S = 1.0
"""Real seconds for which a device must have shown that it is not ready before a command to it is the agent's
error: a command may already be under way when the mode changes."""

Content = tuple[int | str, tuple[str, ...]]
Meaning = TypeVar("Meaning")


@dataclass(frozen=True, slots=True)
class Answer:
    """What the device says to a command: a number of `codes.acceptance`, and words for people."""

    code: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, in the device's own numbers (`codes.results`). An empty place is none."""

    command_id: CommandId
    result: int
    place: str
    weight_g: int


@dataclass(slots=True)
class _Entry:
    content: Content
    answer: Answer
    ended: Ended | None = None


class DeviceMemory:
    """The controller between a wire and a machine.

    Both wires put every command through `submit` and every tick through `step`; what they show of the device
    they read from here. Everything the agent does wrong becomes a `violation` line. Nothing in here knows a
    socket or a clock: times are handed in.
    """

    def __init__(
        self, device_id: DeviceId, profile: Profile, machine: Machine, record: Record, *, epoch: int = 1
    ) -> None:
        """`epoch` should differ from one run of the simulators to the next (1 .. 2**32-1).

        Raises `ConfigurationError` when the profile has a verb that no machine here knows.
        """
        self.device_id = device_id
        self.profile = profile
        self.epoch = epoch
        self.mode = Mode.READY
        self.fault = 0
        self._machine = machine
        self._record = record
        self._mode_since_s = 0.0
        self._accepted = number_for(profile, "acceptance", profile.codes.acceptance, "accepted")
        self._verbs = {verb.call: (name, verb.arguments) for name, verb in profile.verbs.items()}
        self._check_verbs()
        self._entries: dict[CommandId, _Entry] = {}
        self._open: dict[CommandId, None] = {}
        self._ring: deque[Ended] = deque(maxlen=LONGEST_RING)

    # ---- what the device shows -----------------------------------------------------------------------

    @property
    def open_commands(self) -> tuple[CommandId, ...]:
        """Accepted and not ended, the earliest first."""
        return tuple(self._open)

    def last_ended(self, count: int) -> tuple[Ended, ...]:
        """The latest commands that ended, the earliest of them first; at most `LONGEST_RING`."""
        return tuple(self._ring)[-count:]

    def is_open(self, command_id: CommandId) -> bool:
        return command_id in self._open

    def ended(self, command_id: CommandId) -> Ended | None:
        """How a remembered command ended; None while it is open, was refused or never came."""
        entry = self._entries.get(command_id)
        return entry.ended if entry else None

    @property
    def mode_number(self) -> int:
        return number_for(self.profile, "modes", self.profile.codes.modes, self.mode)

    # ---- what happens to it --------------------------------------------------------------------------

    def submit(
        self, command_id: int, call: int | str, arguments: Sequence[str], *, now_s: float, wall_s: float
    ) -> Answer:
        """Answer a command that came over the wire, and start it when it is new and can be done.

        `now_s` is simulated and `wall_s` real time in seconds. Repeats are answered as the first time.
        """
        known = CommandId(command_id)
        content: Content = (call, tuple(arguments))
        if (entry := self._entries.get(known)) is not None:
            return entry.answer if entry.content == content else self._conflict(known, entry.content, content)
        refusal = self._start(known, call, arguments, now_s, wall_s)
        answer = self._refused(refusal) if refusal else Answer(self._accepted)
        self._remember(known, _Entry(content, answer))
        facts = {"device": self.device_id, "command": known, **self._told(call, arguments)}
        if refusal:
            self._record("refused", {**facts, "reason": refusal.reason, "detail": refusal.detail})
        else:
            self._open[known] = None
            self._record("command", facts)
        return answer

    def step(self, now_s: float) -> list[Ended]:
        """Let the machine go on until now; return what has ended, to be reported over the wire."""
        return [ended for end in self._machine.step(now_s) if (ended := self._end(end))]

    def show(self, mode: Mode, fault: int = 0, *, wall_s: float) -> None:
        """Change what the device says of itself: held, faulted, stopped or ready again."""
        self.mode, self.fault, self._mode_since_s = mode, fault, wall_s

    def forget(self) -> None:
        """Lose all memory, as a controller that was switched off, and show another boot epoch.

        What the machine has under way goes on, but nobody will be told how it ended.
        """
        self._entries.clear()
        self._open.clear()
        self._ring.clear()
        self.epoch = self.epoch % 0xFFFF_FFFF + 1

    def violation(self, rule: str, detail: str) -> None:
        """Hold something against the agent."""
        self._record("violation", {"device": self.device_id, "rule": rule, "detail": detail})

    # ---- inside --------------------------------------------------------------------------------------

    def _start(
        self, command_id: CommandId, call: int | str, arguments: Sequence[str], now_s: float, wall_s: float
    ) -> Refusal | None:
        if not 1 <= command_id <= 0xFFFF_FFFF:
            return Refusal(RefusalReason.BAD_ARGUMENT, f"command id {command_id}: not 1 .. 2^32-1")
        if len(self._open) >= self.profile.max_open:
            self.violation("command_while_busy", f"command {command_id} while {len(self._open)} are open")
            return Refusal(RefusalReason.BUSY, f"{len(self._open)} commands are open")
        if self.mode is not Mode.READY:
            if wall_s - self._mode_since_s > NOTICE_S:
                self.violation("command_while_busy", f"command {command_id} while the mode is {self.mode}")
            return Refusal(RefusalReason.NOT_READY, f"the mode is {self.mode}")
        order = self._order(call, arguments)
        return order if isinstance(order, Refusal) else self._machine.start(command_id, order, now_s)

    def _order(self, call: int | str, arguments: Sequence[str]) -> Order | Refusal:
        if call not in self._verbs:
            return Refusal(RefusalReason.BAD_ARGUMENT, f"no verb {call!r}")
        verb, names = self._verbs[call]
        named = dict(zip(names, arguments, strict=False))
        if missing := [name for name in names if not named.get(name)]:
            return Refusal(RefusalReason.BAD_ARGUMENT, f"{verb}: no {', '.join(missing)}")
        return ORDERS[verb](**named)

    def _conflict(self, command_id: CommandId, first: Content, now: Content) -> Answer:
        self.violation("sequence_reused", f"command {command_id} was {first} and is now {now}")
        detail = f"command {command_id} was used before with other content"
        return self._refused(Refusal(RefusalReason.CONFLICT, detail))

    def _refused(self, refusal: Refusal) -> Answer:
        code = number_for(self.profile, "acceptance", self.profile.codes.acceptance, refusal.reason)
        return Answer(code, refusal.detail)

    def _end(self, end: End) -> Ended | None:
        meaning = "done" if isinstance(end.outcome, Done) else end.outcome.reason
        self._record(
            "command_ended", {"device": self.device_id, "command": end.command_id, "result": str(meaning)}
        )
        if end.command_id not in self._open:
            return None
        del self._open[end.command_id]
        ended = self._in_numbers(end.command_id, end.outcome)
        self._entries[end.command_id].ended = ended
        self._ring.append(ended)
        return ended

    def _in_numbers(self, command_id: CommandId, outcome: Done | Failed) -> Ended:
        meaning = "done" if isinstance(outcome, Done) else outcome.reason
        result = number_for(self.profile, "results", self.profile.codes.results, meaning)
        if isinstance(outcome, Failed):
            return Ended(command_id, result, place="", weight_g=0)
        return Ended(command_id, result, outcome.report.place or "", outcome.report.weight_g or 0)

    def _remember(self, command_id: CommandId, entry: _Entry) -> None:
        self._entries[command_id] = entry
        surplus = len(self._entries) - len(self._open) - REMEMBERED
        if surplus > 0:
            closed = [known for known in self._entries if known not in self._open]
            for known in closed[:surplus]:
                del self._entries[known]

    def _told(self, call: int | str, arguments: Sequence[str]) -> dict[str, object]:
        verb, names = self._verbs.get(call, (str(call), ()))
        return {"verb": verb, "arguments": dict(zip(names, arguments, strict=False)) or list(arguments)}

    def _check_verbs(self) -> None:
        for name, verb in self.profile.verbs.items():
            if name not in ORDERS:
                known = f"only the verbs {', '.join(ORDERS)}"
            elif (fields := set(signature(ORDERS[name]).parameters)) != set(verb.arguments):
                known = f"{name} with the arguments {', '.join(sorted(fields))}"
            else:
                continue
            raise ConfigurationError(
                f"profile {self.profile.name}: verbs.{name}: the simulators know {known}; correct the profile"
            )


def number_for(profile: Profile, table: str, codes: Mapping[int, Meaning], meaning: Meaning) -> int:
    """The device's number for a meaning. Raises `ConfigurationError` when the profile has none."""
    for number, known in codes.items():
        if known == meaning:
            return number
    raise ConfigurationError(f"profile {profile.name}: codes.{table}: no number for {meaning!s}; add one")
