"""Every document: links lead somewhere, what is named in the code exists, examples can be read."""

import ast
import json
import re
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from ruamel.yaml import YAML

from tests.docs.markdown import DOCS, ROOT, Page, pages

PAGES = pages()
_PATH = re.compile(
    r"(?:edge_agent|drivers|simulators|config|tests|docs|systemd)/[\w./-]*(?:(?:::|:)[A-Za-z_][\w.]*)?"
)
_TOP = re.compile(r"(?:Makefile|pyproject\.toml|requirements\.lock)")


def anchor(heading: str) -> str:
    """GitHub's name for a heading."""
    text = re.sub(r"[^\w\- ]", "", heading.replace("`", "").lower())
    return text.replace(" ", "-")


def test_what_is_checked_here_is_all_there_is() -> None:
    strays = set(ROOT.glob("*.md")) - {page.path for page in PAGES}
    assert not strays


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Page) -> None:
    for link in page.links:
        url = urlsplit(link)
        if url.scheme:
            continue
        target = (page.path.parent / url.path).resolve() if url.path else page.path
        assert target.exists(), f"{link}: there is no {target}"
        if url.fragment:
            assert url.fragment in map(anchor, Page(target).headings), f"{link}: no such heading"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.path.relative_to(ROOT)))
def test_everything_in_the_repository_that_is_named_exists(page: Page) -> None:
    for word in page.code_words:
        if _PATH.fullmatch(word) or _TOP.fullmatch(word):
            assert resolves(word), f"{word}: there is no such thing"


def resolves(word: str) -> bool:
    """Whether `path`, `path:name`, `path:Class.name` or `path::test_name` is there."""
    path, _, name = word.replace("::", ":").partition(":")
    file = ROOT / path
    return file.exists() and (not name or name in names_in(file))


@cache
def names_in(file: Path) -> frozenset[str]:
    """What a module defines, members of classes as `Class.member`."""
    found = set()
    for node in ast.parse(file.read_text("utf-8")).body:
        names = _defined(node)
        found.update(names)
        if isinstance(node, ast.ClassDef):
            found.update(f"{node.name}.{name}" for inner in node.body for name in _defined(inner))
    return frozenset(found)


def _defined(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [target.id for target in targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []


def test_a_name_that_does_not_exist_is_found() -> None:
    assert resolves("edge_agent/core/why.py:why")
    assert resolves("tests/docs/test_documents.py::test_a_name_that_does_not_exist_is_found")
    assert not resolves("edge_agent/core/why.py:whence")
    assert not resolves("edge_agent/core/nowhere.py")


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, todo = set(), [ROOT / "README.md"]
    while todo:
        path = todo.pop()
        if path in reached:
            continue
        reached.add(path)
        local = (urlsplit(link) for link in Page(path).links)
        targets = ((path.parent / url.path).resolve() for url in local if url.path and not url.scheme)
        todo += [target for target in targets if target.suffix == ".md"]
    assert {page.path for page in PAGES} <= reached | {ROOT / "CHANGELOG.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.path.relative_to(ROOT)))
def test_every_example_can_be_read(page: Page) -> None:
    readers: dict[str, Callable[[str], object]] = {
        "json": json.loads,
        "yaml": YAML(typ="safe").load,
        "toml": tomllib.loads,
        "python": ast.parse,
    }
    for block in page.blocks:
        if reader := readers.get(block.language):
            reader(block.text)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.path.relative_to(ROOT)))
def test_every_table_has_as_many_cells_in_each_row(page: Page) -> None:
    rows: list[int] = []
    for line in [*page.prose.splitlines(), ""]:
        if line.startswith("|"):
            rows.append(len(re.split(r"(?<!\\)\|", line)))
        else:
            assert len(set(rows)) <= 1, f"before {line!r}: rows of {set(rows)} cells"
            rows = []


def test_the_decisions_are_numbered_listed_and_follow_the_template() -> None:
    folder = DOCS / "decisions"
    records = sorted(folder.glob("[0-9]*.md"))
    assert [record.name[:4] for record in records] == [f"{n:04}" for n in range(1, len(records) + 1)]
    assert [Page(folder / "README.md").links[n + 1] for n in range(len(records))] == [r.name for r in records]
    sections = Page(folder / "template.md").headings[1:]
    for record in records:
        assert Page(record).headings[1:] == sections, record.name
        assert re.search(
            r"^- Status: (proposed|accepted|superseded by \d{4})$", Page(record).text, re.MULTILINE
        )
