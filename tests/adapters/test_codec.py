"""Journal events as JSON and back."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.adapters import codec
from edge_agent.adapters.codec import UPCASTERS, VERSIONS, Encoded, decode, encode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.errors import JournalError
from tests.adapters import golden
from tests.adapters.examples import EVENT_TYPES, UNIT, strategy


@pytest.mark.parametrize("type_", EVENT_TYPES, ids=lambda type_: type_.__name__)
@settings(max_examples=25, deadline=None)
@given(data=st.data())
def test_every_event_comes_back_as_it_went_in(type_: type[ev.Event], data: st.DataObject) -> None:
    event = data.draw(strategy(type_))
    assert decode(1, encode(event)) == event


def test_every_event_type_has_a_version() -> None:
    assert set(VERSIONS) == set(EVENT_TYPES)


@pytest.mark.parametrize("encoded", golden.stored(), ids=lambda encoded: encoded.type)
def test_a_stored_body_keeps_its_meaning(encoded: Encoded) -> None:
    event = decode(1, encoded)
    assert type(event).__name__ == encoded.type
    if encoded.version == VERSIONS[type(event)]:
        assert _holds(json.loads(encode(event).body), json.loads(encoded.body))


def _holds(now: Any, before: Any) -> bool:
    """Whether everything of `before` stands in `now`, which may have got new fields."""
    if isinstance(before, dict):
        return all(name in now and _holds(now[name], value) for name, value in before.items())
    if isinstance(before, list):
        return len(now) == len(before) and all(map(_holds, now, before))
    return bool(now == before)


def test_there_is_a_stored_body_of_every_event_type() -> None:
    missing = {type_.__name__ for type_ in EVENT_TYPES} - {encoded.type for encoded in golden.stored()}
    assert not missing, "new event types: python -m tests.adapters.golden adds them"


def test_the_stored_bodies_hold_every_order_and_purpose() -> None:
    commands = [json.loads(e.body)["command"] for e in golden.stored() if e.type == "CommandOrdered"]
    assert {c["order"]["kind"] for c in commands} == {t.__name__ for t in get_args(cmd.Order)}
    assert {c["purpose"]["kind"] for c in commands} == {t.__name__ for t in get_args(cmd.Purpose)}


def test_retrieve_and_store_are_told_apart_though_their_fields_are_the_same() -> None:
    for order in (cmd.Retrieve("T", "L", "P"), cmd.Store("T", "P", "L")):  # type: ignore[arg-type]
        event = ev.CommandOrdered(cmd.Command(1, "asrs-1", order, cmd.ForTrip("t"), 0))  # type: ignore[arg-type]
        assert decode(1, encode(event)) == event


@pytest.mark.parametrize(
    ("encoded", "problem"),
    [
        (Encoded("Teleported", 1, "{}"), r"event 17 \(Teleported version 1\) is not known"),
        (Encoded("TaskFilled", 2, "{}"), r"event 17 \(TaskFilled version 2\) is not known.*newer one"),
        (Encoded("TaskFilled", 1, "{}"), "event 17 .*task_id: Field required"),
        (Encoded("TaskFilled", 1, "[]"), "event 17 .*the body: Input should be an object"),
        (Encoded("TaskFilled", 1, "{"), "event 17 .*the body: Invalid JSON"),
        (Encoded("TaskFilled", 1, '{"task_id": 5, "destination": null}'), "event 17 .*task_id: .*string"),
    ],
)
def test_a_body_that_cannot_be_read_is_an_error_with_its_sequence(encoded: Encoded, problem: str) -> None:
    with pytest.raises(JournalError, match=problem):
        decode(17, encoded)


def test_what_json_cannot_carry_is_an_error_and_no_broken_body() -> None:
    with pytest.raises(JournalError, match="CommandUnknown cannot be written as JSON"):
        encode(ev.CommandUnknown(1, "\ud800"))  # type: ignore[arg-type]


def test_an_older_body_goes_through_every_step_up_to_the_present(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "VERSIONS", {**VERSIONS, ev.UnitPlaced: 3})
    current = ev.UnitPlaced("st1", "T-1", "1", UNIT, "TOTE-1", "A01", "OC-1")  # type: ignore[arg-type]
    body = json.loads(encode(current).body)
    body["source"] = body.pop("tote")
    body.pop("container")
    steps = {
        ("UnitPlaced", 1): lambda old: {**old, "tote": old["source"]},
        ("UnitPlaced", 2): lambda old: {**old, "container": "OC-1"},
    }
    assert decode(1, Encoded("UnitPlaced", 1, json.dumps(body)), steps) == current


def test_a_missing_step_is_an_error_with_the_sequence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "VERSIONS", {**VERSIONS, ev.UnitPlaced: 2})
    with pytest.raises(JournalError, match=r"event 4 .*no step leads on"):
        decode(4, Encoded("UnitPlaced", 1, "{}"))


def test_every_older_version_has_its_step() -> None:
    wanted = {(type_.__name__, old) for type_, version in VERSIONS.items() for old in range(1, version)}
    assert set(UPCASTERS) == wanted
