"""Each rule fires where it must, is silent where it must not, and says what the operator needs to know."""

from dataclasses import replace
from datetime import date

import pytest

from edge_agent.core.verification.items import (
    Answers,
    ItemExpectation,
    verify_quantity,
)
from edge_agent.core.verification.labels import verify_container, verify_location, verify_tote
from edge_agent.core.verification.reads import Read, exact, no_read, reread, unexpected_scan, verify_several
from edge_agent.core.verification.rules import Permits, Rule
from edge_agent.core.verification.verdicts import ItemPassed, ItemVerdict, Rejected, Verdict
from edge_agent.core.verification.weight import verify_weight
from edge_agent.domain.ids import LocationId, Lpn
from edge_agent.domain.item import Need, Weight
from tests.core.verification.expectations import (
    ANY_LOT,
    BULK,
    CAPTURE,
    CODE,
    DATED,
    FRESH,
    LABELS,
    LINK,
    LOT,
    MUG,
    PACKS,
    PLAIN,
    SERIALS,
    SHELF,
    SIX,
    SIX_CODE,
    WEIGHED,
    item,
)


def location(data: bytes) -> Verdict:
    return verify_location(data, LocationId("A01-02-03"), LABELS, aim=True)


def tote(data: bytes) -> Verdict:
    return verify_tote(data, Lpn("TOTE-0042"), LABELS, aim=True)


def container(data: bytes) -> Verdict:
    return verify_container(data, Lpn("OC-0001"), LABELS, aim=True)


def several(*codes: bytes, expected: ItemExpectation = PLAIN) -> ItemVerdict:
    return verify_several(codes, lambda code: item(code, expected), expected.gtin)


def again(data: bytes, after_s: float, *, serial: bool = False) -> Rejected | None:
    return reread(Read(exact([CODE]), 100.0), [data], 100.0 + after_s, serial=serial)


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
        several(CODE, b"]E04006381333930"),
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


@pytest.mark.parametrize("data", [b"]E04006381333931", b"]C10104006381333931", b"]I104006381333931"])
def test_an_item_is_the_same_whether_its_code_has_13_digits_or_14(data: bytes) -> None:
    assert isinstance(item(data), ItemPassed)


def test_the_right_lot_of_another_item_is_another_item() -> None:
    assert rejected_by(item(b"]C1010000009638507410LOT7", LOT)) is Rule.WRONG_ITEM


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
