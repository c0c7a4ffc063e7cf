"""The rules that a scan has to pass, one function for each kind of step. Pure; nothing here raises.

A verdict changes nothing by itself: the caller counts a unit only for `ItemPassed`, and only after the
location, the item, the quantity and the put have all passed.
"""

from collections.abc import Container
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Self, TypeAlias

from edge_agent.core.verification.barcode import (
    Invalid,
    ItemCode,
    LabelKind,
    Reading,
    SiteLabel,
    SiteLabels,
    Unrecognised,
    printable,
    read_item,
    read_label,
)
from edge_agent.core.verification.element_strings import ElementStringError, parse_elements
from edge_agent.domain.ids import Gtin, LocationId, Lpn
from edge_agent.domain.task import Line

NOTHING = "nothing"


class Rule(StrEnum):
    """The rules by name. `code` is their number in events and documents, `text` is for the operator.

    V11 has two names, because what has expired can never be overridden.
    """

    code: str
    text: str

    WRONG_LOCATION = "wrong_location", "V1", "This is not the task's location. Go to the one that is shown."
    WRONG_TOTE = "wrong_tote", "V2", "This is not the tote that was asked for. Present the right one."
    ITEM_MATCHES = "item_matches", "V3", "The item is the one that was asked for."
    WRONG_ITEM = "wrong_item", "V5", "This is another item. Put it back and pick again."
    UNKNOWN_BARCODE = "unknown_barcode", "V6", "This code names no known item. Scan the item's own code."
    INVALID_CODE = "invalid_code", "V7", "The code was read or printed wrongly. Scan it again."
    LOT_REQUIRED = "lot_required", "V8", "The line asks for a lot. Scan the code that has it."
    SEPARATOR_LOST = "separator_lost", "V9", "The scanner lost a separator. Have it checked."
    WRONG_LOT = "wrong_lot", "V10", "This is another lot than the line asks for."
    EXPIRED = "expired", "V11", "The item is past its last day. It must not be shipped."
    SHORT_DATED = "short_dated", "V11", "The item's last day is unknown or earlier than the line allows."
    DUPLICATE_SERIAL = "duplicate_serial", "V12", "This serial number has been picked before."
    WRONG_SERIAL = "wrong_serial", "V13", "The serial number is missing or not one that the line asks for."
    NO_READ = "no_read", "V15", "The scanner could not read a code. Show the label again."
    OVER_QUANTITY = "over_quantity", "V17", "The line has all its units. Put this one back."
    WRONG_CONTAINER = "wrong_container", "V19", "This is not the order container of the task."
    UNEXPECTED_SCAN = "unexpected_scan", "V20", "No step is waiting for a scan. It has no effect."

    def __new__(cls, name: str, code: str, text: str) -> Self:
        rule = str.__new__(cls, name)
        rule._value_ = name
        rule.code = code
        rule.text = text
        return rule


@dataclass(frozen=True, slots=True)
class Passed:
    """The scan is what the step asked for. `rule` is the one that was applied."""

    rule: Rule


@dataclass(frozen=True, slots=True)
class ItemPassed(Passed):
    """One unit of the item, with what its code says of it."""

    gtin: Gtin
    lot: str | None
    expiry: date | None
    serial: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The scan is not what the step asked for. Both texts are fit to be shown; `detail` says more."""

    rule: Rule
    expected: str
    scanned: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ItemExpectation:
    """What an item's code must agree with."""

    gtin: Gtin
    remaining: int
    """Units that the line still lacks."""
    known: Container[Gtin]
    """Every GTIN that this site knows: another one of them is a wrong item, any other code unknown."""
    lot: str | None = None
    expiry_min: date | None = None
    """The item's last day must be this one or later."""
    serials: Container[str] | None = None
    """The serial numbers that are asked for; None: any."""
    serial_required: bool = False
    serials_taken: Container[str] = ()
    """Serial numbers of this item that the task or the shipment has already."""

    @classmethod
    def of_line(
        cls, line: Line, remaining: int, known: Container[Gtin], serials_taken: Container[str] = ()
    ) -> Self:
        """What the line asks for, with `remaining` units to go."""
        return cls(
            gtin=line.gtin,
            remaining=remaining,
            known=known,
            lot=line.lot,
            expiry_min=line.expiry_min,
            serials=line.serials,
            serial_required=line.serial_capture or line.serials is not None,
            serials_taken=serials_taken,
        )


ItemVerdict: TypeAlias = ItemPassed | Rejected
Verdict: TypeAlias = Passed | Rejected


def verify_location(data: bytes, expected: LocationId, labels: SiteLabels, *, aim: bool) -> Verdict:
    """V1: the location is the task's (V7 for a code that cannot be right)."""
    return _verify_label(data, expected, LabelKind.LOCATION, Rule.WRONG_LOCATION, labels, aim=aim)


def verify_tote(data: bytes, expected: Lpn, labels: SiteLabels, *, aim: bool) -> Verdict:
    """V2: the source tote is the expected one (V7 for a code that cannot be right)."""
    return _verify_label(data, expected, LabelKind.TOTE, Rule.WRONG_TOTE, labels, aim=aim)


def verify_container(data: bytes, expected: Lpn, labels: SiteLabels, *, aim: bool) -> Verdict:
    """V19: the put container is the assigned one (V7 for a code that cannot be right)."""
    return _verify_label(data, expected, LabelKind.CONTAINER, Rule.WRONG_CONTAINER, labels, aim=aim)


def verify_item(
    data: bytes, expected: ItemExpectation, labels: SiteLabels, *, aim: bool, today: date
) -> ItemVerdict:
    """V3, V5 to V13 and V17: the code is one unit of what the line asks for.

    `today` is the site's date: it settles the century of dates and what has expired.
    """
    scanned = printable(data)
    reading = read_item(data, labels, aim=aim, today=today)
    if isinstance(reading, Invalid):
        return Rejected(Rule.INVALID_CODE, expected.gtin, scanned, reading.reason)
    if not isinstance(reading, ItemCode) or reading.gtin is None:
        return Rejected(Rule.UNKNOWN_BARCODE, expected.gtin, scanned, _why_no_item(reading))
    if reading.gtin != expected.gtin:
        rule = Rule.WRONG_ITEM if reading.gtin in expected.known else Rule.UNKNOWN_BARCODE
        return Rejected(rule, expected.gtin, reading.gtin)
    if expected.remaining < 1:
        return Rejected(Rule.OVER_QUANTITY, "no further unit", reading.gtin)
    return (
        _lot_verdict(reading, expected, today)
        or _expiry_verdict(reading, expected, today)
        or _serial_verdict(reading, expected)
        or ItemPassed(Rule.ITEM_MATCHES, reading.gtin, reading.lot, reading.expiry, reading.serial)
    )


def no_read(expected: str) -> Rejected:
    """V15: the scanner said that it could not read, or said nothing in time."""
    return Rejected(Rule.NO_READ, expected, NOTHING)


def unexpected_scan(data: bytes) -> Rejected:
    """V20: a scan that no open step waits for, or that comes late."""
    return Rejected(Rule.UNEXPECTED_SCAN, NOTHING, printable(data))


def _verify_label(
    data: bytes, expected: str, kind: LabelKind, rule: Rule, labels: SiteLabels, *, aim: bool
) -> Verdict:
    reading = read_label(data, kind, labels, aim=aim)
    match reading:
        case SiteLabel(kind=found, text=text) if found is kind and text == expected:
            return Passed(rule)
        case SiteLabel(kind=found, text=text):
            return Rejected(rule, expected, text, f"a {found} label")
        case Invalid(reason=reason):
            return Rejected(Rule.INVALID_CODE, expected, printable(data), reason)
        case Unrecognised(reason=reason):
            return Rejected(rule, expected, printable(data), reason)


def _why_no_item(reading: Reading) -> str:
    match reading:
        case SiteLabel(kind=kind):
            return f"a {kind} label"
        case ItemCode():
            return "no GTIN (01) in the code"
        case Unrecognised(reason=reason) | Invalid(reason=reason):
            return reason


def _lot_verdict(item: ItemCode, expected: ItemExpectation, today: date) -> Rejected | None:
    if expected.lot is None or item.lot == expected.lot:
        return None
    if item.lot is None:
        return Rejected(Rule.LOT_REQUIRED, expected.lot, NOTHING)
    if item.lot.startswith(expected.lot) and _parses(item.lot.removeprefix(expected.lot), today):
        return Rejected(Rule.SEPARATOR_LOST, expected.lot, item.lot)
    return Rejected(Rule.WRONG_LOT, expected.lot, item.lot)


def _expiry_verdict(item: ItemCode, expected: ItemExpectation, today: date) -> Rejected | None:
    earliest = expected.expiry_min or today
    if item.expiry is None:
        return Rejected(Rule.SHORT_DATED, _or_later(earliest), NOTHING) if expected.expiry_min else None
    if item.expiry < today:
        return Rejected(Rule.EXPIRED, _or_later(max(earliest, today)), item.expiry.isoformat())
    if item.expiry < earliest:
        return Rejected(Rule.SHORT_DATED, _or_later(earliest), item.expiry.isoformat())
    return None


def _serial_verdict(item: ItemCode, expected: ItemExpectation) -> Rejected | None:
    if item.serial is None:
        wanted = expected.serial_required or expected.serials is not None
        return Rejected(Rule.WRONG_SERIAL, "a serial number", NOTHING) if wanted else None
    if item.serial in expected.serials_taken:
        return Rejected(Rule.DUPLICATE_SERIAL, "a serial number not picked yet", item.serial)
    if expected.serials is not None and item.serial not in expected.serials:
        return Rejected(Rule.WRONG_SERIAL, "a serial number of the line", item.serial)
    return None


def _parses(text: str, today: date) -> bool:
    try:
        parse_elements(text, today)
    except ElementStringError:
        return False
    return True


def _or_later(day: date) -> str:
    return f"{day.isoformat()} or later"
