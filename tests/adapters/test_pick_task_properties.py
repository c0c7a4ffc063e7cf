"""Anything at all may come; nothing raises, and what is valid comes back the same."""

from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.adapters.pick_task import Refused, content_digest, parse_cancel, parse_submit
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
)

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
    times = st.datetimes(timezones=st.just(UTC))
    totes = draw(st.lists(label, min_size=2, max_size=4, unique=True))
    source = st.fixed_dictionaries(
        {"location": label, "quantity_available": st.integers(0, 99), "rank": st.integers(0, 9)}
    )
    lines = [
        {
            "line_id": str(number),
            "sku": draw(key),
            "gtin": draw(st.sampled_from(["96385074", "4006381333931"])),
            "quantity": draw(st.integers(1, 10_000)),
            "lot": draw(st.none() | key),
            "expiry_min": draw(st.none() | st.dates().map(date.isoformat)),
            "sources": [draw(source) | {"container_id": tote} for tote in totes[1:]],
        }
        for number in range(draw(st.integers(1, 3)))
    ]
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
