"""Messages of the OMS: good ones become tasks, bad ones a refusal that names all that is wrong."""

import copy
import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.adapters.pick_task import Refused, content_digest, parse_cancel, parse_submit
from edge_agent.domain.events.common import FieldError
from edge_agent.domain.site import Limits
from edge_agent.domain.task import (
    CancelRequest,
    Destination,
    Line,
    OrderSource,
    PickTask,
    Source,
    TaskPolicy,
)

LIMITS = Limits()
Json = dict[str, Any]

TASK: Json = {
    "task_id": "T-1001",
    "revision": 1,
    "order_id": "#SO-77",
    "source": {"platform": "generic", "account": "dc1"},
    "priority": 50,
    "ship_by": "2026-11-22T16:00:00+01:00",
    "not_before": None,
    "destination": {"container_id": "OC-0001", "lane": "ship-1"},
    "policy": {"allow_partial": True, "verify": "each"},
    "lines": [
        {
            "line_id": "1",
            "sku": "MUG-BLUE",
            "gtin": "4006381333931",
            "quantity": 2,
            "uom": "each",
            "lot": None,
            "expiry_min": "2026-12-31",
            "serials": None,
            "serial_capture": False,
            "sources": [
                {"location": "A01-03-12", "container_id": "TOTE-0042", "quantity_available": 8, "rank": 1},
                {"location": "A01-07-02", "container_id": "TOTE-0107", "quantity_available": 3, "rank": 2},
            ],
        },
    ],
}


def encode(document: object) -> bytes:
    return json.dumps(document).encode()


def changed(*path: str | int, to: object) -> Json:
    """The good task with one value replaced."""
    task = copy.deepcopy(TASK)
    target: Any = task
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = to
    return task


def without(*path: str | int) -> Json:
    """The good task with one field missing."""
    task = copy.deepcopy(TASK)
    target: Any = task
    for part in path[:-1]:
        target = target[part]
    del target[path[-1]]
    return task


def with_second_line(**fields: object) -> Json:
    task = copy.deepcopy(TASK)
    task["lines"].append(copy.deepcopy(task["lines"][0]) | {"line_id": "2"} | fields)
    return task


def submit(document: object, limits: Limits = LIMITS) -> PickTask | Refused:
    return parse_submit(encode(document), limits)


def accepted(document: object) -> PickTask:
    task = submit(document)
    assert isinstance(task, PickTask), task
    return task


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


# ---- bad messages: the code, the field and the words -------------------------------------------------

NOT_JSON: list[Any] = [
    pytest.param(b"", "not JSON: Expecting value, line 1 column 1", id="empty"),
    pytest.param(b"hello", "not JSON: Expecting value", id="text"),
    pytest.param(b'{"task_id": "T-1",}', "not JSON: ", id="trailing comma"),
    pytest.param(b'{"task_id": "T-1"', "not JSON: ", id="cut off"),
    pytest.param(b'{"task_id": "T-1"} {}', "not JSON: Extra data", id="two documents"),
    pytest.param(b'{"task_id": "T\x00"}', "not JSON: Invalid control character", id="control character"),
    pytest.param(b"null", "the message must be a JSON object", id="null"),
    pytest.param(b"[]", "the message must be a JSON object", id="list"),
    pytest.param(b'"T-1"', "the message must be a JSON object", id="string"),
    pytest.param(b'{"task_id": "\xff"}', "byte 0xFF at 13 is not UTF-8", id="latin-1"),
    pytest.param('{"a": 1}'.encode("utf-16"), "is not UTF-8", id="utf-16"),
    pytest.param(b"\xef\xbb\xbf{}", "starts with a byte order mark", id="byte order mark"),
    pytest.param(
        b'{"task_id": "A", "task_id": "B"}', "'task_id' stands twice in one object", id="name twice"
    ),
    pytest.param(b'{"x": {"y": {"k": 1, "k": 1}}}', "'k' stands twice in one object", id="name twice inside"),
    pytest.param(b'{"quantity": NaN}', "NaN is not a JSON number", id="nan"),
    pytest.param(b'{"quantity": -Infinity}', "-Infinity is not a JSON number", id="infinity"),
    pytest.param(b'{"quantity": 1e999}', "the number 1e999 is out of range", id="number out of range"),
    pytest.param(b'{"quantity": ' + b"9" * 5000 + b"}", "a number has 5000 digits", id="endless number"),
    pytest.param(b'{"order_id": "\\ud800"}', "half of a surrogate pair", id="half a surrogate pair"),
    pytest.param(b'{"x": ["\\udc00"]}', "half of a surrogate pair", id="half a surrogate pair inside"),
]


@pytest.mark.parametrize(("payload", "message"), NOT_JSON)
def test_what_is_not_strict_json_is_refused(payload: bytes, message: str) -> None:
    for refused in (parse_submit(payload, LIMITS), parse_cancel(payload, LIMITS)):
        assert isinstance(refused, Refused)
        assert (refused.code, refused.fields, refused.task_id) == ("not_json", (), None)
        assert message in refused.message


@pytest.mark.parametrize(
    ("payload", "code", "message"),
    [
        (b" " * 10_000_000, "too_large", "the message has 10000000 bytes, 262144 are allowed"),
        (b"[" * 100_000 + b"]" * 100_000, "too_deep", "nested deeper than 32 levels"),
        (b'{"a":' * 50_000, "too_deep", "nested deeper than 32 levels"),
        (b'{"x":' + b"[" * 32 + b"]" * 32 + b"}", "too_deep", "nested deeper than 32 levels"),
        (b'"' + b'\\"' * 130_000, "not_json", "not JSON: "),
        (b'"' * 262_144, "not_json", "not JSON: "),
        (b"{" + b",".join(b'"%d":1' % n for n in range(20_000)) + b',"1":1}', "not_json", "'1' stands twice"),
        (encode({"x": "a@" * 60_000}), "invalid_fields", "missing or wrong: task_id"),
        (encode({"x": "a" * 200_000 + "@"}), "invalid_fields", "missing or wrong: task_id"),
        (encode({"lines": [{}] * 80_000}), "invalid_fields", "missing or wrong: task_id"),
    ],
    ids=str,
)
def test_a_message_made_to_exhaust_the_reader_is_refused_at_once(
    payload: bytes, code: str, message: str
) -> None:
    started = time.process_time()
    refused = parse_submit(payload, LIMITS)
    # Generous: what is meant is not seconds of quadratic work.
    assert time.process_time() - started < 1.0
    assert isinstance(refused, Refused)
    assert refused.code == code
    assert message in refused.message
    assert len(refused.excerpt) <= 4096


def test_brackets_inside_texts_are_no_nesting() -> None:
    assert accepted(TASK | {"note": '["' * 100}).attributes == {"note": '["' * 100}


ID_RULE = "must be 1 to 64 printable ASCII characters"
LABEL_RULE = "must be 1 to 16 printable ASCII characters without spaces"
TIME_RULE = "must be an RFC 3339 time such as 2026-11-22T16:00:00+01:00"
LINE, SOURCE = ("lines", 0), ("lines", 0, "sources", 0)

WRONG_FIELDS: list[Any] = [
    ("task_id missing", without("task_id"), "task_id", "is missing"),
    ("task_id number", changed("task_id", to=7), "task_id", "must be a text, not 7"),
    ("task_id null", changed("task_id", to=None), "task_id", "must be a text, not null"),
    ("task_id empty", changed("task_id", to=""), "task_id", f'{ID_RULE} without + # /, not ""'),
    ("task_id +", changed("task_id", to="T+1"), "task_id", f'{ID_RULE} without + # /, not "T+1"'),
    ("task_id #", changed("task_id", to="T#"), "task_id", f'{ID_RULE} without + # /, not "T#"'),
    ("task_id /", changed("task_id", to="a/b"), "task_id", f'{ID_RULE} without + # /, not "a/b"'),
    ("task_id line", changed("task_id", to="T\n"), "task_id", f'{ID_RULE} without + # /, not "T\\n"'),
    ("task_id NUL", changed("task_id", to="T\0"), "task_id", f'{ID_RULE} without + # /, not "T\\u0000"'),
    ("task_id space", changed("task_id", to=" T"), "task_id", f'{ID_RULE} without + # /, not " T"'),
    ("task_id umlaut", changed("task_id", to="Ä1"), "task_id", f'{ID_RULE} without + # /, not "\\u00c41"'),
    (
        "task_id long",
        changed("task_id", to="T" * 65),
        "task_id",
        f'{ID_RULE} without + # /, not "{"T" * 39}...',
    ),
    ("task_id e-mail", changed("task_id", to="jo@ex.am"), "task_id", "must not hold an e-mail address"),
    ("revision text", changed("revision", to="1"), "revision", 'must be a whole number, not "1"'),
    ("revision 0", changed("revision", to=0), "revision", "must be 1 or more, not 0"),
    ("revision true", changed("revision", to=True), "revision", "must be a whole number, not true"),
    ("revision huge", changed("revision", to=2**63), "revision", f"must be 2147483647 or less, not {2**63}"),
    ("order_id", changed("order_id", to=[]), "order_id", "must be a text, not a list"),
    (
        "account",
        changed("source", "account", to="a@b.example"),
        "source.account",
        "must not hold an e-mail address",
    ),
    ("source", changed("source", to="shop"), "source", 'must be an object, not "shop"'),
    ("priority high", changed("priority", to=101), "priority", "must be 100 or less, not 101"),
    ("priority float", changed("priority", to=50.0), "priority", "must be a whole number, not 50.0"),
    (
        "ship_by naive",
        changed("ship_by", to="2026-11-22T16:00:00"),
        "ship_by",
        'needs a zone, as in 2026-11-22T16:00:00+01:00, not "2026-11-22T16:00:00"',
    ),
    ("ship_by number", changed("ship_by", to=1764000000), "ship_by", f"{TIME_RULE}, not 1764000000"),
    ("ship_by date", changed("ship_by", to="2026-11-22"), "ship_by", f'{TIME_RULE}, not "2026-11-22"'),
    (
        "ship_by no day",
        changed("ship_by", to="2026-02-30T00:00:00Z"),
        "ship_by",
        f'{TIME_RULE}, not "2026-02-30T00:00:00Z"',
    ),
    (
        "not_before before time",
        changed("not_before", to="0001-01-01T00:00:00+01:00"),
        "not_before",
        f'{TIME_RULE}, not "0001-01-01T00:00:00+01:00"',
    ),
    ("destination missing", without("destination"), "destination", "is missing"),
    ("destination list", changed("destination", to=[]), "destination", "must be an object, not a list"),
    ("lane missing", without("destination", "lane"), "destination.lane", "is missing"),
    (
        "container long",
        changed("destination", "container_id", to="C" * 17),
        "destination.container_id",
        f'{LABEL_RULE}, not "{"C" * 17}"',
    ),
    (
        "container is a source",
        changed("destination", "container_id", to="TOTE-0042"),
        "destination.container_id",
        "is also a source of lines[0]",
    ),
    (
        "allow_partial",
        changed("policy", "allow_partial", to=1),
        "policy.allow_partial",
        "must be true or false, not 1",
    ),
    ("verify", changed("policy", "verify", to="none"), "policy.verify", "must be 'each', not \"none\""),
    ("lines missing", without("lines"), "lines", "is missing"),
    ("lines object", changed("lines", to={}), "lines", "must be a list, not an object"),
    ("lines empty", changed("lines", to=[]), "lines", "must have at least one entry"),
    ("line text", changed(*LINE, to="mug"), "lines[0]", 'must be an object, not "mug"'),
    ("line_id twice", with_second_line(line_id="1"), "lines[1].line_id", "is the same as in lines[0]"),
    ("sku missing", without(*LINE, "sku"), "lines[0].sku", "is missing"),
    (
        "gtin number",
        changed(*LINE, "gtin", to=4006381333931),
        "lines[0].gtin",
        "must be a text, not 4006381333931",
    ),
    (
        "gtin check digit",
        changed(*LINE, "gtin", to="4006381333932"),
        "lines[0].gtin",
        "its check digit is 2, 1 would be right",
    ),
    (
        "gtin length",
        changed(*LINE, "gtin", to="4006381"),
        "lines[0].gtin",
        "a GTIN has 8, 12, 13 or 14 digits, this has 7",
    ),
    ("gtin letters", changed(*LINE, "gtin", to="MUG-BLUE"), "lines[0].gtin", "a GTIN is digits only"),
    ("quantity missing", without(*LINE, "quantity"), "lines[0].quantity", "is missing"),
    ("quantity 0", changed(*LINE, "quantity", to=0), "lines[0].quantity", "must be 1 or more, not 0"),
    ("quantity -1", changed(*LINE, "quantity", to=-1), "lines[0].quantity", "must be 1 or more, not -1"),
    (
        "quantity 2.0",
        changed(*LINE, "quantity", to=2.0),
        "lines[0].quantity",
        "must be a whole number, not 2.0",
    ),
    (
        "quantity 1.5",
        changed(*LINE, "quantity", to=1.5),
        "lines[0].quantity",
        "must be a whole number, not 1.5",
    ),
    (
        "quantity true",
        changed(*LINE, "quantity", to=True),
        "lines[0].quantity",
        "must be a whole number, not true",
    ),
    (
        "quantity text",
        changed(*LINE, "quantity", to="2"),
        "lines[0].quantity",
        'must be a whole number, not "2"',
    ),
    (
        "quantity much",
        changed(*LINE, "quantity", to=10_001),
        "lines[0].quantity",
        "must be 10000 or less, not 10001",
    ),
    ("uom", changed(*LINE, "uom", to="case"), "lines[0].uom", "must be 'each', not \"case\""),
    (
        "lot",
        changed(*LINE, "lot", to="LOT 7"),
        "lines[0].lot",
        'must be 1 to 20 characters that GS1 allows in lots and serial numbers, not "LOT 7"',
    ),
    (
        "expiry_min",
        changed(*LINE, "expiry_min", to="31.12.2026"),
        "lines[0].expiry_min",
        'must be a date such as 2026-11-22, not "31.12.2026"',
    ),
    (
        "serials few",
        changed(*LINE, "serials", to=["S1"]),
        "lines[0].serials",
        "must have one serial number a unit: 2, not 1",
    ),
    (
        "serials twice",
        changed(*LINE, "serials", to=["S1", "S1"]),
        "lines[0].serials",
        'has "S1" more than once',
    ),
    (
        "serials text",
        changed(*LINE, "serials", to="S1,S2"),
        "lines[0].serials",
        'must be a list, not "S1,S2"',
    ),
    (
        "serial number",
        changed(*LINE, "serials", to=["S1", 2]),
        "lines[0].serials[1]",
        "must be a text, not 2",
    ),
    (
        "serial_capture",
        changed(*LINE, "serial_capture", to="no"),
        "lines[0].serial_capture",
        'must be true or false, not "no"',
    ),
    ("sources missing", without(*LINE, "sources"), "lines[0].sources", "is missing"),
    ("sources empty", changed(*LINE, "sources", to=[]), "lines[0].sources", "must have at least one entry"),
    ("source null", changed(*SOURCE, to=None), "lines[0].sources[0]", "must be an object, not null"),
    (
        "source twice",
        changed(*SOURCE, "container_id", to="TOTE-0107"),
        "lines[0].sources[1].container_id",
        "is the same as in lines[0].sources[0]",
    ),
    (
        "location",
        changed(*SOURCE, "location", to="A01-03-12 left side"),
        "lines[0].sources[0].location",
        f'{LABEL_RULE}, not "A01-03-12 left side"',
    ),
    (
        "quantity_available",
        changed(*SOURCE, "quantity_available", to=-1),
        "lines[0].sources[0].quantity_available",
        "must be 0 or more, not -1",
    ),
    ("rank missing", without(*SOURCE, "rank"), "lines[0].sources[0].rank", "is missing"),
]


@pytest.mark.parametrize(
    ("document", "path", "problem"), [pytest.param(*case[1:], id=case[0]) for case in WRONG_FIELDS]
)
def test_a_wrong_field_is_named_with_what_is_wrong(document: Json, path: str, problem: str) -> None:
    refused = submit(document)
    assert isinstance(refused, Refused)
    assert refused.code == "invalid_fields"
    assert refused.fields == (FieldError(path, problem),)
    assert refused.message == f"missing or wrong: {path}"
    assert refused.task_id == (None if path == "task_id" else "T-1001")
    assert refused.excerpt == encode(document).decode()[:4096]


def test_every_wrong_field_is_named_at_once_also_those_that_contradict_each_other() -> None:
    task = with_second_line(line_id="1", gtin="1", quantity=0, serials=["A", "A"])
    del task["order_id"]
    task["priority"] = "high"
    refused = submit(task)
    assert isinstance(refused, Refused)
    assert {field.path for field in refused.fields} == {
        "order_id",
        "priority",
        "lines[1].gtin",
        "lines[1].quantity",
        "lines[1].line_id",
        "lines[1].serials",
    }
    assert refused.message == (
        "missing or wrong: order_id, priority, lines[1].gtin, lines[1].quantity, lines[1].line_id and 2 more"
    )


def test_the_sites_limits_hold() -> None:
    limits = Limits(lines_per_task=1, quantity_per_line=1, message_bytes=100_000)
    refused = submit(with_second_line(), limits)
    assert isinstance(refused, Refused)
    assert refused.fields == (FieldError("lines", "has 2 lines, 1 are allowed"),)
    refused = submit(TASK, limits)
    assert isinstance(refused, Refused)
    assert refused.fields == (FieldError("lines[0].quantity", "must be 1 or less, not 2"),)
    assert submit(TASK, Limits(message_bytes=10)).code == "too_large"


def test_the_excerpt_is_the_first_four_kibibytes_as_text() -> None:
    refused = parse_submit(b"\xff" + b"x" * 10_000, LIMITS)
    assert isinstance(refused, Refused)
    assert refused.excerpt == "\N{REPLACEMENT CHARACTER}" + "x" * 4095


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


# ---- cancels -----------------------------------------------------------------------------------------

CANCEL: Json = {"task_id": "T-1001", "revision": 2, "reason": "Kunde möchte nicht mehr"}


def test_a_good_cancel_becomes_a_request_and_its_unknown_fields_are_left_alone() -> None:
    expected = CancelRequest("T-1001", 2, "Kunde möchte nicht mehr")
    assert parse_cancel(encode(CANCEL), LIMITS) == expected
    assert parse_cancel(encode(CANCEL | {"by": "jo@example.com"}), LIMITS) == expected


@pytest.mark.parametrize(
    ("fields", "path", "problem"),
    [
        ({"task_id": "T/1"}, "task_id", f'{ID_RULE} without + # /, not "T/1"'),
        ({"revision": None}, "revision", "must be a whole number, not null"),
        ({"reason": 5}, "reason", "must be a text, not 5"),
        ({"reason": ""}, "reason", 'must be 1 to 200 characters without control characters, not ""'),
        ({"reason": "jo@example.com says no"}, "reason", "must not hold an e-mail address"),
    ],
)
def test_a_bad_cancel_is_refused_with_the_field(fields: Json, path: str, problem: str) -> None:
    refused = parse_cancel(encode(CANCEL | fields), LIMITS)
    assert isinstance(refused, Refused)
    assert (refused.code, refused.fields) == ("invalid_fields", (FieldError(path, problem),))


def test_a_cancel_that_lacks_everything_names_everything() -> None:
    refused = parse_cancel(b"{}", LIMITS)
    assert isinstance(refused, Refused)
    assert refused.fields == tuple(
        FieldError(path, "is missing") for path in ("task_id", "revision", "reason")
    )


# ---- anything at all ---------------------------------------------------------------------------------

any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
PATHS: list[tuple[str | int, ...]] = [
    *((key,) for key in TASK),
    *((*LINE, key) for key in TASK["lines"][0]),
    *((*SOURCE, key) for key in TASK["lines"][0]["sources"][0]),
    ("destination", "lane"),
    ("policy", "verify"),
    ("source", "account"),
    LINE,
    SOURCE,
]


@given(st.binary(max_size=200) | any_json.map(encode))
def test_no_bytes_raise(payload: bytes) -> None:
    assert isinstance(parse_submit(payload, LIMITS), PickTask | Refused)
    assert isinstance(parse_cancel(payload, LIMITS), CancelRequest | Refused)


@given(st.sampled_from(PATHS), any_json)
def test_no_value_in_any_field_raises(path: tuple[str | int, ...], value: object) -> None:
    answer = submit(changed(*path, to=value))
    assert isinstance(answer, PickTask | Refused)
    if isinstance(answer, PickTask):
        assert len(content_digest(answer)) == 64
    elif answer.code == "invalid_fields":
        assert all(field.path and field.problem for field in answer.fields)


@st.composite
def tasks(draw: st.DrawFn) -> Json:
    """Valid messages."""
    key = st.from_regex(r"[A-Za-z0-9_.-]{1,20}", fullmatch=True)
    label = st.from_regex(r"[A-Z0-9-]{1,16}", fullmatch=True)
    times = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
    totes = draw(st.lists(label, min_size=2, max_size=4, unique=True))
    source = st.fixed_dictionaries(
        {"location": label, "quantity_available": st.integers(0, 99), "rank": st.integers(0, 9)}
    )
    lines = []
    for number in range(draw(st.integers(1, 3))):
        lines.append(
            {
                "line_id": str(number),
                "sku": draw(key),
                "gtin": draw(st.sampled_from(["96385074", "4006381333931"])),
                "quantity": draw(st.integers(1, 10_000)),
                "lot": draw(st.none() | key),
                "expiry_min": draw(st.none() | st.dates().map(date.isoformat)),
                "sources": [draw(source) | {"container_id": tote} for tote in totes[1:]],
            }
        )
    return {
        "task_id": draw(key),
        "revision": draw(st.integers(1, 2**31 - 1)),
        "order_id": draw(key),
        "priority": draw(st.integers(0, 100)),
        "ship_by": draw(st.none() | times.map(datetime.isoformat)),
        "destination": {"container_id": totes[0], "lane": draw(key)},
        "lines": lines,
    }


def as_message(task: PickTask) -> Json:
    return {
        "task_id": task.task_id,
        "revision": task.revision,
        "order_id": task.order_id,
        "priority": task.priority,
        "ship_by": task.ship_by and task.ship_by.isoformat(),
        "destination": {"container_id": task.destination.container_id, "lane": task.destination.lane},
        "lines": [
            {
                "line_id": line.line_id,
                "sku": line.sku,
                "gtin": line.gtin,
                "quantity": line.quantity,
                "lot": line.lot,
                "expiry_min": line.expiry_min and line.expiry_min.isoformat(),
                "sources": [
                    {
                        "location": source.location,
                        "container_id": source.container_id,
                        "quantity_available": source.quantity_available,
                        "rank": source.rank,
                    }
                    for source in line.sources
                ],
            }
            for line in task.lines
        ],
    }


@given(tasks())
def test_a_valid_task_comes_back_the_same(document: Json) -> None:
    task = accepted(document)
    again = accepted(as_message(task))
    assert again == task
    assert content_digest(again) == content_digest(task)
    assert task.units == sum(line["quantity"] for line in document["lines"])
