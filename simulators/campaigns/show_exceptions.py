"""The exceptions campaign with its progress, its table and its JSON report."""

import multiprocessing
import os
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from edge_agent.domain.events import ExceptionKind
from edge_agent.logs import configure
from simulators.campaigns.accuracy import Rehearsal
from simulators.campaigns.exceptions import CASES, ExceptionsReport, run_exceptions
from simulators.campaigns.show import bar, show_problems, write_json


def show_exceptions(
    sites: Mapping[str, Rehearsal], rounds: int, seed: int, json_file: Path | None, console: Console
) -> bool:
    """Play every case so many times, one round on each processor core.

    True where every kind came up, all were settled and every round was consistent.
    """
    report = ExceptionsReport(seed)
    with bar(rounds * len(CASES), console) as update:

        def redraw() -> None:
            update(report.rounds, f"exceptions   {len(report.problems)} problems")

        redraw()
        spawning = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(os.cpu_count() or 1, spawning, configure, ("ERROR",)) as pool:
            run_exceptions(sites, rounds, report, redraw, pool=pool)
    console.print(exceptions_table(report))
    show_problems([*report.problems, *(f"{kind} never came up" for kind in report.missing)], console)
    write_json(report.to_json(), json_file)
    console.print(f"consistent: {str(report.consistent).lower()}")
    return report.consistent


def exceptions_table(report: ExceptionsReport) -> Table:
    """A row for each kind, with how it is provoked below its name."""
    title = f"exceptions: {report.rounds} rounds from seed {report.seed}"
    table = Table(title=title, title_justify="left")
    table.add_column("kind")
    for figure in ("raised", "machine", "person", "no person"):
        table.add_column(figure, justify="right")
    for kind in ExceptionKind:
        counts = report.kinds[kind]
        share = counts.share_with_no_person
        figures = (counts.raised, counts.by_machine, counts.by_person)
        shown = "" if share is None else f"{share:.1%}"
        name = f"{kind.value}\n[dim]{CASES[kind].how}[/dim]"
        table.add_row(name, *map(str, figures), shown)
    return table
