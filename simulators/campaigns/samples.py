"""Samples of a running agent: what it holds of the machine, of the disk, and of the work."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from edge_agent.errors import EdgeAgentError
from simulators.ledger import entry_of
from simulators.oms_book import EventError, OmsBook

MIB = 1024 * 1024


class AgentGoneError(EdgeAgentError):
    """The agent's process has ended while it was watched."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One look at the agent."""

    t: float
    """Unix seconds."""
    t_s: float
    """Real seconds since the beginning."""
    rss_mb: float
    descriptors: int
    threads: int
    cpu_s: float
    """Processor time since the agent's start."""
    journal_mb: float
    """The database file."""
    wal_mb: float
    """Its write-ahead log."""
    archive_mb: float
    open_tasks: int
    ended_tasks: int
    task_to_first_command_p99_ms: float | None = None
    """Of the time since the sample before, as `scan_to_confirmation_p99_ms`; None where there was none."""
    scan_to_confirmation_p99_ms: float | None = None

    def with_latencies(self, first_command_ms: float | None, confirmation_ms: float | None) -> "Sample":
        return replace(
            self,
            task_to_first_command_p99_ms=first_command_ms,
            scan_to_confirmation_p99_ms=confirmation_ms,
        )

    def to_json(self) -> Mapping[str, Any]:
        return asdict(self)


class OmsTail:
    """Follows an OMS ledger while it is written."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._offset = 0
        self._book = OmsBook()

    def follow(self) -> tuple[int, int]:
        """Read what has come; how many tasks are open and how many have ended."""
        with self._ledger.open("rb") as file:
            file.seek(self._offset)
            while (line := file.readline()).endswith(b"\n"):
                self._offset += len(line)
                self._take(line)
        still_open = self._book.under_way() + len(self._book.held())
        return still_open, len(self._book.tasks) - still_open

    def _take(self, line: bytes) -> None:
        entry = entry_of(self._ledger, self._offset, line)
        if entry.kind == "submitted":
            self._book.submitted(entry.facts["task"])
        elif entry.kind == "event":
            try:
                self._book.told(entry.facts["event"])
            except EventError:
                return  # the audit names it at the end


class Probe:
    """Looks at a process and at the files of its journal."""

    def __init__(self, pid: int, journal: Path) -> None:
        """Raises `AgentGoneError` when there is no such process."""
        self._journal = journal
        try:
            self._process = psutil.Process(pid)
        except psutil.NoSuchProcess as error:
            raise AgentGoneError(f"agent: process {pid} has ended") from error

    def sample(self, oms: OmsTail, t_s: float) -> Sample:
        """Raises `AgentGoneError` when the process has ended."""
        still_open, ended = oms.follow()
        try:
            with self._process.oneshot():
                cpu = self._process.cpu_times()
                return Sample(
                    t=time.time(),
                    t_s=round(t_s, 3),
                    rss_mb=self._process.memory_info().rss / MIB,
                    descriptors=self._process.num_fds(),
                    threads=self._process.num_threads(),
                    cpu_s=cpu.user + cpu.system,
                    journal_mb=_size_mb(self._journal),
                    wal_mb=_size_mb(self._journal.with_name(self._journal.name + "-wal")),
                    archive_mb=sum(map(_size_mb, self._archives())),
                    open_tasks=still_open,
                    ended_tasks=ended,
                )
        except psutil.NoSuchProcess as error:
            raise AgentGoneError(f"agent: process {self._process.pid} has ended") from error

    def _archives(self) -> list[Path]:
        pattern = f"{self._journal.stem}-archive-*{self._journal.suffix}"
        return list(self._journal.parent.glob(pattern))


def _size_mb(file: Path) -> float:
    try:
        return file.stat().st_size / MIB
    except FileNotFoundError:
        return 0.0
