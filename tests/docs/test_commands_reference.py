"""docs/reference/commands.md says what `--help` says."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from edge_agent.cli import app
from tests.docs.markdown import DOCS, ROOT, Page, pages, unquoted

PAGE = Page(DOCS / "reference" / "commands.md")


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """The command and all below it, by the words that are typed."""
    yield name, command
    for word, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, f"{name} {word}")


COMMANDS = dict(commands(typer.main.get_command(app), "edge-agent"))


def rows(command: Any) -> list[list[str]]:
    """Name, default and help of every parameter."""
    found = []
    for parameter in command.params:
        is_argument = parameter.param_type_name == "argument"
        name = parameter.name.upper() if is_argument else parameter.opts[0]
        default = getattr(parameter.default, "value", parameter.default)
        shown = "required" if parameter.required else "none" if default is None else str(default)
        found.append([name, shown, parameter.help])
    return found


def test_every_command_has_its_section_and_there_is_no_other() -> None:
    assert [heading for heading in PAGE.headings if heading.startswith("edge-agent")] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_described_as_its_help_says(name: str) -> None:
    section = PAGE.section(name)
    assert section.strip().splitlines()[0] == " ".join(COMMANDS[name].help.split())


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items() if command.params])
def test_every_option_is_listed_with_its_default_and_its_help(name: str) -> None:
    assert [list(map(unquoted, row)) for row in PAGE.rows(name)] == rows(COMMANDS[name])


def test_every_make_target_that_a_document_names_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in pages():
        named = set(re.findall(r"(?:^\$ |`|^)make ([a-z]+)", page.text, re.MULTILINE))
        assert named <= targets, page.path


def test_every_command_that_a_document_names_exists() -> None:
    known = {name.removeprefix("edge-agent ") for name in COMMANDS}
    for page in pages():
        named = set(re.findall(r"(?:^\$ |`)edge-agent (journal [a-z]+|[a-z]+)", page.text, re.MULTILINE))
        assert named <= known, page.path
