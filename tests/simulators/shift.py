"""A shift of an honest agent in the small warehouse, and the two ledgers that it leaves behind.

The world is the real one; the agent is scripted here. Time is pushed by hand. Each ledger is a list of lines,
so that a test can change what stands there before it is written to a file.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from edge_agent.domain.ids import CommandId, DeviceId, LocationId, Lpn, PointId
from edge_agent.domain.site import Site
from simulators.audit import Audit, audit
from simulators.audit_findings import Identity
from simulators.catalogue import Stock, Unit
from simulators.world import Cause, World, at_location, at_point

Line = dict[str, Any]

CRANE, CONVEYOR, PICKER = DeviceId("asrs-1"), DeviceId("conveyor-1"), DeviceId("picker-1")
START_S = 1_790_000_000.0
TOLD_AHEAD_S = 10.0
"""The ETA of every task is so far ahead."""
HEARD_AFTER_S = 0.004
"""How long an event takes to the OMS."""


@dataclass
class Upsets:
    """What goes wrong at a pick, by its number in the shift, counted from 1."""

    wrong_item: frozenset[int] = frozenset()
    no_read: frozenset[int] = frozenset()


class Shift:
    """Runs tasks one by one and keeps both ledgers."""

    def __init__(self, site: Site, stock: Stock, upsets: Upsets | None = None) -> None:
        self.world_lines: list[Line] = []
        self.oms_lines: list[Line] = []
        self.stock = stock
        self._site = site
        self._upsets = upsets or Upsets()
        self._now = START_S
        self._sequence = 0
        self._commands = 0
        self._picks = 0
        self.world = World(site, stock.totes, stock.units, self._happens)

    # ---- the two ledgers -----------------------------------------------------------------------------

    def _happens(self, kind: str, facts: Any) -> None:
        self.world_lines.append({"t": round(self._now, 6), "kind": kind, **facts})

    def _pass(self, seconds: float) -> None:
        self._now += seconds

    def submit(self, task: Line) -> None:
        self.oms_lines.append({"t": self._now, "kind": "submitted", "task": task})

    def tell(self, name: str, /, **data: Any) -> None:
        self._sequence += 1
        event = {
            "specversion": "1.0",
            "id": f"gw1-{self._sequence}",
            "type": f"warehouse.pick.{name}.v1",
            "time": datetime.fromtimestamp(self._now, UTC).isoformat(),
            "sequence": self._sequence,
            "data": data,
        }
        self.oms_lines.append({"t": self._now + HEARD_AFTER_S, "kind": "event", "event": event})

    def renumber(self) -> None:
        """Close the gaps in the events' numbers, as if what was taken out had never been told."""
        events = [line["event"] for line in self.oms_lines if line["kind"] == "event"]
        for number, event in enumerate(events, start=1):
            event["sequence"], event["id"] = number, f"gw1-{number}"

    def audit(self, folder: Path) -> Audit:
        oms, world = folder / "oms.jsonl", folder / "world.jsonl"
        write(oms, self.oms_lines)
        write(world, self.world_lines)
        return audit(oms, world)

    # ---- finding lines to tamper with ----------------------------------------------------------------

    def happened(self, kind: str, **facts: Any) -> Line:
        """The first such line of the world's ledger."""
        return next(
            line for line in self.world_lines if line["kind"] == kind and facts.items() <= line.items()
        )

    def told(self, name: str, **facts: Any) -> Line:
        """The data of the first such event."""
        data: Line = self.event(name, **facts)["event"]["data"]
        return data

    def event(self, name: str, **facts: Any) -> Line:
        return next(
            line
            for line in self.oms_lines
            if line["kind"] == "event"
            and line["event"]["type"] == f"warehouse.pick.{name}.v1"
            and facts.items() <= line["event"]["data"].items()
        )

    # ---- what the agent does -------------------------------------------------------------------------

    def command(self, device: DeviceId, verb: str, **arguments: str) -> Cause:
        self._commands += 1
        cause = Cause(device, CommandId(self._commands))
        self._happens("command", {**cause.facts(), "verb": verb, "arguments": arguments})
        self._pass(0.1)
        return cause

    def ended(self, cause: Cause, result: str = "done") -> None:
        self._happens("command_ended", {**cause.facts(), "result": result})
        self._pass(0.01)

    def retrieve(self, tote: Lpn) -> None:
        location = self.stock.by_tote[tote].location
        cause = self.command(CRANE, "retrieve", load=tote, location=location, point="out")
        self.world.pick_up(tote, at_location(location), cause)
        self.world.set_down(tote, at_point(PointId("out")), cause)
        self.ended(cause)

    def store(self, tote: Lpn) -> None:
        location = self.stock.by_tote[tote].location
        cause = self.command(CRANE, "store", load=tote, location=location, point="in")
        self.world.pick_up(tote, at_point(PointId("in")), cause)
        self.world.set_down(tote, at_location(LocationId(location)), cause)
        self.ended(cause)

    def transfer(self, load: Lpn, origin: str, destination: str) -> None:
        cause = self.command(CONVEYOR, "transfer", load=load, origin=origin, destination=destination)
        if load not in self.world.loads:
            self.world.introduce(load, cause)
        self.world.pick_up(load, at_point(PointId(origin)), cause)
        self.world.set_down(load, at_point(PointId(destination)), cause)
        self.ended(cause)

    def scan(self, scanner: str, data: str, **what: str) -> None:
        self._happens("scanned", {"scanner": scanner, "data": data, **what})
        self._pass(0.002)

    # ---- one task ------------------------------------------------------------------------------------

    def run(self, task: Line) -> None:
        """From its submission to its end: every line, unit by unit."""
        container = Lpn(task["destination"]["container_id"])
        self.submit(task)
        self._pass(0.005)
        self.tell("task_accepted", **_ids(task), lines=[])
        eta = datetime.fromtimestamp(self._now + TOLD_AHEAD_S, UTC).isoformat()
        self.tell("task_started", **_ids(task), station="st1", put_position="put-1", eta=eta)
        self.transfer(container, "supply", "put-1")
        results = []
        for tote, lines in _by_tote(task["lines"]):
            self._fetch(task, tote)
            results += [self._line(task, line, tote, container) for line in lines]
            self.transfer(tote, "tote", "in")
            self.store(tote)
        self.transfer(container, "put-1", "ship")
        self.tell("task_completed", **_ids(task), revision=1, order_id=task["order_id"], lines=results)
        self._pass(1)

    def _fetch(self, task: Line, tote: Lpn) -> None:
        self.retrieve(tote)
        where = {"container": tote, "location": self.stock.by_tote[tote].location}
        self.tell("tote_retrieved", **_ids(task), **where, point="out", station="st1")
        self.transfer(tote, "out", "tote")
        self.scan("tote-scan", f"]C0{tote}", load=tote)

    def _line(self, task: Line, line: Line, tote: Lpn, container: Lpn) -> Line:
        units: list[Line] = []
        while len(units) < line["quantity"] and (unit := self._unit(task, line, tote, container)):
            units.append(asdict(identity(unit)))
        about = {**_ids(task), **{name: line[name] for name in ("line_id", "sku", "gtin")}}
        ordered, picked = line["quantity"], len(units)
        numbers = {"ordered": ordered, "picked": picked}
        if picked == ordered:
            self.tell("line_picked", **about, **numbers, units=units)
        else:
            short = {"short": ordered - picked, "reason": "item_missing", "next_action": "none"}
            self.tell("line_short", **about, **numbers, **short, units=units)
        return {"line_id": line["line_id"], **numbers, "short": ordered - picked, "cancelled": 0}

    def _unit(self, task: Line, line: Line, tote: Lpn, container: Lpn) -> Unit | None:
        self._picks += 1
        if self._picks in self._upsets.wrong_item:
            self._grip_wrong(task, line, tote)
        unit = self._grip(line, tote)
        if unit is None:
            return None
        if self._picks in self._upsets.no_read:
            self._happens("fault", {"device": "item-scan", "fault": "no_read", "unit": unit.unit_id})
            self.scan("item-scan", "NOREAD", unit=unit.unit_id)
        self.scan("item-scan", unit.barcode.decode(), unit=unit.unit_id)
        about = {**_ids(task), "line_id": line["line_id"], **asdict(identity(unit))}
        self.tell("unit_verified", **about, rule="V3", scanner="item-scan")
        self.scan("put-scan", f"]C0{container}", load=container)
        cause = self.command(PICKER, "place", container=container, point="put-1")
        self.world.place(container, PointId("put-1"), cause)
        self.ended(cause)
        where = {"location": self.stock.by_tote[tote].location, "container": tote, "to_container": container}
        self.tell("inventory_changed", **about, **where, delta=-1, reason="picked")
        return unit

    def _grip(self, line: Line, tote: Lpn) -> Unit | None:
        cause = self.command(PICKER, "pick", tote=tote, point="tote", gtin=line["gtin"])
        unit = next((unit for unit in self.world.units_in(tote) if unit.gtin == line["gtin"]), None)
        if unit is not None:
            self.world.grip(unit.unit_id, tote, PointId("tote"), cause)
        self.ended(cause, "done" if unit else "item_missing")
        return unit

    def _grip_wrong(self, task: Line, line: Line, tote: Lpn) -> None:
        cause = self.command(PICKER, "pick", tote=tote, point="tote", gtin=line["gtin"])
        unit = next(unit for unit in self.world.units_in(tote) if unit.gtin != line["gtin"])
        self._happens("fault", {"fault": "wrong_item", **cause.facts(), "unit": unit.unit_id})
        self.world.grip(unit.unit_id, tote, PointId("tote"), cause)
        self.ended(cause)
        self.scan("item-scan", unit.barcode.decode(), unit=unit.unit_id)
        about = {**_ids(task), "line_id": line["line_id"], "station": "st1", "scanner": "item-scan"}
        self.tell("unit_rejected", **about, target="item", rule="V5", expected=line["gtin"], scanned="")
        cause = self.command(PICKER, "put_back", tote=tote, point="tote")
        self.world.put_back(tote, PointId("tote"), cause)
        self.ended(cause)


def identity(unit: Unit) -> Identity:
    """What a unit's label says."""
    return Identity(unit.gtin, unit.lot, unit.serial, unit.expiry.isoformat() if unit.expiry else None)


def pick_task(stock: Stock, number: int, wanted: Iterable[tuple[Lpn, str, int]]) -> Line:
    """A task from (tote, SKU, quantity), one line each."""
    lines = [
        {
            "line_id": str(place),
            "sku": sku,
            "gtin": stock.by_sku[sku].gtin,
            "quantity": quantity,
            "sources": [{"location": stock.by_tote[tote].location, "container_id": tote, "rank": 1}],
        }
        for place, (tote, sku, quantity) in enumerate(wanted, start=1)
    ]
    return {
        "task_id": f"T-{number}",
        "revision": 1,
        "order_id": f"SO-{number}",
        "destination": {"container_id": f"OC-{number:04}", "lane": "ship"},
        "lines": lines,
    }


def two_tasks(stock: Stock) -> list[Line]:
    """Three lines of two units each, two of them out of one tote."""
    first, second = stock.totes[0].lpn, stock.totes[1].lpn
    one, other = list(stock.in_tote[first])[:2]
    third = next(iter(stock.in_tote[second]))
    return [
        pick_task(stock, 1, [(first, one, 2), (first, other, 2)]),
        pick_task(stock, 2, [(second, third, 2)]),
    ]


def a_shift(site: Site, stock: Stock, upsets: Upsets | None = None) -> Shift:
    """Both tasks, done from end to end, and a clean stop."""
    shift = Shift(site, stock, upsets)
    for task in two_tasks(stock):
        shift.run(task)
    shift.world.write_end()
    return shift


def write(path: Path, lines: Iterable[Line]) -> None:
    """Write a ledger in the order of time, as its writer would have."""
    path.write_text("".join(f"{json.dumps(line)}\n" for line in sorted(lines, key=_time)))


def _time(line: Line) -> float:
    return float(line["t"])


def _ids(task: Line) -> Line:
    return {"task_id": task["task_id"]}


def _by_tote(lines: Iterable[Line]) -> Iterable[tuple[Lpn, list[Line]]]:
    totes: dict[Lpn, list[Line]] = {}
    for line in lines:
        totes.setdefault(Lpn(line["sources"][0]["container_id"]), []).append(line)
    return totes.items()
