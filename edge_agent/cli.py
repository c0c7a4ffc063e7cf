"""The commands that a person types. Each is a few lines: the work is in the parts that it calls.

Exit codes: 0 done, 1 the work itself failed, 2 wrong usage or configuration. Errors are one line on standard
error; a traceback only with `--debug`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from drivers.profile import Profile
from edge_agent import __version__, cli_journal, cli_stations, cli_tasks, crash_points, logs
from edge_agent.cli_campaigns import campaign_app
from edge_agent.cli_decisions import exceptions_app, holds_app
from edge_agent.cli_faults import fault_app
from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError, EdgeAgentError

app = typer.Typer(
    name="edge-agent",
    help="Warehouse-floor edge agent: pick tasks in, machine commands out, every pick checked twice.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(cli_tasks.app, name="tasks")
app.add_typer(exceptions_app, name="exceptions")
app.add_typer(holds_app, name="holds")
app.add_typer(cli_stations.app, name="station")
app.add_typer(cli_journal.app, name="journal")
app.add_typer(campaign_app, name="campaign")
app.add_typer(fault_app, name="fault")

T = TypeVar("T")


class Faults(StrEnum):
    """The simulators' fault mixes."""

    NONE = "none"
    TYPICAL = "typical"
    HARSH = "harsh"


class BrokerChoice(StrEnum):
    """The demo's broker; auto takes mosquitto where it is installed."""

    AUTO = "auto"
    MOSQUITTO = "mosquitto"
    AMQTT = "amqtt"


ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Site file; without it the built-in demo site.")
]
RequiredConfig = Annotated[Path, typer.Option("--config", help="Site file (YAML).")]
SeedOption = Annotated[int, typer.Option(help="Same seed, same stock, tasks and faults.")]
SpeedOption = Annotated[float, typer.Option(min=0.1, max=200, help="Simulated seconds in a real one.")]
ScenarioOption = Annotated[
    Path | None, typer.Option("--scenario", help="Further faults from a scenario file (config/scenarios).")
]
FaultsOption = Annotated[Faults, typer.Option(help="Errors to inject: none, typical (1-3 %), harsh (10 %).")]

DEMO_SPEED = 40.0


@app.callback(invoke_without_command=True)
def main_options(
    debug: Annotated[bool, typer.Option("--debug", help="Tracebacks and debug logging.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Options before the command."""
    if version:
        typer.echo(f"edge-agent {__version__}")
        raise typer.Exit
    logs.configure("DEBUG" if debug else "INFO")


# ---- the daemon --------------------------------------------------------------------------------------


@app.command()
def run(config: RequiredConfig) -> None:
    """Run the agent until it is told to stop (SIGTERM, Ctrl-C; twice: at once). SIGUSR1: drain or go on."""
    from edge_agent.app import Agent, Signals
    from edge_agent.site_file import catalogue_of

    site, profiles = _load(config)
    catalogue = catalogue_of(config, site)
    crash_points.arm(os.environ)

    async def live() -> None:
        signals = Signals()

        def stop() -> None:
            (signals.hurry if signals.stop.is_set() else signals.stop).set()

        def drain() -> None:
            if signals.on_drain is not None:
                signals.on_drain()

        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, stop)
        loop.add_signal_handler(signal.SIGINT, stop)
        loop.add_signal_handler(signal.SIGUSR1, drain)
        await Agent(site, profiles, catalogue=catalogue).run(signals)

    asyncio.run(live())


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="Site file (YAML).")],
    probe: Annotated[
        bool, typer.Option(help="Connect to every device and the broker as well; writes nothing.")
    ] = False,
    scan: Annotated[
        str | None,
        typer.Option(metavar="SCANNER", help="Wait for the commissioning barcode at this scanner."),
    ] = None,
    wait_s: Annotated[float, typer.Option("--wait", min=1, help="How long, in seconds.")] = 60.0,
) -> None:
    """Find everything wrong with a site file without starting."""
    from drivers.commissioning import how_to_print
    from edge_agent.domain.ids import DeviceId
    from edge_agent.probe import probe_scan, probe_site
    from edge_agent.site_file import catalogue_of

    site, profiles = _load(file)
    catalogue_of(file, site)
    typer.echo(
        f"{file}: site {site.site}, gateway {site.gateway}: {len(site.devices)} devices, "
        f"{len(site.stations)} stations, {len(site.lanes)} lanes: nothing wrong found"
    )
    results = asyncio.run(probe_site(site, profiles)) if probe else []
    for result in results:
        typer.echo(str(result))
    if probe or scan is not None:
        typer.echo(how_to_print())
    if probe and scan is None:
        typer.echo(f"  then, for each scanner: edge-agent check {file} --scan SCANNER")
    if scan is not None:
        typer.echo(f"scan it once at {scan}, within {wait_s:g} s")
        found = asyncio.run(probe_scan(site, profiles, DeviceId(scan), wait_s))
        typer.echo("\n".join(map(str, found)))
        results += found
    if not all(result.good for result in results):
        raise typer.Exit(1)


# ---- simulators and demo -----------------------------------------------------------------------------


@app.command()
def demo(
    tasks: Annotated[int, typer.Option(min=1, max=100_000, help="Pick tasks to run.")] = 100,
    seed: SeedOption = 1,
    speed: SpeedOption = DEMO_SPEED,
    faults: FaultsOption = Faults.NONE,
    scenario: ScenarioOption = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the audit here.")] = None,
    config: ConfigOption = None,
    broker: Annotated[BrokerChoice, typer.Option(help="Which MQTT broker to start.")] = BrokerChoice.AUTO,
    keep: Annotated[Path | None, typer.Option(help="Keep ledgers, journal and logs in this folder.")] = None,
) -> None:
    """Run tasks end to end against simulated machines, then audit what was told against what was done."""
    from rich.console import Console

    from edge_agent.resources import config_directory
    from simulators.demo.run import DemoOptions, run_demo
    from simulators.demo.scene import SceneOptions
    from simulators.faults.scenario import load_scenario

    site_file = config or config_directory() / "demo.yaml"
    site, _ = _load(site_file)
    if json_file is not None and not json_file.parent.is_dir():
        raise ConfigurationError(f"--json {json_file}: there is no folder {json_file.parent}: make it first")
    if scenario is not None:
        load_scenario(scenario)
        scenario = scenario.resolve()
    scene = SceneOptions(site_file.resolve(), tasks, seed, speed, faults.value, scenario)
    options = DemoOptions(scene, json_file, broker.value, keep)
    if not _until_stopped(lambda stop: run_demo(site, options, Console(), stop)):
        raise typer.Exit(1)


@app.command()
def simulate(
    config: RequiredConfig,
    ledger: Annotated[Path, typer.Option(help="Where the world writes what really happened.")] = Path(
        "world.jsonl"
    ),
    faults: FaultsOption = Faults.NONE,
    scenario: ScenarioOption = None,
    seed: SeedOption = 1,
    speed: SpeedOption = 1.0,
    control: Annotated[
        Path | None, typer.Option(help="Make a control socket here, for 'edge-agent fault'.")
    ] = None,
) -> None:
    """Put the simulated devices of a site on their addresses, until stopped."""
    from simulators.faults.scenario import load_scenario, named_mix
    from simulators.serve import serve

    site, profiles = _load(config)
    armed = named_mix(faults.value) + (load_scenario(scenario).faults if scenario else ())

    async def play(stop: asyncio.Event) -> None:
        def ready() -> None:
            _notify_ready()
            typer.echo(f"{len(site.devices)} simulated devices are up; world ledger: {ledger}")

        await serve(
            site,
            profiles,
            ledger=ledger,
            faults=armed,
            seed=seed,
            speed=speed,
            control=control,
            ready=ready,
            stop=stop,
        )

    _until_stopped(play)


@app.command()
def oms(
    config: RequiredConfig,
    tasks: Annotated[int, typer.Option(min=1, max=100_000, help="Pick tasks to submit.")] = 100,
    seed: SeedOption = 1,
    ledger: Annotated[Path, typer.Option(help="Where the OMS writes what it was told.")] = Path("oms.jsonl"),
    rate: Annotated[
        float | None, typer.Option(min=1, help="Tasks in a real hour; without it as fast as they are picked.")
    ] = None,
    cancel_rate: Annotated[float, typer.Option(min=0, max=1, help="Share of tasks to cancel.")] = 0.0,
) -> None:
    """Play the order management system: submit tasks, write down what is told, until all have ended."""
    from datetime import UTC, datetime

    from simulators.oms import run_oms
    from simulators.tasks import build_tasks

    site, _ = _load(config)
    pick_tasks = build_tasks(site, seed, tasks, now=datetime.now(UTC))

    async def play(stop: asyncio.Event) -> None:
        _notify_ready()
        result = await run_oms(
            site, pick_tasks, ledger=ledger, stop=stop, rate_per_h=rate, cancel_rate=cancel_rate, seed=seed
        )
        progress = result.progress
        typer.echo(
            f"{progress.ended} of {progress.total} tasks ended, {progress.held} held; ledger: {ledger}"
        )

    _until_stopped(play)


@app.command()
def audit(
    oms: Annotated[Path, typer.Option(help="The OMS's ledger.")],
    world: Annotated[Path, typer.Option(help="The world's ledger.")],
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here as well.")] = None,
) -> None:
    """Compare what the OMS was told with what the world did. Exit code 0 only where they agree."""
    from rich.console import Console

    from simulators.audit import audit as compare
    from simulators.demo.run import show

    result = compare(oms, world)
    show(result, json_file, Console())
    if not result.consistent:
        raise typer.Exit(1)


# ---- shared ------------------------------------------------------------------------------------------


def _load(path: Path) -> tuple[Site, dict[str, Profile]]:
    """The checked site and its profiles. Raises `ConfigurationError` with every problem."""
    from edge_agent.site_file import load

    return load(path, os.environ)


def _notify_ready() -> None:
    from edge_agent.adapters.notify import Notifier

    Notifier.from_environment(os.environ).ready()


def _until_stopped(work: Callable[[asyncio.Event], Awaitable[T]]) -> T:
    """Run `work`; SIGTERM and SIGINT set its event."""

    async def main_task() -> T:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        return await work(stop)

    return asyncio.run(main_task())


def _first_own_error(error: BaseException) -> EdgeAgentError | OSError | None:
    """The error that a person can do something about, out of a task group's exception group."""
    if isinstance(error, BaseExceptionGroup):
        found = (_first_own_error(inner) for inner in error.exceptions)
        return next((inner for inner in found if inner is not None), None)
    return error if isinstance(error, EdgeAgentError | OSError) else None


def main() -> None:
    """Entry point of the `edge-agent` command."""
    debug = "--debug" in sys.argv
    try:
        app()
    except Exception as error:
        own = _first_own_error(error)
        if debug or own is None:
            raise
        typer.echo(f"edge-agent: {own}", err=True)
        sys.exit(2 if isinstance(own, ConfigurationError) else 1)


if __name__ == "__main__":
    main()
