"""A campaign with its progress, its table and its JSON report."""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from edge_agent.crash_points import CrashPoint
from edge_agent.domain.site import Site
from simulators.campaigns.broker import CASES, BrokerCampaign
from simulators.campaigns.chaos import Kills
from simulators.campaigns.mixed import Mixture
from simulators.campaigns.report import Report
from simulators.campaigns.rounds import Campaign, CampaignOptions

PROBLEMS_SHOWN = 20
MUST_BE_0 = (
    "moves.repeated",
    "moves.lost",
    "verification.escaped",
    "confirmations.gaps",
    "confirmations.missing",
    "confirmations.wrong",
)
COUNTED = (
    *("tasks.submitted", "tasks.completed", "tasks.short", "tasks.held"),
    *("moves.commanded", "confirmations.events", "confirmations.repeats"),
)
ANSWERS = ("Done", "Failed", "Running", "NotStarted", "Unknown")


def show_rounds(
    campaign: str,
    site: Site,
    options: CampaignOptions,
    folder: Path,
    json_file: Path | None,
    console: Console,
) -> bool:
    """Run `chaos` or `mixed` in a folder. True where every audit was consistent."""
    report = Report(campaign, options.seed)
    cycle = Mixture(site, report).strike if campaign == "mixed" else Kills(report).one_life
    console.print(f"{options.cycles} cycles, seed {options.seed}; rounds that fail stay in {folder}")
    with progress(report, options.cycles, console) as on_change:
        asyncio.run(Campaign(site, options, folder, report, cycle, on_change).run())
    return show_report(report, json_file, console)


def show_broker(
    site: Site, options: CampaignOptions, folder: Path, json_file: Path | None, console: Console
) -> bool:
    """Play the broker's cases in a folder. True where every audit was consistent and every case was named."""
    report = Report("broker", options.seed)
    console.print(f"{len(CASES)} cases, seed {options.seed}; everything stands in {folder}")
    with progress(report, len(CASES), console) as on_change:
        asyncio.run(BrokerCampaign(site, options, folder, report, on_change).run())
    return show_report(report, json_file, console)


@contextmanager
def progress(report: Report, cycles: int, console: Console) -> Iterator[Callable[[], None]]:
    """A bar that follows the report; gives the function that redraws it."""
    with bar(cycles, console) as update:

        def redraw() -> None:
            update(
                report.cycles,
                f"{report.campaign}   rounds {report.rounds}, problems {len(report.problems)}",
            )

        redraw()
        yield redraw


@contextmanager
def bar(total: int, console: Console) -> Iterator[Callable[[int, str], None]]:
    """A bar; gives the function that moves it and says what stands before it."""
    shown = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
    )
    with shown:
        row = shown.add_task("", total=total)
        yield lambda completed, text: shown.update(row, completed=completed, description=text)


def show_report(report: Report, json_file: Path | None, console: Console) -> bool:
    """Print the table, the first problems and the verdict; write the JSON where asked."""
    console.print(report_table(report))
    show_problems(report.problems, console)
    write_json(report.to_json(), json_file)
    console.print(f"consistent: {str(report.consistent).lower()}")
    return report.consistent


def show_problems(problems: Sequence[str], console: Console) -> None:
    for problem in problems[:PROBLEMS_SHOWN]:
        console.print(problem, style="red", highlight=False)
    if len(problems) > PROBLEMS_SHOWN:
        console.print(f"... and {len(problems) - PROBLEMS_SHOWN} more")


def write_json(content: Mapping[str, Any], file: Path | None) -> None:
    """Write a report where one is asked for."""
    if file is not None:
        file.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def report_table(report: Report) -> Table:
    """What was done, what the devices answered, what was counted, and what must be nought."""
    title = f"{report.campaign}: {report.cycles} cycles in {report.rounds} rounds, seed {report.seed}"
    table = Table(title=title, title_justify="left")
    table.add_column("what")
    table.add_column("how often", justify="right")
    row = partial(_row, table)
    for what, count in sorted(report.done.items()):
        row(what, count)
    table.add_section()
    for point in CrashPoint if report.crash_points else ():
        row(f"killed at {point.value}", report.crash_points[point.value])
    table.add_section()
    for fault, count in sorted(report.struck.items()):
        row(f"fault that struck: {fault}", count)
    table.add_section()
    for answer in ANSWERS:
        row(f"commands in doubt found {answer}", report.reconciled[answer])
    table.add_section()
    for key in COUNTED:
        row(key, report.totals[key])
    for key in MUST_BE_0:
        row(f"{key} (must be 0)", report.totals[key])
    return table


def _row(table: Table, what: str, count: int) -> None:
    table.add_row(what, str(count))
