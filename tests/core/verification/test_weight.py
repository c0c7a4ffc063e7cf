"""The second evidence: a scale against the item master. And a label's own weight."""

from datetime import date

import pytest

from edge_agent.core.verification.barcode import ItemCode, SiteLabels, read_item
from edge_agent.core.verification.rules import Rule
from edge_agent.core.verification.verdicts import Passed, Rejected
from edge_agent.core.verification.weight import label_weight_g, verify_container_weight, verify_weight
from edge_agent.domain.ids import Gtin
from edge_agent.domain.item import Item, Weight
from edge_agent.domain.site import Labels

MUG = Item(Gtin("04006381333931"), "MUG", weight=Weight(310, 2))
CUP = Item(Gtin("00000096385074"), "CUP", weight=Weight(120, 1))
BOX = Item(Gtin("00416000336108"), "BOX")
EMPTY = Weight(450, 5)


@pytest.mark.parametrize(
    ("text", "weight_g"),
    [
        ("3103000310", 310),
        ("3100000002", 2000),
        ("3205012345", 55.99554),
        ("3561000010", 31.1034768),
        ("3303000310", None),
        ("3012", None),
    ],
)
def test_a_net_weight_is_read_in_grams_whatever_its_unit(text: str, weight_g: float | None) -> None:
    data = b"]C10104006381333931" + text.encode()
    code = read_item(data, SiteLabels(Labels()), aim=True, today=date(2026, 11, 22))
    assert isinstance(code, ItemCode)
    assert label_weight_g(code) == (None if weight_g is None else pytest.approx(weight_g, abs=0.001))


def test_a_swapped_label_is_caught_by_the_scale() -> None:
    assert verify_weight(311.9, MUG.weight) == Passed(Rule.WEIGHT_DISAGREES)
    assert verify_weight(120, MUG.weight) == Rejected(Rule.WEIGHT_DISAGREES, "310 g within 2 g", "120 g")
    assert verify_weight(120, BOX.weight) is None


@pytest.mark.parametrize(
    ("measured_g", "agrees"), [(308, True), (312, True), (307.999, False), (312.001, False)]
)
def test_the_tolerance_belongs_to_the_right_weights(measured_g: float, agrees: bool) -> None:
    assert isinstance(verify_weight(measured_g, MUG.weight), Passed) == agrees


def test_a_tolerance_is_not_lost_in_binary_fractions() -> None:
    assert isinstance(verify_weight(0.3, Weight(0.1, 0.2)), Passed)


def test_a_container_must_weigh_what_it_is_and_holds() -> None:
    contents = [(MUG, 2), (CUP, 1)]
    assert verify_container_weight(1190, EMPTY, contents) == Passed(Rule.WEIGHT_DISAGREES)
    assert verify_container_weight(1200, EMPTY, contents) == Passed(Rule.WEIGHT_DISAGREES)
    missing = verify_container_weight(1070, EMPTY, contents)
    assert missing == Rejected(Rule.WEIGHT_DISAGREES, "1190 g within 10 g", "1070 g")
    assert verify_container_weight(450, EMPTY, [(MUG, 0)]) == Passed(Rule.WEIGHT_DISAGREES)


def test_without_all_weights_there_is_nothing_to_compare() -> None:
    assert verify_container_weight(450, None, [(MUG, 1)]) is None
    assert verify_container_weight(450, EMPTY, [(MUG, 1), (BOX, 1)]) is None
    assert verify_container_weight(450, None, []) is None


def test_tolerances_that_hide_a_unit_prove_nothing_but_a_gross_error_still_shows() -> None:
    contents = [(MUG, 40), (CUP, 1)]
    right_g = 450 + 40 * 310 + 120
    assert verify_container_weight(right_g, EMPTY, contents) is None
    assert verify_container_weight(right_g - 120, EMPTY, contents) is not None
    assert isinstance(verify_container_weight(right_g - 620, EMPTY, contents), Rejected)
