"""`edge-agent tasks ...`: talks to the running agent about its tasks."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from edge_agent.cli_agent import (
    JsonOption,
    SiteOption,
    SocketOption,
    agent,
    seconds,
    show_facts,
    show_json,
    show_table,
)
from edge_agent.errors import ConfigurationError

app = typer.Typer(help="Hand in, look at and cancel the tasks of a running agent.", no_args_is_help=True)

TaskArgument = Annotated[str, typer.Argument(help="The task's id.", metavar="ID")]
_SHOWN = ("line_id", "status", "ordered", "picked", "short", "cancelled")


@app.command()
def submit(
    file: Annotated[Path, typer.Argument(help="A pick task as JSON; - reads standard input.")],
    socket: SocketOption = None,
    config: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand in a pick task. The same again has no effect."""
    answer = agent(socket, config).post("tasks", body=_content(file))
    if as_json:
        show_json(answer)
    else:
        typer.echo(f"{answer['task_id']} revision {answer['revision']}: {answer['outcome']}")


@app.command("list")
def list_tasks(
    status: Annotated[
        list[str] | None,
        typer.Option(help="Only these: accepted, started, cancelling, filled, completed ..."),
    ] = None,
    after: Annotated[str | None, typer.Option(help="Begin behind this id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=500, help="So many at most.")] = 100,
    socket: SocketOption = None,
    config: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the open tasks, or those of a status."""
    answer = agent(socket, config).get("tasks", status=status or None, after=after, limit=limit)
    if as_json:
        show_json(answer)
        return
    show_table(("task", "rev", "status", "station", "picked", "eta"), map(_row, answer["tasks"]))
    if following := answer.get("next"):
        typer.echo(f"there may be more: --after {following}")


@app.command()
def show(
    task_id: TaskArgument, socket: SocketOption = None, config: SiteOption = None, as_json: JsonOption = False
) -> None:
    """Show a task as it stands, and what has happened to it."""
    task = agent(socket, config).get("tasks", task_id)
    if as_json:
        show_json(task)
        return
    held = task.get("held") or {}
    show_facts(
        [
            ("task", f"{task_id} revision {task['revision']}" if "revision" in task else task_id),
            ("status", task["status"]),
            ("order", task.get("order_id")),
            ("container", task.get("container")),
            ("lane", task.get("lane")),
            ("station", task.get("station")),
            ("eta", seconds(task.get("eta"))),
            ("held by", f"{held['exception_id']}: {held['detail']}" if held else None),
        ]
    )
    if lines := task.get("lines"):
        show_table(("line", *_SHOWN[1:]), ([line[name] for name in _SHOWN] for line in lines))
    timeline = task["timeline"]
    show_table(("at", "event", "about"), map(_event, timeline["events"]))
    if timeline["next"]:
        typer.echo("there is more: --json, and the local API, page by page")


@app.command()
def cancel(
    task_id: TaskArgument,
    reason: Annotated[str, typer.Option(help="Why; told to the OMS.")] = "cancelled on the command line",
    revision: Annotated[int | None, typer.Option(min=1, help="The latest revision that you know.")] = None,
    socket: SocketOption = None,
    config: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop a task: what is in hand is finished safely, the rest is cancelled."""
    body = {"reason": reason} | ({"revision": revision} if revision is not None else {})
    answer = agent(socket, config).post("tasks", task_id, "cancel", body=body)
    if as_json:
        show_json(answer)
    elif answer["outcome"] == "repeated":
        typer.echo(f"{task_id}: was cancelled before")
    else:
        typer.echo(f"{task_id}: cancelled; what is in hand is finished first")


@app.command()
def why(
    task_id: TaskArgument, socket: SocketOption = None, config: SiteOption = None, as_json: JsonOption = False
) -> None:
    """Say why a task does not move: what it waits for, since when, and what would move it."""
    answer = agent(socket, config).get("tasks", task_id, "why")
    if as_json:
        show_json(answer)
        return
    typer.echo(f"{task_id} is {answer['status']}" + ("" if answer["waits"] else " and waits for nothing"))
    for wait in answer["waits"]:
        typer.echo(f"\n  {wait['text']}")
        show_facts((f"    {name}", value) for name, value in _details(wait))


def _details(wait: dict[str, Any]) -> list[tuple[str, str]]:
    return [("since", seconds(wait["since"])), ("moves", f"when {wait['moves']}")]


def _content(file: Path) -> bytes:
    if str(file) == "-":
        return sys.stdin.buffer.read()
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{file}: {error.strerror}: name a file that you can read") from error


def _row(task: dict[str, Any]) -> list[Any]:
    picked = f"{task['picked']} of {task['ordered']}" if "ordered" in task else None
    eta = seconds(task.get("eta"))
    return [task["task_id"], task["revision"], task["status"], task.get("station"), picked, eta]


def _event(entry: dict[str, Any]) -> list[Any]:
    told = (
        f"{name}={value}"
        for name, value in entry["data"].items()
        if isinstance(value, str | int) and name not in ("task_id", "digest", "excerpt")
    )
    return [seconds(entry["at"]), entry["event"], " ".join(told)]
