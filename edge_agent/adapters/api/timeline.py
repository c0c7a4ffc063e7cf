"""What the journal tells of a task or an exception: read in a thread and over a connection of its own."""

import asyncio
import json
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from edge_agent.adapters.codec import encode
from edge_agent.adapters.journal_reader import JournalReader
from edge_agent.domain.events import ExceptionRaised, ExceptionResolved, Recorded
from edge_agent.domain.ids import ExceptionId, TaskId

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """One event that names the task."""

    sequence: int
    at: datetime
    event: str
    """The event's type."""
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of a task's events, the oldest first. `next` is the `after` of the next one; None at the end."""

    events: list[Entry]
    next: int | None


class History:
    """Asks the journal at a `sqlite:///` URL. One question at a time; the others wait."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._thread = ThreadPoolExecutor(1, "api-journal")
        self._reader: JournalReader | None = None

    async def of_task(self, task_id: TaskId, after: int, limit: int) -> Timeline:
        """The events that name a task, behind `after`. Raises `JournalError`."""
        page = await self._ask(lambda reader: reader.mentioning(json.dumps(task_id), after, limit))
        entries = [_entry(recorded) for recorded in page]
        kept = [entry for entry in entries if _names(entry.data, task_id)]
        return Timeline(kept, page[-1].sequence if len(page) == limit else None)

    async def last_of_task(self, task_id: TaskId) -> datetime | None:
        """When something last happened to a task."""
        last = await self._ask(lambda reader: reader.last_mentioning(json.dumps(task_id)))
        return last.at if last is not None else None

    async def raised(self, exception_id: ExceptionId) -> Recorded | None:
        """When an exception was raised; None where this journal's file does not have it."""
        return await self._first(exception_id, ExceptionRaised)

    async def resolved(self, exception_id: ExceptionId) -> Recorded | None:
        """By whom an exception was settled; None for an open one and for one that nobody knows."""
        return await self._first(exception_id, ExceptionResolved)

    async def close(self) -> None:
        """May be called more than once; nothing may be asked afterwards."""
        if self._reader is not None:
            await self._ask(JournalReader.close)
            self._reader = None
        self._thread.shutdown(wait=False)

    async def _first(
        self, exception_id: ExceptionId, kind: type[ExceptionRaised | ExceptionResolved]
    ) -> Recorded | None:
        text = f'"exception_id":{json.dumps(exception_id)}'
        page = await self._ask(lambda reader: reader.mentioning(text, 0, 100))
        return next((recorded for recorded in page if isinstance(recorded.event, kind)), None)

    async def _ask(self, question: Callable[[JournalReader], T]) -> T:
        def answer() -> T:
            if self._reader is None:
                self._reader = JournalReader(self._url)
            return question(self._reader)

        return await asyncio.get_running_loop().run_in_executor(self._thread, answer)


def _entry(recorded: Recorded) -> Entry:
    encoded = encode(recorded.event)
    return Entry(recorded.sequence, recorded.at, encoded.type, json.loads(encoded.body))


def _names(data: object, task_id: TaskId) -> bool:
    """Whether an event is about the task, and does not merely hold its id as some other text."""
    match data:
        case dict():
            named = data.get("task_id") == task_id or task_id in (data.get("affected") or ())
            return named or any(_names(inner, task_id) for inner in data.values())
        case list():
            return any(_names(inner, task_id) for inner in data)
        case _:
            return False
