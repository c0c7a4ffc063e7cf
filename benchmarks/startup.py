"""How long a start takes and how much memory it needs, by what stands in the journal.

    python -m benchmarks.startup [--ended 100000] [--open 1000] [--json FILE]

Each line is a process of its own that opens the journal and builds the state, as `edge-agent run` does before
it talks to any device. `import` is what every process pays for loading the code. An ended task has five
events here (it was cancelled); one that was picked has about twenty a line.
"""

import argparse
import asyncio
import json
import math
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from edge_agent.adapters.clock import SystemClock
from edge_agent.adapters.journal import SqlJournal
from edge_agent.adapters.snapshot_codec import SnapshotCodec
from edge_agent.core.confirmations import is_confirmed
from edge_agent.core.evolve import evolve
from edge_agent.core.image import image_of
from edge_agent.core.plant import Plant
from edge_agent.core.state import State
from edge_agent.domain import events as ev
from edge_agent.domain.events import Recorded
from edge_agent.domain.ids import CommandId, Gtin, LaneId, LineId, LocationId, Lpn, TaskId
from edge_agent.domain.task import Destination, Line, PickTask, Source
from edge_agent.ports import Snapshot
from edge_agent.resources import config_directory
from edge_agent.runtime.loop import Loop
from edge_agent.runtime.snapshots import Position, Snapshots
from edge_agent.site_file import load

BATCH = 5000
LONG_AGO = datetime.now(UTC) - timedelta(days=60)
COLUMNS = ("journal", "events", "MB", "import_s", "start_s", "max_rss_mb")


# ---- one start, in a process of its own --------------------------------------------------------------


def measure(url: str) -> dict[str, float]:
    """Open the journal and build the state."""
    imported_s = time.process_time()
    begin_s = time.perf_counter()
    asyncio.run(_start(url))
    seconds = time.perf_counter() - begin_s
    return {"import_s": imported_s, "start_s": seconds, "max_rss_mb": _max_rss_mb()}


def _max_rss_mb() -> float:
    """Of this program alone: getrusage would tell the parent's where that is more."""
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


async def _start(url: str) -> None:
    journal = await SqlJournal.open(url)
    snapshots = Snapshots(journal, SnapshotCodec(), 10_000)
    await Loop(_state(), journal, SystemClock(), lambda _: None, snapshots).replay()
    await journal.close()


def _state() -> State:
    site, _ = load(config_directory() / "demo.yaml", {})
    return State(Plant(site, {}))


# ---- the journals ------------------------------------------------------------------------------------


def _task(number: int) -> PickTask:
    sources = tuple(Source(LocationId(f"A01-01-{n:02}"), Lpn(f"TOTE-{n:04}"), 9, n) for n in (1, 2))
    lines = tuple(Line(LineId(str(n)), f"SKU-{n}", Gtin(f"{n:014}"), 2, sources) for n in (1, 2))
    container = Lpn(f"OC-{number}")
    return PickTask(TaskId(f"T-{number}"), 1, f"SO-{number}", Destination(container, LaneId("ship-1")), lines)


def _history(ended: int, still_open: int) -> Iterator[ev.Event]:
    yield ev.AgentStarted("bench", CommandId(1))
    for number in range(ended):
        task = _task(number)
        yield ev.TaskAccepted(task, f"{number:064x}")
        yield ev.CancelRequested(task.task_id, 1, "not wanted")
        for line in task.lines:
            yield ev.LineCancelled(task.task_id, line.line_id, line.quantity)
        yield ev.TaskFilled(task.task_id, None)
        yield ev.TaskCancelled(task.task_id, 1, task.order_id, "not wanted", ())
    for number in range(ended, ended + still_open):
        yield ev.TaskAccepted(_task(number), f"{number:064x}")


async def _build(file: Path, ended: int, still_open: int) -> tuple[State, Position]:
    journal = await SqlJournal.open(f"sqlite:///{file}")
    state, at = _state(), Position()
    events = _history(ended, still_open)
    while batch := list(islice(events, BATCH)):
        records = []
        for event in batch:
            told = at.confirmation + is_confirmed(event)
            at = Position(at.sequence + 1, told, at.sequence / 100)
            moment = LONG_AGO + timedelta(seconds=at.clock_s)
            records.append(
                Recorded(at.sequence, moment, at.clock_s, event, told if is_confirmed(event) else None)
            )
            evolve(state, event, at.clock_s)
        await journal.append(records)
    journal.move_cursor("published", at.confirmation)
    await journal.close()
    return state, at


async def _with_snapshots(file: Path, state: State, at: Position) -> None:
    """As a clean stop leaves it; twice, for the archive keeps what the older one needs."""
    journal = await SqlJournal.open(f"sqlite:///{file}")
    body = SnapshotCodec().encode(image_of(state))
    for sequence in (at.sequence - 1, at.sequence):
        await journal.write_snapshot(
            Snapshot(sequence, at.confirmation, at.clock_s, SnapshotCodec.version, body)
        )
    await journal.close()


async def _archived(file: Path) -> float:
    journal = await SqlJournal.open(f"sqlite:///{file}")
    begin_s = time.perf_counter()
    await journal.archive(math.inf, ["published"])
    seconds = time.perf_counter() - begin_s
    await journal.close()
    return seconds


def journals(folder: Path, ended: int, still_open: int) -> Iterator[tuple[str, Path, int]]:
    """What each is called, where it is, and how many events it ever had."""
    empty = folder / "empty.db"
    asyncio.run(_build(empty, 0, 0))
    yield "empty", empty, 1
    full = folder / "full.db"
    state, at = asyncio.run(_build(full, ended, still_open))
    few = folder / "few.db"
    few_state, few_at = asyncio.run(_build(few, 0, still_open))
    asyncio.run(_with_snapshots(few, few_state, few_at))
    yield f"{still_open} open, snapshot", few, few_at.sequence
    yield f"{ended} ended, {still_open} open, no snapshot", full, at.sequence
    stopped = Path(shutil.copy(full, folder / "stopped.db"))
    asyncio.run(_with_snapshots(stopped, state, at))
    yield f"{ended} ended, {still_open} open, snapshot", stopped, at.sequence
    archived = Path(shutil.copy(stopped, folder / "archived.db"))
    seconds = asyncio.run(_archived(archived))
    print(f"archiving took {seconds:.1f} s", file=sys.stderr)
    yield "the same, archived", archived, at.sequence


# ---- the table ---------------------------------------------------------------------------------------


def main() -> None:
    """Build the journals, start on each, print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ended", type=int, default=100_000)
    parser.add_argument("--open", type=int, default=1000)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--measure", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure)))
        return
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for name, file, events in journals(Path(folder), options.ended, options.open):
            command = (sys.executable, "-m", "benchmarks.startup", "--measure", f"sqlite:///{file}")
            found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            rows.append({"journal": name, "events": events, "MB": file.stat().st_size / 10**6} | found)
    _show(rows)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")


def _show(rows: list[dict[str, Any]]) -> None:
    width = max(len(row["journal"]) for row in rows)
    print(f"{COLUMNS[0]:{width}} " + " ".join(f"{name:>10}" for name in COLUMNS[1:]))
    for row in rows:
        figures = [f"{row['events']:>10}", *(f"{row[name]:>10.2f}" for name in COLUMNS[2:])]
        print(f"{row['journal']:{width}} " + " ".join(figures))


if __name__ == "__main__":
    main()
