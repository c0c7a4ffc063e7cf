"""What the commands share that talk to a running agent: which one, and how its answers are shown."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge_agent.errors import ConfigurationError

if TYPE_CHECKING:  # the command line starts without them
    from edge_agent.adapters.api_client import ApiClient

SOCKET_VARIABLE = "EDGE_AGENT__API__SOCKET"
_WIDTH_OF_A_FILE = 160

SocketOption = Annotated[
    Path | None,
    typer.Option(
        "--socket",
        envvar=SOCKET_VARIABLE,
        show_envvar=False,
        help=f"The agent's socket; without it {SOCKET_VARIABLE}, then --config.",
    ),
]
SiteOption = Annotated[Path | None, typer.Option("--config", help="Site file that names the socket.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the agent's answer as JSON.")]
ArgumentsOption = Annotated[
    list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help="An argument of the answer.")
]
ApproverOption = Annotated[
    str | None, typer.Option(help="User name of the supervisor who stands behind what needs one.")
]


def agent(given: Path | None, config: Path | None) -> "ApiClient":
    """The agent that is meant. Raises `ConfigurationError` where nothing says which."""
    from edge_agent.adapters.api_client import ApiClient

    if given is not None:
        return ApiClient(given)
    if config is None:
        raise ConfigurationError("which agent? name its socket with --socket, or its site file with --config")
    from edge_agent.site_file import load

    site, _ = load(config, os.environ)
    if site.api.socket is None:
        raise ConfigurationError(f"{config}: api.socket is not set, so this agent has no local API: set it")
    return ApiClient(Path(site.api.socket))


def show_json(answer: Any) -> None:
    """For programs."""
    typer.echo(json.dumps(answer, indent=2))


def show_facts(facts: Iterable[tuple[str, Any]]) -> None:
    """A line for each fact that there is."""
    for name, value in facts:
        if value not in (None, ""):
            typer.echo(f"{name:10} {value}")


def show_table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """For people. What comes from outside is shown as it is, never read as markup."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=None, pad_edge=False, header_style="bold")
    for row in rows:
        table.add_row(*(Text("" if value is None else str(value)) for value in row))
    Console(width=None if sys.stdout.isatty() else _WIDTH_OF_A_FILE).print(table)


def seconds(at: str | None) -> str:
    """A time without fractions of seconds."""
    from datetime import datetime

    if at is None:
        return ""
    return datetime.fromisoformat(at).astimezone().isoformat(sep=" ", timespec="seconds")


def named_values(settings: Iterable[str]) -> dict[str, str]:
    """`name=value` for each. Raises `ConfigurationError` for what is not written so."""
    return dict(map(_named_value, settings))


def _named_value(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ConfigurationError(f"{text!r}: not name=value: write for example tote=TOTE-0042")
    return name, value
