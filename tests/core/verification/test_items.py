"""Item codes against a line and its item: packs, prompts, typed codes, counts, and what a verdict says."""

from dataclasses import replace
from datetime import date

import pytest

from edge_agent.core.verification.items import (
    Answers,
    ItemExpectation,
    verify_quantity,
    verify_typed_item,
)
from edge_agent.core.verification.rules import Permits, Rule
from edge_agent.core.verification.verdicts import ItemPassed, ItemVerdict, Passed, Rejected
from edge_agent.domain.ids import LineId
from edge_agent.domain.item import Item, Need, Weight
from edge_agent.domain.task import Line
from tests.core.verification.expectations import (
    CAPTURE,
    CODE,
    CUP,
    DATED,
    DOZEN,
    FRESH,
    LINK,
    LOT,
    MUG,
    PACKS,
    PLAIN,
    SHELF,
    SIX,
    SIX_CODE,
    TODAY,
    WEIGHED,
    item,
)


@pytest.mark.parametrize(
    ("verdict", "facts"),
    [
        (item(CODE), (MUG, None, None, None, 1)),
        (item(b"]E04006381333931"), (MUG, None, None, None, 1)),
        (item(CODE + b"10LOT8\x1d21S9"), (MUG, "LOT8", None, "S9", 1)),
        (item(CODE + b"10LOT7\x1d17261122", LOT), (MUG, "LOT7", TODAY, None, 1)),
        (item(CODE + b"17270100", FRESH), (MUG, None, date(2027, 1, 31), None, 1)),
        (item(LINK, LOT), (MUG, "LOT7", date(2027, 1, 31), None, 1)),
        (item(SIX_CODE + b"21C1", PACKS), (SIX, None, None, "C1", 6)),
        (item(CODE + b"308", PACKS), (MUG, None, None, None, 1)),
        (item(CODE + b"3103001860", PACKS), (MUG, None, None, None, 1)),
        (item(CODE, LOT, answers=Answers(lot="LOT7")), (MUG, "LOT7", None, None, 1)),
        (item(CODE, CAPTURE, answers=Answers(serial="S2")), (MUG, None, None, "S2", 1)),
        (item(CODE, DATED, answers=Answers(expiry=TODAY)), (MUG, None, TODAY, None, 1)),
        (item(CODE + b"21S2", CAPTURE, answers=Answers(serial="S1")), (MUG, None, None, "S2", 1)),
    ],
)
def test_an_item_that_agrees_passes_with_what_its_code_says(verdict: ItemVerdict, facts: tuple) -> None:
    assert isinstance(verdict, ItemPassed)
    assert verdict.permits is Permits.GO_ON
    assert (verdict.gtin, verdict.lot, verdict.expiry, verdict.serial, verdict.units) == facts


def test_an_untagged_item_passes_only_where_the_scanner_sends_no_identifiers() -> None:
    assert isinstance(item(b"4006381333931", aim=False), ItemPassed)
    assert isinstance(item(b"https://example.com/01/04006381333931", aim=False), ItemPassed)
    assert isinstance(item(b"]E04006381333931", aim=False), Rejected)


def test_a_line_that_asks_for_packs_counts_in_packs() -> None:
    packs = replace(PACKS, gtin=SIX, remaining=3)
    assert item(SIX_CODE, packs) == ItemPassed(Rule.ITEM_MATCHES, SIX, None, None, None)
    two = item(b"]C10124006381333935", packs)
    assert isinstance(two, ItemPassed)
    assert (two.rule, two.units) == (Rule.PACK_MATCHES, 2)
    assert item(CODE, packs) == Rejected(Rule.WRONG_ITEM, SIX, MUG, "another pack of the same item")


def test_the_third_wrong_item_calls_a_supervisor() -> None:
    verdicts = [item(b"]E496385074", replace(PLAIN, wrong_items=before)) for before in range(4)]
    assert [verdict.calls_supervisor for verdict in verdicts if isinstance(verdict, Rejected)] == [
        False,
        False,
        True,
        True,
    ]


def test_a_rejection_says_what_was_expected_and_what_was_scanned() -> None:
    assert item(b"]E496385074") == Rejected(Rule.WRONG_ITEM, MUG, CUP)
    assert item(CODE + b"10LOT8", LOT) == Rejected(Rule.WRONG_LOT, "LOT7", "LOT8")
    assert item(CODE + b"17261121", FRESH) == Rejected(Rule.EXPIRED, "2027-01-31 or later", "2026-11-21")
    assert item(CODE + b"17261221", SHELF) == Rejected(Rule.SHORT_DATED, "2026-12-22 or later", "2026-12-21")
    assert item(b"]C0TOTE-0042") == Rejected(Rule.UNKNOWN_BARCODE, MUG, "]C0TOTE-0042", "a tote label")
    assert item(CODE + b"10LOT721SER1", LOT) == Rejected(Rule.SEPARATOR_LOST, "LOT7", "LOT721SER1")
    assert item(b"]C10124006381333935", PACKS) == Rejected(
        Rule.OVER_QUANTITY, "8 units at most", DOZEN, "a pack of 12"
    )
    assert item(CODE + b"3103000400", WEIGHED) == Rejected(Rule.LABEL_WEIGHT, "310 g within 8 g", "400 g")
    lone_lot = item(b"]C110LOT7")
    assert isinstance(lone_lot, Rejected)
    assert lone_lot.detail == "no GTIN (01) in the code; (10) needs (01) or (02) or (03) or (8006) or (8026)"


def test_what_is_typed_in_is_judged_like_a_scan() -> None:
    typed = verify_typed_item("(01) 04006381333931 (10) LOT7", LOT, today=TODAY)
    assert typed == ItemPassed(Rule.ITEM_MATCHES, MUG, "LOT7", None, None)
    assert verify_typed_item("4006381333931", PLAIN, today=TODAY).rule is Rule.ITEM_MATCHES
    assert verify_typed_item("96385074", PLAIN, today=TODAY).rule is Rule.WRONG_ITEM
    assert verify_typed_item("4006381333932", PLAIN, today=TODAY).rule is Rule.INVALID_CODE
    assert verify_typed_item("(01)4006381333931", PLAIN, today=TODAY).rule is Rule.INVALID_CODE
    assert verify_typed_item("mug", PLAIN, today=TODAY).rule is Rule.UNKNOWN_BARCODE
    assert verify_typed_item("\u0664", PLAIN, today=TODAY).rule is Rule.INVALID_CODE


def test_a_persons_count_passes_whole_or_short_with_a_reason() -> None:
    assert verify_quantity(2, 2) == Passed(Rule.OVER_QUANTITY)
    assert verify_quantity(1, 2, reason="damaged") == Passed(Rule.SHORT)


def test_the_expectation_is_made_from_a_line_and_its_item() -> None:
    line = Line(LineId("1"), "MUG", MUG, 2, (), lot="L", expiry_min=TODAY, serials=("S1", "S2"))
    alone = ItemExpectation.of_line(line, 1, {MUG}, {(MUG, "S1")})
    assert (alone.lot, alone.expiry_min, alone.serials, alone.needs) == ("L", TODAY, ("S1", "S2"), set(Need))
    assert alone.units_of(MUG) == 1
    assert alone.units_of(SIX) is None
    mug = Item(MUG, "MUG", {SIX: 6}, frozenset({Need.EXPIRY}), 30, Weight(310, 8))
    plain = Line(LineId("1"), "MUG", SIX, 2, (), serial_capture=True)
    whole = ItemExpectation.of_line(plain, 2, {MUG}, item=mug, wrong_items=1)
    assert whole.needs == {Need.EXPIRY, Need.SERIAL}
    assert whole.weight == Weight(1860, 48)
    assert whole.earliest(TODAY) == date(2026, 12, 22)
    assert replace(whole, expiry_min=date(2027, 5, 1)).earliest(TODAY) == date(2027, 5, 1)
    assert whole.wrong_items == 1
