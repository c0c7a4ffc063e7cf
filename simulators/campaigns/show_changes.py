"""The changes campaign with its progress, its table and its JSON report."""

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table

from edge_agent.logs import configure
from simulators.campaigns.accuracy import Rehearsal
from simulators.campaigns.changes import ChangesReport, run_changes, story_of
from simulators.campaigns.show import bar, show_problems, write_json


def show_changes(
    rehearsal: Rehearsal, stories: int, seed: int, json_file: Path | None, console: Console
) -> bool:
    """Play the stories, one round on each processor core. True where every round was consistent."""
    report = ChangesReport(seed)
    with bar(1, console) as update:

        def redraw(left: int) -> None:
            text = f"changes   story {report.stories} of {stories}, {left} rounds left of it"
            update(0 if left else 1, text)

        cores = os.cpu_count() or 1
        spawning = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(cores, spawning, configure, ("ERROR",)) as pool:
            run_changes(story_of(rehearsal), report, stories, redraw, pool=pool, at_once=cores)
    console.print(changes_table(report))
    show_problems(report.problems, console)
    write_json(report.to_json(), json_file)
    console.print(f"consistent: {str(report.consistent).lower()}")
    return report.consistent


def changes_table(report: ChangesReport) -> Table:
    """A row for every answer to each kind of change."""
    title = f"changes: {report.moments} moments in {report.stories} stories from seed {report.seed}"
    table = Table(title=title, title_justify="left", min_width=len(title))
    table.add_column("change")
    table.add_column("answer")
    table.add_column("how often", justify="right")
    for change, answers in sorted(report.answers.items()):
        for answer, count in answers.most_common():
            table.add_row(change, answer, str(count))
    return table
