"""The retained states at the broker: the agent, its devices and its tasks as they stand.

A state shows only what is durable (invariant 1). One that has changed is read while its commit is acted on;
those that a new connection needs are read when the loop says that nothing undurable can be seen.
"""

import asyncio
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import structlog

from edge_agent.core.confirmations import confirmation
from edge_agent.domain.events import Recorded, TaskCancelled, TaskCompleted
from edge_agent.domain.ids import DeviceId, TaskId
from edge_agent.domain.site import Site
from edge_agent.domain.topics import Topics, agent_state
from edge_agent.errors import BrokerRefusedError
from edge_agent.ports import BrokerLink, Clock, Journal

log = structlog.get_logger(__name__)

T = TypeVar("T")

CLEARED_CURSOR = "states_cleared"
_AT_ONCE = 50
_PAGE = 500
_LONGEST_WAIT_S = 60.0
HELD_LOOK_S = 1.0
"""How often the tasks are looked at that may have come to wait behind something held."""


@dataclass(frozen=True, slots=True)
class Views:
    """Where the present states are asked for. Each call returns at once, with what JSON can carry."""

    task: Callable[[TaskId], Mapping[str, Any] | None]
    """An open task as it stands; None for one that is not open."""
    device: Callable[[DeviceId], Mapping[str, Any]]
    open_tasks: Callable[[], Iterable[TaskId]]
    agent: Callable[[], Mapping[str, Any]] = dict
    """The agent's own state, beside online, draining or offline."""
    when_durable: Callable[[Callable[[], None]], None] = lambda read: read()
    """Calls back when the others show nothing that is not on disk: now, or after the commit under way."""
    held: Callable[[], Mapping[TaskId, str]] = dict
    """The open tasks that cannot end without a person, with the exception that each waits for."""


class RetainedStates:
    """Sends each state when it changes, and all of them on every new connection.

    Of a state that changes faster than the broker takes it only the newest is sent.
    """

    def __init__(self, link: BrokerLink, clock: Clock, site: Site, views: Views) -> None:
        self._link = link
        self._clock = clock
        self._views = views
        self._topics = Topics(site.topic_root)
        self._devices = tuple(site.devices)
        self._expiry_s = float(site.broker.task_state_expiry_s)
        self._agent: bytes | None = None
        self._said: tuple[str, datetime, Mapping[str, Any]] | None = None
        self._changed: dict[str, bytes] = {}
        self._wakeup = asyncio.Event()
        self._live = False
        self.idle = asyncio.Event()
        """Set while the broker has everything as it stands."""

    def agent_is(self, state: str) -> None:
        """The agent is online or draining from now on."""
        since = self._clock.now().utc
        self._views.when_durable(lambda: self._say(state, since))

    def agent_changed(self) -> None:
        """What else is said of the agent may have changed."""
        if self._said is not None:
            state, since, said = self._said
            if self._views.agent() != said:
                self._say(state, since)

    def _say(self, state: str, since: datetime) -> None:
        self._said = state, since, self._views.agent()
        self._agent = agent_state(state, since, **self._said[2])
        self._note(self._topics.agent_state, self._agent)

    def device_changed(self, device_id: DeviceId) -> None:
        self._note(self._topics.device_state(device_id), _json(self._views.device(device_id)))

    def task_changed(self, task_id: TaskId) -> None:
        topic = self._topics.task_state(task_id)
        view = self._views.task(task_id)
        if view is None:
            # It has ended: its last state goes out with its last confirmation, and nothing after that.
            self._changed.pop(topic, None)
        else:
            self._note(topic, _json(view))

    def task_ended(self, event: TaskCompleted | TaskCancelled, recorded: Recorded) -> asyncio.Future[None]:
        """Send the last state of a task, to expire (MQTT 5) when it has stood for its time."""
        topic = self._topics.task_state(event.task_id)
        left_s = math.ceil(self._left_s(recorded))
        if left_s <= 0:
            return self._link.publish(topic, b"", retain=True)
        status = "completed" if isinstance(event, TaskCompleted) else "cancelled"
        view = confirmation(event).data | {"status": status, "ended": recorded.at.isoformat()}
        return self._link.publish(topic, _json(view), retain=True, expiry_s=left_s)

    async def run(self) -> None:
        """Keep one connection's states fresh. Raises `LinkLostError` when it ends."""
        self._live = True
        try:
            await self._send_everything()
            while True:
                if not self._changed:
                    self.idle.set()
                    await self._wakeup.wait()
                self._wakeup.clear()
                batch, self._changed = self._changed, {}
                await self._send(batch)
        finally:
            self._live = False
            self._changed.clear()
            self.idle.clear()

    async def follow_held(self) -> None:
        """Tell anew the tasks that have come to wait for a person, or do so no longer, with no event of
        their own: what they stood behind had one."""
        told: Mapping[TaskId, str] = {}
        while True:
            marks = self._views.held()
            changed = iter(dict({*marks.items()} ^ {*told.items()}))
            while batch := list(islice(changed, _AT_ONCE)):  # many may stand behind one
                await self._durably(partial(self._tell, batch))
            told = marks
            await asyncio.sleep(HELD_LOOK_S)

    def _tell(self, tasks: Iterable[TaskId]) -> None:
        for task_id in tasks:
            self.task_changed(task_id)

    async def clear_ended(self, journal: Journal) -> None:
        """Remove the states of ended tasks when they have stood for their time.

        For MQTT 3.1.1, where a message cannot expire by itself. Raises `LinkLostError`.
        """
        position = await journal.cursor(CLEARED_CURSOR)
        while True:
            page = await journal.read_confirmations(position, _PAGE)
            for recorded in page:
                if isinstance(recorded.event, TaskCompleted | TaskCancelled):
                    await asyncio.sleep(self._left_s(recorded))
                    await self._clear(recorded.event.task_id)
                position = recorded.confirmation or position
                journal.move_cursor(CLEARED_CURSOR, position)
            if not page:
                await asyncio.sleep(min(self._expiry_s, _LONGEST_WAIT_S))

    def _note(self, topic: str, payload: bytes) -> None:
        if self._live:  # else all of them are read anew on the next connection
            self._changed[topic] = payload
            self.idle.clear()
            self._wakeup.set()

    async def _send_everything(self) -> None:
        everything = self._everything()
        while batch := await self._read(everything):
            await self._send(batch)

    async def _read(self, states: Iterator[tuple[str, bytes]]) -> dict[str, bytes]:
        """The next few."""

        def read() -> dict[str, bytes]:
            batch = dict(islice(states, _AT_ONCE))
            for topic in batch:
                self._changed.pop(topic, None)  # read later than what is waiting there
            return batch

        return await self._durably(read)

    async def _durably(self, read: Callable[[], T]) -> T:
        """What `read` gives, called while all that it sees is durable."""
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def call() -> None:
            if not done.done():  # the connection may have ended meanwhile
                done.set_result(read())

        self._views.when_durable(call)
        return await done

    def _everything(self) -> Iterator[tuple[str, bytes]]:
        if self._agent is not None:
            yield self._topics.agent_state, self._agent
        for device_id in self._devices:
            yield self._topics.device_state(device_id), _json(self._views.device(device_id))
        for task_id in tuple(self._views.open_tasks()):
            if (view := self._views.task(task_id)) is not None:
                yield self._topics.task_state(task_id), _json(view)

    async def _send(self, states: Mapping[str, bytes]) -> None:
        sent = {topic: self._link.publish(topic, payload, retain=True) for topic, payload in states.items()}
        answers = await asyncio.gather(*sent.values(), return_exceptions=True)
        for topic, answer in zip(sent, answers, strict=True):
            if isinstance(answer, BrokerRefusedError):
                log.warning("state_refused", topic=topic, detail=str(answer), advice="check access rights")
            elif answer is not None:
                raise answer

    async def _clear(self, task_id: TaskId) -> None:
        if self._views.task(task_id) is None:
            await self._send({self._topics.task_state(task_id): b""})

    def _left_s(self, ended: Recorded) -> float:
        """How long the state of a task that has ended stays, on the agent's own clock."""
        return ended.clock_s + self._expiry_s - self._clock.now().clock_s


def _json(view: Mapping[str, Any]) -> bytes:
    return json.dumps(view, separators=(",", ":")).encode()
