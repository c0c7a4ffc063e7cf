"""What a document shows and does not happen is found."""

import os
import signal
import time
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
        "console terminal=other running\n$ tail -f a/site.yaml\ngateway: gw1",
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
        "console running\n$ echo ended\nruns",
    ],
)
def test_a_block_that_has_drifted_is_an_error_with_its_line(desk: Desk, tmp_path: Path, block: str) -> None:
    with pytest.raises(DriftError, match=r"page\.md:5: "):
        desk.work_through(page(tmp_path, "console\n$ true", block))


def test_an_interrupt_arrives_though_the_tests_run_in_the_background(tmp_path: Path) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Desk(tmp_path, {"PATH": os.environ["PATH"]}) as desk:
            shown = page(
                tmp_path, "text file=a\nruns", "console running\n$ tail -f a\nruns", "console\n^C\n$ true"
            )
            assert desk.work_through(shown) == 3
    finally:
        signal.signal(signal.SIGINT, before)


def test_dots_stand_for_anything_in_a_line_and_for_any_lines() -> None:
    assert pattern(["a...c", "...", "z"]).fullmatch("abbc\nx\ny\nz\n")
    assert pattern(["a...c", "...", "z"]).fullmatch("ac\nz\n")
    assert not pattern(["a...c"]).fullmatch("ab\nc\n")
    assert not pattern(["a.c"]).fullmatch("abc\n")


def test_nothing_that_was_started_is_left_behind(tmp_path: Path) -> None:
    with Desk(tmp_path, {"PATH": os.environ["PATH"]}) as desk:
        shown = page(tmp_path, "console\n$ nohup sleep 60 > nohup.txt 2>&1 & echo $! > pid.txt\n...")
        desk.work_through(shown)
        pid = int((tmp_path / "pid.txt").read_text())
        os.kill(pid, 0)
    deadline_s = time.monotonic() + 10
    while _runs(pid):
        assert time.monotonic() < deadline_s, "it still runs"
        time.sleep(0.01)


def _runs(pid: int) -> bool:
    """Whether the process is there, and not merely waiting to be forgotten."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
