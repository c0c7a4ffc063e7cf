"""`edge-agent campaign ...`: long runs that try to break the agent, with progress, table and JSON report."""

import asyncio
import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from edge_agent.crash_points import CrashPoint
from edge_agent.resources import config_directory
from edge_agent.site_file import load
from simulators.campaigns.chaos import Chaos, ChaosOptions, ChaosReport

app = typer.Typer(no_args_is_help=True)

MUST_BE_0 = (
    "moves.repeated",
    "moves.lost",
    "verification.escaped",
    "confirmations.gaps",
    "confirmations.missing",
    "confirmations.wrong",
)


@app.callback()
def campaigns() -> None:
    """Long runs that try to break the agent."""


@app.command()
def chaos(
    cycles: Annotated[int, typer.Option(min=1, help="Lives of the agent.")] = 40,
    seed: Annotated[int, typer.Option(help="Same seed, same tasks, faults and kills.")] = 1,
    speed: Annotated[float, typer.Option(min=0.1, max=200)] = 30.0,
    json_file: Annotated[Path | None, typer.Option("--json")] = None,
    keep: Annotated[Path | None, typer.Option(help="Keep everything in this folder.")] = None,
) -> None:
    """Kill the agent at random moments and at every crash point; audit every round."""
    site_file = config_directory() / "demo.yaml"
    site, _ = load(site_file, {})
    folder = keep or Path(tempfile.mkdtemp(prefix="edge-agent-chaos-"))
    console = Console()
    console.print(f"{cycles} cycles, seed {seed}; everything stands in {folder}")
    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with bar:
        row = bar.add_task("cycles", total=cycles)

        def show(report: ChaosReport) -> None:
            text = f"cycles   rounds {report.rounds}, problems {len(report.problems)}"
            bar.update(row, completed=report.cycles, description=text)

        options = ChaosOptions(site_file, cycles, seed, speed)
        report = asyncio.run(Chaos(site, options, folder, show).run())
    console.print(_table(report))
    for problem in report.problems[:20]:
        console.print(problem, style="red", highlight=False)
    if json_file is not None:
        json_file.write_text(json.dumps(report.to_json(), indent=2) + "\n", "utf-8")
    console.print(f"consistent: {str(report.consistent).lower()}")
    if not report.consistent:
        raise typer.Exit(1)


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
