"""Whole judgements of damaged and random scans: nothing raises, and nothing wrong ever passes."""

import random
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.verification.barcode import (
    ItemCode,
    LabelKind,
    SiteLabel,
    SiteLabels,
    read_item,
    read_label,
)
from edge_agent.core.verification.items import ItemExpectation, verify_item, verify_typed_item
from edge_agent.core.verification.labels import verify_container, verify_location, verify_tote
from edge_agent.core.verification.reads import verify_several
from edge_agent.core.verification.rules import Rule
from edge_agent.core.verification.verdicts import ItemPassed, ItemVerdict, Passed, Rejected
from edge_agent.domain.ids import Gtin, LocationId, Lpn
from edge_agent.domain.item import Need, Weight
from edge_agent.domain.site import Labels

TODAY = date(2026, 11, 22)
LABELS = SiteLabels(Labels(tote=r"TOTE-\d{4}", container=r"OC-\d{4}", location=r"A\d{2}-\d{2}-\d{2}"))
MUG, SIX, CUP = Gtin("04006381333931"), Gtin("14006381333938"), Gtin("00000096385074")
PLAIN = ItemExpectation(gtin=MUG, remaining=8, known={MUG, CUP}, codes={MUG: 1, SIX: 6})
EXPECTATIONS = (
    PLAIN,
    ItemExpectation(gtin=MUG, remaining=1, known={MUG}, lot="LOT7", needs=frozenset({Need.SERIAL})),
    ItemExpectation(gtin=MUG, remaining=1, known=(), minimum_shelf_life_days=30, weight=Weight(310, 8)),
    ItemExpectation(gtin=MUG, remaining=1, known={CUP}, serials=("S1", "S2"), serials_taken={(MUG, "S1")}),
)
GOOD = (
    b"]C10104006381333931",
    b"]C1010400638133393110LOT7\x1d21S2\x1d17270131",
    b"]d20104006381333931310300031021S1",
    b"]Q304006381333931",
    b"]E04006381333931",
    b"]I114006381333938",
    b"]Q1https://id.gs1.org/01/04006381333931/10/LOT7/21/S2?17=270131",
    b"]d1https://example.com/01/4006381333931",
    b"]E496385074",
    b"]C0TOTE-0042",
    b"4006381333931",
    b"0104006381333931" + b"10LOT7",
)
SYMBOLS = (
    b"]C1",
    b"]e0",
    b"]d2",
    b"]Q3",
    b"]J1",
    b"]E0",
    b"]E3",
    b"]E4",
    b"]Q1",
    b"]d1",
    b"]I1",
    b"]C0",
    b"",
)
ALPHABET = b"0123456789AB]\x1d/?&=%:()01211017"
FUZZED = 10_000
LONGEST = 120


def fuzzed(rng: random.Random) -> bytes:
    """A good code with a few bytes changed, lost, doubled or put in; or bytes at random."""
    if rng.random() < 0.3:
        source = bytes(range(256)) if rng.random() < 0.3 else ALPHABET
        return rng.choice(SYMBOLS) + bytes(rng.choices(source, k=rng.randrange(LONGEST)))
    code = bytearray(rng.choice(GOOD))
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3))):
        place = rng.randrange(len(code) + 1)
        match rng.randrange(4):
            case 0:
                code[place : place + 1] = bytes([rng.choice(ALPHABET)])
            case 1:
                del code[place : place + rng.randrange(1, 4)]
            case 2:
                code[place:place] = rng.choice(GOOD)[: rng.randrange(1, 20)]
            case 3:
                code[place : place + 2] = code[place : place + 2][::-1]
    return bytes(code)


def says_what_passed(data: bytes, verdict: ItemVerdict, expected: ItemExpectation) -> None:
    """What passed is in the bytes, and is what the line asks for."""
    assert isinstance(verdict, ItemPassed)
    digits = verdict.gtin.lstrip("0")
    assert digits.encode() in data
    assert (verdict.gtin, verdict.units) in ((MUG, 1), (SIX, 6))
    assert verdict.units <= expected.remaining
    assert expected.lot in (None, verdict.lot)
    assert not expected.minimum_shelf_life_days or (verdict.expiry and verdict.expiry >= date(2026, 12, 22))
    assert verdict.expiry is None or verdict.expiry >= TODAY
    assert expected.serials is None or verdict.serial == "S2"
    assert Need.SERIAL not in expected.needs or verdict.serial
    for fact in (verdict.lot, verdict.serial):
        assert fact is None or fact.encode() in data.replace(b"%", b"")


@pytest.mark.parametrize("seed", [1, 2])
def test_of_ten_thousand_fuzzed_scans_none_passes_wrongly_and_none_raises(seed: int) -> None:
    rng = random.Random(seed)
    passed, rules = 0, set()
    for _ in range(FUZZED // 2):
        data, aim, expected = fuzzed(rng), rng.random() < 0.8, rng.choice(EXPECTATIONS)
        verdict = verify_item(data, expected, LABELS, aim=aim, today=TODAY)
        if isinstance(verdict, Rejected):
            rules.add(verdict.rule)
            assert verdict.expected
            assert verdict.scanned.isprintable()
        else:
            passed += 1
            says_what_passed(data, verdict, expected)
        for label in (
            verify_tote(data, Lpn("TOTE-0042"), LABELS, aim=aim),
            verify_container(data, Lpn("OC-0001"), LABELS, aim=aim),
            verify_location(data, LocationId("A01-02-03"), LABELS, aim=aim),
        ):
            assert isinstance(label, Rejected) or data.endswith((b"TOTE-0042", b"OC-0001", b"A01-02-03"))
    assert passed > 100
    assert rules >= {
        Rule.INVALID_CODE,
        Rule.UNKNOWN_BARCODE,
        Rule.WRONG_ITEM,
        Rule.WRONG_LOT,
        Rule.EXPIRY_REQUIRED,
    }


codes = st.one_of(
    st.binary(max_size=60),
    st.text("0123456789ABLOT\x1d", max_size=40).map(lambda text: GOOD[0] + text.encode()),
    st.sampled_from(GOOD),
)


def is_bad(verdict: ItemVerdict) -> bool:
    return isinstance(verdict, Rejected) and verdict.rule is Rule.INVALID_CODE


@given(st.lists(codes, max_size=4), st.booleans(), st.sampled_from(EXPECTATIONS))
def test_of_several_codes_only_one_that_fits_alone_beside_no_bad_one_ever_passes(
    scans: list[bytes], aim: bool, expected: ItemExpectation
) -> None:
    def one(data: bytes) -> ItemVerdict:
        return verify_item(data, expected, LABELS, aim=aim, today=TODAY)

    verdict = verify_several(scans, one, expected.gtin)
    fitting = [data for data in dict.fromkeys(scans) if isinstance(one(data), Passed)]
    bad = [data for data in scans if is_bad(one(data))]
    assert isinstance(verdict, Passed) == (len(fitting) == 1 and not bad)


@given(st.one_of(st.text(), st.text("0123456789()AB ")), st.sampled_from(EXPECTATIONS))
def test_nothing_typed_raises_or_passes_for_another_item(text: str, expected: ItemExpectation) -> None:
    verdict = verify_typed_item(text, expected, today=TODAY)
    if isinstance(verdict, ItemPassed):
        assert verdict.gtin.lstrip("0") in text.replace(" ", "")


@given(codes, st.booleans(), st.sampled_from(LabelKind))
def test_no_code_is_an_item_with_a_gtin_and_a_label_of_this_site(
    data: bytes, aim: bool, kind: LabelKind
) -> None:
    item = read_item(data, LABELS, aim=aim, today=TODAY)
    label = read_label(data, kind, LABELS, aim=aim)
    assert not (isinstance(item, ItemCode) and item.gtin and isinstance(label, SiteLabel))
