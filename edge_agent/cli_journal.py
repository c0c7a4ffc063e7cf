"""`edge-agent journal ...`: looks at a journal, copies it, and saves what is intact in a damaged one."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="Look at a journal, back it up, recover what is intact; its agent may be running.",
    no_args_is_help=True,
)

JournalFile = Annotated[Path, typer.Argument(help="The journal's SQLite file.")]


@app.command()
def verify(file: JournalFile) -> None:
    """Check every byte of the file, every event and its checksum, and the archives beside it."""
    from edge_agent.adapters.journal_sqlite import archives

    verdicts = [_is_sound(one) for one in (*archives(file), file)]
    if not all(verdicts):
        raise typer.Exit(1)


@app.command()
def replay(file: JournalFile) -> None:
    """Build the state from the first event on, and print where everything stands."""
    from edge_agent.adapters.journal_reader import JournalReader
    from edge_agent.reports import replay_report

    with JournalReader(_url(file)) as reader:
        for line in replay_report(reader.records()):
            typer.echo(line)


@app.command()
def stats(file: JournalFile) -> None:
    """Count the events by type, and how far each reader of the journal is behind."""
    from edge_agent.adapters.journal_reader import JournalReader
    from edge_agent.reports import stats_report

    with JournalReader(_url(file)) as reader:
        for line in stats_report(reader.census()):
            typer.echo(line)


@app.command()
def backup(
    file: JournalFile,
    to: Annotated[Path, typer.Option("--to", help="The copy; must not exist yet.")],
) -> None:
    """Copy a journal into one file while its agent runs, and verify the copy."""
    from edge_agent.adapters.journal_upgrade import copy

    copy(file, to)
    if not _is_sound(to):
        raise typer.Exit(1)


@app.command()
def export(
    file: JournalFile,
    to: Annotated[Path, typer.Option("--to", help="JSON lines; must not exist yet.")],
) -> None:
    """Write every intact event as a JSON line, and say what is not intact. Exit code 1 where something is."""
    from edge_agent.adapters.journal_export import export as write_export

    exported = write_export(file, to)
    for damage in exported.missing:
        typer.echo(f"{file}: {damage}", err=True)
    typer.echo(f"{to}: {exported.events} events, {exported.first} to {exported.last}")
    if exported.snapshot is not None:
        typer.echo(f"{to}: the state after event {exported.snapshot}")
    if exported.missing:
        raise typer.Exit(1)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="What `journal export` wrote.")],
    to: Annotated[Path, typer.Option("--to", help="The new journal; must not exist yet.")],
    until: Annotated[
        int | None, typer.Option(min=0, help="End with this event; what follows is lost.")
    ] = None,
) -> None:
    """Build a new journal from an export, and verify it."""
    from edge_agent.adapters.journal_restore import restore as build

    restored = build(file, to, until)
    if restored.first > 1:
        typer.echo(
            f"{to}: begins with event {restored.first}; what came before is in the snapshot or archives"
        )
    if not _is_sound(to):
        raise typer.Exit(1)


def _is_sound(file: Path) -> bool:
    from edge_agent.adapters.journal_verify import verify as check
    from edge_agent.reports import verification_report

    found = check(file)
    for problem in found.problems:
        typer.echo(f"{file}: {problem}", err=True)
    for line in verification_report(found):
        typer.echo(f"{file}: {line}")
    return not found.problems


def _url(file: Path) -> str:
    return f"sqlite:///{file}"
