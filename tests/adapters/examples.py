"""Events to test with: strategies built from the dataclasses themselves, and a few by hand."""

import dataclasses
import enum
import types
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, NewType, Union, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from edge_agent.domain import events as ev
from edge_agent.domain.events import Recorded
from edge_agent.domain.ids import Gtin, LineId, TaskId
from edge_agent.domain.item import Catalogue, Item, Need, Weight

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVENT_TYPES: tuple[type[ev.Event], ...] = get_args(ev.Event)

CATALOGUE = Catalogue(
    7,
    (
        Item(
            Gtin("04006381333931"),
            "MUG",
            {Gtin("14006381333938"): 6},
            frozenset({Need.LOT}),
            30,
            Weight(310, 8),
        ),
    ),
)

_FLOATS = st.floats(allow_nan=False, allow_infinity=False)
_NAMES = st.text(max_size=8)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _FLOATS | _NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3),
    max_leaves=6,
)
_PLAIN: Mapping[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20),
    int: st.integers(-(2**63), 2**63 - 1),
    bool: st.booleans(),
    float: _FLOATS,
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    type(None): st.none(),
    Any: _JSON,
    Catalogue: st.just(CATALOGUE),
}


def strategy(type_: Any) -> st.SearchStrategy[Any]:
    """Values of a domain type, whatever it is made of."""
    type_ = _bare(type_)
    if type_ in _PLAIN:
        return _PLAIN[type_]
    arguments = get_args(type_)
    if get_origin(type_) in (Union, types.UnionType):
        return st.one_of(*map(strategy, arguments))
    if get_origin(type_) is tuple:
        return st.lists(strategy(arguments[0]), max_size=3).map(tuple)
    if get_origin(type_) is Mapping:
        return st.dictionaries(strategy(arguments[0]), strategy(arguments[1]), max_size=3)
    if issubclass(type_, enum.Enum):
        return st.sampled_from(type_)
    return st.deferred(lambda: st.builds(type_, **{n: strategy(t) for n, t in _fields(type_).items()}))


def plain(type_: Any, name: str = "", choice: int = 0) -> Any:
    """One fixed value of a domain type; `choice` says which member of a union or an enum it takes."""
    type_ = _bare(type_)
    fixed = {str: name, int: 7, bool: True, float: 1.5, date: NOON.date(), datetime: NOON, type(None): None}
    fixed[Catalogue] = CATALOGUE
    if type_ in fixed or type_ is Any:
        return fixed.get(type_, name)
    arguments = get_args(type_)
    if get_origin(type_) in (Union, types.UnionType):
        return plain(arguments[choice % len(arguments)], name, choice)
    if get_origin(type_) is tuple:
        return (plain(arguments[0], name, choice),)
    if get_origin(type_) is Mapping:
        anything = arguments[1] is Any
        return {"colour": ["blue", 1, 0.5, None, {"matt": True}] if anything else "blue"}
    if issubclass(type_, enum.Enum):
        return list(type_)[choice % len(type_)]
    return type_(**{n: plain(t, n, choice) for n, t in _fields(type_).items()})


def _bare(type_: Any) -> Any:
    if isinstance(type_, NewType):
        return _bare(type_.__supertype__)
    return _bare(get_args(type_)[0]) if get_origin(type_) is Annotated else type_


def _fields(type_: Any) -> dict[str, Any]:
    hints = get_type_hints(type_, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(type_)}


def cancel_requested(number: int) -> ev.CancelRequested:
    """An event that the OMS is not told."""
    return ev.CancelRequested(TaskId(f"T-{number}"), number, "changed his mind")


def line_cancelled(number: int) -> ev.LineCancelled:
    """An event that the OMS is told."""
    return ev.LineCancelled(TaskId(f"T-{number}"), LineId("1"), 1)


def recorded(sequence: int, event: ev.Event, confirmation: int | None = None) -> Recorded:
    return Recorded(sequence, NOON + timedelta(seconds=sequence), sequence / 4, event, confirmation)


def told(first: int, last: int, at: datetime = NOON) -> list[Recorded]:
    """Records in which every event is one that the OMS is told."""
    return [Recorded(n, at, float(n), line_cancelled(n), n) for n in range(first, last + 1)]


def mixed(count: int) -> list[Recorded]:
    """Records of which every second one has a confirmation number."""
    return [
        recorded(n, line_cancelled(n), n // 2) if n % 2 == 0 else recorded(n, cancel_requested(n))
        for n in range(1, count + 1)
    ]


UNIT = ev.PickedUnit(Gtin("04006381333931"), lot="L1", expiry=date(2027, 1, 31), serial="S1")
