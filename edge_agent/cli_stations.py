"""`edge-agent station ...`: what a person at an operator's station is asked, scans and answers."""

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

app = typer.Typer(help="Work at an operator's station of a running agent.", no_args_is_help=True)

StationArgument = Annotated[
    str, typer.Argument(help="The station's name in the site file.", metavar="STATION")
]
StepOption = Annotated[
    int | None, typer.Option(min=0, help="The step that is meant: refused as late when it has passed.")
]


@app.command("list")
def list_stations(
    socket: SocketOption = None, config: SiteOption = None, as_json: JsonOption = False
) -> None:
    """List the stations, and what is asked where a person works."""
    answer = agent(socket, config).get("stations")
    if as_json:
        show_json(answer)
    else:
        show_table(("station", "works there", "step", "asked"), map(_row, answer["stations"]))


@app.command()
def show(
    station: StationArgument,
    socket: SocketOption = None,
    config: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what the person at a station is asked now."""
    shown = agent(socket, config).get("stations", station)
    if as_json:
        show_json(shown)
    else:
        _show_station(shown)


@app.command()
def scan(
    station: StationArgument,
    code: Annotated[str, typer.Argument(help="What was scanned, as the scanner sends it.")],
    step: StepOption = None,
    socket: SocketOption = None,
    config: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Scan a code. Exit code 1 where it did not pass."""
    from edge_agent.prompt_texts import verdict_text

    judged = agent(socket, config).post("stations", station, "scans", body={"data": code, "step": step})
    if as_json:
        show_json(judged)
    else:
        typer.echo(verdict_text(judged))
        _show_station(judged["next"])
    if judged["verdict"] != "passed":
        raise typer.Exit(1)


@app.command()
def answer(
    station: StationArgument,
    what: Annotated[str, typer.Argument(help="One of those that 'station show' lists.", metavar="ANSWER")],
    settings: ArgumentsOption = None,
    reason: Annotated[str, typer.Option(help="Why; kept in the journal.")] = "",
    approver: ApproverOption = None,
    step: StepOption = None,
    socket: SocketOption = None,
    config: SiteOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer what is asked."""
    body = {
        "answer": what,
        "arguments": named_values(settings or ()),
        "approver": approver,
        "reason": reason,
        "step": step,
    }
    answered = agent(socket, config).post("stations", station, "answers", body=body)
    if as_json:
        show_json(answered)
    else:
        typer.echo(f"{what}: taken")
        _show_station(answered["next"])


@app.command()
def work(
    station: StationArgument,
    approver: ApproverOption = None,
    socket: SocketOption = None,
    config: SiteOption = None,
) -> None:
    """Work at a station in this terminal: what is typed is a scan, !ANSWER answers, Ctrl-C ends."""
    from edge_agent.station_terminal import StationTerminal

    StationTerminal(agent(socket, config), station, approver).run()


# ---- shared ------------------------------------------------------------------------------------------


def _row(shown: dict[str, Any]) -> list[Any]:
    prompt = shown["prompt"] or {}
    works = "a person" if shown["operator"] else "a machine"
    return [shown["station_id"], works, shown["step"] if shown["operator"] else "", prompt.get("code", "")]


def _show_station(shown: dict[str, Any]) -> None:
    from edge_agent.prompt_texts import prompt_text, rejection_text

    prompt = shown["prompt"] or {}
    rejection = prompt.get("rejection")
    if not shown["operator"]:
        show_facts([("station", shown["station_id"]), ("asked", "nothing: a machine works there")])
        return
    show_facts(
        [
            ("station", shown["station_id"]),
            ("step", shown["step"]),
            ("asked", prompt_text(shown["prompt"])),
            ("refused", rejection_text(rejection) if rejection else None),
            ("since", seconds(prompt.get("since"))),
            ("task", prompt.get("facts", {}).get("task_id")),
            ("answers", ", ".join(map(_option, prompt.get("answers", ())))),
        ]
    )


def _option(option: dict[str, Any]) -> str:
    needs = [*(f"--set {name}=..." for name in option["arguments"])]
    needs += ["--approver"] if option["needs_approval"] else []
    return " ".join([option["answer"], *needs])
