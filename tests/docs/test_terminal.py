"""What a document shows and does not happen is found."""

from pathlib import Path

import pytest

from tests.docs.markdown import Page
from tests.docs.terminal import Desk, DriftError, pattern


def page(folder: Path, *blocks: str) -> Page:
    path = folder / "page.md"
    path.write_text("\n\n".join(f"```{block}\n```" for block in blocks) + "\n")
    return Page(path)


def test_what_is_shown_is_what_happens(desk: Desk, tmp_path: Path) -> None:
    shown = page(
        tmp_path,
        "yaml file=a/site.yaml\ngateway: gw1",
        "console\n$ grep -c gw1 a/site.yaml\n1\n$ printf 'one\\ntwo\\nthree\\n'\no...\n...\nthree",
        "console exit=3\n$ (exit 3)",
        "console terminal=other running\n$ cat",
        "console terminal=other\n^C",
        "console\n$ cat <<END\n> hello\n> END\nhello",
    )
    assert desk.work_through(shown) == 6


@pytest.mark.parametrize(
    "block",
    [
        "console\n$ echo right\nwrong",
        "console\n$ printf 'one\\ntwo\\n'\none",
        "console\n$ false",
        "console exit=1\n$ true",
        "console\n$ no-such-command",
    ],
)
def test_a_block_that_has_drifted_is_an_error_with_its_line(desk: Desk, tmp_path: Path, block: str) -> None:
    with pytest.raises(DriftError, match=r"page\.md:5: "):
        desk.work_through(page(tmp_path, "console\n$ true", block))


def test_dots_stand_for_anything_in_a_line_and_for_any_lines() -> None:
    assert pattern(["a...c", "...", "z"]).fullmatch("abbc\nx\ny\nz\n")
    assert pattern(["a...c", "...", "z"]).fullmatch("ac\nz\n")
    assert not pattern(["a...c"]).fullmatch("ab\nc\n")
    assert not pattern(["a.c"]).fullmatch("abc\n")
