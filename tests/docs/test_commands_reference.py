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
        found.append([name, shown, parameter.help or ""])
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


def typed_in(page: Page, program: str) -> set[str]:
    """The first words after a program's name, wherever the page shows it being typed."""
    typed = [*page.code_words, *re.findall(r"^ {4}(.+)$", page.prose, re.MULTILINE)]
    for block in page.blocks:
        typed += [line.strip().removeprefix("$ ") for line in block.text.splitlines()]
    return {" ".join(words[1:3]) for line in typed if len(words := line.split()) > 1 and words[0] == program}


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.path.name)
def test_every_make_target_that_a_document_names_exists(page: Page) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {words.split()[0] for words in typed_in(page, "make")} <= targets


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.path.name)
def test_every_command_that_a_document_names_exists(page: Page) -> None:
    for words in typed_in(page, "edge-agent"):
        first, *more = words.split()
        name = words if first == "journal" and more and more[0] in ("verify", "replay", "stats") else first
        assert f"edge-agent {name}" in COMMANDS or name == "COMMAND", words
