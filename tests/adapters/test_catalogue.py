"""The catalogue message: what is taken, and what is refused by field."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.adapters.catalogue import parse_catalogue
from edge_agent.adapters.pick_task import Refused
from edge_agent.domain.ids import Gtin
from edge_agent.domain.item import Catalogue, Item, Need

LONGEST = 10_000
MUG: dict[str, Any] = {"gtin": "4006381333931", "sku": "MUG", "needs": ["lot"]}


def message(*items: Any, **more: Any) -> bytes:
    return json.dumps({"revision": 7, "items": list(items), **more}).encode()


def refused(payload: bytes) -> list[tuple[str, str]]:
    answer = parse_catalogue(payload, LONGEST)
    assert isinstance(answer, Refused)
    assert answer.code == "invalid_fields"
    return [(error.path, error.problem) for error in answer.fields]


def test_a_catalogue_is_taken() -> None:
    mug = Item(Gtin("04006381333931"), "MUG", needs=frozenset({Need.LOT}))
    assert parse_catalogue(message(MUG), LONGEST) == Catalogue(7, (mug,))


@pytest.mark.parametrize(
    ("payload", "errors"),
    [
        (message(), [("items", "must have at least one entry")]),
        (message(MUG, revision="7"), [("revision", 'must be a whole number, not "7"')]),
        (message(MUG, revision=0), [("revision", "must be more than 0, not 0")]),
        (message(MUG, owner="x"), [("owner", "is unknown")]),
        (message({"gtin": "96385074"}), [("items[0].sku", "is missing")]),
        (message(MUG | {"need": ["lot"]}), [("items[0].need", "is unknown")]),
        (message(MUG | {"gtin": 4006381333931}), [("items[0].gtin", "must be a text, not 4006381333931")]),
        (message(MUG | {"needs": "lot"}), [("items[0].needs", 'must be a list, not "lot"')]),
        (message(MUG, 5), [("items[1]", "must be an object, not 5")]),
        (
            message(MUG | {"gtin": "4006381333932"}),
            [
                (
                    "items[0].gtin",
                    "4006381333932: its check digit is 2, 1 would be right; take it from the label",
                )
            ],
        ),
        (
            message(MUG, MUG),
            [("items[1].gtin", "4006381333931 stands at items[0].gtin already; a GTIN names one thing")],
        ),
    ],
)
def test_every_wrong_field_is_named(payload: bytes, errors: list[tuple[str, str]]) -> None:
    assert refused(payload) == errors


def test_many_wrong_fields_are_named_in_short() -> None:
    answer = parse_catalogue(message(*[{} for _ in range(5)]), LONGEST)
    assert isinstance(answer, Refused)
    assert answer.message.endswith("items[2].gtin and 5 more")
    assert len(answer.fields) == 10


def test_a_message_that_is_too_long_is_refused_unread() -> None:
    answer = parse_catalogue(message(MUG), longest=10)
    assert isinstance(answer, Refused)
    assert answer.code == "too_large"


@settings(max_examples=40)
@given(
    st.one_of(
        st.binary(max_size=80),
        st.recursive(st.none() | st.integers() | st.text(), st.lists).map(
            lambda value: message(value, items=[value])
        ),
    )
)
def test_no_bytes_raise(payload: bytes) -> None:
    assert isinstance(parse_catalogue(payload, LONGEST), Refused)
