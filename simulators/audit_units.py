"""Units: was everything that was placed ordered, and is the OMS's stock record right about each of them?"""

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Set
from dataclasses import dataclass
from datetime import UTC, datetime

from simulators.audit_findings import FindingKind, Findings, Identity, gtin14
from simulators.audit_oms import LetPass, OmsLedger, Told
from simulators.audit_records import Grip
from simulators.audit_world import WorldBook
from simulators.oms_book import Json, TaskStatus


def check_orders(oms: OmsLedger, placed: dict[str, list[Grip]], findings: Findings) -> None:
    """Find units that were placed unread or badly labelled, where nobody ordered them, or too many.

    What two persons let pass for a task counts as ordered there.
    """
    for container, grips in placed.items():
        for grip in grips:
            if grip.unfit:
                text = f"unit {grip.unit.unit} was placed into {container}{grip.unfit}"
                findings.add(FindingKind.ESCAPED, text)
        task_id = oms.container_of.get(container)
        if task_id is None or oms.book.tasks[task_id].status is TaskStatus.REJECTED:
            lines, owner = [], "which belongs to no task"
        else:
            lines, owner = list(oms.lines(task_id).values()), f"whose task {task_id} did not order it"
        for grip in _surplus(grips, lines, oms.let_pass.get(task_id or "", frozenset())):
            text = f"unit {grip.unit.unit} ({grip.unit.identity}) was placed into {container}, {owner}"
            findings.add(FindingKind.ESCAPED, text)
        for grip in grips:
            expiry = grip.unit.identity.expiry
            if expiry is not None and expiry < _day(grip):
                text = f"unit {grip.unit.unit} was placed into {container}, and its last day was {expiry}"
                findings.add(FindingKind.ESCAPED, text)
    for grip, other in _doubled(placed, not_shipped(oms)):
        text = (
            f"unit {grip.unit.unit} was placed into {grip.container}; its serial number is in {other} already"
        )
        findings.add(FindingKind.ESCAPED, text)


def not_shipped(oms: OmsLedger) -> set[str]:
    """The containers of cancelled tasks: what lies in them goes back to stock."""
    tasks = oms.book.tasks
    return {
        container
        for container, task_id in oms.container_of.items()
        if tasks[task_id].status is TaskStatus.CANCELLED
    }


def harmless_serials(placed: dict[str, list[Grip]], returned: Container[str] = ()) -> Iterator[str]:
    """Units that were placed while no other that leaves had their serial number. `returned`: the containers
    that do not leave."""
    doubled = {grip.unit.unit for grip, _ in _doubled(placed, returned)}
    units = (grip.unit.unit for grips in placed.values() for grip in grips)
    yield from (unit for unit in units if unit not in doubled)


def _doubled(placed: dict[str, list[Grip]], returned: Container[str]) -> Iterator[tuple[Grip, str]]:
    """Every unit with a serial number that an earlier one of the item has, and the container of that."""
    leaving = (grip for container, grips in placed.items() if container not in returned for grip in grips)
    first: dict[tuple[str, str], Grip] = {}
    for grip in sorted(leaving, key=lambda grip: grip.ended_t or 0.0):
        unit = grip.unit.identity
        if unit.serial is None:
            continue
        earlier = first.setdefault((unit.gtin, unit.serial), grip)
        if earlier is not grip:
            yield grip, earlier.container or ""


def _day(grip: Grip) -> str:
    """The UTC date on which it was placed."""
    assert grip.ended_t is not None  # it was let go
    return datetime.fromtimestamp(grip.ended_t, UTC).date().isoformat()


def let_pass(oms: OmsLedger, placed: dict[str, list[Grip]]) -> Iterator[str]:
    """Units that were placed though a rule had rejected them, because two persons had said so."""
    for container, grips in placed.items():
        passed = oms.let_pass.get(oms.container_of.get(container) or "", set())
        yield from (grip.unit.unit for grip in grips if any(one.covers(grip.unit.identity) for one in passed))


def _surplus(grips: list[Grip], lines: list[Json], passed: Set[LetPass]) -> Iterator[Grip]:
    # A line that asks for more comes first: what fits it must not be used up by one that takes anything.
    open_lines = sorted(lines, key=_demands, reverse=True)
    remaining = [line["quantity"] for line in open_lines]
    for grip in grips:
        for place, line in enumerate(open_lines):
            if remaining[place] and fits(line, grip.unit.identity, passed):
                remaining[place] -= 1
                break
        else:
            yield grip


def _demands(line: Json) -> int:
    return sum(line.get(name) is not None for name in ("serials", "lot", "expiry_min"))


def fits(line: Json, unit: Identity, passed: Set[LetPass] = frozenset()) -> bool:
    """Whether a unit is what a line of a pick task asks for, or was let pass for it."""
    if gtin14(line["gtin"]) != unit.gtin:
        return False
    names = {one.name for one in passed if one.covers(unit)}
    if (lot := line.get("lot")) is not None and lot != unit.lot and "wrong_lot" not in names:
        return False
    serials = line.get("serials")
    if serials is not None and unit.serial not in serials and "wrong_serial" not in names:
        return False
    # ISO dates sort as they follow each other.
    earliest = line.get("expiry_min")
    return earliest is None or (unit.expiry or "") >= earliest or "short_dated" in names


@dataclass(frozen=True, slots=True)
class _Removal:
    """One unit that left the stock: as told, or as it was done."""

    identity: Identity
    tote: str
    location: str

    def __str__(self) -> str:
        return f"{self.identity} out of {self.tote} at {self.location}"


def check_inventory(oms: OmsLedger, placed: dict[str, list[Grip]], findings: Findings) -> None:
    """Compare every `inventory_changed` with the units that were placed, container by container."""
    told: dict[str, list[tuple[_Removal, Told]]] = defaultdict(list)
    for event in oms.told:
        if event.name == "inventory_changed" and event.data["reason"] == "picked":
            _check_line(oms, event, findings)
            data = event.data
            removal = _Removal(Identity.of(data), data["container"], data["location"])
            told[data["to_container"]] += [(removal, event)] * -data["delta"]
    doubts = in_doubt(oms)
    for container in sorted(placed.keys() | told.keys()):
        there, tellings = placed.get(container, []), told[container]
        grips = [grip for grip in there if not grip.contested]
        for grip in there:
            if grip.contested:  # what was told of it is in question, too
                _drop(tellings, _Removal(grip.unit.labelled, grip.tote, grip.location))
        _match(container, tellings, grips, doubts, findings)


def _drop(tellings: list[tuple[_Removal, Told]], removal: _Removal) -> None:
    """Leave the last telling of such a removal out, if there is one."""
    place = next((at for at in reversed(range(len(tellings))) if tellings[at][0] == removal), None)
    if place is not None:
        del tellings[place]


def in_doubt(oms: OmsLedger) -> Counter[tuple[str, str]]:
    """Units by container and item of which the OMS was told that nobody knows where they lie."""
    resolved = {event.data["exception_id"] for event in oms.told if event.name == "exception_resolved"}
    doubts: Counter[tuple[str, str]] = Counter()
    for event in oms.told:
        data = event.data
        unknown = event.name == "exception_raised" and data.get("kind") == "command_unknown" and data["held"]
        if not unknown or data["exception_id"] in resolved or data.get("task_id") not in oms.stories:
            continue
        line = oms.lines(data["task_id"]).get(data.get("line_id") or "")
        if line is not None:
            doubts[oms.task(data["task_id"])["destination"]["container_id"], gtin14(line["gtin"])] += 1
    return doubts


def _check_line(oms: OmsLedger, event: Told, findings: Findings) -> None:
    data = event.data
    task_id = oms.container_of.get(data["to_container"])
    if task_id is None or task_id != data["task_id"]:
        text = f"{event} names {data['to_container']} for task {data['task_id']}; it belongs to {task_id}"
        findings.add(FindingKind.WRONG, text)
        return
    line = oms.lines(task_id).get(data["line_id"])
    if line is None or gtin14(line["gtin"]) != gtin14(data["gtin"]):
        text = (
            f"{event} tells of {data['gtin']} for line {data['line_id']} of task {task_id}, which is not so"
        )
        findings.add(FindingKind.WRONG, text)
    if data["delta"] >= 0:
        findings.add(FindingKind.WRONG, f"{event} tells of a pick that adds {data['delta']} to the stock")


def _match(
    container: str,
    told: list[tuple[_Removal, Told]],
    placed: list[Grip],
    doubts: Counter[tuple[str, str]],
    findings: Findings,
) -> None:
    """Pair what agrees; then what concerns the same item, as a wrong telling; what is left stands alone."""
    open_grips = list(placed)
    unmatched: list[tuple[_Removal, Told]] = []
    for removal, event in told:
        grip = next((grip for grip in open_grips if _done(grip) == removal), None)
        if grip is None:
            unmatched.append((removal, event))
        else:
            open_grips.remove(grip)
    for removal, event in unmatched:
        grip = next((grip for grip in open_grips if _done(grip).identity.gtin == removal.identity.gtin), None)
        if grip is None:
            text = f"{event} tells of {removal} into {container}, where no such unit was placed"
        else:
            open_grips.remove(grip)
            text = f"{event} tells of {removal} into {container}; unit {grip.unit.unit} is {_done(grip)}"
        findings.add(FindingKind.WRONG, text)
    for grip in open_grips:
        doubt = container, grip.unit.identity.gtin
        if doubts[doubt]:
            doubts[doubt] -= 1
            continue
        text = f"unit {grip.unit.unit} ({_done(grip)}) is in {container} and no inventory_changed tells of it"
        findings.add(FindingKind.MISSING, text)


def _done(grip: Grip) -> _Removal:
    return _Removal(grip.unit.identity, grip.tote, grip.location)


def check_totes(oms: OmsLedger, world: WorldBook, findings: Findings) -> None:
    """Every `tote_retrieved` tells of a tote that did leave that location."""
    for event in oms.told:
        if event.name == "tote_retrieved":
            tote, location = event.data["container"], event.data["location"]
            if (tote, location) not in world.retrieved:
                text = f"{event} for task {event.data['task_id']}: {tote} was not fetched from {location}"
                findings.add(FindingKind.WRONG, text)
