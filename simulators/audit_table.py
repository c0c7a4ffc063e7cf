"""The audit's result as a table for a person at a terminal."""

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

from simulators.audit import Audit, Latency
from simulators.audit_etas import EtaError, EtaErrors
from simulators.audit_mistakes import KindCounts


def summary_table(audit: Audit) -> Table:
    """What was counted, what must be nought and is or is not, the latencies and the verdict.

    The problems themselves are in `audit.problems`: they are sentences and read better below a table.
    """
    table = Table(
        title="Audit: what the OMS was told against what the world did",
        title_justify="left",
        show_header=False,
        box=box.ROUNDED,
    )
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    _add_counts(table, audit)
    table.add_section()
    table.add_row("Task to first command", _latency(audit.latency_ms.task_to_first_command, "tasks"))
    table.add_row("Scan to confirmation", _latency(audit.latency_ms.scan_to_confirmation, "scans"))
    table.add_row("ETA, absolute error", _etas(audit.eta_error_s))
    table.add_section()
    table.add_row("Consistent", _verdict(audit))
    return table


def _add_counts(table: Table, audit: Audit) -> None:
    tasks, units, moves = audit.tasks, audit.units, audit.moves
    scans, told = audit.verification, audit.confirmations
    table.add_row(
        "Tasks",
        f"{tasks.submitted} submitted: {tasks.completed} completed, {tasks.short} short, "
        f"{tasks.cancelled} cancelled, {tasks.rejected} rejected, {tasks.held} held",
    )
    table.add_row(
        "Units",
        f"{units.ordered} ordered: {units.picked} picked, {units.short} short, {units.cancelled} cancelled",
    )
    table.add_row(
        "Moves",
        Group(
            f"{moves.commanded} commanded, {moves.executed} executed",
            _noughts(repeated=moves.repeated, lost=moves.lost),
        ),
    )
    table.add_row(
        "Verification",
        Group(
            f"{scans.injected} faults injected, {scans.caught} caught, {scans.false_rejects} false rejects",
            _noughts(escaped=scans.escaped),
        ),
    )
    for kind, counts in audit.mistakes.items():
        table.add_row(f"  {kind}", _mistakes(counts))
    stock = audit.stock
    table.add_row(
        "Stock record",
        f"{stock.compared} comparisons, {stock.found_short} found short, {stock.behind} not looked for",
    )
    table.add_row(
        "Confirmations",
        Group(
            f"{told.events} events, {told.repeats} repeats",
            _noughts(gaps=told.gaps, missing=told.missing, wrong=told.wrong),
        ),
    )


def _mistakes(counts: KindCounts) -> Text:
    rules = ", ".join(f"{rule} {count}" for rule, count in counts.by_rule.items())
    hidden = f"; beside them {counts.hidden} that nothing can tell" if counts.hidden else ""
    text = Text(f"{counts.injected}: {rules}{hidden}")
    return text.append(f" {counts.escaped} escaped", "bold red") if counts.escaped else text


def _noughts(**counts: int) -> Text:
    """Counts that must be 0: green where they are."""
    parts = [(f"{count} {name}", "bold red" if count else "green") for name, count in counts.items()]
    return Text(", ").join(Text(text, style=style) for text, style in parts)


def _latency(latency: Latency, what: str) -> str:
    if latency.p50 is None or latency.p99 is None:
        return "no samples"
    return f"p50 {latency.p50:.1f} ms, p99 {latency.p99:.1f} ms over {latency.samples} {what}"


def _etas(errors: EtaErrors) -> Group | str:
    if not errors.at_start.samples:
        return "no samples"
    return Group(
        f"at the start: {_eta(errors.at_start)}",
        f"as last told: {_eta(errors.last)}; {errors.changes} changes told",
    )


def _eta(error: EtaError) -> str:
    return f"p50 {error.p50:.1f} s, p90 {error.p90:.1f} s"


def _verdict(audit: Audit) -> Text:
    if audit.consistent:
        return Text(f"yes, after {audit.seconds:.1f} s", style="bold green")
    count = len(audit.problems)
    return Text(f"no: {count} problem{'s' if count > 1 else ''}", style="bold red")
