"""Each rule fires where it must, is silent where it must not, and says what the operator needs to know."""

from dataclasses import replace
from datetime import date

import pytest

from edge_agent.core.verification.barcode import SiteLabels
from edge_agent.core.verification.items import (
    Answers,
    ItemExpectation,
    verify_item,
    verify_quantity,
    verify_typed_item,
)
from edge_agent.core.verification.labels import verify_container, verify_location, verify_tote
from edge_agent.core.verification.reads import Rereads, no_read, unexpected_scan, verify_several
from edge_agent.core.verification.rules import Permits, Rule
from edge_agent.core.verification.verdicts import ItemPassed, ItemVerdict, Passed, Rejected, Verdict
from edge_agent.core.verification.weight import verify_weight
from edge_agent.domain.ids import DeviceId, Gtin, LineId, LocationId, Lpn
from edge_agent.domain.item import Item, Need, Weight
from edge_agent.domain.site import Labels
from edge_agent.domain.task import Line

TODAY = date(2026, 11, 22)
LABELS = SiteLabels(Labels(tote=r"TOTE-\d{4}", container=r"OC-\d{4}", location=r"A\d{2}-\d{2}-\d{2}"))
MUG, CUP = Gtin("04006381333931"), Gtin("00000096385074")
SIX, DOZEN = Gtin("14006381333938"), Gtin("24006381333935")
LOOSE = Gtin("94006381333934")
HAND = DeviceId("hand-1")
PLAIN = ItemExpectation(gtin=MUG, remaining=2, known={MUG, CUP})
LOT = replace(PLAIN, lot="LOT7")
ANY_LOT = replace(PLAIN, needs=frozenset({Need.LOT}))
FRESH = replace(PLAIN, expiry_min=date(2027, 1, 31))
DATED = replace(PLAIN, needs=frozenset({Need.EXPIRY}))
SHELF = replace(PLAIN, minimum_shelf_life_days=30)
SERIALS = replace(PLAIN, serials=("S1", "S2"))
CAPTURE = replace(PLAIN, needs=frozenset({Need.SERIAL}), serials_taken={(MUG, "S1")})
PACKS = replace(PLAIN, remaining=8, codes={MUG: 1, SIX: 6, DOZEN: 12})
WEIGHED = replace(PACKS, weight=Weight(310, 8))
BULK = replace(PLAIN, gtin=LOOSE, weight=Weight(1000, 50))
CODE = b"]C10104006381333931"
SIX_CODE = b"]C10114006381333938"
LINK = b"]Q1https://example.com/p/01/04006381333931/10/LOT7?17=270131"


def item(data: bytes, expected: ItemExpectation = PLAIN, *, aim: bool = True, **more: Answers) -> ItemVerdict:
    return verify_item(data, expected, LABELS, aim=aim, today=TODAY, **more)


def location(data: bytes) -> Verdict:
    return verify_location(data, LocationId("A01-02-03"), LABELS, aim=True)


def tote(data: bytes) -> Verdict:
    return verify_tote(data, Lpn("TOTE-0042"), LABELS, aim=True)


def container(data: bytes) -> Verdict:
    return verify_container(data, Lpn("OC-0001"), LABELS, aim=True)


def several(*codes: bytes, expected: ItemExpectation = PLAIN) -> ItemVerdict:
    return verify_several(codes, lambda code: item(code, expected), expected.gtin)


def again(data: bytes, after_s: float, *, serial: bool = False, scanner: str = HAND) -> Rejected | None:
    seen = Rereads().after(HAND, CODE, 100.0)
    return seen.verdict(DeviceId(scanner), data, 100.0 + after_s, serial=serial)


FIRES: dict[Rule, list[Verdict | None]] = {
    Rule.WRONG_LOCATION: [location(b"]C0A01-02-04"), location(b"]C0TOTE-0042"), location(CODE)],
    Rule.WRONG_TOTE: [tote(b"]C0TOTE-0043"), tote(b"]C0OC-0001"), tote(b"]C0rubbish"), tote(CODE)],
    Rule.ITEM_MATCHES: [item(CODE), item(b"]E04006381333931"), item(LINK, LOT), item(CODE, PACKS)],
    Rule.PACK_MATCHES: [item(SIX_CODE, PACKS), item(SIX_CODE, replace(PACKS, remaining=6))],
    Rule.WRONG_ITEM: [
        item(b"]E496385074"),
        item(b"]C10100000096385074", LOT),
        item(CODE, replace(PACKS, gtin=SIX)),
    ],
    Rule.UNKNOWN_BARCODE: [
        item(b"]E02112345678900"),
        item(SIX_CODE),
        item(b"]C0TOTE-0042"),
        item(b"]C04006381333931"),
        item(b"]Q1https://example.com/mug"),
        item(b"]C100123456789012345675"),
        item(b"]C10204006381333931375"),
        item(b"]C110LOT7", LOT),
    ],
    Rule.INVALID_CODE: [
        item(b""),
        item(b"]"),
        item(b"]C1\x1d0104006381333931"),
        item(b"]C10104006381333932"),
        item(b"]C1010400638133393117270229"),
        item(b"]C10104006381333931375"),
        item(b"]E04006381333930"),
        item(b"]C10104006381333931\xff"),
        item(b"4006381333931"),
        item(b"]Q1https://id.gs1.org/01/04006381333932"),
        item(b"]Q1https://id.gs1.org/01/04006381333931?10=LOT7"),
        tote(b"]C0"),
        container(b"OC-0001"),
        location(b"]C0\xff"),
    ],
    Rule.LOT_REQUIRED: [item(CODE, LOT), item(b"]E04006381333931", LOT), item(CODE, ANY_LOT)],
    Rule.SEPARATOR_LOST: [
        item(CODE + b"10LOT721SER1", LOT),
        item(CODE + b"10LOT717270131", LOT),
        item(CODE + b"21S110LOT7", SERIALS),
        item(CODE + b"10A21S9", CAPTURE),
        item(CODE + b"21S910A", ANY_LOT),
        item(CODE + b"10A17270131", DATED),
        item(CODE + b"10A21S9", CAPTURE, answers=Answers(serial="S9")),
    ],
    Rule.WRONG_LOT: [
        item(CODE + b"10LOT8", LOT),
        item(CODE + b"10LOT77", LOT),
        item(CODE + b"10LOT", LOT),
        item(CODE + b"10lot7", LOT),
        item(CODE, LOT, answers=Answers(lot="LOT8")),
        item(CODE + b"10LOT8", LOT, answers=Answers(lot="LOT7")),
    ],
    Rule.EXPIRED: [
        item(CODE + b"17261121"),
        item(CODE + b"17261000", FRESH),
        item(CODE + b"15261121"),
        item(CODE, DATED, answers=Answers(expiry=date(2026, 11, 21))),
    ],
    Rule.EXPIRY_REQUIRED: [item(CODE, FRESH), item(CODE, DATED), item(CODE, SHELF)],
    Rule.SHORT_DATED: [item(CODE + b"17270130", FRESH), item(CODE + b"17261221", SHELF)],
    Rule.DUPLICATE_SERIAL: [
        item(CODE + b"21S1", CAPTURE),
        item(SIX_CODE + b"21S1", replace(PACKS, serials_taken={(SIX, "S1")})),
    ],
    Rule.SAME_SCAN: [again(CODE, 0.1, serial=True)],
    Rule.SERIAL_REQUIRED: [
        item(CODE, SERIALS),
        item(CODE, CAPTURE),
        item(SIX_CODE + b"21S1", replace(PACKS, needs=frozenset({Need.SERIAL}))),
    ],
    Rule.WRONG_SERIAL: [item(CODE + b"21S3", SERIALS), item(CODE, SERIALS, answers=Answers(serial="S3"))],
    Rule.REREAD: [again(CODE, 0.0), again(CODE, 0.6)],
    Rule.NO_READ: [no_read(MUG), several()],
    Rule.MULTI_READ: [
        several(CODE, b"]E04006381333931"),
        several(CODE + b"21S8", CODE + b"21S9"),
        several(b"]E496385074", b"]C0TOTE-0042"),
    ],
    Rule.OVER_QUANTITY: [
        item(CODE, replace(PLAIN, remaining=0)),
        item(CODE + b"10LOT8", replace(LOT, remaining=0)),
        item(SIX_CODE, replace(PACKS, remaining=5)),
        item(b"]C10124006381333935", PACKS),
        verify_quantity(3, 2),
    ],
    Rule.SHORT: [
        verify_quantity(1, 2),
        verify_quantity(0, 2, reason=" "),
        verify_quantity(-1, 2, reason="x"),
    ],
    Rule.LABEL_WEIGHT: [
        item(CODE + b"3103000319", WEIGHED),
        item(SIX_CODE + b"3103000310", WEIGHED),
        item(b"]C10194006381333934", BULK),
        item(b"]C101940063813339343103000900", BULK),
    ],
    Rule.WEIGHT_DISAGREES: [
        verify_weight(301.9, Weight(310, 8)),
        verify_weight(620, Weight(310, 8)),
        verify_weight(float("nan"), Weight(310, 8)),
    ],
    Rule.WRONG_CONTAINER: [container(b"]C0OC-0002"), container(b"]C0TOTE-0042"), container(CODE)],
    Rule.UNEXPECTED_SCAN: [unexpected_scan(CODE), unexpected_scan(b"")],
}
"""Rule -> verdicts that it must have given."""

SILENT: dict[Rule, list[Verdict | None]] = {
    Rule.WRONG_LOCATION: [location(b"]C0A01-02-03")],
    Rule.WRONG_TOTE: [tote(b"]C0TOTE-0042")],
    Rule.ITEM_MATCHES: [item(b"]E496385074")],
    Rule.PACK_MATCHES: [item(CODE, PACKS), item(SIX_CODE, PLAIN), item(SIX_CODE, replace(PACKS, gtin=SIX))],
    Rule.WRONG_ITEM: [item(CODE), item(SIX_CODE, PACKS), item(b"]E02112345678900")],
    Rule.UNKNOWN_BARCODE: [item(CODE), item(b"]E496385074"), item(LINK)],
    Rule.INVALID_CODE: [item(CODE + b"10A\x1d"), item(b"4006381333931", aim=False), tote(b"]C0TOTE-0042")],
    Rule.LOT_REQUIRED: [
        item(CODE),
        item(CODE + b"10A", ANY_LOT),
        item(CODE, LOT, answers=Answers(lot="LOT7")),
        item(LINK, ANY_LOT),
    ],
    Rule.SEPARATOR_LOST: [
        item(CODE + b"10LOT77", LOT),
        item(CODE + b"10LOT721SER1"),
        item(CODE + b"10LOT7\x1d21SER1", LOT),
        item(CODE + b"10A21S9\x1d21S9", CAPTURE),
        item(CODE + b"21S1", SERIALS),
    ],
    Rule.WRONG_LOT: [item(CODE + b"10LOT7", LOT), item(CODE + b"10LOT8"), item(CODE, LOT)],
    Rule.EXPIRED: [item(CODE + b"17261122"), item(CODE + b"17261100"), item(CODE), item(CODE + b"11200101")],
    Rule.EXPIRY_REQUIRED: [item(CODE), item(CODE + b"15270131", DATED), item(CODE + b"17270131", FRESH)],
    Rule.SHORT_DATED: [
        item(CODE + b"17270131", FRESH),
        item(CODE + b"17270100", FRESH),
        item(CODE + b"17261222", SHELF),
        item(CODE + b"17261123"),
    ],
    Rule.DUPLICATE_SERIAL: [item(CODE + b"21S2", CAPTURE), item(b"]C1010000009638507421S1", CAPTURE)],
    Rule.SAME_SCAN: [again(CODE, 0.7, serial=True), again(CODE, 0.1), again(CODE + b"21A", 0.1, serial=True)],
    Rule.SERIAL_REQUIRED: [item(CODE), item(CODE + b"21S2", CAPTURE), item(SIX_CODE, PACKS)],
    Rule.WRONG_SERIAL: [item(CODE + b"21S2", SERIALS), item(CODE + b"21S3", CAPTURE), item(CODE, SERIALS)],
    Rule.REREAD: [
        again(CODE, 0.61),
        again(CODE, -0.1),
        again(CODE + b"10A", 0.1),
        again(CODE, 0.1, scanner="hand-2"),
        again(CODE, 0.1, serial=True),
    ],
    Rule.NO_READ: [item(b""), several(CODE)],
    Rule.MULTI_READ: [
        several(CODE),
        several(CODE, CODE),
        several(CODE, b"]E496385074"),
        several(CODE, CODE + b"10LOT7", expected=LOT),
        several(b"]E496385074"),
    ],
    Rule.OVER_QUANTITY: [item(CODE, replace(PLAIN, remaining=1)), item(SIX_CODE, PACKS)],
    Rule.SHORT: [verify_quantity(3, 2), verify_quantity(2, 2), verify_quantity(1, 2, reason="empty")],
    Rule.LABEL_WEIGHT: [
        item(CODE + b"3103000318", WEIGHED),
        item(CODE + b"3200000070"),
        item(CODE, WEIGHED),
        item(SIX_CODE + b"3102000190", WEIGHED),
        item(b"]C101940063813339343103001050", BULK),
        item(b"]C10194006381333934" + b"3012", replace(BULK, weight=None)),
    ],
    Rule.WEIGHT_DISAGREES: [verify_weight(310, None)],
    Rule.WRONG_CONTAINER: [container(b"]C0OC-0001")],
    Rule.UNEXPECTED_SCAN: [item(CODE)],
}
"""Rule -> verdicts near to it that it must not have given."""

PASSING = {Rule.ITEM_MATCHES, Rule.PACK_MATCHES}
TELLS = {
    Rule.WRONG_LOCATION: "location",
    Rule.WRONG_TOTE: "Present the right one",
    Rule.WRONG_ITEM: "Put it back",
    Rule.UNKNOWN_BARCODE: "Scan the item's own code",
    Rule.INVALID_CODE: "Scan it again",
    Rule.LOT_REQUIRED: "type it in",
    Rule.SEPARATOR_LOST: "Have it checked",
    Rule.WRONG_LOT: "another lot",
    Rule.EXPIRED: "must not be shipped",
    Rule.EXPIRY_REQUIRED: "type it in",
    Rule.SHORT_DATED: "earlier than allowed",
    Rule.DUPLICATE_SERIAL: "Put the item back",
    Rule.SAME_SCAN: "counts once",
    Rule.SERIAL_REQUIRED: "type it in",
    Rule.WRONG_SERIAL: "serial number",
    Rule.REREAD: "counts once",
    Rule.NO_READ: "Show the label again",
    Rule.MULTI_READ: "Show one item alone",
    Rule.OVER_QUANTITY: "Put it back",
    Rule.SHORT: "Say why",
    Rule.LABEL_WEIGHT: "weight on the label",
    Rule.WEIGHT_DISAGREES: "scale",
    Rule.WRONG_CONTAINER: "Use the one that is shown",
    Rule.UNEXPECTED_SCAN: "no effect",
}


def rejected_by(verdict: Verdict | None) -> Rule | None:
    return verdict.rule if isinstance(verdict, Rejected) else None


@pytest.mark.parametrize("rule", Rule)
def test_a_rule_fires_where_it_must(rule: Rule) -> None:
    for verdict in FIRES[rule]:
        if rule in PASSING:
            assert isinstance(verdict, ItemPassed)
            assert verdict.rule is rule
        else:
            assert rejected_by(verdict) is rule, verdict


@pytest.mark.parametrize("rule", Rule)
def test_a_rule_is_silent_where_it_must_be(rule: Rule) -> None:
    for verdict in SILENT[rule]:
        assert rejected_by(verdict) is not rule
        assert not (rule in PASSING and isinstance(verdict, ItemPassed) and verdict.rule is rule)


@pytest.mark.parametrize("rule", [rule for rule in Rule if rule not in PASSING])
def test_a_rule_says_what_the_operator_needs_to_know(rule: Rule) -> None:
    assert TELLS[rule] in rule.text
    for verdict in FIRES[rule]:
        assert isinstance(verdict, Rejected)
        assert verdict.expected
        assert verdict.scanned or verdict == item(b"") or verdict == unexpected_scan(b"")
        assert verdict.permits is rule.permits is not Permits.GO_ON


def test_every_number_from_v1_to_v20_has_its_rules_and_each_a_text() -> None:
    assert {rule.code for rule in Rule} == {f"V{number}" for number in range(1, 21)}
    assert all(rule.text.endswith(".") for rule in Rule)
    assert Rule("wrong_item") is Rule.WRONG_ITEM
    assert [rule for rule in Rule if rule.faults_scanner] == [Rule.SEPARATOR_LOST]


def test_what_must_never_be_overridden_cannot_be() -> None:
    overridden = {rule.value for rule in Rule if rule.permits is Permits.OVERRIDE}
    assert overridden == {"wrong_lot", "short_dated", "wrong_serial", "label_weight", "weight_disagrees"}


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
