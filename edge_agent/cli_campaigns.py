"""`edge-agent campaign`: long runs that try to break the agent, judged by the ledgers."""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from drivers.profile import Profile
from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError

campaign_app = typer.Typer(help="Long runs that try to break the agent.", no_args_is_help=True)

CyclesOption = Annotated[int, typer.Option(min=1, help="How often something is done to the scene.")]
SeedOption = Annotated[int, typer.Option(help="Same seed, same tasks, faults and disturbances.")]
SpeedOption = Annotated[float, typer.Option(min=0.1, max=200, help="Simulated seconds in a real one.")]
TasksOption = Annotated[int, typer.Option(min=1, help="Pick tasks in a round.")]
JsonOption = Annotated[Path | None, typer.Option("--json", help="Write the report here.")]
KeepOption = Annotated[Path | None, typer.Option(help="Work in this folder, and leave everything there.")]


@campaign_app.callback()
def campaigns() -> None:
    """Long runs that try to break the agent, judged by the ledgers of the world and the OMS."""


@campaign_app.command()
def chaos(
    cycles: CyclesOption = 40,
    seed: SeedOption = 1,
    speed: SpeedOption = 30.0,
    tasks: TasksOption = 60,
    json_file: JsonOption = None,
    keep: KeepOption = None,
) -> None:
    """Kill the agent at random moments and at every crash point; audit every round."""
    _rounds("chaos", cycles, seed, speed, tasks, json_file, keep)


@campaign_app.command()
def mixed(
    cycles: CyclesOption = 20,
    seed: SeedOption = 1,
    speed: SpeedOption = 30.0,
    tasks: TasksOption = 60,
    json_file: JsonOption = None,
    keep: KeepOption = None,
) -> None:
    """Kill the agent and the broker, restart devices, break links, all mixed by seed; audit every round."""
    _rounds("mixed", cycles, seed, speed, tasks, json_file, keep)


@campaign_app.command()
def broker(
    seed: SeedOption = 1,
    speed: SpeedOption = 80.0,
    tasks: TasksOption = 8,
    json_file: JsonOption = None,
    keep: KeepOption = None,
) -> None:
    """Let the broker be killed, forget, refuse, be slow, expire, take another client: a scene for each."""
    from rich.console import Console

    from simulators.campaigns.rounds import CampaignOptions
    from simulators.campaigns.show import show_broker

    site_file, site = _demo_site()
    options = CampaignOptions(site_file, 1, seed, speed, "none", tasks)
    if not show_broker(site, options, _folder(keep), json_file, Console()):
        raise typer.Exit(1)


@campaign_app.command()
def soak(
    hours: Annotated[float, typer.Option(min=0.01, help="Real hours.")] = 1.0,
    rate: Annotated[float, typer.Option(min=60, help="Tasks in a real hour.")] = 3600.0,
    seed: SeedOption = 1,
    speed: SpeedOption = 60.0,
    every: Annotated[float, typer.Option(min=0.5, help="Real seconds between two samples.")] = 10.0,
    json_file: JsonOption = None,
    keep: KeepOption = None,
) -> None:
    """Work at a steady rate for hours and see whether anything grows: memory, descriptors, journal."""
    from rich.console import Console

    try:
        from simulators.campaigns.show_soak import show_soak
    except ImportError as error:
        raise ConfigurationError(
            f"{error.name} is missing: install the soak extra (pip install 'edge-agent[soak]')"
        ) from error
    from simulators.campaigns.soak import SoakOptions

    site_file, site = _demo_site()
    options = SoakOptions(site_file, hours, rate, seed, speed, every_s=every)
    if not show_soak(site, options, _folder(keep), json_file, Console()):
        raise typer.Exit(1)


@campaign_app.command()
def accuracy(
    units: Annotated[int, typer.Option(min=1, help="At least so many units are picked.")] = 100_000,
    seed: SeedOption = 1,
    faults: Annotated[str, typer.Option(help="The mix of mistakes: a scenario's name.")] = "mistakes",
    json_file: JsonOption = None,
) -> None:
    """Inject every mistake that a scan or a weight can see, on virtual time; fail where one escapes."""
    from rich.console import Console

    from edge_agent.rehearsal import RehearsedAgent
    from simulators.campaigns.accuracy import Rehearsal
    from simulators.campaigns.show_accuracy import show_accuracy
    from simulators.faults.scenario import named_mix

    site, profiles = _site_with_profiles("demo")
    rehearsal = Rehearsal(site, profiles, named_mix(faults), RehearsedAgent)
    if not show_accuracy(rehearsal, units, seed, json_file, Console()):
        raise typer.Exit(1)


@campaign_app.command()
def changes(
    stories: Annotated[int, typer.Option(min=1, help="So many stories, by seed.")] = 1,
    seed: SeedOption = 13,
    json_file: JsonOption = None,
) -> None:
    """Cancel and replace a task after every commit of a story, on virtual time; audit every round."""
    from rich.console import Console

    from edge_agent.rehearsal import RehearsedAgent
    from simulators.campaigns.accuracy import Rehearsal
    from simulators.campaigns.show_changes import show_changes

    rehearsal = Rehearsal(*_site_with_profiles("demo"), (), RehearsedAgent)
    if not show_changes(rehearsal, stories, seed, json_file, Console()):
        raise typer.Exit(1)


@campaign_app.command()
def exceptions(
    rounds: Annotated[int, typer.Option(min=1, help="So many rounds for each kind.")] = 10,
    seed: SeedOption = 1,
    json_file: JsonOption = None,
) -> None:
    """Provoke every kind of exception, on virtual time; the machine or a simulated person settles them."""
    from rich.console import Console

    from edge_agent.rehearsal import RehearsedAgent
    from simulators.campaigns.accuracy import Rehearsal
    from simulators.campaigns.exceptions import SITES
    from simulators.campaigns.show_exceptions import show_exceptions

    sites = {name: Rehearsal(*_site_with_profiles(name), (), RehearsedAgent) for name in SITES}
    if not show_exceptions(sites, rounds, seed, json_file, Console()):
        raise typer.Exit(1)


def _rounds(
    campaign: str, cycles: int, seed: int, speed: float, tasks: int, json_file: Path | None, keep: Path | None
) -> None:
    from rich.console import Console

    from simulators.campaigns.rounds import CampaignOptions
    from simulators.campaigns.show import show_rounds

    site_file, site = _demo_site()
    options = CampaignOptions(site_file, cycles, seed, speed, tasks=tasks, keep=keep is not None)
    if not show_rounds(campaign, site, options, _folder(keep), json_file, Console()):
        raise typer.Exit(1)


def _demo_site() -> tuple[Path, Site]:
    from edge_agent.resources import config_directory
    from edge_agent.site_file import load

    site_file = config_directory() / "demo.yaml"
    site, _ = load(site_file, os.environ)
    return site_file, site


def _site_with_profiles(name: str) -> tuple[Site, Mapping[str, Profile]]:
    from edge_agent.resources import config_directory
    from edge_agent.site_file import load

    return load(config_directory() / f"{name}.yaml", os.environ)


def _folder(keep: Path | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="edge-agent-campaign-"))
    keep.mkdir(parents=True, exist_ok=True)
    return keep
