"""From MQTT messages to the loop's inputs. The PUBACK goes out when what follows is durable (invariant 2)."""

from collections.abc import Callable
from typing import Protocol

from edge_agent.adapters.pick_task import Refused, content_digest, misdirected, parse_cancel, parse_submit
from edge_agent.crash_points import CrashPoint, reached
from edge_agent.domain.inputs import CancelSubmitted, Input, MessageRefused, TaskSubmitted
from edge_agent.domain.site import Site
from edge_agent.domain.task import PickTask
from edge_agent.domain.topics import Topics


class Put(Protocol):
    """Hands an input to the loop, with what is to be done once it is durable."""

    def __call__(self, what: Input, on_durable: Callable[[], None]) -> None: ...


class Intake:
    """Reads the submit and cancel topics of a site."""

    def __init__(self, site: Site, put: Put) -> None:
        topics = Topics(site.topic_root)
        self._submit, self._cancel = topics.submit, topics.cancel
        self._limits = site.limits
        self._put = put

    @property
    def topics(self) -> tuple[str, ...]:
        """What to subscribe to."""
        return (self._submit, self._cancel)

    def on_message(self, topic: str, payload: bytes, acknowledge: Callable[[], None]) -> None:
        """One message. Whatever is in it, it leads to an input and, once durable, to its PUBACK."""

        def acknowledge_durable() -> None:
            reached(CrashPoint.BEFORE_PUBACK)
            acknowledge()
            reached(CrashPoint.AFTER_PUBACK)

        self._put(self._read(topic, payload), acknowledge_durable)

    def _read(self, topic: str, payload: bytes) -> Input:
        if topic == self._cancel:
            cancel = parse_cancel(payload, self._limits)
            return _refused("cancel", cancel) if isinstance(cancel, Refused) else CancelSubmitted(cancel)
        if topic != self._submit:
            return _refused("submit", misdirected(topic, payload))
        task = parse_submit(payload, self._limits)
        if isinstance(task, PickTask):
            return TaskSubmitted(task, content_digest(task))
        return _refused("submit", task)


def _refused(message_type: str, refused: Refused) -> MessageRefused:
    return MessageRefused(
        message_type, refused.code, refused.message, refused.fields, refused.task_id, refused.excerpt
    )
