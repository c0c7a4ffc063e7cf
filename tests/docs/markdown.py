"""Reads the project's Markdown: fenced blocks, headings, tables and links."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"

_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block. `info` is what stands behind the opening fence: the language, then our marks."""

    info: tuple[str, ...]
    text: str
    line: int

    @property
    def language(self) -> str:
        return self.info[0] if self.info else ""

    def mark(self, name: str) -> str | None:
        """The value of a mark such as `file=task.json`; empty for one without a value, None without it."""
        for word in self.info[1:]:
            key, _, value = word.partition("=")
            if key == name:
                return value
        return None


@dataclass(frozen=True)
class Page:
    """One document."""

    path: Path

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def blocks(self) -> list[Block]:
        return [
            Block(tuple(found["info"].split()), found["text"], self.text.count("\n", 0, found.start()) + 1)
            for found in _FENCE.finditer(self.text)
        ]

    @cached_property
    def prose(self) -> str:
        """The text without its fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def headings(self) -> list[str]:
        return _HEADING.findall(self.prose)

    @property
    def links(self) -> list[str]:
        return _LINK.findall(self.prose)

    @property
    def code_words(self) -> list[str]:
        """Everything between backticks in the prose."""
        return _CODE.findall(self.prose)

    def section(self, heading: str) -> str:
        """What stands under a heading, up to the next one of the same rank or above."""
        start = re.search(rf"^(#+) +{re.escape(heading)} *$", self.text, re.MULTILINE)
        assert start, f"{self.path}: no heading {heading!r}"
        rest = self.text[start.end() :]
        end = re.search(rf"^#{{1,{len(start[1])}}} ", rest, re.MULTILINE)
        return rest[: end.start()] if end else rest

    def rows(self, heading: str) -> list[list[str]]:
        """The rows of the first table under a heading, without its head, each a list of cells."""
        return table(self.section(heading))


def table(text: str) -> list[list[str]]:
    """The rows of the first table in a text, without its head."""
    lines = [line for line in text.splitlines() if line.startswith("|") or not line.strip()]
    first = next((n for n, line in enumerate(lines) if line.startswith("|")), len(lines))
    found = []
    for line in lines[first:]:
        if not line.startswith("|"):
            break
        found.append([cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return found[2:]


def unquoted(cell: str) -> str:
    """A table cell's text without its backticks."""
    return cell.replace("`", "")


def pages() -> list[Page]:
    """Every document of the project."""
    top = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    return [Page(path) for path in [*top, *sorted(DOCS.rglob("*.md"))]]
