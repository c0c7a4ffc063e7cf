"""Scanned bytes: routed by their AIM identifier, or tried only as what the step expects."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.core.verification.barcode import (
    Invalid,
    ItemCode,
    ItemCodeKind,
    LabelKind,
    SiteLabel,
    SiteLabels,
    Unrecognised,
    printable,
    read_item,
    read_label,
    read_typed_item,
)
from edge_agent.domain.ids import Gtin
from edge_agent.domain.site import Labels

TODAY = date(2026, 11, 22)
LABELS = SiteLabels(Labels(tote=r"TOTE-\d{4}", container=r"OC-\d{4}", location=r"A\d{2}-\d{2}-\d{2}"))
DIGIT_LABELS = SiteLabels(Labels(tote=r"\d{8}"))
GTIN = "04006381333931"


def item(data: bytes, *, aim: bool = True, labels: SiteLabels = LABELS) -> object:
    return read_item(data, labels, aim=aim, today=TODAY)


@pytest.mark.parametrize("symbol", [b"]C1", b"]e0", b"]d2", b"]Q3", b"]J1"])
def test_gs1_symbols_hold_element_strings(symbol: bytes) -> None:
    reading = item(symbol + b"010400638133393117270200" + b"10LOT7\x1d21S-1")
    assert isinstance(reading, ItemCode)
    assert reading.kind is ItemCodeKind.ELEMENT_STRING
    assert (reading.gtin, reading.lot, reading.serial) == (GTIN, "LOT7", "S-1")
    assert reading.expiry == date(2027, 2, 28)


@pytest.mark.parametrize(
    ("data", "gtin"),
    [
        (b"]E04006381333931", GTIN),
        (b"]E00416000336108", "00416000336108"),
        (b"]E0416000336108", "00416000336108"),
        (b"]E001234514", "00012100003454"),
        (b"]E402345673", "00000002345673"),
        (b"]E3400638133393112", GTIN),
        (b"]E341600033610812345", "00416000336108"),
        (b"]I124012345678905", "24012345678905"),
        (b"]I024012345678905", "24012345678905"),
    ],
)
def test_retail_and_outer_case_symbols_hold_a_gtin(data: bytes, gtin: str) -> None:
    assert item(data) == ItemCode(ItemCodeKind.GTIN, Gtin(gtin))


@pytest.mark.parametrize("symbol", [b"]Q1", b"]d1"])
def test_a_digital_link_is_read_like_an_element_string(symbol: bytes) -> None:
    reading = item(symbol + b"https://example.com/gtin/01/4006381333931/10/LOT7/21/S-1?17=270200")
    assert isinstance(reading, ItemCode)
    assert reading.kind is ItemCodeKind.DIGITAL_LINK
    assert (reading.gtin, reading.lot, reading.serial) == (GTIN, "LOT7", "S-1")
    assert reading.expiry == date(2027, 2, 28)


def test_what_is_typed_in_is_read_as_printed_or_as_a_gtin() -> None:
    reading = read_typed_item("(01) 04006381333931 (10) A", TODAY)
    assert isinstance(reading, ItemCode)
    assert (reading.gtin, reading.lot) == (GTIN, "A")
    assert read_typed_item("4006381 333931", TODAY) == ItemCode(ItemCodeKind.GTIN, Gtin(GTIN))
    assert isinstance(read_typed_item("10LOT7", TODAY), Unrecognised)
    assert isinstance(read_typed_item("", TODAY), Unrecognised)
    assert isinstance(read_typed_item("(01)4006381333932", TODAY), Invalid)


def test_a_code_says_what_gs1_wants_beside_it() -> None:
    reading = item(b"]C10104006381333931250A")
    assert isinstance(reading, ItemCode)
    assert reading.unmet_need == "(250) needs (01)+(21) or (03)+(21) or (8006)+(21)"
    assert reading.value("250") == "A"
    assert reading.value("21") is None


def test_a_container_that_bears_an_sscc_is_known_at_the_item_scanner() -> None:
    labels = SiteLabels(Labels(container=r"\d{18}"))
    sscc = "006141411234567890"
    for data in (b"]C100", b"]Q1https://a/00/"):
        assert item(data + sscc.encode(), labels=labels) == SiteLabel(LabelKind.CONTAINER, sscc)


@pytest.mark.parametrize(
    ("text", "expiry"),
    [
        (b"17270131" + b"15270101", date(2027, 1, 31)),
        (b"15270101", date(2027, 1, 1)),
        (b"70032701021530", date(2027, 1, 2)),
        (b"11250101", None),
    ],
)
def test_the_last_day_is_the_expiry_or_else_the_best_before_date(text: bytes, expiry: date | None) -> None:
    reading = item(b"]C10104006381333931" + text)
    assert isinstance(reading, ItemCode)
    assert reading.expiry == expiry


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no AIM identifier"),
        (b"]", "no AIM identifier"),
        (b"]E", "no AIM identifier"),
        (b"\x1d\x1d", "no AIM identifier"),
        (b"4006381333931", "no AIM identifier"),
        (b" ]E04006381333931", "no AIM identifier"),
        (b"]C1", "empty"),
        (b"]C1\xe9", "byte 0xE9 at position 4 is not ASCII"),
        (b"]C1\x1d", "no application identifier"),
        (b"]C10104006381333932", "check digit"),
        (b"]E04006381333932", "check digit"),
        (b"]E04006381333931 ", "8 or 12 or 13 digits"),
        (b"]E0400638133393", None),
        (b"]E41234567", "8 digits"),
        (b"]E0ABCDEFGHIJKLM", "digits"),
        (b"]E021234511", "UPC-E"),
        (b"]I112345678901232", "check digit"),
    ],
)
def test_a_tagged_code_that_cannot_be_right_is_invalid(data: bytes, reason: str | None) -> None:
    reading = item(data)
    assert isinstance(reading, Invalid)
    assert reason is None or reason in reading.reason


@pytest.mark.parametrize(
    "data",
    [
        b"]Q1https://example.com/promotion/01",
        b"]d1HTTP://example.com/",
        b"]Q0https://id.gs1.org/01/04006381333931",
        b"]C04006381333931",
        b"]A0ABC",
        b"]I11234",
        b"]X0junk",
    ],
)
def test_plain_codes_and_web_addresses_are_not_taken_for_items(data: bytes) -> None:
    assert isinstance(item(data), Unrecognised)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(b"]C0TOTE-0042", "tote"), (b"]Q1OC-0001", "container"), (b"]d1A01-02-03", "location")],
)
def test_a_site_label_is_known_for_one_at_the_item_scanner(data: bytes, kind: str) -> None:
    assert item(data) == SiteLabel(LabelKind(kind), data[3:].decode())


@pytest.mark.parametrize(
    ("data", "gtin"),
    [
        (b"4006381333931", GTIN),
        (b"04006381333931", GTIN),
        (b"416000336108", "00416000336108"),
        (b"96385074", "00000096385074"),
        (b"11234511", "00112100003451"),
        (b"0104006381333931", GTIN),
        (b"https://id.gs1.org/01/04006381333931", GTIN),
        (b"10LOT7\x1d0104006381333931", GTIN),
    ],
)
def test_untagged_data_is_tried_as_an_item_where_an_item_is_expected(data: bytes, gtin: str) -> None:
    reading = item(data, aim=False)
    assert isinstance(reading, ItemCode)
    assert reading.gtin == gtin


def test_the_sites_labels_go_before_items_in_untagged_data() -> None:
    assert item(b"96385074", aim=False, labels=DIGIT_LABELS) == SiteLabel(LabelKind.TOTE, "96385074")
    assert isinstance(item(b"]E496385074", labels=DIGIT_LABELS), ItemCode)


@pytest.mark.parametrize("data", [b"123456", b"10000012345", b"10LOT7", b"2112345", b"1726010199X", b"hello"])
def test_untagged_data_that_merely_parses_as_something_is_not_guessed_at(data: bytes) -> None:
    assert isinstance(item(data, aim=False), Unrecognised)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"4006381333932", "check digit"),
        (b"96385075", "check digit"),
        (b"0104006381333932", "check digit"),
        (b"]E04006381333931", "an AIM identifier, though"),
        (b"00000000000000", "zeros"),
    ],
)
def test_an_untagged_code_that_cannot_be_right_is_invalid(data: bytes, reason: str) -> None:
    reading = item(data, aim=False)
    assert isinstance(reading, Invalid)
    assert reason in reading.reason


def test_eight_untagged_digits_that_are_good_as_ean_8_and_upc_e_are_not_guessed_at() -> None:
    both = next(
        text
        for text in (f"0{number:07}" for number in range(1, 10**6))
        if isinstance(item(b"]E0" + text.encode()), ItemCode)
        and isinstance(item(b"]E4" + text.encode()), ItemCode)
    )
    reading = item(both.encode(), aim=False)
    assert isinstance(reading, Invalid)
    assert "as EAN-8 and as UPC-E" in reading.reason


@pytest.mark.parametrize(
    "data", [b"]C10104006381333931", b"]E04006381333931", b"]E4TOTE-0042", b"]C0TOTE-42"]
)
def test_no_item_code_is_a_label(data: bytes) -> None:
    assert isinstance(read_label(data, LabelKind.TOTE, LABELS, aim=True), Unrecognised)


def test_the_expected_kind_of_label_wins_where_patterns_overlap() -> None:
    labels = SiteLabels(Labels(tote=r"[A-Z]+-\d+", container=r"OC-\d+"))
    assert read_label(b"OC-1", LabelKind.CONTAINER, labels, aim=False) == SiteLabel(
        LabelKind.CONTAINER, "OC-1"
    )
    assert read_label(b"OC-1", LabelKind.TOTE, labels, aim=False) == SiteLabel(LabelKind.TOTE, "OC-1")


@pytest.mark.parametrize("data", [b"TOTE-0042 ", b" TOTE-0042", b"TOTE-0042\n", b"tote-0042", b"TOTE-00421"])
def test_a_label_is_matched_whole_and_nothing_is_stripped(data: bytes) -> None:
    assert isinstance(read_label(data, LabelKind.TOTE, LABELS, aim=False), Unrecognised)


def test_scanned_bytes_can_be_shown_to_people() -> None:
    assert printable(b"]C10104\x1d10A\r\xe9") == r"]C10104<GS>10A\x0d\xe9"
    assert printable(b"x" * 500) == "x" * 128 + "..."


any_scan = st.one_of(
    st.binary(max_size=80),
    st.tuples(
        st.sampled_from([b"]C1", b"]d2", b"]E0", b"]E4", b"]Q1", b"]I1", b"]C0", b"]", b"]Z", b""]),
        st.one_of(st.binary(max_size=60), st.text("0123456789\x1dA", max_size=60).map(str.encode)),
    ).map(b"".join),
)


@given(any_scan, st.booleans(), st.sampled_from(LabelKind))
def test_no_bytes_make_reading_raise(data: bytes, aim: bool, kind: LabelKind) -> None:
    reading = item(data, aim=aim)
    assert isinstance(reading, ItemCode | SiteLabel | Unrecognised | Invalid)
    assert isinstance(read_label(data, kind, LABELS, aim=aim), SiteLabel | Unrecognised | Invalid)
    assert printable(data).isprintable()


@given(st.text("0123456789", min_size=1, max_size=11).filter(lambda text: len(text) != 8))
def test_untagged_digits_of_no_gtins_length_are_never_an_item(text: str) -> None:
    assert isinstance(item(text.encode(), aim=False), Unrecognised)
