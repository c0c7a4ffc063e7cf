"""The person at an operator's station: reads the prompt, moves units in the world, scans and answers.

What they take and put down is in the world's ledger, like the moves of a machine: every act is written down
as a command of the station's picker, with a number of its own. What they say goes to the agent by the
handheld and by the local API; nothing else passes between the two.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from random import Random
from typing import Any, TypeAlias

from edge_agent.domain.command import Pick
from edge_agent.domain.ids import CommandId, DeviceId, Gtin, Lpn, PointId
from edge_agent.domain.site import CycleTimes, Station
from simulators.catalogue import Unit
from simulators.faults import AnyFault, DeviceFaults, Fault, Moment
from simulators.faults.people import Away, NotThere, OldCode, OtherContainer, OtherTote, ScannedTwice
from simulators.grip import Grip
from simulators.handheld import Handheld
from simulators.ledger import Record
from simulators.machine import Pace
from simulators.scanner import Seen, View, load_label
from simulators.world import Cause, PlaceKind, World, at_point

TRIES = 2
"""So often a label is scanned again that could not be read."""
HELPED_BY_A_RESCAN = frozenset({"no_read", "invalid_code", "multi_read", "unexpected_scan"})
"""Rules after which the person scans the same thing again."""
LETS_PASS = 0.5
"""The share of overrides that the supervisor agrees to."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The prompt of the station, as the local API shows it."""

    step: int
    code: str
    facts: Mapping[str, Any]
    scanner: DeviceId | None = None
    rejection: Mapping[str, Any] | None = None
    exception_id: str | None = None

    @staticmethod
    def of(shown: Mapping[str, Any]) -> "Asked | None":
        """From an answer of `/v1/stations/{id}`; None where there is nothing to do."""
        prompt = shown["prompt"]
        if prompt is None:
            return None
        names = ("code", "facts", "scanner", "rejection", "exception_id")
        return Asked(shown["step"], **{name: prompt[name] for name in names})


@dataclass(frozen=True, slots=True)
class Said:
    """An answer to the prompt."""

    answer: str
    step: int
    arguments: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Settling:
    """The person goes to settle an exception: they must look at it first."""

    exception_id: str


Deed: TypeAlias = Said | Settling


class Operator:
    """One person at one station. Times are simulated seconds and never go back."""

    def __init__(
        self,
        device_id: DeviceId,
        station: Station,
        world: World,
        cycle_times: CycleTimes,
        pace: Pace,
        *,
        handhelds: Mapping[DeviceId, Handheld],
        faults: DeviceFaults,
        seed: int,
        record: Record,
        patience_s: float,
        rescan_s: float = 0.0,
        supervisor: str | None = None,
    ) -> None:
        """`handhelds`: the station's scanners. `patience_s`: when nothing has come of an act, and the prompt
        is still the same, it is done again. `rescan_s`: an old code comes so long after it was scanned, or
        later. `supervisor`: the user's name of one who can be asked."""
        self._device_id = device_id
        self._tote_point = station.tote_point
        self._put_points = tuple(position.point for position in station.put_positions)
        self._world = world
        self._times = cycle_times
        self._pace = pace
        self._handhelds = handhelds
        self._faults = faults
        self._record = record
        self._patience_s = patience_s
        self._rescan_s = rescan_s
        self._supervisor = supervisor
        self._grip = Grip(device_id, world, faults, seed=seed, record=record, weighed=False)
        self._random = Random(f"{seed}/{device_id}/person")
        self._numbers = count(1)
        self._asked: Asked | None = None
        self._due_s = 0.0
        self._has_looked = False
        """Since the last act: the agent may be slow, and what was done already on its way."""
        self._may_slip = True
        """Once at each prompt."""
        self._truly = True
        """The last scan was what the prompt asked for, as far as the person knows."""
        self._over: Lpn | None = None
        """The container into which the unit goes as its label is read."""
        self._put: tuple[object, ...] | None = None
        """What was asked for when the last unit was put down, so that it is not done a second time."""
        self._before: View | None = None
        """What was scanned last."""
        self._scanned_s = 0.0
        """When that was."""
        self._pause_s: float | None = None
        """After so long the next scan comes once more."""
        self._again: tuple[float, DeviceId | None, View] | None = None
        """When that is, and what is scanned."""
        self._acts: Mapping[str, Callable[[Asked, float], Sequence[Deed]]] = {
            "scan_tote": self._scan_tote,
            "pick": self._scan_item,
            "scan_item": self._scan_item,
            "give_value": self._give_value,
            "put_back": self._put_back,
            "scan_container": self._scan_container,
            "place": self._place,
            "settle": self._settle,
        }

    def see(self, asked: Asked | None, now_s: float) -> None:
        """Look at the prompt; a new one is done after the time that it takes."""
        self._has_looked = True
        if asked == self._asked:
            return
        self._asked, self._may_slip = asked, True
        takes_s = {"pick": self._times.pick_s, "scan_container": self._times.place_s}
        self._due_s = now_s + self._pace.vary(takes_s.get(asked.code if asked else "", self._times.scan_s))

    def step(self, now_s: float) -> Sequence[Deed]:
        """Do what is due by now; what is to be told to the agent over the local API."""
        if self._again is not None and now_s >= self._again[0]:
            (_, scanner, view), self._again = self._again, None
            self._pull(scanner, view, now_s)
        if self._asked is None or now_s < self._due_s or not self._has_looked:
            return ()
        self._due_s, self._has_looked = now_s + self._patience_s, False
        act = self._acts.get(self._asked.code)
        return act(self._asked, now_s) if act is not None else ()

    def leaves(self, code: bytes) -> None:
        """A code goes to the agent. The person lets go of the unit as the container's label is read."""
        if self._over is not None and code.endswith(self._world.label_of(self._over).encode()):
            self._put_down(self._over)

    def settlement(self, options: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
        """What the person answers to an exception with these options; None: they leave it to others.

        A supervisor is asked for what needs one, and agrees to some of it.
        """
        actions = {option["action"] for option in options}
        if "override" in actions and self._supervisor is not None and self._random.random() < LETS_PASS:
            return {"action": "override", "approver": self._supervisor, "reason": "good for this order"}
        if "pick_again" in actions:
            self._lay_back()
            return {"action": "pick_again", "reason": "another one will do"}
        return None

    # ---- what is asked -------------------------------------------------------------------------------

    def _scan_tote(self, asked: Asked, now_s: float) -> Sequence[Deed]:
        tote = next(iter(self._world.loads_at(at_point(self._tote_point))), None)
        if tote is None:
            return ()
        right = partial(self._label_on, tote)
        if asked.rejection is not None and self._truly and self._world.label_of(tote) != asked.facts["tote"]:
            return self._say(asked, "not_there")
        if self._slip(asked, now_s, Fault.OTHER_TOTE, right=right) is None:
            self._scan(asked, right, now_s)
        return ()

    def _scan_item(self, asked: Asked, now_s: float) -> Sequence[Deed]:
        unit = self._world.held_by(self._device_id)
        if unit is None:
            return self._take(asked, now_s)
        if asked.rejection is not None and self._truly and not _may_be_read_again(asked.rejection):
            self._lay_back()
            self._soon(now_s, self._times.pick_s)
            return ()
        right = partial(self._label_of, unit)
        if self._slip(asked, now_s, right=right) is None:
            self._scan(asked, right, now_s)
        return ()

    def _take(self, asked: Asked, now_s: float) -> Sequence[Deed]:
        """Take a unit out of the tote; its label is scanned next."""
        tote, gtin = Lpn(asked.facts["tote"]), Gtin(asked.facts["gtin"])
        if not any(unit.gtin == gtin and not unit.stray for unit in self._world.units_in(tote)):
            return self._say(asked, "not_there")
        slip = self._slip(asked, now_s, Fault.NOT_THERE)
        if slip is not None:
            return self._say(asked, "not_there") if slip is Fault.NOT_THERE else ()
        order = Pick(tote, self._tote_point, gtin)
        self._act("pick", {"tote": tote, "gtin": gtin}, lambda cause: self._grip.take(order, cause))
        self._truly = False  # a rejection that is still shown was of another unit
        self._may_slip = True
        self._soon(now_s, self._times.scan_s)
        return ()

    def _give_value(self, asked: Asked, now_s: float) -> Sequence[Deed]:
        """Read off the unit what its code does not say; without it the unit goes back."""
        wanted: str = asked.facts["value"]
        value = getattr(self._world.held_by(self._device_id), wanted, None)
        return self._say(asked, wanted, value=str(value)) if value else self._put_back(asked, now_s)

    def _put_back(self, asked: Asked, _now_s: float) -> Sequence[Deed]:
        self._lay_back()
        return self._say(asked, "put_back")

    def _scan_container(self, asked: Asked, now_s: float) -> Sequence[Deed]:
        container = Lpn(asked.facts["container"])
        if self._has_nothing_for(asked):
            return self._say(asked, "put_back")
        right = partial(self._label_on, container)
        if self._slip(asked, now_s, Fault.OTHER_CONTAINER, right=right) is None:
            self._scan(asked, right, now_s, over=container)
        return ()

    def _place(self, asked: Asked, now_s: float) -> Sequence[Deed]:
        if self._has_nothing_for(asked):
            return self._say(asked, "put_back")
        if self._slip(asked, now_s) is not None:
            return ()
        self._put_down(Lpn(asked.facts["container"]))
        return self._say(asked, "placed")

    def _settle(self, asked: Asked, _now_s: float) -> Sequence[Deed]:
        return (Settling(asked.exception_id),) if asked.exception_id is not None else ()

    # ---- slips ---------------------------------------------------------------------------------------

    def _slip(self, asked: Asked, now_s: float, *kinds: Fault, right: View | None = None) -> Fault | None:
        """What the person does instead of what is asked; None: they do that.

        At most once at a prompt: then they notice. `right` is what is to be scanned.
        """
        if not self._may_slip:
            return None
        self._may_slip = False
        possible = {Fault.AWAY, *(kind for kind in kinds if self._others(kind, asked))}
        if right is not None:
            possible |= {Fault.SCANNED_TWICE} | self._old_code(right)
        struck = self._faults.strike(Moment.ACTS, possible=possible)
        if not struck:
            return None
        fault = struck[0]
        self._record("fault", {"device": self._device_id, "fault": fault.fault, **self._about(fault, asked)})
        return self._do(fault, asked, now_s)

    def _do(self, fault: AnyFault, asked: Asked, now_s: float) -> Fault | None:
        match fault:
            case Away():
                self._soon(now_s, fault.duration_s)
            case ScannedTwice():
                self._pause_s = fault.pause_s
                return None
            case OldCode() if self._before is not None:
                self._truly, self._over = False, None
                old = partial(_bare, self._before())
                self._again = max(now_s, self._scanned_s + self._rescan_s), asked.scanner, old
            case OtherTote() | OtherContainer():
                other = self._random.choice(self._others(fault.fault, asked))
                self._scan(asked, partial(_bare, load_label(Lpn(other))), now_s, truly=False)
        return fault.fault

    def _about(self, fault: AnyFault, asked: Asked) -> dict[str, object]:
        """What the ledger says of a slip beside its kind."""
        if isinstance(fault, NotThere):
            return {"container": asked.facts["tote"], "gtin": asked.facts["gtin"]}
        return {**fault.parameters, "scanner": asked.scanner}

    def _others(self, kind: Fault, asked: Asked) -> Sequence[str]:
        """What the person may take for what is asked."""
        match kind:
            case Fault.OTHER_TOTE:
                there = self._world.loads.items()
                return sorted(load for load, place in there if place.kind is PlaceKind.LOCATION)
            case Fault.OTHER_CONTAINER:
                at = [self._world.loads_at(at_point(point)) for point in self._put_points]
                return [load for loads in at for load in loads if load != asked.facts["container"]]
            case _:
                return [asked.facts["gtin"]]

    def _old_code(self, right: View) -> set[Fault]:
        before, now = self._before() if self._before else None, right()
        is_other = before is not None and now is not None and before.label != now.label
        return {Fault.OLD_CODE} if is_other else set()

    # ---- hands ---------------------------------------------------------------------------------------

    def _has_nothing_for(self, asked: Asked) -> bool:
        """A unit is taken to be in the person's hand that is not: what was scanned was no unit in hand."""
        return self._world.held_by(self._device_id) is None and self._put != _unit_of(asked)

    def _scan(
        self, asked: Asked, view: View, now_s: float, *, truly: bool = True, over: Lpn | None = None
    ) -> None:
        self._truly, self._over = truly, over
        self._pull(asked.scanner, view, now_s)
        if self._pause_s is not None:
            self._again = now_s + self._pause_s, asked.scanner, partial(_bare, view())
            self._pause_s = None
        self._before, self._scanned_s = view, now_s

    def _pull(self, scanner: DeviceId | None, view: View, now_s: float) -> None:
        if scanner is not None:
            self._handhelds[scanner].scan(view, now_s)

    def _label_of(self, unit: Unit) -> Seen:
        shown = self._grip.shown_for(unit)
        return Seen(shown.barcode, {"unit": unit.unit_id}, shown.second_barcode)

    def _label_on(self, load: Lpn) -> Seen:
        return load_label(load, self._world.label_of(load))

    def _lay_back(self) -> None:
        tote = next(iter(self._world.loads_at(at_point(self._tote_point))), None)
        if tote is not None and self._world.held_by(self._device_id) is not None:
            self._act(
                "put_back", {"tote": tote}, lambda cause: self._grip.put_back(tote, self._tote_point, cause)
            )

    def _put_down(self, container: Lpn) -> None:
        """Let go of the unit, if there is one, into a container that stands at the station."""
        point = PointId(self._world.loads[container].name) if container in self._world.loads else None
        if point in self._put_points and self._world.held_by(self._device_id) is not None:
            self._put = _unit_of(self._asked)
            what = {"container": container}
            self._act("place", what, lambda cause: self._grip.place(container, point, cause), point)

    def _act(
        self, verb: str, what: Mapping[str, str], do: Callable[[Cause], object], point: PointId | None = None
    ) -> None:
        """Write an act down as machines do with their commands, and do it."""
        cause = Cause(self._device_id, CommandId(next(self._numbers)))
        arguments = {**what, "point": point or self._tote_point}
        self._record("command", {**cause.facts(), "verb": verb, "arguments": arguments})
        do(cause)
        self._record("command_ended", {**cause.facts(), "result": "done"})

    def _say(self, asked: Asked, answer: str, **arguments: str) -> Sequence[Deed]:
        return (Said(answer, asked.step, arguments),)

    def _soon(self, now_s: float, seconds: float) -> None:
        self._due_s, self._has_looked = now_s + self._pace.vary(seconds), True


def _unit_of(asked: Asked | None) -> tuple[object, ...] | None:
    """Which unit of which line a prompt is about."""
    return tuple(asked.facts.get(name) for name in ("task_id", "line_id", "remaining")) if asked else None


def _may_be_read_again(rejection: Mapping[str, Any]) -> bool:
    return rejection["name"] in HELPED_BY_A_RESCAN and rejection["attempt"] <= TRIES


def _bare(seen: Seen | None) -> Seen | None:
    """A label that belongs to nothing that is at hand."""
    return replace(seen, facts={}) if seen is not None else None
