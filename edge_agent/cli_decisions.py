"""`edge-agent exceptions ...` and `edge-agent holds ...`: what persons decide."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

import typer

from edge_agent.cli_agent import (
    ApproverOption,
    ArgumentsOption,
    JsonOption,
    SiteOption,
    SocketOption,
    agent,
    named_values,
    seconds,
    show_facts,
    show_json,
    show_table,
)

exceptions_app = typer.Typer(help="Settle what a running agent asks a person.", no_args_is_help=True)
holds_app = typer.Typer(help="Stop a station, device, task or lane, and let it go on.", no_args_is_help=True)

ExceptionArgument = Annotated[str, typer.Argument(help="The exception's id.", metavar="ID")]
NameArgument = Annotated[str, typer.Argument(help="Its name in the site file, or the task's id.")]


class Kind(StrEnum):
    """What can be held."""

    STATION = "station"
    DEVICE = "device"
    TASK = "task"
    LANE = "lane"


KindArgument = Annotated[Kind, typer.Argument(help="What kind of thing it is.")]


# ---- exceptions --------------------------------------------------------------------------------------


@exceptions_app.command("list")
def list_exceptions(
    socket: SocketOption = None, config: SiteOption = None, as_json: JsonOption = False
) -> None:
    """List what waits for a person."""
    answer = agent(socket, config).get("exceptions")
    if as_json:
        show_json(answer)
    else:
        show_table(("exception", "kind", "where", "task", "detail"), map(_row, answer["exceptions"]))


@exceptions_app.command("show")
def show_exception(
    exception_id: ExceptionArgument,
    socket: SocketOption = None,
    config: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show an exception, and what may be answered."""
    raised = agent(socket, config).get("exceptions", exception_id)
    if as_json:
        show_json(raised)
        return
    show_facts(
        [
            ("exception", exception_id),
            ("kind", raised["kind"]),
            ("where", raised["where"]),
            ("detail", raised["detail"]),
            ("since", seconds(raised.get("raised"))),
            ("task", raised.get("task_id")),
            ("holds up", ", ".join(raised.get("affected_tasks", ()))),
        ]
    )
    show_table(("action", "arguments", "by", "needs"), map(_option, raised["options"]))


@exceptions_app.command()
def resolve(
    exception_id: ExceptionArgument,
    action: Annotated[str, typer.Option(help="One of those that 'exceptions show' lists.")],
    settings: ArgumentsOption = None,
    reason: Annotated[str, typer.Option(help="Why; kept, and told to the OMS.")] = "",
    approver: ApproverOption = None,
    socket: SocketOption = None,
    config: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Settle an exception."""
    body = {
        "action": action,
        "arguments": named_values(settings or ()),
        "approver": approver,
        "reason": reason,
    }
    answer = agent(socket, config).post("exceptions", exception_id, "resolve", body=body)
    if as_json:
        show_json(answer)
    else:
        typer.echo(f"{exception_id}: settled as {action} by {answer['actor']}")


# ---- holds -------------------------------------------------------------------------------------------


@holds_app.command("list")
def list_holds(socket: SocketOption = None, config: SiteOption = None, as_json: JsonOption = False) -> None:
    """List what persons have stopped."""
    answer = agent(socket, config).get("holds")
    if as_json:
        show_json(answer)
        return
    rows = (
        [hold["kind"], hold["id"], hold["actor"], seconds(hold["since"]), hold["reason"]]
        for hold in answer["holds"]
    )
    show_table(("kind", "name", "by", "since", "reason"), rows)


@holds_app.command()
def place(
    kind: KindArgument,
    name: NameArgument,
    reason: Annotated[str, typer.Option(help="Why; shown to whoever wonders.")],
    socket: SocketOption = None,
    config: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Stop something: what is under way there is finished, nothing new begins."""
    body = {"kind": kind.value, "id": name, "reason": reason}
    answer = agent(socket, config).post("holds", body=body)
    if as_json:
        show_json(answer)
    else:
        typer.echo(f"{kind.value} {name}: held by {answer['actor']}")


@holds_app.command("release")
def release(
    kind: KindArgument,
    name: NameArgument,
    reason: Annotated[str, typer.Option(help="Why; kept in the journal.")] = "",
    socket: SocketOption = None,
    config: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let it go on."""
    answer = agent(socket, config).delete("holds", kind.value, name, reason=reason)
    if as_json:
        show_json(answer)
    else:
        typer.echo(f"{kind.value} {name}: released by {answer['actor']}")


# ---- shared ------------------------------------------------------------------------------------------


def _row(raised: dict[str, Any]) -> list[Any]:
    tasks = raised.get("task_id") or ", ".join(raised.get("affected_tasks", ()))
    return [raised["exception_id"], raised["kind"], raised["where"], tasks, raised["detail"]]


def _option(option: dict[str, Any]) -> list[Any]:
    arguments = " ".join(f"--set {name}=..." for name in option["arguments"])
    return [option["action"], arguments, option["role"], ", ".join(_needs(option))]


def _needs(option: dict[str, Any]) -> Iterable[str]:
    if option["needs_reason"]:
        yield "--reason"
    if option["needs_approval"]:
        yield "--approver"
