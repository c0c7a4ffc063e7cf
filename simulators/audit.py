"""The audit: was the OMS told what really happened, and did nothing happen that must not?

It reads two files, the OMS's ledger and the world's, and knows neither the agent nor its journal. What each
number means is explained in docs/explanation/audit.md.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from simulators.audit_containers import check_containers
from simulators.audit_etas import EtaErrors, check_etas
from simulators.audit_exceptions import ExceptionCounts, count_exceptions
from simulators.audit_findings import FindingKind, Findings
from simulators.audit_mistakes import KindCounts, count_mistakes
from simulators.audit_oms import OmsLedger, read_oms
from simulators.audit_records import Grip
from simulators.audit_scans import Lag, ScanCheck, first_command_lags
from simulators.audit_stock import StockCounts, check_stock
from simulators.audit_tasks import check_tasks
from simulators.audit_units import (
    check_inventory,
    check_orders,
    check_totes,
    harmless_serials,
    in_doubt,
    let_pass,
    not_shipped,
)
from simulators.audit_weights import contest
from simulators.audit_world import WorldBook, read_world
from simulators.oms_book import TaskStatus


@dataclass(frozen=True, slots=True)
class TaskCounts:
    """Tasks by how they ended. Every submitted task is in one of the others, unless something is wrong."""

    submitted: int
    completed: int
    """With every line in full."""
    short: int
    """Completed with at least one line short."""
    cancelled: int
    rejected: int
    held: int
    """Not ended; waiting for a person."""


@dataclass(frozen=True, slots=True)
class UnitCounts:
    """Units of the tasks that were not rejected, as the OMS was told. `ordered` exceeds the sum of the others
    by what is still open in held tasks."""

    ordered: int
    picked: int
    short: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class MoveCounts:
    """Commands of all devices."""

    commanded: int
    """Accepted by a device."""
    executed: int
    """Of those, the ones that moved a load or a unit."""
    repeated: int
    """Carried out or accepted more than once."""
    lost: int
    """Accepted, and nothing came of it."""


@dataclass(frozen=True, slots=True)
class VerificationCounts:
    """What the scans were tested with and what became of it."""

    injected: int
    """Mistakes that were made on purpose and that a scan or a weight can tell: see `Audit.mistakes`."""
    caught: int
    """Of those, the ones after which nothing was placed on the strength of them."""
    escaped: int
    """Units placed that nobody ordered there or no scanner had read, injected or not."""
    false_rejects: int
    """Units that were right and read, and rejected all the same."""
    hidden: int
    """Mistakes beside the injected ones that ended in a placed unit and that nothing could tell: a right
    label on a wrong item whose weight nobody knows, or is the same."""


@dataclass(frozen=True, slots=True)
class ConfirmationCounts:
    """The events that the OMS received."""

    events: int
    """Different ones."""
    repeats: int
    """Further arrivals of one that had come before; allowed."""
    gaps: int
    missing: int
    wrong: int


@dataclass(frozen=True, slots=True)
class Latency:
    """Percentiles in milliseconds by nearest rank; None without samples."""

    p50: float | None
    p99: float | None
    samples: int

    @staticmethod
    def of(seconds: Iterable[float]) -> "Latency":
        ordered = sorted(seconds)
        return Latency(_percentile_ms(ordered, 50), _percentile_ms(ordered, 99), len(ordered))


@dataclass(frozen=True, slots=True)
class Latencies:
    task_to_first_command: Latency
    scan_to_confirmation: Latency


@dataclass(frozen=True, slots=True)
class Lags:
    """Every single latency, with its time."""

    task_to_first_command: Sequence[Lag]
    scan_to_confirmation: Sequence[Lag]


@dataclass(frozen=True, slots=True)
class Audit:
    """The result. `problems` are plain sentences, each naming the task, line, unit or command concerned."""

    tasks: TaskCounts
    units: UnitCounts
    moves: MoveCounts
    verification: VerificationCounts
    confirmations: ConfirmationCounts
    latency_ms: Latencies
    eta_error_s: EtaErrors
    stock: StockCounts
    mistakes: Mapping[str, KindCounts]
    """What the verification was tested with, by kind."""
    exceptions: Mapping[str, ExceptionCounts]
    """What was raised and who settled it, by kind."""
    seconds: float
    """From the first line of the OMS's ledger to the last."""
    problems: tuple[str, ...]

    @property
    def consistent(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """The contract's shape, and `problems` beside it."""
        result = asdict(self)
        problems = result.pop("problems")
        return result | {"consistent": self.consistent, "problems": list(problems)}


def audit(oms: Path, world: Path) -> Audit:
    """Compare the ledger of an OMS with that of the world.

    A last line that a kill cut off is left out. Raises `LedgerError` when a line before it cannot be read and
    OSError when a file cannot.
    """
    return audit_with_lags(oms, world)[0]


def audit_with_lags(oms: Path, world: Path) -> tuple[Audit, Lags]:
    """The audit, and the latencies that it sums up one by one. Raises as `audit`."""
    findings = Findings()
    world_book = read_world(world, findings)
    oms_ledger = read_oms(oms, findings)
    placed: dict[str, list[Grip]] = defaultdict(list)
    for grip in world_book.placed:
        placed[grip.container or ""].append(grip)
    sure = contest(oms_ledger, world_book, placed)
    scans = ScanCheck(oms_ledger, world_book, findings)
    check_orders(oms_ledger, sure, findings)
    stock = _check_stock(oms_ledger, world_book, placed, findings)
    world_book.mistakes.forgive("duplicate_serial", harmless_serials(sure, not_shipped(oms_ledger)))
    world_book.mistakes.allow(let_pass(oms_ledger, placed))
    check_totes(oms_ledger, world_book, findings)
    check_tasks(oms_ledger, sure, findings)
    check_containers(oms_ledger, world_book, findings)
    scans.run()
    etas = check_etas(oms_ledger, findings)
    mistakes = count_mistakes(world_book.mistakes, oms_ledger, world_book.pickers)
    lags = Lags(first_command_lags(oms_ledger, world_book), scans.lags)
    result = Audit(
        tasks=_tasks(oms_ledger),
        units=_units(oms_ledger),
        moves=_moves(world_book, findings),
        verification=_verification(mistakes, scans, findings),
        confirmations=_confirmations(oms_ledger, findings),
        latency_ms=Latencies(
            task_to_first_command=Latency.of(lag.seconds for lag in lags.task_to_first_command),
            scan_to_confirmation=Latency.of(lag.seconds for lag in lags.scan_to_confirmation),
        ),
        eta_error_s=etas,
        stock=stock,
        mistakes=mistakes,
        exceptions=count_exceptions(oms_ledger),
        seconds=round(oms_ledger.seconds, 3),
        problems=tuple(finding.text for finding in findings.found),
    )
    return result, lags


def _check_stock(
    oms: OmsLedger, world: WorldBook, placed: dict[str, list[Grip]], findings: Findings
) -> StockCounts:
    """What was told of single units, then the record that follows from it: one mistake is found once."""
    before = len(findings.found)
    check_inventory(oms, placed, findings)
    told_right = len(findings.found) == before
    return check_stock(oms, world, in_doubt(oms), findings if told_right else Findings())


def _tasks(oms: OmsLedger) -> TaskCounts:
    book = oms.book
    return TaskCounts(
        submitted=len(book.tasks),
        completed=book.count(TaskStatus.COMPLETED),
        short=book.count(TaskStatus.SHORT),
        cancelled=book.count(TaskStatus.CANCELLED),
        rejected=book.count(TaskStatus.REJECTED),
        held=len(book.held()),
    )


def _units(oms: OmsLedger) -> UnitCounts:
    results = [
        line
        for story in oms.stories.values()
        if (end := story.first("task_completed") or story.first("task_cancelled")) is not None
        for line in end.data["lines"]
    ]
    taken = (task for task in oms.book.tasks.values() if task.status is not TaskStatus.REJECTED)
    return UnitCounts(
        ordered=sum(task.units for task in taken),
        picked=oms.book.units_picked,
        short=sum(line["short"] for line in results),
        cancelled=sum(line["cancelled"] for line in results),
    )


def _moves(world: WorldBook, findings: Findings) -> MoveCounts:
    return MoveCounts(
        commanded=len(world.commands),
        executed=sum(bool(record.effects) for record in world.commands.values()),
        repeated=len(world.repeated),
        lost=findings.count(FindingKind.LOST),
    )


def _verification(
    mistakes: Mapping[str, KindCounts], scans: ScanCheck, findings: Findings
) -> VerificationCounts:
    return VerificationCounts(
        injected=sum(counts.injected for counts in mistakes.values()),
        caught=sum(counts.caught for counts in mistakes.values()),
        escaped=findings.count(FindingKind.ESCAPED),
        false_rejects=scans.false_rejects,
        hidden=sum(counts.hidden for counts in mistakes.values()),
    )


def _confirmations(oms: OmsLedger, findings: Findings) -> ConfirmationCounts:
    return ConfirmationCounts(
        events=oms.book.events,
        repeats=oms.book.repeats,
        gaps=findings.count(FindingKind.GAP),
        missing=findings.count(FindingKind.MISSING),
        wrong=findings.count(FindingKind.WRONG),
    )


def _percentile_ms(ordered: Sequence[float], percent: int) -> float | None:
    if not ordered:
        return None
    rank = math.ceil(len(ordered) * percent / 100)
    return round(ordered[rank - 1] * 1000, 3)
