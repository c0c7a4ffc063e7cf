"""Tells the OMS what is in the journal: every confirmation, in order, at least once (invariant 7).

The publisher is a cursor over the journal. A confirmation counts as told when the broker has acknowledged
all that belongs to it; the cursor then moves, and never past one that is still under way. Whatever goes
wrong, publishing goes on from the cursor: repeats carry the ids that they had the first time.
"""

import asyncio
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from edge_agent.core.confirmations import confirmation
from edge_agent.crash_points import CrashPoint, reached
from edge_agent.domain.events import Recorded, TaskCancelled, TaskCompleted, TaskRejected
from edge_agent.domain.ids import DeviceId, TaskId
from edge_agent.domain.site import Site
from edge_agent.domain.topics import Topics, agent_state
from edge_agent.errors import BrokerRefusedError, LinkLostError
from edge_agent.ports import BrokerLink, Clock, Encoder, Journal
from edge_agent.runtime.cancellation import raise_if_cancelled
from edge_agent.runtime.retained import RetainedStates, Views

log = structlog.get_logger(__name__)

CURSOR = "published"
_PAGE = 200
_REFUSED_PAUSE_S = 5.0


class Publisher:
    """Publishes confirmations and retained states over a link that comes and goes (the `Outlet` port)."""

    def __init__(
        self, link: BrokerLink, journal: Journal, clock: Clock, site: Site, encoder: Encoder, views: Views
    ) -> None:
        self._link = link
        self._journal = journal
        self._clock = clock
        self._encoder = encoder
        self._topics = Topics(site.topic_root)
        self._window_size = site.broker.publish_window
        self._can_expire = site.broker.protocol == "5"
        self._states = RetainedStates(link, clock, site, views)
        self._news = True
        self._again: int | None = None
        self._wakeup = asyncio.Event()
        self._all_told = asyncio.Event()
        self._stopping = asyncio.Event()

    # ---- what the loop says ------------------------------------------------------------------------

    def wake(self) -> None:
        """There are new confirmations in the journal."""
        self._news = True
        self._all_told.clear()
        self._wakeup.set()

    def tell_again(self, after: int) -> None:
        """A receiver has missed confirmations: go back to the one after `after`.

        Where that is further on than the cursor nothing is told twice. What has gone to the archive is not
        told again.
        """
        self._again = after if self._again is None else min(after, self._again)
        self.wake()

    def task_changed(self, task_id: TaskId) -> None:
        """A task has changed or ended."""
        self._states.task_changed(task_id)

    def device_changed(self, device_id: DeviceId) -> None:
        self._states.device_changed(device_id)

    def agent_changed(self) -> None:
        self._states.agent_changed()

    def agent_state(self, state: str) -> None:
        """The agent is now `online` or `draining`; `offline` is said by `drain` and by the last will."""
        self._states.agent_is(state)

    # ---- life --------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Publish until `drain`. An error of the journal ends it; one of the broker never does."""
        async with asyncio.TaskGroup() as tasks:
            work = tasks.create_task(self._connections(), name="publish")
            await self._stopping.wait()
            work.cancel()

    async def drain(self, timeout_s: float) -> bool:
        """Publish what is left, say offline, and end `run`. False when that could not be done in time;
        what is left is then published after the next start."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._all_told.wait()
                await self._states.idle.wait()
                offline = agent_state("offline", self._clock.now().utc)
                await self._link.publish(self._topics.agent_state, offline, retain=True)
        except (TimeoutError, LinkLostError, BrokerRefusedError):
            return False
        finally:
            self._stopping.set()
        return True

    async def _connections(self) -> None:
        while True:
            await self._link.wait_connected()
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._states.run(), name="publish: states")
                    tasks.create_task(self._states.follow_held(), name="publish: held")
                    tasks.create_task(self._tell(), name="publish: confirmations")
                    if not self._can_expire:
                        clearing = self._states.clear_ended(self._journal)
                        tasks.create_task(clearing, name="publish: ended states")
                    await self._until_lost()
            except* LinkLostError:
                self._all_told.clear()
            raise_if_cancelled()

    async def _until_lost(self) -> None:
        await self._link.wait_lost()
        raise LinkLostError("broker", "publishing goes on with the next connection")

    # ---- confirmations -----------------------------------------------------------------------------

    async def _tell(self) -> None:
        while True:
            try:
                await self._tell_from_cursor()
            except BrokerRefusedError as error:
                # Nothing is skipped: later ones wait until a person has mended the broker.
                log.warning(
                    "confirmation_refused", detail=str(error), advice="check access rights and limits"
                )
                await asyncio.sleep(_REFUSED_PAUSE_S)

    async def _go_back(self) -> int:
        """Move the cursor to where a receiver wants it, if that is further back; where it stands."""
        position = await self._journal.cursor(CURSOR)
        again, self._again = self._again, None
        if again is None or again >= position:
            return position
        log.warning("confirmations_told_again", after=again, until=position)
        self._journal.move_cursor(CURSOR, again)
        return again

    async def _tell_from_cursor(self) -> None:
        """Publish until the link is lost or a receiver wants something again."""
        position = await self._go_back()
        page: deque[Recorded] = deque()
        window = _Window(self._window_size)
        self._news = True
        while self._again is None:
            self._wakeup.clear()
            while told := window.acknowledged():
                reached(CrashPoint.BEFORE_CURSOR_MOVE)
                self._journal.move_cursor(CURSOR, told)
                reached(CrashPoint.AFTER_CURSOR_MOVE)
            if self._news and not page:
                page.extend(await self._next_page(position))
            while page and window.has_room:
                recorded = page.popleft()
                position = recorded.confirmation or position
                window.add(position, self._publish(recorded))
            if page or self._news:
                if window.has_room:
                    continue
            elif not window:
                self._all_told.set()
            await self._wakeup.wait()

    async def _next_page(self, after: int) -> list[Recorded]:
        self._news = False
        page = await self._journal.read_confirmations(after, _PAGE)
        self._news = self._news or len(page) == _PAGE
        return page

    def _publish(self, recorded: Recorded) -> Sequence[asyncio.Future[None]]:
        told = confirmation(recorded.event)
        topic = self._topics.event(told.name)
        payload = self._encoder.encode(recorded)
        reached(CrashPoint.BEFORE_PUBLISH)
        sent = [self._link.publish(topic, payload, content_type=self._encoder.content_type)]
        match recorded.event:
            case TaskRejected() as event:
                reason = told.data | {"at": recorded.at.isoformat(), "excerpt": event.excerpt}
                sent.append(self._link.publish(self._topics.rejected, json.dumps(reason).encode()))
            case TaskCompleted() | TaskCancelled() as event:
                sent.append(self._states.task_ended(event, recorded))
        reached(CrashPoint.AFTER_PUBLISH)
        for done in sent:
            done.add_done_callback(lambda _: self._wakeup.set())
        return sent


@dataclass(slots=True)
class _UnderWay:
    number: int
    sent: Sequence[asyncio.Future[None]]


class _Window:
    """The confirmations that are under way to the broker, oldest first."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._under_way: deque[_UnderWay] = deque()

    def __bool__(self) -> bool:
        return bool(self._under_way)

    @property
    def has_room(self) -> bool:
        return len(self._under_way) < self._size

    def add(self, number: int, sent: Sequence[asyncio.Future[None]]) -> None:
        self._under_way.append(_UnderWay(number, sent))

    def acknowledged(self) -> int | None:
        """Take out what is acknowledged without a gap; the highest number of it. Raises what a broker's
        refusal or a lost link raises."""
        number = None
        while self._under_way and all(done.done() for done in self._under_way[0].sent):
            oldest = self._under_way[0]
            if number is not None and any(done.exception() for done in oldest.sent):
                break  # what was told before it counts first; the next call raises
            self._under_way.popleft()
            for done in oldest.sent:
                done.result()
            number = oldest.number
        return number
