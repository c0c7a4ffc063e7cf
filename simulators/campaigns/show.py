"""A campaign with its progress, its table and its JSON report."""

import asyncio
import json
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from edge_agent.crash_points import CrashPoint
from edge_agent.domain.site import Site
from simulators.campaigns.chaos import Chaos, ChaosOptions, ChaosReport

PROBLEMS_SHOWN = 20
MUST_BE_0 = (
    "moves.repeated",
    "moves.lost",
    "verification.escaped",
    "confirmations.gaps",
    "confirmations.missing",
    "confirmations.wrong",
)


def show_chaos(
    site: Site, options: ChaosOptions, folder: Path, json_file: Path | None, console: Console
) -> bool:
    """Run the crash campaign in a folder. True where every audit was consistent."""
    console.print(f"{options.cycles} cycles, seed {options.seed}; everything stands in {folder}")
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    with bar:
        row = bar.add_task("cycles", total=options.cycles)

        def show(report: ChaosReport) -> None:
            text = f"cycles   rounds {report.rounds}, problems {len(report.problems)}"
            bar.update(row, completed=report.cycles, description=text)

        report = asyncio.run(Chaos(site, options, folder, show).run())
    console.print(_table(report))
    for problem in report.problems[:PROBLEMS_SHOWN]:
        console.print(problem, style="red", highlight=False)
    if json_file is not None:
        json_file.write_text(json.dumps(report.to_json(), indent=2) + "\n", "utf-8")
    console.print(f"consistent: {str(report.consistent).lower()}")
    return report.consistent


def _table(report: ChaosReport) -> Table:
    table = Table(title=f"Chaos: {report.cycles} cycles in {report.rounds} rounds, seed {report.seed}")
    table.add_column("what")
    table.add_column("how often", justify="right")
    table.add_row("killed at a random moment", str(report.random_kills))
    for point in CrashPoint:
        table.add_row(f"killed at {point.value}", str(report.crash_points[point.value]))
    table.add_section()
    for answer in ("Done", "Failed", "Running", "NotStarted", "Unknown"):
        table.add_row(f"commands in doubt found {answer}", str(report.reconciled[answer]))
    table.add_section()
    for key in ("tasks.submitted", "tasks.completed", "tasks.short", "tasks.held", "moves.commanded"):
        table.add_row(key, str(report.totals[key]))
    for key in MUST_BE_0:
        table.add_row(f"{key} (must be 0)", str(report.totals[key]))
    return table
