"""Keeps `docs/reference/commands.md` in step with the command line: its summaries and tables of options.

The prose below a table is written by hand and stays.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from edge_agent.cli import app

PAGE = Path(__file__).parent / "reference" / "commands.md"
_SECTION = re.compile(r"^## (edge-agent[^\n]*)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def commands_page() -> str:
    """The page as it should be now."""
    text = PAGE.read_text("utf-8")
    sections = list(_SECTION.finditer(text))
    prose = {match[1]: _prose(match[2]) for match in sections}
    made = [_section(name, command, prose.get(name, "")) for name, command in _commands()]
    return text[: sections[0].start()] + "\n".join(made) + "\n" + text[sections[-1].end() :]


def _commands() -> Iterator[tuple[str, Any]]:
    def below(command: Any, name: str) -> Iterator[tuple[str, Any]]:
        yield name, command
        for word, inner in getattr(command, "commands", {}).items():
            yield from below(inner, f"{name} {word}")

    return below(typer.main.get_command(app), "edge-agent")


def _prose(body: str) -> str:
    """What follows the summary and the first table."""
    lines = body.strip().splitlines()[1:]
    table = [number for number, line in enumerate(lines) if line.startswith("| option")]
    if table and not "".join(lines[: table[0]]).strip():
        after = table[0]
        while after < len(lines) and lines[after].startswith("|"):
            after += 1
        lines = lines[after:]
    return "\n".join(lines).strip()


def _section(name: str, command: Any, prose: str) -> str:
    parts = [f"## {name}", " ".join(command.help.split())]
    if command.params:
        rows = ["| option | default | meaning |", "| --- | --- | --- |"]
        parts.append("\n".join([*rows, *(_row(parameter) for parameter in command.params)]))
    return "\n\n".join([*parts, *([prose] if prose else [])]) + "\n"


def _row(parameter: Any) -> str:
    name = parameter.name.upper() if parameter.param_type_name == "argument" else parameter.opts[0]
    default = getattr(parameter.default, "value", parameter.default)
    shown = "required" if parameter.required else "none" if default is None else f"`{default}`"
    return f"| `{name}` | {shown} | {parameter.help or ''} |"
