"""A reader's terminals: what a document shows is typed into real shells, and what it promises must appear.

A `console` block holds commands (`$ command`, further lines behind `> `), what they print, and `^C`. In what
is printed, `...` stands for anything within a line, and a line of nothing but `...` for any lines. A command
behind which nothing is shown may print what it likes. Marks behind the language:

- `terminal=NAME`: which window it is; without it the document has one.
- `running`: the last command does not end by itself; go on once it has printed what is shown.
- `exit=N`: the exit code of the last command, where it is not 0.

A block without a command shows what comes next in that terminal. A block of another language with
`file=NAME` is what the reader saves under that name.
"""

import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from tests.docs.markdown import Block, Page

DEADLINE_S = 40.0
INTERRUPT_S = 5.0
_PROMPT = re.compile(r"\x1e(\d+)\x1e")
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
INTERRUPT = "^C"
HEARS_CTRL_C = ("env", "--default-signal=INT,QUIT")
"""What a script starts in the background ignores both, and hands that on to all that it starts."""


class DriftError(AssertionError):
    """A document shows something else than what happens."""


@dataclass
class Step:
    """One command, or none, and what is shown behind it."""

    command: str | None
    shown: list[str] = field(default_factory=list)


def steps(block: Block) -> Iterator[Step]:
    step = Step(None)
    for line in block.text.splitlines():
        if line.startswith("$ ") or line == INTERRUPT:
            if step.command or step.shown:
                yield step
            step = Step(line.removeprefix("$ "))
        elif line.startswith("> ") and step.command and not step.shown:
            step.command += "\n" + line.removeprefix("> ")
        else:
            step.shown.append(line)
    yield step


def pattern(shown: list[str]) -> re.Pattern[str]:
    """What is shown, as a regular expression over whole lines."""
    parts = []
    for line in shown:
        if line.strip() == "...":
            parts.append(r"(?:[^\n]*\n)*?")
        else:
            parts.append("[^\n]*?".join(map(re.escape, line.rstrip().split("..."))) + "[ ]*\n")
    return re.compile("".join(parts))


class Terminal:
    """One shell on a pseudo terminal of its own."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        self._unread = ""
        self._at_prompt = False
        self._controller, shell_side = pty.openpty()
        try:
            termios.tcsetwinsize(shell_side, (40, 100))
            attributes = termios.tcgetattr(shell_side)
            attributes[3] &= ~termios.ECHO
            termios.tcsetattr(shell_side, termios.TCSANOW, attributes)
            self._shell = subprocess.Popen(
                ["setsid", "--ctty", *HEARS_CTRL_C, "bash", "--norc", "--noprofile", "--noediting", "-i"],
                cwd=folder,
                env={
                    **env,
                    "PS1": r"\001$?\001".replace(r"\001", "\x1e"),
                    "PS2": "",
                    "TERM": "dumb",
                    "VIRTUAL_ENV_DISABLE_PROMPT": "1",
                },
                stdin=shell_side,
                stdout=shell_side,
                stderr=shell_side,
            )
        finally:
            os.close(shell_side)
        self.until_prompt()

    def run(self, command: str) -> None:
        """Type a command, at the prompt."""
        if not self._at_prompt:
            self.until_prompt()
        self._at_prompt = False
        os.write(self._controller, f"{command}\n".encode())

    def interrupt(self) -> None:
        """Press Ctrl-C; once more where it came between two commands, and neither has heard it."""
        os.write(self._controller, b"\x03")
        if select.select([self._controller], [], [], INTERRUPT_S)[0]:
            return
        os.write(self._controller, b"\x03")

    def until_prompt(self) -> tuple[str, int]:
        """Wait for the shell to be ready; what was printed before, and the last command's exit code."""
        found = self._until(_PROMPT, search=True)
        printed, self._unread = self._unread[: found.start()], self._unread[found.end() :]
        self._at_prompt = True
        return printed, int(found[1])

    def until_shown(self, expected: re.Pattern[str], *, stays: bool) -> None:
        """Wait until what is printed next is what is shown. A command that `stays` must not end before."""
        found = self._until(expected, search=False, stays=stays)
        self._unread = self._unread[found.end() :]

    def _until(self, wanted: re.Pattern[str], *, search: bool, stays: bool = False) -> re.Match[str]:
        deadline_s = time.monotonic() + DEADLINE_S
        while not (found := (wanted.search if search else wanted.match)(self._unread)):
            left_s = deadline_s - time.monotonic()
            ended = stays and _PROMPT.search(self._unread)
            if ended or left_s <= 0 or not self._read(left_s):
                raise DriftError(f"shown: {wanted.pattern!r}\nprinted: {self._unread!r}")
        return found

    def _read(self, longest_s: float) -> bool:
        """Take what comes in next; False where nothing comes any more."""
        if not select.select([self._controller], [], [], longest_s)[0]:
            return False
        try:
            text = os.read(self._controller, 65536).decode("utf-8", "replace")
        except OSError:  # the shell has gone
            return False
        self._unread += _ESCAPES.sub("", text.replace("\r", ""))
        return bool(text)

    def close(self) -> None:
        """Close the window, and end whatever was started in it: a broker takes a hang-up for a reload."""
        os.close(self._controller)
        for process in _session(self._shell.pid):
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        self._shell.wait()


def _session(leader: int) -> list[int]:
    """The processes of a session, which is what a shell and all that was started from it are."""
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(ValueError, ProcessLookupError, PermissionError):
            if os.getsid(int(entry.name)) == leader:
                found.append(int(entry.name))
    return found


class Desk:
    """The terminals and the folder of somebody who works through documents."""

    def __init__(
        self, folder: Path, env: Mapping[str, str], replace: Mapping[str, str] | None = None
    ) -> None:
        """`replace` changes what is typed: fixed ports, for example, that may be taken here."""
        self._folder = folder
        self._env = env
        self._replace = replace or {}
        self._terminals: dict[str, Terminal] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def work_through(self, page: Page) -> int:
        """Do all that the document shows, in its order; how many commands that were."""
        typed = 0
        for block in page.blocks:
            try:
                typed += self._do(block)
            except DriftError as error:
                raise DriftError(f"{page.path.name}:{block.line}: {error}") from None
        return typed

    def _do(self, block: Block) -> int:
        if name := block.mark("file"):
            file = self._folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self._typed(block.text))
        if block.language != "console":
            return 0
        terminal = self._terminal(block.mark("terminal") or "")
        todo = list(steps(block))
        for number, step in enumerate(todo, 1):
            last = number == len(todo)
            code = int(block.mark("exit") or 0) if last else 0
            self._take(terminal, step, code, stays=last and block.mark("running") is not None)
        return sum(step.command is not None for step in todo)

    def _take(self, terminal: Terminal, step: Step, code: int, *, stays: bool) -> None:
        expected = pattern(step.shown)
        if step.command == INTERRUPT:
            terminal.interrupt()
        elif step.command is not None:
            terminal.run(self._typed(step.command))
        if step.command is None or stays:
            terminal.until_shown(expected, stays=step.command is not None)
            return
        printed, exit_code = terminal.until_prompt()
        if step.shown and not expected.fullmatch(printed):
            raise DriftError(f"$ {step.command}\nshown:\n" + "\n".join(step.shown) + f"\nprinted:\n{printed}")
        if step.command != INTERRUPT and exit_code != code:
            raise DriftError(f"$ {step.command}\nexit code {exit_code}, not {code}; printed:\n{printed}")

    def _typed(self, text: str) -> str:
        for old, new in self._replace.items():
            text = text.replace(old, new)
        return text

    def _terminal(self, name: str) -> Terminal:
        if name not in self._terminals:
            self._terminals[name] = terminal = Terminal(self._folder, self._env)
            self._open.callback(terminal.close)
        return self._terminals[name]
