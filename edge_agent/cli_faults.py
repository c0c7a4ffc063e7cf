"""`edge-agent fault`: break running simulators, and mend them, over their control socket."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from edge_agent.errors import ConfigurationError

if TYPE_CHECKING:  # the command line starts without the simulators
    from simulators.control import ControlClient

T = TypeVar("T")

fault_app = typer.Typer(help="Break running simulators, and mend them.", no_args_is_help=True)

ControlOption = Annotated[Path, typer.Option("--control", help="The socket that 'simulate --control' made.")]
Device = Annotated[str, typer.Argument(help="The device's name in the site file.")]


@fault_app.command()
def catalogue() -> None:
    """Every fault there is, in a line each."""
    from simulators.faults.catalogue import CATALOGUE

    for name, kind in CATALOGUE.items():
        typer.echo(f"{name.value:18} {(kind.__doc__ or '').splitlines()[0]}")


@fault_app.command()
def arm(
    fault: Annotated[str, typer.Argument(help="Its name; see 'fault catalogue'.")],
    control: ControlOption,
    settings: Annotated[
        list[str] | None, typer.Argument(help="device=, rate=, count=, verb= ... and its parameters.")
    ] = None,
) -> None:
    """Have a fault strike: `fault arm ack_late device=asrs-1 count=3 delay_s=2 --control PATH`."""
    details = dict(_setting(text) for text in settings or ())
    number = _with_client(control, lambda client: client.arm(fault, **details))
    typer.echo(f"armed as number {number}")


@fault_app.command()
def disarm(number: Annotated[int, typer.Argument()], control: ControlOption) -> None:
    """Take an armed fault back."""
    _with_client(control, lambda client: client.disarm(number))


@fault_app.command("list")
def list_armed(control: ControlOption) -> None:
    """What is armed and can still strike."""
    for fault in _with_client(control, lambda client: client.armed()):
        told = (f"{key}={value}" for key, value in fault.items() if key not in ("number", "fault", "left"))
        left = "" if fault["left"] is None else f" {fault['left']} to come"
        typer.echo(f"{fault['number']:4} {fault['fault']} {' '.join(told)}{left}")


@fault_app.command()
def reset(device: Device, control: ControlOption) -> None:
    """Acknowledge at a device, as its operator, what has stopped it."""
    _with_client(control, lambda client: client.reset(device))


@fault_app.command()
def restart(
    device: Device,
    control: ControlOption,
    down_s: Annotated[float, typer.Option(min=0, help="Real seconds until it is back.")] = 1.0,
    lose_memory: Annotated[bool, typer.Option("--lose-memory", help="It forgets every command.")] = False,
) -> None:
    """Switch a device off and on."""
    _with_client(control, lambda client: client.restart(device, down_s=down_s, keep_memory=not lose_memory))


@fault_app.command()
def where(what: Annotated[str, typer.Argument(help="A load or a unit.")], control: ControlOption) -> None:
    """Where a load or a unit really is."""
    place = _with_client(control, lambda client: client.where(what))
    typer.echo(place or "there is no such load or unit")
    if place is None:
        raise typer.Exit(1)


def _with_client(control: Path, ask: "Callable[[ControlClient], Awaitable[T]]") -> T:
    from simulators.control import ControlClient

    async def asking() -> T:
        async with ControlClient(control) as client:
            return await ask(client)

    return asyncio.run(asking())


def _setting(text: str) -> tuple[str, Any]:
    """`delay_s=2` as a key and a value; the simulators say what is wrong with them."""
    key, equals, value = text.partition("=")
    if not equals:
        raise ConfigurationError(f"{text!r}: not key=value: write for example count=3")
    return key, None if value == "null" else value
