"""Messages become inputs by the topic that they came on."""

import pytest

from edge_agent.adapters.intake import Intake
from edge_agent.domain.inputs import CancelSubmitted, Input, MessageRefused, TaskSubmitted
from tests.adapters.messages import TASK, encode
from tests.core.agent import demo_site

CANCEL = encode({"task_id": "T-1001", "revision": 1, "reason": "not wanted"})


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
