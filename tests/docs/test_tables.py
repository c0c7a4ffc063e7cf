"""Tables that list what is in the code list all of it, as it is."""

import re
import tomllib

import pytest

from edge_agent.core.verification.rules import Rule
from tests.docs.markdown import DOCS, ROOT, Page, unquoted
from tests.docs.test_documents import resolves

ARCHITECTURE = Page(DOCS / "explanation" / "architecture.md")
INVARIANTS = ARCHITECTURE.rows("Invariants")


def code_in(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def test_there_are_twelve_invariants() -> None:
    assert [row[0] for row in INVARIANTS] == [str(number) for number in range(1, 13)]


@pytest.mark.parametrize("row", INVARIANTS, ids=lambda row: f"invariant {row[0]}")
def test_an_invariant_names_code_and_tests_that_exist(row: list[str]) -> None:
    _, _, kept_by, would_notice = row
    code, tests = code_in(kept_by), code_in(would_notice)
    assert code
    assert tests
    assert all(":" in word and not word.startswith("tests/") and resolves(word) for word in code), code
    assert all("::test_" in word and resolves(word) for word in tests), tests


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    page = Page(DOCS / "explanation" / "dependencies.md")
    wanted = {
        "At run time": project["project"]["dependencies"],
        "For the demo alone": project["project"]["optional-dependencies"]["demo"],
        "For the soak campaign alone": project["project"]["optional-dependencies"]["soak"],
        "For development": project["dependency-groups"]["dev"],
    }
    assert set(project["project"]["optional-dependencies"]) == {"demo", "soak"}
    assert set(project["dependency-groups"]) == {"dev"}
    for heading, packages in wanted.items():
        names = {re.split(r"[~=<>\[ ]", package)[0] for package in packages}
        rows = page.rows(heading)
        assert {unquoted(row[0]) for row in rows} == names, heading
        assert all(len(row[1]) > 10 for row in rows)


def test_every_rule_of_the_verification_is_listed_and_no_other() -> None:
    rows = Page(DOCS / "explanation" / "verification.md").rows("Rules")
    assert [(row[0], unquoted(row[1])) for row in rows] == [(rule.code, rule.value) for rule in Rule]


def test_every_shipped_profile_says_what_was_verified_of_it() -> None:
    rows = Page(DOCS / "reference" / "driver-quality.md").rows("What is verified of each profile")
    listed = {unquoted(row[0]): row for row in rows}
    shipped = {file.stem: file.read_text() for file in (ROOT / "config" / "profiles").glob("*.yaml")}
    assert listed.keys() == shipped.keys()
    for name, text in shipped.items():
        family, handshake = listed[name][1:3]
        assert f"family: {family}\n" in text
        assert f"handshake: {handshake}\n" in text


def test_the_exit_codes_are_the_command_lines_own() -> None:
    rows = Page(DOCS / "reference" / "exit-codes.md").rows("Exit codes")
    source = (ROOT / "edge_agent" / "cli.py").read_text()
    (said,) = re.findall(r"Exit codes: (.*?)\. Errors", source, re.DOTALL)
    assert ", ".join(f"{code} {meaning}" for code, meaning, _ in rows) == " ".join(said.split())
