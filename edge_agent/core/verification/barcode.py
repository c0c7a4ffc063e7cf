"""From scanned bytes to what they are: an item's code, one of this site's labels, or neither.

A code with an AIM symbology identifier is read as what the identifier says. Without one it is tried only
as the kind that the step expects, the site's labels first: of random digit strings every fifth parses as
some GS1 message, so nothing here guesses.

Source: ISO/IEC 15424 (AIM identifiers), GS1 General Specifications 5.1.2 (those of GS1 symbols).
"""

import re
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TypeAlias

from edge_agent.core.verification.associations import unmet_need
from edge_agent.core.verification.digital_link import NoLinkError, parse_link
from edge_agent.core.verification.element_strings import (
    GS,
    Elements,
    ElementStringError,
    parse_elements,
    parse_printed,
)
from edge_agent.core.verification.gtin import check_digit_error, expand_upc_e, is_digits, to_gtin_14
from edge_agent.core.verification.value_checks import expand_date
from edge_agent.domain.ids import Gtin
from edge_agent.domain.site import Labels

_AIM = re.compile(r"\]([A-Za-z][0-9A-Za-z])(.*)", re.DOTALL)
_GS1_SYMBOLS = frozenset({"C1", "e0", "d2", "Q3", "J1"})
_EAN_UPC = {"E0": (8, 12, 13), "E3": (14, 15, 17, 18), "E4": (8,)}
"""How many digits each may have; ]E3 has an add-on of 2 or 5 behind its 12 or 13."""
_ADD_ON = {14: 12, 15: 13, 17: 12, 18: 13}
_INTERLEAVED = frozenset({"I0", "I1"})
_LINK_CARRIERS = frozenset({"Q1", "d1"})
_LINK = re.compile(r"https?://", re.IGNORECASE)
_UNTAGGED_GTIN = re.compile(r"\d{12,14}", re.ASCII)
_GTIN_FIRST = re.compile(r"01\d{14}", re.ASCII)
_LABEL_AIS = ("00", "8003", "8004")
"""Keys by which GS1 names loads and returnable or other assets: SSCC, GRAI, GIAI."""
_UNTAGGED_SSCC = re.compile(r"00(\d{18})", re.ASCII)
_EXPIRY_AIS = ("17", "7003", "15")
"""Where an item's last day stands: expiry, expiry with time, best before; the first of them counts."""

_ANY_DAY = date(2000, 1, 1)
"""Settles the century of dates where nobody asks for them."""

SHOWN_CHARACTERS = 128


class LabelKind(StrEnum):
    """What a label of this site stands on."""

    TOTE = "tote"
    CONTAINER = "container"
    LOCATION = "location"


class SiteLabels:
    """The site's label patterns, compiled once."""

    def __init__(self, labels: Labels) -> None:
        self._patterns = {kind: re.compile(getattr(labels, kind.value)) for kind in LabelKind}

    def matches(self, kind: LabelKind, text: str) -> bool:
        """Whether the text is a whole label of that kind."""
        return self._patterns[kind].fullmatch(text) is not None

    def kind_of(self, text: str) -> LabelKind | None:
        """Which label the text is; None: none of this site."""
        return next((kind for kind in LabelKind if self.matches(kind, text)), None)


class ItemCodeKind(StrEnum):
    """How an item's code was written."""

    ELEMENT_STRING = "element_string"
    """GS1 application identifiers."""
    GTIN = "gtin"
    """EAN-8, EAN-13, UPC-A, UPC-E or ITF-14: a GTIN and nothing else."""
    DIGITAL_LINK = "digital_link"
    """A web address that carries application identifiers."""


@dataclass(frozen=True, slots=True)
class ItemCode:
    """A valid GS1 code. `gtin` is None where it names no trade item (a parcel's SSCC, a lot alone)."""

    kind: ItemCodeKind
    gtin: Gtin | None
    lot: str | None = None
    expiry: date | None = None
    serial: str | None = None
    elements: Elements = ()

    @property
    def unmet_need(self) -> str | None:
        """What GS1 wants to stand beside the code's elements and does not stand in it."""
        return unmet_need([element.ai for element in self.elements])

    def value(self, ai: str) -> str | None:
        """What the code says under that application identifier."""
        return next((element.value for element in self.elements if element.ai == ai), None)


@dataclass(frozen=True, slots=True)
class SiteLabel:
    """One of this site's own labels."""

    kind: LabelKind
    text: str


@dataclass(frozen=True, slots=True)
class Unrecognised:
    """Read well, but nothing that the step could use."""

    reason: str


@dataclass(frozen=True, slots=True)
class Invalid:
    """Not what was printed, or printed wrongly: check digit, characters, date, forbidden AIs."""

    reason: str


LabelReading: TypeAlias = SiteLabel | Unrecognised | Invalid
Reading: TypeAlias = ItemCode | LabelReading


def read_item(data: bytes, labels: SiteLabels, *, aim: bool, today: date) -> Reading:
    """What was scanned where an item is expected.

    `aim`: the scanner sends AIM identifiers. `today` settles the century of dates. Raises nothing.
    """
    parts = _take_apart(data, aim=aim)
    if isinstance(parts, Invalid):
        return parts
    symbol, text = parts
    if symbol is None:
        return _site_label(text, labels) or _untagged_item(text, today)
    if symbol in _GS1_SYMBOLS:
        reading = _element_string(text, today)
        return _carried_label(reading, labels) or reading
    if symbol in _EAN_UPC:
        return _ean_upc(symbol, text)
    if label := _site_label(text, labels):
        return label
    if symbol in _LINK_CARRIERS and _LINK.match(text):
        link = _digital_link(text, today)
        return _carried_label(link, labels) or link
    if symbol in _INTERLEAVED and len(text) == 14:
        return _gtin(text)
    return Unrecognised(f"]{symbol} carries no GS1 data")


def read_typed_item(text: str, today: date) -> Reading:
    """What a person typed in where an item is expected: `(01)04006381333931(10)LOT7`, or a GTIN.

    Raises nothing.
    """
    if not text.isascii():
        return Invalid("only ASCII characters stand in a GS1 code")
    if not text.startswith("("):
        digits = text.replace(" ", "")
        return _gtin(digits) if is_digits(digits) else Unrecognised("neither a GTIN nor (01) and a GTIN")
    try:
        return _item_code(ItemCodeKind.ELEMENT_STRING, parse_printed(text, today), today)
    except ElementStringError as error:
        return Invalid(str(error))


def read_label(data: bytes, kind: LabelKind, labels: SiteLabels, *, aim: bool) -> LabelReading:
    """What was scanned where a label of this site is expected. Raises nothing.

    A site whose pattern takes an SSCC, a GRAI or a GIAI can have its labels in GS1 symbols.
    """
    parts = _take_apart(data, aim=aim)
    if isinstance(parts, Invalid):
        return parts
    symbol, text = parts
    if symbol in _GS1_SYMBOLS or (symbol in _LINK_CARRIERS and _LINK.match(text)):
        return _gs1_label(symbol, text, kind, labels)
    if symbol in _EAN_UPC:
        return Unrecognised("the code of an item, not a label of this site")
    sscc = _UNTAGGED_SSCC.fullmatch(text) if symbol is None else None
    texts = [text, sscc[1]] if sscc and not check_digit_error(sscc[1]) else [text]
    return _as_label(texts, kind, labels) or Unrecognised("no label of this site")


def printable(data: bytes) -> str:
    """Scanned bytes as people can read them: `<GS>` for the separator, `\\xNN` for what cannot be shown."""
    text = data[:SHOWN_CHARACTERS].decode("ascii", "backslashreplace").replace(GS, "<GS>")
    shown = "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)
    return shown + ("..." if len(data) > SHOWN_CHARACTERS else "")


def _take_apart(data: bytes, *, aim: bool) -> tuple[str | None, str] | Invalid:
    """The AIM identifier without its `]` (None where the scanner sends none) and the code itself."""
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        return Invalid(f"byte 0x{data[error.start]:02X} at position {error.start + 1} is not ASCII")
    tagged = _AIM.fullmatch(text)
    if aim and not tagged:
        return Invalid("no AIM identifier, though the scanner's profile says that it sends one")
    if tagged and not aim:
        return Invalid("an AIM identifier, though the scanner's profile says that it sends none")
    symbol, code = (tagged[1], tagged[2]) if tagged else (None, text)
    return (symbol, code) if code else Invalid("the code is empty")


def _site_label(text: str, labels: SiteLabels) -> SiteLabel | None:
    kind = labels.kind_of(text)
    return SiteLabel(kind, text) if kind else None


def _untagged_item(text: str, today: date) -> Reading:
    if _LINK.match(text):
        return _digital_link(text, today)
    if _UNTAGGED_GTIN.fullmatch(text):
        return _gtin(text)
    if is_digits(text) and len(text) == 8:
        return _eight_digits(text)
    reading = _element_string(text, today)
    if _GTIN_FIRST.match(text) or (isinstance(reading, ItemCode) and reading.gtin):
        return reading
    return Unrecognised("neither a GTIN nor element strings with a GTIN")


def _eight_digits(text: str) -> Reading:
    """EAN-8 and UPC-E look the same; one number in ten is good as both and then nobody can tell."""
    ean, upc = _gtin(text), _upc_e(text)
    if isinstance(ean, Invalid) or isinstance(upc, Invalid):
        return upc if isinstance(ean, Invalid) and isinstance(upc, ItemCode) else ean
    return Invalid("good as EAN-8 and as UPC-E; let the scanner send AIM identifiers")


def _ean_upc(symbol: str, text: str) -> Reading:
    lengths = _EAN_UPC[symbol]
    if not is_digits(text) or len(text) not in lengths:
        return Invalid(f"]{symbol} has {' or '.join(map(str, lengths))} digits")
    # Eight digits under ]E0 are a UPC-E that the scanner has not expanded: EAN-8 has its own identifier.
    if symbol == "E0" and len(text) == 8:
        return _upc_e(text)
    return _gtin(text[: _ADD_ON[len(text)]] if symbol == "E3" else text)


def _upc_e(text: str) -> ItemCode | Invalid:
    try:
        return _gtin(expand_upc_e(text))
    except ValueError as error:
        return Invalid(str(error))


def _gtin(text: str) -> ItemCode | Invalid:
    try:
        return ItemCode(ItemCodeKind.GTIN, to_gtin_14(text))
    except ValueError as error:
        return Invalid(str(error))


def _element_string(text: str, today: date) -> ItemCode | Invalid:
    try:
        return _item_code(ItemCodeKind.ELEMENT_STRING, parse_elements(text, today), today)
    except ElementStringError as error:
        return Invalid(str(error))


def _digital_link(text: str, today: date) -> ItemCode | Invalid | Unrecognised:
    try:
        return _item_code(ItemCodeKind.DIGITAL_LINK, parse_link(text, today), today)
    except NoLinkError as error:
        return Unrecognised(str(error))
    except ElementStringError as error:
        return Invalid(str(error))


def _item_code(kind: ItemCodeKind, elements: Elements, today: date) -> ItemCode:
    value = {element.ai: element.value for element in elements}
    expiry = next((value[ai] for ai in _EXPIRY_AIS if ai in value), None)
    return ItemCode(
        kind=kind,
        gtin=Gtin(value["01"]) if "01" in value else None,
        lot=value.get("10"),
        expiry=expand_date(expiry[:6], today) if expiry else None,
        serial=value.get("21"),
        elements=elements,
    )


def _gs1_label(symbol: str | None, text: str, kind: LabelKind, labels: SiteLabels) -> LabelReading:
    reading = _element_string(text, _ANY_DAY) if symbol in _GS1_SYMBOLS else _digital_link(text, _ANY_DAY)
    if not isinstance(reading, ItemCode):
        # A site's labels may be web addresses of its own.
        return _as_label([text], kind, labels) or reading
    return _as_label(_keys(reading), kind, labels) or Unrecognised(
        "the code of an item or parcel, not a label of this site"
    )


def _carried_label(reading: Reading, labels: SiteLabels) -> SiteLabel | None:
    """The site's label that a GS1 code without a GTIN carries."""
    if not isinstance(reading, ItemCode) or reading.gtin is not None:
        return None
    return next((label for key in _keys(reading) if (label := _site_label(key, labels))), None)


def _keys(reading: ItemCode) -> list[str]:
    return [value for ai in _LABEL_AIS if (value := reading.value(ai))]


def _as_label(texts: list[str], kind: LabelKind, labels: SiteLabels) -> SiteLabel | None:
    """The first text that is a label; the expected kind goes first, for sites whose patterns overlap."""
    expected = next((SiteLabel(kind, text) for text in texts if labels.matches(kind, text)), None)
    return expected or next((label for text in texts if (label := _site_label(text, labels))), None)
