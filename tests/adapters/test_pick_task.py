"""Messages of the OMS that are taken: what becomes of their fields, known and unknown."""

import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from edge_agent.adapters.pick_task import content_digest
from edge_agent.domain.task import Destination, Line, OrderSource, PickTask, Source, TaskPolicy
from tests.adapters.messages import (
    TASK,
    accepted,
    changed,
)


def test_a_good_message_becomes_a_task() -> None:
    assert accepted(TASK) == PickTask(
        task_id="T-1001",
        revision=1,
        order_id="#SO-77",
        destination=Destination("OC-0001", "ship-1"),
        lines=(
            Line(
                line_id="1",
                sku="MUG-BLUE",
                gtin="04006381333931",
                quantity=2,
                sources=(Source("A01-03-12", "TOTE-0042", 8, 1), Source("A01-07-02", "TOTE-0107", 3, 2)),
                expiry_min=date(2026, 12, 31),
            ),
        ),
        source=OrderSource("generic", "dc1"),
        ship_by=datetime(2026, 11, 22, 15, 0, tzinfo=UTC),
        policy=TaskPolicy(),
    )


def test_what_has_a_default_may_be_left_out() -> None:
    task = copy.deepcopy(TASK)
    for key in ("source", "priority", "ship_by", "not_before", "policy"):
        del task[key]
    for key in ("uom", "lot", "expiry_min", "serials", "serial_capture"):
        del task["lines"][0][key]
    found = accepted(task)
    assert (found.priority, found.ship_by, found.policy) == (50, None, TaskPolicy())
    assert found.source == OrderSource()


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T15:00:00Z",
        "2026-11-22t15:00:00z",
        "2026-11-22T15:00:00.000+00:00",
        "2026-11-22T10:30:00-04:30",
    ],
)
def test_times_of_every_zone_are_kept_in_utc(text: str) -> None:
    assert accepted(changed("ship_by", to=text)).ship_by == datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "gtin"),
    [
        ("96385074", "00000096385074"),
        ("416000336108", "00416000336108"),
        ("04006381333931", "04006381333931"),
    ],
)
def test_gtins_of_every_length_are_normalised(text: str, gtin: str) -> None:
    assert accepted(changed("lines", 0, "gtin", to=text)).lines[0].gtin == gtin


# ---- unknown fields and personal data ----------------------------------------------------------------


def test_unknown_fields_are_kept_where_they_belong() -> None:
    task = changed("lines", 0, "sources", 1, "zone", to="cold")
    task |= {"carrier": "X", "tags": ["a", {"b": [1, None]}]}
    task["destination"]["seal"] = 7
    task["lines"][0]["hazmat"] = {"un": "1263"}
    found = accepted(task)
    assert found.attributes == {"carrier": "X", "tags": ["a", {"b": [1, None]}], "destination": {"seal": 7}}
    assert found.lines[0].attributes == {"hazmat": {"un": "1263"}, "sources": {"TOTE-0107": {"zone": "cold"}}}
    assert found.dropped == ()


@pytest.mark.parametrize(
    "key",
    [
        "name",
        "customer",
        "customer_name",
        "shipToName",
        "first_name",
        "lastName",
        "address",
        "street",
        "house_number",
        "city",
        "zip-code",
        "postalCode",
        "e_mail",
        "email",
        "EMail",
        "E-MAIL",
        "contact_phone",
        "tel",
        "jo@example.com",
        "recipient",
    ],
)
def test_fields_that_tell_who_or_where_a_person_is_are_dropped(key: str) -> None:
    found = accepted(TASK | {key: "x", "carrier": "X"})
    assert found.attributes == {"carrier": "X"}
    assert found.dropped == (key if "@" not in key else "?",)


@pytest.mark.parametrize(
    "key", ["product_name", "capacity", "hotel", "shipping_class", "sequence", "packing"]
)
def test_other_unknown_fields_are_not_dropped(key: str) -> None:
    assert accepted(TASK | {key: "x"}).attributes == {key: "x"}


def test_personal_data_is_found_at_any_depth_and_its_paths_are_told() -> None:
    task = changed("lines", 0, "gift", to={"card": {"text": "hi", "from": "Jo <jo@example.com>"}})
    task["destination"]["address"] = {"street": "Main St 1"}
    task["lines"][0]["sources"][0]["owner"] = {"phone": "1"}
    task["notes"] = ["fragile", "call jo@example.com", {"email": None, "n": 1}]
    found = accepted(task)
    assert found.attributes == {"notes": ["fragile", {"n": 1}], "destination": {}}
    assert found.lines[0].attributes == {
        "gift": {"card": {"text": "hi"}},
        "sources": {"TOTE-0042": {"owner": {}}},
    }
    assert found.dropped == (
        "notes[1]",
        "notes[2].email",
        "destination.address",
        "lines[0].gift.card.from",
        "lines[0].sources[0].owner.phone",
    )
    assert "jo@example.com" not in repr(found)
    assert "Main St" not in repr(found)


# ---- the digest --------------------------------------------------------------------------------------


def test_the_digest_is_the_same_however_the_content_was_written_down() -> None:
    digest = content_digest(accepted(TASK))
    same = dict(reversed(changed("lines", 0, "gtin", to="04006381333931").items()))
    same["ship_by"] = "2026-11-22T15:00:00Z"
    del same["not_before"]
    assert content_digest(accepted(same)) == digest
    assert content_digest(accepted(TASK | {"email": "jo@example.com"})) == digest
    assert len(digest) == 64


CHANGES: list[Callable[[PickTask], PickTask]] = [
    lambda task: replace(task, task_id="T-2"),
    lambda task: replace(task, revision=2),
    lambda task: replace(task, priority=51),
    lambda task: replace(task, ship_by=None),
    lambda task: replace(task, attributes={"a": 1}),
    lambda task: replace(task, policy=TaskPolicy(allow_partial=False)),
    lambda task: replace(task, lines=task.lines * 2),
    lambda task: replace(task, lines=(replace(task.lines[0], quantity=3),)),
    lambda task: replace(task, lines=(replace(task.lines[0], lot="L"),)),
    lambda task: replace(task, lines=(replace(task.lines[0], sources=task.lines[0].sources[::-1]),)),
]


@pytest.mark.parametrize("change", CHANGES)
def test_the_digest_differs_when_the_content_does(change: Callable[[PickTask], PickTask]) -> None:
    task = accepted(TASK)
    assert content_digest(change(task)) != content_digest(task)
