"""The simulated order management system: it orders, listens, and writes down everything it is told.

It is a process of its own beside the agent and speaks to it over the broker alone (contract, "MQTT"). Its
ledger is one half of the audit; it says nothing about what really happened, only about what the OMS was told.
"""

import asyncio
import json
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from simulators.ledger import Ledger
from simulators.oms_book import EventError, Json, OmsBook, TaskStatus
from simulators.oms_link import Arrival, Connected, OmsLink

REPEAT_S = 3.0
"""A broker may lose what it acknowledged. After so many real seconds without an answer a task is published
again, and after so many of silence, or with a gap in the events, the OMS asks for what it has missed."""
CANCEL_WITHIN_EVENTS = 12
"""A cancel follows after 0 .. this many events about its task: before, during or after the work on it."""


@dataclass(frozen=True, slots=True)
class OmsProgress:
    """How far the OMS has come, as far as it was told. Tasks are counted once, by their status."""

    total: int
    """Tasks that it is to submit."""
    submitted: int
    completed: int
    short: int
    cancelled: int
    rejected: int
    held: int
    units_ordered: int
    units_picked: int
    exceptions: int
    """Raised so far, settled or not."""
    events: int
    repeats: int

    @property
    def ended(self) -> int:
        return self.completed + self.short + self.cancelled + self.rejected


@dataclass(frozen=True, slots=True)
class OmsResult:
    """How it ended. `finished` is False when `stop` came first."""

    finished: bool
    progress: OmsProgress
    seconds: float


async def run_oms(
    site: Site,
    tasks: Sequence[Json],
    *,
    ledger: Path,
    stop: asyncio.Event,
    burst: int | None = None,
    window: int | None = None,
    rate_per_h: float | None = None,
    quiet_s: float = 2.0,
    repeat_s: float = REPEAT_S,
    cancel_rate: float = 0.0,
    seed: int = 0,
    on_progress: Callable[[OmsProgress], None] | None = None,
) -> OmsResult:
    """Submit the tasks over `site.broker` and listen until every one has ended or is held, or until `stop`.

    The first `burst` tasks (without it: half of them) go out at once; each later one when fewer than `window`
    tasks are under way (without it: the number of put positions, so that it can start without waiting).
    With `rate_per_h` they go out one by one at that rate instead, in real hours, whatever is under way.
    `quiet_s` is how long, in real seconds on a link that is up, nothing may arrive before all is taken to be
    over; `repeat_s` is as `REPEAT_S`. `cancel_rate` (0 .. 1) is the share of tasks that are cancelled after a
    while, chosen by `seed`.
    `on_progress` is called after everything that arrives or leaves.

    Raises `ConfigurationError` when the ledger cannot be written or holds another run, and when the broker
    refuses us for good. A broker that is not there yet, or not at the moment, is waited for.
    """
    positions = sum(len(station.put_positions) for station in site.stations.values())
    plan = _Plan(
        tasks,
        len(tasks) // 2 if burst is None else burst,
        positions if window is None else window,
        None if rate_per_h is None else 3600 / rate_per_h,
        _choose_cancels(tasks, cancel_rate, seed),
    )
    root = site.topic_root
    with _new_ledger(ledger) as book:
        link = OmsLink(site, [f"{root}/events/#", f"{root}/rejected", f"{root}/tasks/+/state"])
        oms = _Oms(root, plan, link, book, on_progress or (lambda _: None))
        link.start()
        try:
            return await oms.run(quiet_s, repeat_s, stop)
        except ExceptionGroup as group:
            if (refusal := group.subgroup(ConfigurationError)) is not None:
                raise refusal.exceptions[0] from None
            raise
        finally:
            await link.close()


def _new_ledger(path: Path) -> Ledger:
    if path.exists() and path.stat().st_size:
        raise ConfigurationError(f"{path}: this ledger tells of another run; name another file")
    return Ledger(path)


@dataclass(frozen=True, slots=True)
class _Plan:
    tasks: Sequence[Json]
    burst: int
    window: int
    every_s: float | None
    """Real seconds between two tasks; None: by burst and window."""
    cancel_after: Mapping[str, int]
    """Task id -> after how many events about it the task is cancelled."""


def _choose_cancels(tasks: Sequence[Json], rate: float, seed: int) -> dict[str, int]:
    chance = random.Random(f"{seed}/cancels")
    chosen = [task["task_id"] for task in tasks if chance.random() < rate]
    return {task_id: chance.randint(0, CANCEL_WITHIN_EVENTS) for task_id in chosen}


class _Oms:
    def __init__(
        self,
        root: str,
        plan: _Plan,
        link: OmsLink,
        ledger: Ledger,
        on_progress: Callable[[OmsProgress], None],
    ) -> None:
        self._root = root
        self._plan = plan
        self._link = link
        self._ledger = ledger
        self._on_progress = on_progress
        self._book = OmsBook()
        self._changed = asyncio.Event()
        self._heard_s = time.monotonic()
        self._asked_s = 0.0
        self._sent_s: dict[str, float] = {}
        """When each task without an answer was published last, on the monotonic clock."""
        self._all_submitted = False
        self._cancel_in = dict(plan.cancel_after)
        self._to_cancel: asyncio.Queue[str] = asyncio.Queue()

    async def run(self, quiet_s: float, repeat_s: float, stop: asyncio.Event) -> OmsResult:
        started_s = time.monotonic()
        async with asyncio.TaskGroup() as group:
            workers = [
                group.create_task(self._listen(), name="oms-listen"),
                group.create_task(self._submit(), name="oms-submit"),
                group.create_task(self._cancel(), name="oms-cancel"),
                group.create_task(self._submit_again(repeat_s), name="oms-submit-again"),
                group.create_task(self._ask_for_missed(repeat_s), name="oms-replay"),
            ]
            over = group.create_task(self._over(quiet_s), name="oms-over")
            stopped = group.create_task(stop.wait(), name="oms-stop")
            await asyncio.wait({over, stopped}, return_when=asyncio.FIRST_COMPLETED)
            finished = over.done()
            for worker in (*workers, over, stopped):
                worker.cancel()
        return OmsResult(finished, self.progress(), time.monotonic() - started_s)

    def progress(self) -> OmsProgress:
        book = self._book
        return OmsProgress(
            total=len(self._plan.tasks),
            submitted=len(book.tasks),
            completed=book.count(TaskStatus.COMPLETED),
            short=book.count(TaskStatus.SHORT),
            cancelled=book.count(TaskStatus.CANCELLED),
            rejected=book.count(TaskStatus.REJECTED),
            held=len(book.held()),
            units_ordered=book.units_ordered,
            units_picked=book.units_picked,
            exceptions=book.exceptions,
            events=book.events,
            repeats=book.repeats,
        )

    # ---- ordering ------------------------------------------------------------------------------------

    async def _submit(self) -> None:
        started_s = time.monotonic()
        for number, task in enumerate(self._plan.tasks):
            if self._plan.every_s is not None:
                await asyncio.sleep(started_s + number * self._plan.every_s - time.monotonic())
            elif number >= self._plan.burst:
                await self._until(lambda: self._book.under_way() < self._plan.window)
            await self._link.up.wait()
            # One after the other: the ledger's time is then the time at which the task really left.
            self._ledger.write("submitted", {"task": task})
            self._book.submitted(task)
            self._noted()
            await self._publish_task(task)
            self._count_down(task["task_id"], 0)
        self._all_submitted = True
        self._noted()

    async def _publish_task(self, task: Json) -> None:
        await self._link.publish(f"{self._root}/tasks/submit", _dump(task))
        self._sent_s[task["task_id"]] = time.monotonic()

    async def _submit_again(self, repeat_s: float) -> None:
        """Publish again what got no answer: the same id and revision have no effect where they are known."""
        while True:
            await asyncio.sleep(repeat_s / 4)
            await self._link.up.wait()
            too_old_s = time.monotonic() - repeat_s
            for task_id in self._book.unanswered():
                if self._sent_s.get(task_id, too_old_s + 1) <= too_old_s:
                    self._ledger.write("resubmitted", {"task_id": task_id})
                    await self._publish_task(self._book.tasks[task_id].task)

    async def _ask_for_missed(self, repeat_s: float) -> None:
        while True:
            await asyncio.sleep(repeat_s / 4)
            await self._link.up.wait()
            too_old_s = time.monotonic() - repeat_s
            if self._asked_s <= too_old_s and (self._book.has_gap or self._is_silent(too_old_s)):
                after = self._book.told_up_to
                self._ledger.write("replay_asked", {"after": after})
                await self._link.publish(f"{self._root}/replay", _dump({"after": after}))
                self._asked_s = time.monotonic()

    def _is_silent(self, since_s: float) -> bool:
        return self._heard_s <= since_s and self._book.under_way() > 0

    async def _cancel(self) -> None:
        while True:
            task_id = await self._to_cancel.get()
            revision = self._book.tasks[task_id].task["revision"]
            self._ledger.write("cancelled", {"task_id": task_id})
            message = {"task_id": task_id, "revision": revision, "reason": "the customer changed their mind"}
            await self._link.publish(f"{self._root}/tasks/cancel", _dump(message))

    def _count_down(self, task_id: str, events: int) -> None:
        if (left := self._cancel_in.get(task_id)) is None:
            return
        if left - events > 0:
            self._cancel_in[task_id] = left - events
        else:
            del self._cancel_in[task_id]
            self._to_cancel.put_nowait(task_id)

    # ---- listening -----------------------------------------------------------------------------------

    async def _listen(self) -> None:
        while True:
            item = await self._link.inbox.get()
            match item:
                case Connected():
                    self._ledger.write("connected", {"session_present": item.session_present})
                case Arrival():
                    self._take(item.message.topic.removeprefix(self._root + "/"), bytes(item.message.payload))
                    self._link.acknowledge(item)
                case _:
                    raise item
            self._heard_s = time.monotonic()
            self._noted()

    def _take(self, topic: str, payload: bytes) -> None:
        kind, *rest = topic.split("/")
        message = _parse(payload)
        match kind:
            case "events" if message is not None:
                self._event(message)
            case "rejected" if message is not None:
                self._ledger.write("rejected_message", {"message": message})
            case "tasks" if message is not None or not payload:
                self._state(rest[0], message)
            case "events" | "rejected" | "tasks":
                self._ledger.write("unreadable", {"topic": topic, "text": payload.decode(errors="replace")})
            case _:
                self._ledger.write("unasked", {"topic": topic})  # amqtt sends what nobody subscribed to

    def _event(self, event: Json) -> None:
        self._ledger.write("event", {"event": event})
        try:
            is_new = self._book.told(event)
        except EventError as error:
            # It stands in the ledger as it came, for the audit to judge; the OMS itself goes on.
            self._ledger.write("unusable_event", {"detail": str(error)})
            return
        if is_new and (task_id := event["data"].get("task_id")) is not None:
            self._count_down(task_id, 1)

    def _state(self, task_id: str, state: Json | None) -> None:
        if self._book.state_shown(task_id, state):
            self._ledger.write(
                "task_held", {"task_id": task_id, "held": state.get("held") if state else None}
            )

    # ---- the end -------------------------------------------------------------------------------------

    async def _over(self, quiet_s: float) -> None:
        """Return when nothing more is to be expected."""
        while True:
            await self._until(self._is_settled)
            remaining_s = self._heard_s + quiet_s - time.monotonic()
            if remaining_s <= 0:
                return
            await asyncio.sleep(remaining_s)

    def _is_settled(self) -> bool:
        return self._all_submitted and self._book.under_way() == 0 and self._link.up.is_set()

    async def _until(self, condition: Callable[[], bool]) -> None:
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    def _noted(self) -> None:
        self._changed.set()
        self._on_progress(self.progress())


def _dump(message: Json) -> str:
    return json.dumps(message, separators=(",", ":"))


def _parse(payload: bytes) -> dict[str, Any] | None:
    """The JSON object in a message; None when there is none."""
    try:
        message = json.loads(payload)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None
