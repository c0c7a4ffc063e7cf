"""The accuracy campaign with its progress, its table and its JSON report."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich.console import Console

from edge_agent.logs import configure
from simulators.campaigns.accuracy import Rehearsal, run_accuracy
from simulators.campaigns.accuracy_report import AccuracyReport, accuracy_table, summary
from simulators.campaigns.show import bar, show_problems, write_json


def show_accuracy(
    rehearsal: Rehearsal, units: int, seed: int, json_file: Path | None, console: Console
) -> bool:
    """Play rounds, one on each processor core, until so many units are picked.

    True where nothing has escaped and all audits were consistent.
    """
    report = AccuracyReport(seed)
    with bar(units, console) as update:

        def redraw() -> None:
            found = f"{report.injected.total()} injected, {len(report.problems)} problems"
            update(min(report.units, units), f"accuracy   {found}")

        redraw()
        cores = os.cpu_count() or 1
        spawning = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(cores, spawning, configure, ("ERROR",)) as pool:
            run_accuracy(rehearsal, units, report, redraw, pool=pool, at_once=cores)
    console.print(accuracy_table(report))
    for line in summary(report):
        console.print(line, highlight=False)
    show_problems(report.problems, console)
    write_json(report.to_json(), json_file)
    console.print(f"holds: {str(report.holds).lower()}")
    return report.holds
