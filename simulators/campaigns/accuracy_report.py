"""What the accuracy campaign found: by kind of mistake, and what a sample of that size proves."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from simulators.audit import Audit
from simulators.audit_mistakes import WEIGHT_ONLY
from simulators.ledger import read_ledger

ENOUGH_PROBLEMS = 100


@dataclass
class AccuracyReport:
    """Figures as they grow. Mistakes are counted by kind, rules within each."""

    seed: int
    form: str = "on virtual time: the agent's core, loop and supervisors, without wires and broker"
    rounds: int = 0
    units: int = 0
    """Picked and confirmed."""
    totals: Counter[str] = field(default_factory=Counter)
    """Figures of all audits, added up; keys as in the demo's JSON, `group.figure`."""
    injected: Counter[str] = field(default_factory=Counter)
    escaped: Counter[str] = field(default_factory=Counter)
    by_rule: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    stops: Counter[str] = field(default_factory=Counter)
    """Exceptions that waited for a person, by kind."""
    exceptions: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By kind: raised, settled by the machine, by a person."""
    problems: list[str] = field(default_factory=list)
    broken: bool = False

    @property
    def holds(self) -> bool:
        """Nothing has escaped and every audit was consistent."""
        return not (self.problems or self.totals["verification.escaped"] or self.escaped.total())

    @property
    def escape_bound(self) -> float | None:
        """With 95 % confidence fewer mistakes than this share escape: the rule of three, 3/n after n without
        one. None where one has escaped or none was injected.

        Source: Hanley and Lippman-Hand, "If nothing goes wrong, is everything all right?", JAMA 249 (1983).
        """
        injected = self.injected.total()
        return 3 / injected if injected and not self.escaped.total() else None

    def add(self, seed: int, audit: Audit, stops: Counter[str]) -> None:
        """Take in a round: its audit, and how often each kind of exception waited for a person."""
        self.rounds += 1
        self.units += audit.units.picked
        result = audit.to_json()
        for group in ("tasks", "units", "verification", "confirmations"):
            self.totals.update({f"{group}.{figure}": count for figure, count in result[group].items()})
        for kind, counts in audit.mistakes.items():
            self.injected[kind] += counts.injected
            self.escaped[kind] += counts.escaped
            self.by_rule[kind].update(counts.by_rule)
        self.stops.update(stops)
        for kind, count in result["exceptions"].items():
            self.exceptions[kind].update(count)
        room = ENOUGH_PROBLEMS - len(self.problems)
        self.problems += [f"seed {seed}: {problem}" for problem in audit.problems][:room]

    def broke_off(self, seed: int, error: Exception) -> None:
        """A round did not come to its end."""
        self.rounds += 1
        self.broken = True
        self.problems.append(f"seed {seed}: {error}")

    def per_1000(self, count: int) -> float:
        """For 1,000 units."""
        return round(1000 * count / self.units, 3) if self.units else 0.0

    def to_json(self) -> dict[str, Any]:
        rejects = self.totals["verification.false_rejects"]
        return {
            "campaign": "accuracy",
            "form": self.form,
            "seed": self.seed,
            "rounds": self.rounds,
            "units": self.units,
            "injected": self.injected.total(),
            "injected_share": round(self.injected.total() / self.units, 5) if self.units else 0.0,
            "escaped": self.totals["verification.escaped"],
            "escape_bound_95": self.escape_bound,
            "false_rejects_per_1000": self.per_1000(rejects),
            "stops_per_1000": self.per_1000(self.stops.total()),
            "mistakes": {
                kind: {
                    "injected": self.injected[kind],
                    "caught": self.injected[kind] - self.escaped[kind],
                    "escaped": self.escaped[kind],
                    "by_rule": dict(sorted(self.by_rule[kind].items())),
                }
                for kind in sorted(self.injected)
            },
            "stops": dict(sorted(self.stops.items())),
            "exceptions": {kind: dict(counts) for kind, counts in sorted(self.exceptions.items())},
            "totals": dict(self.totals),
            "problems": self.problems,
            "holds": self.holds,
        }


def stops_in(oms: Path) -> Counter[str]:
    """Exceptions in an OMS's ledger that waited for a person, by kind."""
    events = (entry.facts["event"] for entry in read_ledger(oms) if entry.kind == "event")
    raised = (event["data"] for event in events if event["type"].endswith(".exception_raised.v1"))
    return Counter(data["kind"] for data in raised if data.get("held"))


def accuracy_table(report: AccuracyReport) -> Table:
    """A row for each kind of mistake, and the sum."""
    title = f"accuracy: {report.units} units in {report.rounds} rounds from seed {report.seed}"
    table = Table(title=title, title_justify="left")
    table.add_column("mistake")
    for figure in ("injected", "caught", "escaped"):
        table.add_column(figure, justify="right")
    table.add_column("caught by")
    for kind in sorted(report.injected):
        rules = ", ".join(f"{rule} {count}" for rule, count in sorted(report.by_rule[kind].items()))
        shown = f"{kind} (a weight alone can see it)" if kind in WEIGHT_ONLY else kind
        _row(table, shown, report.injected[kind], report.escaped[kind], rules)
    table.add_section()
    _row(table, "all", report.injected.total(), report.escaped.total(), "")
    return table


def _row(table: Table, kind: str, injected: int, escaped: int, rules: str) -> None:
    table.add_row(kind, str(injected), str(injected - escaped), str(escaped), rules)


def summary(report: AccuracyReport) -> list[str]:
    """What the table does not say, in sentences."""
    rejects, stops = report.totals["verification.false_rejects"], report.stops
    kinds = ", ".join(f"{kind} {count}" for kind, count in stops.most_common())
    hidden = report.totals["verification.hidden"]
    lines = [
        f"form: {report.form}",
        f"false rejects: {rejects}, {report.per_1000(rejects)} per 1,000 units",
        f"stops for a person: {stops.total()}, {report.per_1000(stops.total())} per 1,000 units"
        + (f" ({kinds})" if kinds else ""),
    ]
    if hidden:
        lines.append(f"beside the mistakes: {hidden} right labels on wrong items of the same weight, placed")
    if (bound := report.escape_bound) is not None:
        lines.append(
            f"0 of {report.injected.total()} mistakes escaped: with 95 % confidence fewer than "
            f"{bound:.4%} do (rule of three), in the mix that was injected"
        )
    weighed = "" if WEIGHT_ONLY & report.injected.keys() else "what a weight alone can see, "
    lines.append(f"not in the sample: {weighed}links, broker, disk, restarts")
    return lines
