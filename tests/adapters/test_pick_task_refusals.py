"""Messages that are refused: the code, the field and the words."""

import time
from typing import Any

import pytest

from edge_agent.adapters.pick_task import Refused, parse_cancel, parse_submit
from edge_agent.domain.events.common import FieldError
from edge_agent.domain.site import Limits
from edge_agent.domain.task import CancelRequest, PickTask
from tests.adapters.messages import (
    LIMITS,
    LINE,
    SOURCE,
    TASK,
    Json,
    accepted,
    changed,
    encode,
    submit,
    with_second_line,
    without,
)

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


HOSTILE: list[Any] = [
    ("long", b" " * 10_000_000, "too_large", "the message has 10000000 bytes, 262144 are allowed"),
    ("lists", b"[" * 100_000 + b"]" * 100_000, "too_deep", "nested deeper than 32 levels"),
    ("objects", b'{"a":' * 50_000, "too_deep", "nested deeper than 32 levels"),
    ("just too deep", b'{"x":' + b"[" * 32 + b"]" * 32 + b"}", "too_deep", "nested deeper than 32 levels"),
    ("escapes", b'"' + b'\\"' * 130_000, "not_json", "not JSON: "),
    ("quotes", b'"' * 262_144, "not_json", "not JSON: "),
    ("names", encode({str(n): 0 for n in range(20_000)})[:-1] + b',"1":1}', "not_json", "'1' stands twice"),
    ("at signs", encode({"x": "a@" * 60_000}), "invalid_fields", "missing or wrong: task_id"),
    ("almost e-mail", encode({"x": "a" * 200_000 + "@"}), "invalid_fields", "missing or wrong: task_id"),
    ("lines", encode({"lines": [{}] * 60_000}), "invalid_fields", "missing or wrong: task_id"),
    ("big task", encode(TASK | {"x": ["a@" * 90] * 1_000}), "accepted", ""),
]


@pytest.mark.parametrize(
    ("payload", "code", "message"), [pytest.param(*case[1:], id=case[0]) for case in HOSTILE]
)
def test_a_message_made_to_exhaust_the_reader_is_answered_at_once(
    payload: bytes, code: str, message: str
) -> None:
    started = time.process_time()
    answer = parse_submit(payload, LIMITS)
    # Generous: what is meant is not seconds of quadratic work.
    assert time.process_time() - started < 2.0
    if isinstance(answer, PickTask):
        assert code == "accepted"
        return
    assert answer.code == code
    assert message in answer.message
    assert len(answer.excerpt) <= 4096


def test_brackets_inside_texts_are_no_nesting() -> None:
    assert accepted(TASK | {"note": '["' * 100}).attributes == {"note": '["' * 100}


ID_RULE = "must be 1 to 64 printable ASCII characters"
LABEL_RULE = "must be 1 to 16 printable ASCII characters without spaces"
TIME_RULE = "must be an RFC 3339 time such as 2026-11-22T16:00:00+01:00"


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
