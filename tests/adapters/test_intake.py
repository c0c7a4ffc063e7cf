"""What comes in over MQTT: where it goes, and when it is acknowledged."""

import json
from collections.abc import Callable

import pytest

from edge_agent.adapters.intake import Intake
from edge_agent.domain.inputs import CancelSubmitted, Input, MessageRefused, TaskSubmitted
from edge_agent.domain.topics import Topics
from tests.adapters.messages import TASK, encode
from tests.runtime.publisher_rig import site_of

SITE = site_of("mqtt://127.0.0.1:1883")
TOPICS = Topics(SITE.topic_root)
CANCEL = encode({"task_id": "T-1001", "revision": 1, "reason": "not wanted"})


class Behind:
    """What lies behind an intake: the loop, the publisher and the broker."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.not_durable: list[Callable[[], None]] = []
        self.asked_after: list[int] = []
        self.acknowledged = 0
        self.catalogues: list[tuple[bytes, Callable[[], None]]] = []
        self.intake = Intake(SITE, self._put, self.asked_after.append, self._catalogue)

    def _put(self, what: Input, on_durable: Callable[[], None]) -> None:
        self.inputs.append(what)
        self.not_durable.append(on_durable)

    def _catalogue(self, payload: bytes, acknowledge: Callable[[], None]) -> None:
        self.catalogues.append((payload, acknowledge))

    def say(self, topic: str, payload: bytes) -> None:
        self.intake.on_message(topic, payload, self._acknowledge)

    def _acknowledge(self) -> None:
        self.acknowledged += 1


@pytest.mark.parametrize(
    ("topic", "payload", "kind"),
    [
        (TOPICS.submit, encode(TASK), TaskSubmitted),
        (TOPICS.cancel, CANCEL, CancelSubmitted),
        (TOPICS.submit, b"pick two mugs please", MessageRefused),
    ],
    ids=["a task", "a cancel", "what nobody can read"],
)
def test_a_message_is_acknowledged_when_what_follows_from_it_is_durable_and_not_before(
    topic: str, payload: bytes, kind: type
) -> None:
    behind = Behind()
    behind.say(topic, payload)
    assert [type(what) for what in behind.inputs] == [kind]
    assert behind.acknowledged == 0
    behind.not_durable[0]()
    assert behind.acknowledged == 1


@pytest.mark.parametrize("payload", [encode(TASK), CANCEL, b"nonsense"], ids=["task", "cancel", "nonsense"])
def test_a_message_on_a_topic_of_an_earlier_configuration_is_refused_by_name(payload: bytes) -> None:
    behind = Behind()
    behind.say("old/submit", payload)
    (refused,) = behind.inputs
    assert isinstance(refused, MessageRefused)
    assert refused.code == "other_topic"
    assert "old/submit" in refused.message
    assert refused.excerpt == payload.decode()


def test_a_replay_goes_to_the_publisher_and_is_acknowledged_at_once() -> None:
    behind = Behind()
    behind.say(TOPICS.replay, json.dumps({"after": 121}).encode())
    assert (behind.asked_after, behind.inputs, behind.acknowledged) == ([121], [], 1)


@pytest.mark.parametrize(
    "payload", [b"again", b"{}", b'{"after": -1}', b'{"after": "12"}', b'{"after": true}']
)
def test_a_replay_that_cannot_be_understood_is_refused_by_name(payload: bytes) -> None:
    behind = Behind()
    behind.say(TOPICS.replay, payload)
    (refused,) = behind.inputs
    assert isinstance(refused, MessageRefused)
    assert refused.message_type == "replay"
    assert (behind.asked_after, behind.acknowledged) == ([], 0)


def test_it_subscribes_to_every_topic_that_it_reads() -> None:
    assert set(Behind().intake.topics) == {*(TOPICS.submit, TOPICS.cancel, TOPICS.replay, TOPICS.catalogue)}
