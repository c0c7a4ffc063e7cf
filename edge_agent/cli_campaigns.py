"""`edge-agent campaign`: long runs that try to break the agent, judged by the ledgers."""

import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

campaign_app = typer.Typer(help="Long runs that try to break the agent.", no_args_is_help=True)


@campaign_app.callback()
def campaigns() -> None:
    """Long runs that try to break the agent, judged by the ledgers of the world and the OMS."""


@campaign_app.command()
def chaos(
    cycles: Annotated[int, typer.Option(min=1, help="Lives of the agent.")] = 40,
    seed: Annotated[int, typer.Option(help="Same seed, same tasks, faults and kills.")] = 1,
    speed: Annotated[float, typer.Option(min=0.1, max=200, help="Simulated seconds in a real one.")] = 30.0,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the report here.")] = None,
    keep: Annotated[Path | None, typer.Option(help="Work in this folder.")] = None,
) -> None:
    """Kill the agent at random moments and at every crash point; audit every round."""
    from rich.console import Console

    from edge_agent.resources import config_directory
    from edge_agent.site_file import load
    from simulators.campaigns.chaos import ChaosOptions
    from simulators.campaigns.show import show_chaos

    site_file = config_directory() / "demo.yaml"
    site, _ = load(site_file, os.environ)
    folder = keep or Path(tempfile.mkdtemp(prefix="edge-agent-chaos-"))
    options = ChaosOptions(site_file, cycles, seed, speed)
    if not show_chaos(site, options, folder, json_file, Console()):
        raise typer.Exit(1)
