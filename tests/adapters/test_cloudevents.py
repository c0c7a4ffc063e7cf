"""Confirmations as CloudEvents."""

import json
from datetime import datetime, timedelta, timezone

import pytest

from edge_agent.adapters.cloudevents import CloudEvents, rfc3339
from edge_agent.core.confirmations import CONFIRMED, confirmation
from edge_agent.domain import events as ev
from edge_agent.domain.events import Recorded
from tests.adapters.examples import NOON, cancel_requested, line_cancelled, plain

ENCODER = CloudEvents("demo", "gw1")


def test_the_envelope_is_the_contracts() -> None:
    recorded = Recorded(41, NOON, 10.0, line_cancelled(3), 7)
    assert json.loads(ENCODER.encode(recorded)) == {
        "specversion": "1.0",
        "id": "gw1-7",
        "source": "/sites/demo/gateways/gw1",
        "type": "warehouse.pick.line_cancelled.v1",
        "subject": "T-3",
        "time": "2026-11-22T12:00:00.000000Z",
        "sequence": 7,
        "datacontenttype": "application/json",
        "data": {"task_id": "T-3", "line_id": "1", "cancelled": 1},
    }


@pytest.mark.parametrize("type_", CONFIRMED, ids=lambda type_: type_.__name__)
@pytest.mark.parametrize("choice", range(3))
def test_every_told_event_becomes_a_cloud_event(type_: type[ev.Event], choice: int) -> None:
    event = plain(type_, choice=choice)
    message = json.loads(ENCODER.encode(Recorded(1, NOON, 0.0, event, 1)))
    assert message["type"] == f"warehouse.pick.{CONFIRMED[type_]}.v1"
    assert message["data"] == json.loads(json.dumps(confirmation(event).data))


def test_the_same_record_gives_the_same_bytes() -> None:
    recorded = Recorded(41, NOON, 10.0, line_cancelled(3), 7)
    assert ENCODER.encode(recorded) == CloudEvents("demo", "gw1").encode(recorded)


def test_an_event_without_a_task_has_no_subject() -> None:
    rejected = ev.TaskRejected("submit", "not_json", "it is no JSON")
    assert "subject" not in json.loads(ENCODER.encode(Recorded(1, NOON, 0.0, rejected, 1)))


def test_an_event_that_is_not_told_cannot_be_encoded() -> None:
    with pytest.raises(ValueError, match="event 41 is not one that the OMS is told"):
        ENCODER.encode(Recorded(41, NOON, 10.0, cancel_requested(1)))


def test_times_are_given_in_utc() -> None:
    there = datetime(2026, 11, 22, 16, 0, tzinfo=timezone(timedelta(hours=1)))
    assert rfc3339(there) == "2026-11-22T15:00:00.000000Z"
