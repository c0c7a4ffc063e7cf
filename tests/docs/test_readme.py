"""What the README shows is what one sees."""

import io
import re
from pathlib import Path

from rich.console import Console

from simulators.audit import audit
from simulators.audit_table import summary_table
from tests.docs.markdown import ROOT, Page
from tests.e2e.test_hostile_messages import CANCELS, SUBMITS

README = Page(ROOT / "README.md")


def labels(text: str) -> list[str]:
    """The first column of the audit's table."""
    return re.findall(r"^│ (\S.*?) +│", text, re.MULTILINE)


def numberless(text: str) -> list[str]:
    """The words of the second column, whatever the numbers are."""
    cells = re.findall(r"│ ([^│\n]+?) +│$", text, re.MULTILINE)
    return re.findall(r"[a-z]{3,}", " ".join(cells))


def test_the_result_of_the_demo_looks_as_it_is_shown(tmp_path: Path) -> None:
    oms, world = tmp_path / "oms.jsonl", tmp_path / "world.jsonl"
    oms.touch()
    world.touch()
    printed = io.StringIO()
    Console(file=printed, width=80).print(summary_table(audit(oms, world)))
    (shown,) = (block.text for block in README.blocks if "Consistent" in block.text)
    assert labels(shown) == labels(printed.getvalue())
    counts = re.sub(r"^│   \S.*\n", "", shown.partition("├")[0], flags=re.MULTILINE)  # kinds that struck
    assert numberless(counts) == numberless(printed.getvalue().partition("├")[0])


def test_the_two_commands_stand_by_themselves() -> None:
    assert re.findall(r"^ {4}(make .*)$", README.text, re.MULTILINE) == ["make demo", "make test"]


def test_the_number_of_hostile_messages_is_right() -> None:
    (number,) = re.findall(r"(\d+) kinds of hostile messages", README.text)
    assert int(number) == len(SUBMITS) + len(CANCELS)


def test_the_readme_is_short() -> None:
    assert len(README.text.splitlines()) < 120
