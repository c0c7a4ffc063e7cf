"""The world ledger, replayed: every load and unit moved again from where it lay, every step checked.

The replay trusts no line. What does not follow from the lines before it becomes a finding, and the replay
goes on from what the line says, so that one wrong line is found once.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simulators.audit_findings import FindingKind, Findings, Identity, gtin14
from simulators.audit_mistakes import (
    AT_THE_GRIPPER,
    AT_THE_SCANNER,
    NOT_THERE,
    OF_A_SCAN,
    OF_THE_LABEL,
    RELABELLED,
    SPOILED,
    Mistakes,
)
from simulators.audit_records import CommandRecord, Grip, Reading, UnitRecord
from simulators.audit_trouble import CommandKey, Trouble
from simulators.ledger import read_ledger

Facts = Mapping[str, Any]


class WorldBook:
    """What the world ledger holds, made by `read_world`."""

    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.loads: dict[str, str] = {}
        """Where each load is now."""
        self.units: dict[str, UnitRecord] = {}
        self.commands: dict[CommandKey, CommandRecord] = {}
        self.grips: list[Grip] = []
        """Everything that was ever in a gripper."""
        self.placed: list[Grip] = []
        self.readings: dict[str, list[Reading]] = {}
        """Of units, by scanner, in the order of time."""
        self.retrieved: set[tuple[str, str]] = set()
        """(load, location) of everything that was ever brought out of storage."""
        self.filled_at: dict[str, str] = {}
        """The point on which the last unit was placed into a container."""
        self.absent: Counter[tuple[str, str]] = Counter()
        """Units by tote and GTIN that the stock record has and that were never there."""
        self.denied: set[tuple[str, str]] = set()
        """Totes and GTINs of which a person has said that there are none, though there were."""
        self.mistakes = Mistakes()
        self.pickers: dict[str, str] = {}
        """Which picker each scanner of units looks at."""
        self.last_t = 0.0
        self.stopped: dict[str, str] = {}
        """Where everything was at a clean stop, as written then."""
        self.repeated: set[CommandKey] = set()
        self._scans: dict[str, list[tuple[float, bool]]] = {}
        """By scanner: when something was read, and whether it was a label on nothing that is at hand."""
        self._held: dict[str, list[Grip]] = {}
        self._read_loads: set[str] = set()
        self._fetched_from: dict[str, str] = {}
        self._trouble = Trouble()
        self._handlers = {
            "load": self._load,
            "stock": self._stock,
            "container_introduced": self._container_introduced,
            "command": self._command,
            "command_ended": self._command_ended,
            "load_moved": self._load_moved,
            "load_lost": self._load_lost,
            "load_carried": self._load_carried,
            "unit_found": self._found,
            "unit_gripped": self._unit_gripped,
            "unit_placed": self._unit_placed,
            "unit_put_back": self._unit_put_back,
            "unit_taken_out": self._unit_taken_out,
            "scanned": self._scanned,
            "fault": self._fault,
            "operator_reset": self._trouble.reset,
            "violation": self._violation,
            "stock_end": self._stock_end,
        }

    def take(self, t: float, kind: str, facts: Facts) -> None:
        """Take in one line; kinds that say nothing about places and commands are passed over."""
        self.last_t = max(self.last_t, t)
        if (handler := self._handlers.get(kind)) is None:
            return
        try:
            handler(t, facts)
        except KeyError as error:
            self._world(f"a line {kind!r} at {t:.6f} has no {error}")

    def read_no_unit(self, scanner: str, until_t: float) -> bool:
        """Whether the last thing that a scanner read by then was a label on nothing that was at hand."""
        scans = self._scans.get(scanner, [])
        place = bisect_right(scans, until_t, key=lambda scan: scan[0])
        return place > 0 and scans[place - 1][1]

    # ---- what is there at the start ------------------------------------------------------------------

    def _load(self, _t: float, facts: Facts) -> None:
        self._new_load(facts["load"], facts["place"])

    def _container_introduced(self, _t: float, facts: Facts) -> None:
        self._new_load(facts["load"], facts["place"])
        self._effect(facts, "introduced", facts["load"])

    def _new_load(self, load: str, place: str) -> None:
        if load in self.loads:
            self._world(f"load {load} appears a second time, at {place}; a ledger holds one run")
        self.loads[load] = place

    def _stock(self, _t: float, facts: Facts) -> None:
        unit, container = facts["unit"], facts["container"]
        if unit in self.units:
            self._world(f"unit {unit} appears a second time, in {container}; a ledger holds one run")
        if self.loads.get(container) != facts["location"]:
            self._world(f"unit {unit} lies in {container}, which is not at {facts['location']}")
        self.units[unit] = UnitRecord(unit, Identity.of(facts), container)

    def _found(self, t: float, facts: Facts) -> None:
        self._stock(t, facts)
        self.units[facts["unit"]].stray = True

    # ---- commands ------------------------------------------------------------------------------------

    def _command(self, t: float, facts: Facts) -> None:
        key = _key(facts)
        if key in self.commands:
            self._repeated(key, "was accepted twice")
            return
        self.commands[key] = CommandRecord(key, facts["verb"], facts["arguments"], t)

    def _command_ended(self, t: float, facts: Facts) -> None:
        key = _key(facts)
        record = self.commands.get(key)
        if record is None:
            self._world(f"{key} ended and had never been accepted")
        elif record.ended_t is not None:
            self._world(f"{key} ended twice")
        else:
            record.ended_t = t
            if facts["result"] == "done" and not record.effects:
                self.findings.add(FindingKind.LOST, f"{key} ({record.verb}) ended as done and nothing moved")

    def _effect(self, facts: Facts, what: str, thing: str) -> CommandRecord | None:
        """Note that a command has moved something; a finding where it may not have."""
        key = _key(facts)
        record = self.commands.get(key)
        if record is None:
            self._world(f"{thing} was {what} for {key}, which had never been accepted")
            return None
        if (what, thing) in record.effects:
            self._repeated(key, f"({record.verb}) was carried out twice: {thing} was {what} again")
        elif record.ended_t is not None:
            self._world(f"{thing} was {what} for {key}, which had ended")
        record.effects.add((what, thing))
        return record

    def _repeated(self, key: CommandKey, text: str) -> None:
        if key not in self.repeated:
            self.repeated.add(key)
            self.findings.add(FindingKind.REPEATED, f"{key} {text}")

    # ---- loads ---------------------------------------------------------------------------------------

    def _load_moved(self, t: float, facts: Facts) -> None:
        load, origin, destination = facts["load"], facts["from"], facts["to"]
        at = self.loads.get(load)
        if at != origin:
            self._world(f"load {load} was moved from {origin} to {destination} while it was at {at}")
        self.loads[load] = destination
        leaves = destination == facts["device"]
        record = self._effect(facts, "taken away" if leaves else "set down", load)
        if record is not None and record.verb == "retrieve":
            self._retrieving(load, origin if leaves else None, destination)
        self._read_loads.discard(load)
        self.mistakes.gone(load, t)

    def _retrieving(self, load: str, taken_from: str | None, destination: str) -> None:
        if taken_from is not None:
            self._fetched_from[load] = taken_from
        elif (location := self._fetched_from.get(load, destination)) != destination:  # it was not taken back
            self.retrieved.add((load, location))

    def _load_carried(self, t: float, facts: Facts) -> None:
        load, origin = facts["load"], facts["from"]
        if (at := self.loads.get(load)) != origin:
            self._world(f"load {load} was carried from {origin} while it was at {at}")
        self.loads[load] = facts["to"]
        self._read_loads.discard(load)
        self.mistakes.gone(load, t)

    def _load_lost(self, _t: float, facts: Facts) -> None:
        load, origin = facts["load"], facts["from"]
        if (at := self.loads.get(load)) != origin:
            self._world(f"load {load} was lost from {origin} while it was at {at}")
        self.loads[load] = "lost"
        self._effect(facts, "lost", load)

    # ---- units ---------------------------------------------------------------------------------------

    def _unit_gripped(self, t: float, facts: Facts) -> None:
        device, tote = facts["device"], facts["tote"]
        unit = self._unit(facts, expected_at=tote)
        held = self._held.setdefault(device, [])
        grip = Grip(unit, _key(facts), tote, self._fetched_from.get(tote, self.loads.get(tote, "")))
        if any(other.key != grip.key for other in held):
            self._world(f"{device} gripped {unit.unit} while it held {held[0].unit.unit}")
        self._effect(facts, "gripped", unit.unit)
        held.append(grip)
        self.grips.append(grip)
        for one in held:
            one.is_alone = len(held) == 1
        unit.place = device
        self._goes_on(t, tote, f"unit {unit.unit} was gripped out of {tote}")
        if tote not in self._read_loads:
            text = f"unit {unit.unit} was gripped out of {tote}, whose label had not been read where it stood"
            self.findings.add(FindingKind.UNVERIFIED, text)

    def _unit_placed(self, t: float, facts: Facts) -> None:
        container = facts["container"]
        grip = self._let_go(t, facts, container, "placed")
        if grip is None:
            return
        grip.container = container
        record = self.commands.get(_key(facts))
        self.filled_at[container] = record.arguments.get("point", "") if record else ""
        self.placed.append(grip)
        missed = self.mistakes.acted_on(grip.unit.unit, t)
        self._goes_on(t, container, f"unit {grip.unit.unit} was placed into {container}")
        if not grip.read:
            grip.unfit = " and no scanner had read it"
        elif bad := [one.kind for one in missed if one.kind in OF_THE_LABEL]:
            grip.unfit = f", and its label is bad: {', '.join(bad)}"

    def _unit_put_back(self, t: float, facts: Facts) -> None:
        tote = facts["tote"]
        grip = self._let_go(t, facts, tote, "put back")
        if grip is None:
            return
        self.mistakes.gone(grip.unit.unit, t)
        if grip.unit.borrows:
            grip.unit.label, grip.unit.hidden, grip.unit.borrows = None, False, False
        if grip.tote != tote:
            self._world(f"unit {grip.unit.unit} came out of {grip.tote} and was put back into {tote}")

    def _unit_taken_out(self, _t: float, facts: Facts) -> None:
        unit = self._unit(facts, expected_at=facts["container"])
        unit.place = "lost"
        for grip in self.placed:
            grip.taken_out |= grip.unit is unit

    def _let_go(self, t: float, facts: Facts, load: str, what: str) -> Grip | None:
        device = facts["device"]
        unit = self._unit(facts, expected_at=device)
        self._effect(facts, what, unit.unit)
        if load not in self.loads:
            self._world(f"unit {unit.unit} was {what} into {load}, which does not exist")
        unit.place = load
        held = self._held.get(device, [])
        grip = next((grip for grip in held if grip.unit is unit), None)
        if grip is None:
            self._world(f"{device} let go of {unit.unit}, which it had not gripped")
            return None
        held.remove(grip)
        grip.ended_t = t
        return grip

    def _unit(self, facts: Facts, *, expected_at: str) -> UnitRecord:
        name, told = facts["unit"], Identity.of(facts)
        unit = self.units.get(name)
        if unit is None:
            self._world(f"unit {name} was in nobody's stock and is in {expected_at}")
            unit = self.units[name] = UnitRecord(name, told, expected_at)
        if unit.place != expected_at:
            self._world(f"unit {name} was moved out of {expected_at} while it was in {unit.place}")
        if told.gtin != unit.really.gtin or ("lot" in facts and not _same(told, unit.really)):
            self._world(f"unit {name} was {unit.really} at the start and is {told} now")
        return unit

    # ---- scans and faults ----------------------------------------------------------------------------

    def _scanned(self, t: float, facts: Facts) -> None:
        data = facts["data"]
        self.mistakes.scanned(facts["scanner"], t)
        self._scans.setdefault(facts["scanner"], []).append((t, not _is_of_something(facts)))
        unit = self.units.get(facts.get("unit", ""))
        if unit is not None:
            self.pickers[facts["scanner"]] = unit.place
        if facts.get("spoiled"):
            self.mistakes.make(SPOILED, _subject(facts), facts["scanner"], t)
            return
        if (load := facts.get("load")) is not None and load in data:
            self._read_loads.add(load)
            self.mistakes.read(load, t)
        if unit is None or unit.labelled.gtin[1:] not in data:
            return
        self.mistakes.read(unit.unit, t)
        held = self._held.get(unit.place, ())
        if (grip := next((grip for grip in held if grip.unit is unit), None)) is not None:
            grip.read = True
            self.readings.setdefault(facts["scanner"], []).append(Reading(t, grip))

    def _fault(self, t: float, facts: Facts) -> None:
        self._trouble.struck(t, facts)
        kind = facts["fault"]
        if kind == "item_missing":
            self.absent[facts["container"], gtin14(facts["gtin"])] += len(facts["units"])
        if kind == NOT_THERE:
            self.denied.add((facts["container"], gtin14(facts["gtin"])))
            self.mistakes.believe(kind, facts["container"], facts["device"], t)
        if kind in OF_A_SCAN:
            self.mistakes.slip(kind, facts["scanner"], t)
        if kind in RELABELLED:
            unit = self.units[facts["unit"]]
            unit.label, unit.hidden = Identity.of(facts["label"]), not facts["detectable"]
            unit.borrows = kind == "other_scanned"
        if kind in AT_THE_GRIPPER | AT_THE_SCANNER:
            self.mistakes.make(
                kind, _subject(facts), facts["device"], t, hidden=not facts.get("detectable", True)
            )

    def _goes_on(self, t: float, thing: str, text: str) -> None:
        """The agent acts on a label; what was wrong with reading it and was not mended was missed."""
        if self.mistakes.acted_on(thing, t):
            self.findings.add(FindingKind.UNVERIFIED, f"{text} after its label could not be read")

    def _violation(self, _t: float, facts: Facts) -> None:
        text = f"{facts['device']}: {facts['rule']}: {facts['detail']}"
        self.findings.add(FindingKind.VIOLATION, text)

    # ---- the end -------------------------------------------------------------------------------------

    def _stock_end(self, _t: float, facts: Facts) -> None:
        self.stopped[facts["unit"] if "unit" in facts else facts["load"]] = facts["place"]

    def close(self) -> None:
        """Compare the replay with the stock at a clean stop, and look for commands that came to nothing."""
        if self.stopped:
            self._compare_stock()
        ended = [(record.accepted_t, record.ended_t) for record in self.commands.values()]
        longest_s = max((end - start for start, end in ended if end is not None), default=0.0)
        longest_s *= self._trouble.slowest
        for record in self.commands.values():
            if self._is_lost(record, longest_s):
                text = f"{record.key} ({record.verb}) was accepted and never ended"
                self.findings.add(FindingKind.LOST, text)

    def _compare_stock(self) -> None:
        replayed = self.loads | {unit.unit: unit.place for unit in self.units.values()}
        for thing in sorted(replayed.keys() | self.stopped.keys()):
            moved_to, found_at = replayed.get(thing, "no place"), self.stopped.get(thing, "no place")
            if moved_to != found_at:
                self._world(f"{thing} is at {found_at} at the end; by its moves it is at {moved_to}")

    def _is_lost(self, record: CommandRecord, longest_s: float) -> bool:
        """Neither ended, nor with its load on the machine, nor left open by a fault, nor so young that it may
        be under way."""
        is_carried = self.loads.get(record.arguments.get("load", "")) == record.key.device
        if record.ended_t is not None or is_carried or self._trouble.may_never_end(record.key):
            return False
        stood_s = self._trouble.stood_s(record.key.device, record.accepted_t, self.last_t)
        return self.last_t - record.accepted_t - stood_s > longest_s

    def _world(self, text: str) -> None:
        self.findings.add(FindingKind.WORLD, text)


def read_world(path: Path, findings: Findings) -> WorldBook:
    """Replay a world ledger. Raises `LedgerError` for a line that is none, OSError when it cannot be read."""
    book = WorldBook(findings)
    for entry in read_ledger(path):
        book.take(entry.t, entry.kind, entry.facts)
    book.close()
    return book


def _is_of_something(facts: Facts) -> bool:
    return "unit" in facts or "load" in facts


def _subject(facts: Facts) -> str:
    """The unit or load in the gripper or in front of the scanner; the scanner where a person holds something
    else before it."""
    known = (facts.get(name) for name in ("unit", "load", "scanner", "device"))
    return str(next(name for name in known if name is not None))


def _key(facts: Facts) -> CommandKey:
    return CommandKey(facts["device"], facts["command"])


def _same(told: Identity, known: Identity) -> bool:
    return (told.lot, told.serial) == (known.lot, known.serial)
