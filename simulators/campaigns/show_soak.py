"""The soak campaign with its progress, its plot, its table and its JSON report."""

import asyncio
from pathlib import Path

from rich.console import Console
from rich.table import Table

from edge_agent.domain.site import Site
from simulators.campaigns.plot import draw
from simulators.campaigns.show import bar, show_problems, write_json
from simulators.campaigns.soak import Soak, SoakOptions, SoakReport


def show_soak(
    site: Site, options: SoakOptions, folder: Path, json_file: Path | None, console: Console
) -> bool:
    """Run the soak campaign in a folder. True where the audit was consistent and nothing grew."""
    report = SoakReport(options.seed, options.hours, options.rate_per_h, options.speed, options.warm_up_s)
    console.print(
        f"{options.tasks} tasks in {options.hours:g} h, seed {options.seed}; everything in {folder}"
    )
    with bar(options.tasks, console) as update:

        def on_sample() -> None:
            now = report.samples[-1]
            update(now.ended_tasks, f"soak   {now.rss_mb:.1f} MiB, {now.descriptors} descriptors")

        asyncio.run(Soak(site, options, folder, report, on_sample).run())
    if report.samples:
        plot = folder / "soak.svg"
        draw(report.samples, report.warm_up_s, f"{options.rate_per_h:g} tasks an hour", plot)
        console.print(f"samples and plot: {folder / 'samples.jsonl'}, {plot}")
    console.print(soak_table(report))
    show_problems(report.problems, console)
    write_json(report.to_json(), json_file)
    console.print(f"holds: {str(report.holds).lower()}")
    return report.holds


def soak_table(report: SoakReport) -> Table:
    """How each figure went after the warm-up."""
    title = f"soak: after {report.warm_up_s / 60:.0f} minutes of warm-up"
    table = Table(title=title, title_justify="left")
    for heading in ("figure", "first", "last", "highest", "growth an hour", "limit", "holds"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for one in report.trends:
        growth = "too few samples" if one.per_hour is None else f"{one.per_hour:+.2f}"
        values = (f"{value:.1f}" for value in (one.first, one.last, one.highest))
        table.add_row(one.figure, *values, growth, f"{one.limit_per_hour:g}", "yes" if one.holds else "NO")
    return table
