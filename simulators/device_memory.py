"""What a simulated controller remembers of the commands that it was given, and how strictly it takes them.

The device side of docs/reference/handshakes.md, "Common rules", written from that page alone: the agent's
drivers and this module share no code, so they cannot share a mistake.
"""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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
from simulators.agent_beat import AgentBeat
from simulators.faults.catalogue import (
    LOSES_COMMAND,
    AckLate,
    AckLost,
    AnyFault,
    Busy,
    EndDuplicated,
    EndLost,
)
from simulators.faults.conveyors import ArrivalMissed
from simulators.faults.when import Moment
from simulators.ledger import Record
from simulators.machine import End, Machine, Sighting
from simulators.tempo import Tempo

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


Strike = Callable[[Moment, CommandId, str], Sequence[AnyFault]]
"""Tells a moment in the life of a command and its verb; what strikes then has struck when it returns."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the device says to a command: a number of `codes.acceptance`, and words for people.

    `late_s` and `lost`: what happens on the mailbox to the acknowledgement.
    """

    code: int
    detail: str = ""
    late_s: float = 0.0
    lost: bool = False


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


@dataclass(frozen=True, slots=True)
class _Work:
    """A command that the machine has, known to the controller or not."""

    verb: str
    middle_s: float
    """When half of it is done, in the machine's own time."""


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
        self._hidden_until_s = 0.0
        self._accepted = number_for(profile, "acceptance", profile.codes.acceptance, "accepted")
        self._verbs = {verb.call: (name, verb.arguments) for name, verb in profile.verbs.items()}
        self._check_verbs()
        self._entries: dict[CommandId, _Entry] = {}
        self._open: dict[CommandId, None] = {}
        self._ring: deque[Ended] = deque(maxlen=LONGEST_RING)
        self.tempo = Tempo()
        self.strike: Strike = lambda _moment, _command, _verb: ()
        """Asked at every moment of every command; nothing strikes until somebody else is put here."""
        self._work: dict[CommandId, _Work] = {}
        self._before_middle: set[CommandId] = set()
        self._missed: list[End] = []
        self._given_up: list[End] = []
        self._pulse_stands_at_s: float | None = None
        self._agent_beat = AgentBeat()

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

    def pulse_s(self, wall_s: float) -> float:
        """The time that the heartbeat is counted from, in real seconds."""
        return wall_s if self._pulse_stands_at_s is None else self._pulse_stands_at_s

    def sight(self, load: str) -> Sighting:
        """The answer to a query; it changes nothing."""
        return self._machine.sight(load)

    def agent_is_stale(self, wall_s: float) -> bool:
        """The agent counts a heartbeat up, and it has stood still too long."""
        return self._agent_beat.is_stale(wall_s)

    # ---- what happens to it --------------------------------------------------------------------------

    def submit(
        self, command_id: int, call: int | str, arguments: Sequence[str], *, now_s: float, wall_s: float
    ) -> Answer | None:
        """Answer a command that came over the wire, and start it when it is new and can be done.

        `now_s` is simulated and `wall_s` real time in seconds. Repeats are answered as the first time. None:
        the link was cut in that moment, and the command is lost with it.
        """
        known = CommandId(command_id)
        content: Content = (call, tuple(arguments))
        if (entry := self._entries.get(known)) is not None:
            return entry.answer if entry.content == content else self._conflict(known, entry.content, content)
        verb = self._verbs.get(call, (str(call), ()))[0]
        struck = self.strike(Moment.ARRIVES, known, verb)
        if any(isinstance(fault, LOSES_COMMAND) for fault in struck):
            return None
        if any(isinstance(fault, Busy) for fault in struck):
            refusal: Refusal | None = Refusal(RefusalReason.BUSY, "try again")
        else:
            refusal = self._start(known, call, arguments, now_s, wall_s)
        answer = self._refused(refusal) if refusal else Answer(self._accepted)
        self._remember(known, _Entry(content, answer))
        facts = {"device": self.device_id, "command": known, **self._told(call, arguments)}
        if refusal:
            self._record("refused", {**facts, "reason": refusal.reason, "detail": refusal.detail})
            return answer
        self._open[known] = None
        self._work[known] = _Work(verb, self._machine.middle_s(known))
        self._before_middle.add(known)
        self._record("command", facts)
        return _delivered(answer, self.strike(Moment.ACCEPTED, known, verb))

    def step(self, now_s: float) -> list[Ended]:
        """Let the machine go on until now; return what has ended, to be reported over the wire."""
        ends, self._given_up = self._given_up, []
        own_s = self.tempo.own_s(now_s)
        for command in self._reaching_middle(own_s):
            if self.tempo.halted:
                break
            ends += self._machine.step(self._work[command].middle_s)
            self._before_middle.discard(command)
            if all(end.command_id != command for end in ends):
                self.strike(Moment.HALF_WAY, command, self._work[command].verb)
        if not self.tempo.halted:
            ends += self._machine.step(self.tempo.own_s(now_s))
        ends += self._given_up
        self._given_up = []
        return [ended for end in ends for ended in self._end(end)]

    def give_up(self, end: End) -> None:
        """The machine has dropped a command; its end is reported with the next step."""
        self._given_up.append(end)

    def notice_arrivals(self) -> None:
        """The ends that the machine's sensors have missed are reported with the next step."""
        self._given_up += self._missed
        self._missed.clear()

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
        self._machine.forget()
        self.epoch = self.epoch % 0xFFFF_FFFF + 1

    def hide(self, until_wall_s: float) -> None:
        """Nobody can see the mode before then, so that nobody can be blamed for not heeding it."""
        self._hidden_until_s = max(self._hidden_until_s, until_wall_s)

    def stop_pulse(self, wall_s: float) -> None:
        """The heartbeat stands still until `start_pulse`."""
        self._pulse_stands_at_s = self.pulse_s(wall_s)

    def start_pulse(self) -> None:
        self._pulse_stands_at_s = None

    def agent_beats(self, count: int, wall_s: float) -> None:
        """What the agent's heartbeat shows."""
        self._agent_beat.beats(count, wall_s)

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
            if wall_s - max(self._mode_since_s, self._hidden_until_s) > NOTICE_S:
                self.violation("command_while_busy", f"command {command_id} while the mode is {self.mode}")
            return Refusal(RefusalReason.NOT_READY, f"the mode is {self.mode}")
        order = self._order(call, arguments)
        if isinstance(order, Refusal):
            return order
        return self._machine.start(command_id, order, self.tempo.own_s(now_s))

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

    def _reaching_middle(self, own_s: float) -> list[CommandId]:
        due = [command for command in self._before_middle if self._work[command].middle_s <= own_s]
        return sorted(due, key=lambda command: (self._work[command].middle_s, command))

    def _end(self, end: End) -> list[Ended]:
        """What is to be reported of an end: as a rule it alone."""
        command = end.command_id
        work = self._work.pop(command, None)  # None: its arrival was missed, and is noticed now
        self._before_middle.discard(command)
        struck = self.strike(Moment.ENDS, command, work.verb) if work else ()
        if any(isinstance(fault, ArrivalMissed) for fault in struck):
            self._missed.append(end)
            return []
        meaning = "done" if isinstance(end.outcome, Done) else end.outcome.reason
        self._record("command_ended", {"device": self.device_id, "command": command, "result": str(meaning)})
        if command not in self._open:
            return []
        del self._open[command]
        ended = self._in_numbers(command, end.outcome)
        self._entries[command].ended = ended
        self._ring.append(ended)
        if any(isinstance(fault, EndLost) for fault in struck):
            return []
        return [ended] * (2 if any(isinstance(fault, EndDuplicated) for fault in struck) else 1)

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


def _delivered(answer: Answer, struck: Sequence[AnyFault]) -> Answer:
    """The acknowledgement as it gets out."""
    late_s = max((fault.delay_s for fault in struck if isinstance(fault, AckLate)), default=0.0)
    lost = any(isinstance(fault, AckLost) for fault in struck)
    return replace(answer, late_s=late_s, lost=lost)


def number_for(profile: Profile, table: str, codes: Mapping[int, Meaning], meaning: Meaning) -> int:
    """The device's number for a meaning. Raises `ConfigurationError` when the profile has none."""
    for number, known in codes.items():
        if known == meaning:
            return number
    raise ConfigurationError(f"profile {profile.name}: codes.{table}: no number for {meaning!s}; add one")
