"""`edge-agent station ...` as a person types it: single commands, and a terminal on a real pty."""

import asyncio
import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edge_agent.adapters.api_client import AgentRefusedError
from edge_agent.cli_stations import app
from edge_agent.domain.events import AnswerTaken
from edge_agent.errors import ConfigurationError
from edge_agent.prompt_texts import verdict_text
from tests.api.rig import ApiRig
from tests.api.test_stations import at_station, scanned
from tests.core.agent import CUP, MUG, a_line, a_task, ean, label
from tests.core.floor import tote
from tests.docs.markdown import DOCS, Page

HOW_TO = DOCS / "how-to" / "work-at-a-station.md"
DEADLINE_S = 20.0
ON_A_TERMINAL = "import os, sys; os.login_tty(int(sys.argv[1])); os.execv(sys.executable, sys.argv[2:])"
"""Gives the program a controlling terminal, so that Ctrl-C reaches it as it does a person's."""


class Terminal:
    """A program on a pseudo terminal, and what stands on its screen. Blocking: to be used in a thread."""

    def __init__(self, *words: str) -> None:
        self._screen, far_end = pty.openpty()
        command = (sys.executable, "-m", "edge_agent.cli", *words)
        self.process = subprocess.Popen(
            [sys.executable, "-c", ON_A_TERMINAL, str(far_end), *command], pass_fds=(far_end,)
        )
        os.close(far_end)
        self.shown = ""

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def until(self, text: str) -> None:
        """Read on until this stands there, behind what was waited for before."""
        deadline_s = time.monotonic() + DEADLINE_S
        while text not in self.shown:
            left_s = deadline_s - time.monotonic()
            assert left_s > 0, f"{text!r} does not come; there is {self.shown!r}"
            if select.select([self._screen], [], [], left_s)[0]:
                self.shown += os.read(self._screen, 4096).decode()
        self.shown = self.shown.partition(text)[2]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._screen)


@contextmanager
def working(rig: ApiRig, station: str = "st1") -> Iterator[Terminal]:
    terminal = Terminal("station", "work", station, "--socket", str(rig.server.path))
    try:
        yield terminal
    finally:
        terminal.close()


def the_page_is_lived(terminal: Terminal, session: list[str]) -> None:
    """Type what is typed on the page, and see on the screen what stands there."""
    for line in session:
        if line.startswith(("]", "!")):
            terminal.type(f"{line}\n")
        terminal.until(line)


async def test_a_session_at_a_terminal_looks_as_the_page_shows_it(tmp_path: Path) -> None:
    (page,) = (block for block in Page(HOW_TO).blocks if block.mark("session") is not None)
    command, *session = page.text.splitlines()
    assert command.startswith("$ edge-agent station work st1")
    async with at_station(tmp_path, a_task("T-1001", replace(a_line(), sku="MUG-BLUE"))) as rig:
        with working(rig) as terminal:
            await asyncio.to_thread(the_page_is_lived, terminal, session)
            terminal.type("!dance\n")
            await asyncio.to_thread(terminal.until, "not taken: nothing is asked at st1")
            terminal.type("\x03")
            assert await asyncio.to_thread(terminal.process.wait, DEADLINE_S) == 0
        kinds = [type(one.event).__name__ for one in await rig.journal.read(0, 100)]
        assert kinds.count("UnitPlaced") == 1


async def test_a_terminal_shows_what_follows_from_a_scan_elsewhere(tmp_path: Path) -> None:
    async with at_station(tmp_path) as rig:
        with working(rig) as terminal:
            await asyncio.to_thread(terminal.until, "Scan the label")
            await scanned(rig, label(tote(1)))
            await asyncio.to_thread(terminal.until, "Take one")
            await scanned(rig, ean(CUP))
            await asyncio.to_thread(terminal.until, "refused: V6 unknown_barcode")
            terminal.type("!\n!damaged the box is wet\n")
            await asyncio.to_thread(terminal.until, "not taken: fields are missing or wrong")
            await asyncio.to_thread(terminal.until, "Take one")
        (taken,) = (one.event for one in await rig.journal.read(0, 100) if isinstance(one.event, AnswerTaken))
        assert (taken.answer, taken.reason) == ("damaged", "the box is wet")


@pytest.mark.slow_callbacks("the commands are typed in the test's own loop")
async def test_single_commands_show_scan_and_answer(tmp_path: Path) -> None:
    async with at_station(tmp_path) as rig:

        async def typed(*words: str, code: int = 0) -> Any:
            arguments = [*words, "--socket", str(rig.server.path)]
            result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
            if result.exception is not None and not isinstance(result.exception, SystemExit):
                raise result.exception
            assert result.exit_code == code
            return result.output

        assert "a machine" in await typed("list")
        assert f"Scan the label of tote {tote(1)} at st1-tote." in await typed("show", "st1")
        assert "a machine works there" in await typed("show", "st2")
        wrong = await typed("scan", "st1", label(tote(2)).decode(), code=1)
        assert "refused: V2 wrong_tote" in wrong
        assert "passed" in await typed("scan", "st1", label(tote(1)).decode())
        await typed("scan", "st1", ean(MUG).decode())
        shown = json.loads(await typed("show", "st1", "--json"))
        assert shown["prompt"]["code"] == "place"
        with pytest.raises(AgentRefusedError, match="no longer open"):
            await typed("answer", "st1", "placed", "--step", str(shown["step"] - 1))
        assert "placed: taken" in await typed("answer", "st1", "placed", "--step", str(shown["step"]))
        with pytest.raises(ConfigurationError, match="not name=value"):
            await typed("answer", "st1", "lot", "--set", "B7")
        with pytest.raises(ConfigurationError, match="a machine works at station st2: name one"):
            await typed("work", "st2")


@pytest.mark.parametrize(
    ("judged", "words"),
    [
        ({"verdict": "passed"}, "passed"),
        (
            {"verdict": "ignored", "rule": "V20", "name": "unexpected_scan"},
            "ignored: No step is waiting for a scan. It has no effect.",
        ),
        ({"verdict": "ignored"}, "ignored: it was read before, and counts once"),
    ],
)
def test_every_verdict_has_its_words(judged: dict[str, str], words: str) -> None:
    assert verdict_text(judged) == words
