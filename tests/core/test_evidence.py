"""What a sighting proves: every order against everything that a device can see."""

import pytest

from edge_agent.core.evidence import is_gone, settle
from edge_agent.domain.command import (
    Done,
    Failed,
    FailureReason,
    Order,
    Outcome,
    Pick,
    Place,
    PutBack,
    Report,
    Retrieve,
    Store,
    Transfer,
    Unknown,
)
from edge_agent.domain.device import Seen, Sighting
from edge_agent.domain.ids import Gtin, LocationId, Lpn, PointId

TOTE, OTHER, BOX = Lpn("TOTE-0001"), Lpn("TOTE-0002"), Lpn("OC-0001")
HOME, OUT, IN = LocationId("A01-01-01"), PointId("out"), PointId("in")
RETRIEVE, STORE = Retrieve(TOTE, HOME, OUT), Store(TOTE, IN, HOME)
TRANSFER = Transfer(TOTE, OUT, IN)
PICK, PLACE, PUT_BACK = Pick(TOTE, IN, Gtin("04006381333931")), Place(BOX, OUT), PutBack(TOTE, IN)
ORDERS = (RETRIEVE, STORE, TRANSFER, PICK, PLACE, PUT_BACK)

NOT_STARTED = Failed(FailureReason.NOT_STARTED)
NOWHERE, UNNAMED = Sighting(Seen.NOWHERE), Sighting(Seen.AT_PLACE)


def at(place: str) -> Sighting:
    return Sighting(Seen.AT_PLACE, place)


@pytest.mark.parametrize(
    ("order", "sighting", "outcome"),
    [
        (RETRIEVE, at(OUT), Done()),
        (RETRIEVE, at(HOME), NOT_STARTED),
        (STORE, at(HOME), Done(Report(HOME))),
        (STORE, at(IN), NOT_STARTED),
        (TRANSFER, at(IN), Done(Report(IN))),
        (TRANSFER, at(OUT), NOT_STARTED),
        (PICK, NOWHERE, NOT_STARTED),
        (PICK, at(TOTE), Done()),
        (PICK, UNNAMED, Done()),
        (PLACE, at(TOTE), NOT_STARTED),
        (PLACE, UNNAMED, NOT_STARTED),
        (PUT_BACK, at(TOTE), NOT_STARTED),
        (PUT_BACK, UNNAMED, NOT_STARTED),
    ],
)
def test_what_a_sighting_proves_is_settled_by_it(order: Order, sighting: Sighting, outcome: Outcome) -> None:
    assert settle(order, sighting) == outcome


@pytest.mark.parametrize(
    ("order", "sighting", "said"),
    [
        *((order, NOWHERE, "does not see the load anywhere") for order in (RETRIEVE, STORE, TRANSFER)),
        *((order, at("reject"), "sees the load at reject") for order in (RETRIEVE, STORE, TRANSFER)),
        (RETRIEVE, at("A01-01-02"), "sees the load at A01-01-02"),
        (PICK, at(OTHER), f"holds a unit out of {OTHER} instead of {TOTE}"),
        (PLACE, NOWHERE, "nobody has reported where the unit lies"),
        (PUT_BACK, NOWHERE, "nobody has reported where the unit lies"),
    ],
)
def test_what_a_sighting_does_not_prove_stays_unknown_and_says_what_was_seen(
    order: Order, sighting: Sighting, said: str
) -> None:
    outcome = settle(order, sighting)
    assert isinstance(outcome, Unknown)
    assert said in outcome.detail


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: type(order).__name__)
def test_while_a_machine_is_at_work_nothing_is_settled(order: Order) -> None:
    assert settle(order, Sighting(Seen.UNDER_WAY)) is None


def test_only_a_load_can_be_gone_and_only_where_nobody_sees_it() -> None:
    assert [is_gone(order, NOWHERE) for order in ORDERS] == [True, True, True, False, False, False]
    assert not any(is_gone(order, at(OUT)) or is_gone(order, Sighting(Seen.UNDER_WAY)) for order in ORDERS)
