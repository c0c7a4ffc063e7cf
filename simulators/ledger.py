"""The ledger: an append-only JSON Lines file, one object a line with `t`, `kind` and its facts.

Every kind is described in docs/reference/ledgers.md. A ledger is evidence: nobody rewrites it, and each
line is handed to the operating system before the writer goes on, so that a kill loses no written line.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge_agent.errors import ConfigurationError, EdgeAgentError

Record = Callable[[str, Mapping[str, object]], None]
"""Writes one line: its kind and its facts. `Ledger.write` is one."""


class LedgerError(EdgeAgentError):
    """A line of a ledger is not what a ledger holds: file, line number and why."""

    def __init__(self, path: Path, line: int, detail: str) -> None:
        super().__init__(f"{path}:{line}: not a ledger line: {detail}")
        self.path = path
        self.line = line
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. `t` is in Unix seconds; `facts` is everything beside `t` and `kind`."""

    t: float
    kind: str
    facts: Mapping[str, Any]


class Ledger:
    """Appends lines to a file, which is made where it does not exist. Close it, or use it in a `with`."""

    def __init__(self, path: Path, *, unix_time: Callable[[], float] = time.time) -> None:
        """Raises `ConfigurationError` when the file cannot be written."""
        self.path = path
        self._unix_time = unix_time
        try:
            self._file = path.open("ab")
            _cut_torn_tail(path)
        except OSError as error:
            raise ConfigurationError(
                f"{path}: the ledger cannot be written ({error.strerror}); name another file"
            ) from error

    def write(self, kind: str, facts: Mapping[str, object]) -> None:
        """Append one line and hand it to the operating system. Raises OSError when the disk is full."""
        line = {"t": round(self._unix_time(), 6), "kind": kind, **facts}
        self._file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def read_ledger(path: Path) -> Iterator[Entry]:
    """Yield the lines of a ledger in order; a last line that was cut off by a kill is left out.

    Raises `LedgerError` for a line in the middle that cannot be read, OSError when the file is not there.
    """
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.endswith(b"\n"):
                yield entry_of(path, number, line)


def entry_of(path: Path, number: int, line: bytes) -> Entry:
    """One line of a ledger. Raises `LedgerError`, which names `path` and `number`."""
    try:
        facts = json.loads(line)
        return Entry(t=float(facts.pop("t")), kind=str(facts.pop("kind")), facts=facts)
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise LedgerError(path, number, f"{type(error).__name__}: {error}") from error


def _cut_torn_tail(path: Path) -> None:
    """Drop a last line that a kill cut off: the next line would be glued to it and both lost."""
    with path.open("r+b") as file:
        file.seek(0, 2)
        end = file.tell()
        while end:
            start = max(0, end - 4096)
            file.seek(start)
            newline = file.read(end - start).rfind(b"\n")
            if newline >= 0:
                end = start + newline + 1
                break
            end = start
        file.truncate(end)
