"""From messages to inputs: by the topic that they came on; what is acknowledged, and when."""

import json
from collections.abc import Callable

import pytest

from edge_agent.adapters.intake import Intake
from edge_agent.domain.inputs import CancelSubmitted, Input, MessageRefused, TaskSubmitted
from tests.adapters.messages import TASK, encode
from tests.core.agent import demo_site

CANCEL = encode({"task_id": "T-1001", "revision": 1, "reason": "not wanted"})


class Broker:
    """Hands messages to an intake and notes what is acknowledged; a test says when something is durable."""

    def __init__(self) -> None:
        self.intake = Intake(demo_site(), self._put)
        self.inputs: list[Input] = []
        self.durable: list[Callable[[], None]] = []
        self.acknowledged: list[bytes] = []

    def send(self, topic: str, payload: bytes) -> None:
        self.intake.on_message(topic, payload, lambda: self.acknowledged.append(payload))

    def _put(self, what: Input, on_durable: Callable[[], None]) -> None:
        self.inputs.append(what)
        self.durable.append(on_durable)


@pytest.mark.parametrize(
    ("topic", "payload", "kind"),
    [
        (0, json.dumps(TASK).encode(), TaskSubmitted),
        (1, b'{"task_id": "T-1", "revision": 1, "reason": "no"}', CancelSubmitted),
        (0, b"pick two mugs please", MessageRefused),
    ],
    ids=["a task", "a cancel", "what nobody can read"],
)
def test_a_message_is_acknowledged_when_what_follows_from_it_is_durable_and_not_before(
    topic: int, payload: bytes, kind: type
) -> None:
    broker = Broker()
    broker.send(broker.intake.topics[topic], payload)
    assert [type(what) for what in broker.inputs] == [kind]
    assert broker.acknowledged == []
    broker.durable[0]()
    assert broker.acknowledged == [payload]


def read(topic: str, payload: bytes) -> Input:
    inputs: list[Input] = []
    root = demo_site().topic_root
    Intake(demo_site(), lambda what, _: inputs.append(what)).on_message(f"{root}/{topic}", payload, list)
    return inputs[0]


def test_each_topic_has_its_own_kind_of_message() -> None:
    assert isinstance(read("tasks/submit", encode(TASK)), TaskSubmitted)
    assert isinstance(read("tasks/cancel", CANCEL), CancelSubmitted)


@pytest.mark.parametrize("payload", [encode(TASK), CANCEL, b"nonsense"], ids=["task", "cancel", "nonsense"])
def test_a_message_on_a_topic_of_an_earlier_configuration_is_refused_by_name(payload: bytes) -> None:
    refused = read("old/submit", payload)
    assert isinstance(refused, MessageRefused)
    assert refused.code == "other_topic"
    assert "old/submit" in refused.message
    assert refused.excerpt == payload.decode()
