"""From MQTT messages to the loop's inputs. The PUBACK goes out when what follows is durable (invariant 2)."""

from collections.abc import Callable
from typing import Protocol

from edge_agent.adapters.pick_task import (
    Refused,
    content_digest,
    misdirected,
    parse_cancel,
    parse_replay,
    parse_submit,
)
from edge_agent.crash_points import CrashPoint, reached
from edge_agent.domain.inputs import CancelSubmitted, Input, MessageRefused, TaskSubmitted
from edge_agent.domain.site import Site
from edge_agent.domain.task import PickTask
from edge_agent.domain.topics import Topics


class Put(Protocol):
    """Hands an input to the loop, with what is to be done once it is durable."""

    def __call__(self, what: Input, on_durable: Callable[[], None]) -> None: ...


class Intake:
    """Reads the topics of a site on which the OMS speaks."""

    def __init__(
        self,
        site: Site,
        put: Put,
        tell_again: Callable[[int], None],
        catalogue: Callable[[bytes, Callable[[], None]], None],
    ) -> None:
        """`tell_again` is called with the last confirmation that a receiver has without a gap; `catalogue`
        with an item master and what acknowledges it."""
        self._topics = Topics(site.topic_root)
        self._limits = site.limits
        self._put = put
        self._tell_again = tell_again
        self._catalogue = catalogue

    @property
    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""
        topics = self._topics
        return (topics.submit, topics.cancel, topics.replay, topics.catalogue)

    def on_message(self, topic: str, payload: bytes, acknowledge: Callable[[], None]) -> None:
        """One message. Whatever is in it, it leads to an input and, once durable, to its PUBACK.

        A replay is no input: nothing is lost with it in a crash, for who still misses something asks again.
        """

        def acknowledge_durable() -> None:
            reached(CrashPoint.BEFORE_PUBACK)
            acknowledge()
            reached(CrashPoint.AFTER_PUBACK)

        if topic == self._topics.catalogue:
            self._catalogue(payload, acknowledge_durable)
            return
        what = self._read_replay(payload) if topic == self._topics.replay else self._read(topic, payload)
        if isinstance(what, int):
            self._tell_again(what)
            acknowledge()
        else:
            self._put(what, acknowledge_durable)

    def _read(self, topic: str, payload: bytes) -> Input:
        if topic == self._topics.cancel:
            cancel = parse_cancel(payload, self._limits)
            return _refused("cancel", cancel) if isinstance(cancel, Refused) else CancelSubmitted(cancel)
        if topic != self._topics.submit:
            return _refused("submit", misdirected(topic, payload))
        task = parse_submit(payload, self._limits)
        if isinstance(task, PickTask):
            return TaskSubmitted(task, content_digest(task))
        return _refused("submit", task)

    def _read_replay(self, payload: bytes) -> Input | int:
        after = parse_replay(payload, self._limits)
        return _refused("replay", after) if isinstance(after, Refused) else after


def _refused(message_type: str, refused: Refused) -> MessageRefused:
    return MessageRefused(
        message_type, refused.code, refused.message, refused.fields, refused.task_id, refused.excerpt
    )
