"""V3 to V13, V17 and V18: the code is one unit, or one pack, of what the line asks for.

Pure; nothing raises.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Self

from edge_agent.core.verification.barcode import (
    Invalid,
    ItemCode,
    Reading,
    SiteLabel,
    SiteLabels,
    Unrecognised,
    printable,
    read_item,
    read_typed_item,
)
from edge_agent.core.verification.element_strings import ElementStringError, parse_elements
from edge_agent.core.verification.rules import Permits, Rule
from edge_agent.core.verification.verdicts import NOTHING, ItemPassed, ItemVerdict, Passed, Rejected, Verdict
from edge_agent.core.verification.weight import label_weight_verdict
from edge_agent.domain.ids import Gtin
from edge_agent.domain.item import Item, Need, Weight
from edge_agent.domain.task import Line

WRONG_ITEMS = 3
"""So many wrong items in a row at one step call a supervisor (V5)."""


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
    needs: frozenset[Need] = frozenset()
    """What the code must say, whatever the value."""
    serials_taken: Container[tuple[Gtin, str]] = ()
    """Serial numbers that the task or the shipment has already, each under its own GTIN."""
    codes: Mapping[Gtin, int] = field(default_factory=dict)
    """All GTINs of the item -> base units, for packs; the line counts in units of its own GTIN."""
    minimum_shelf_life_days: int = 0
    weight: Weight | None = None
    """Of one unit of the line."""
    wrong_items: int = 0
    """Wrong items in a row at this step up to now."""
    overrides: Container[tuple[str, str]] = ()
    """Rules by name, each with the very value that may pass though the rule rejects it."""

    @classmethod
    def of_line(
        cls,
        line: Line,
        remaining: int,
        known: Container[Gtin],
        serials_taken: Container[tuple[Gtin, str]] = (),
        *,
        item: Item | None = None,
        wrong_items: int = 0,
        overrides: Container[tuple[str, str]] = (),
    ) -> Self:
        """What the line asks for, with `remaining` units to go, and what its item asks for (None: as the
        line)."""
        item = item or Item.of_line(line)
        units = item.codes.get(line.gtin, 1)
        return cls(
            gtin=line.gtin,
            remaining=remaining,
            known=known,
            lot=line.lot,
            expiry_min=line.expiry_min,
            serials=line.serials,
            needs=item.needs | Item.of_line(line).needs,
            serials_taken=serials_taken,
            codes=item.codes,
            minimum_shelf_life_days=item.minimum_shelf_life_days,
            weight=item.weight.times(units) if item.weight else None,
            wrong_items=wrong_items,
            overrides=overrides,
        )

    def units_of(self, gtin: Gtin) -> int | None:
        """How many units of the line a GTIN stands for; None: it is another item, or no whole number."""
        if gtin == self.gtin:
            return 1
        unit, pack = self.codes.get(self.gtin), self.codes.get(gtin)
        return pack // unit if unit and pack and pack % unit == 0 else None

    def earliest(self, today: date) -> date | None:
        """The earliest last day that is allowed; None: any that has not passed."""
        days = self.minimum_shelf_life_days
        bounds = [today + timedelta(days)] if days else []
        return max([*bounds, self.expiry_min] if self.expiry_min else bounds, default=None)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a person answered to a prompt; it counts only where the code itself says nothing."""

    lot: str | None = None
    expiry: date | None = None
    serial: str | None = None


def verify_item(
    data: bytes,
    expected: ItemExpectation,
    labels: SiteLabels,
    *,
    aim: bool,
    today: date,
    answers: Answers | None = None,
) -> ItemVerdict:
    """V3 to V13, V17 and V18: the code is one unit, or one pack, of what the line asks for.

    `today` is the site's date: it settles the century of dates and what has expired.
    """
    reading = read_item(data, labels, aim=aim, today=today)
    return _verify_reading(reading, printable(data), expected, today, answers or Answers())


def companion_values(data: bytes, labels: SiteLabels, *, aim: bool, today: date) -> Answers | None:
    """What a second code on the unit says that names no item itself: a lot, a last day, a serial number.

    None: it names an item, or is no code of this kind.
    """
    reading = read_item(data, labels, aim=aim, today=today)
    if not isinstance(reading, ItemCode) or reading.gtin is not None:
        return None
    return Answers(reading.lot, reading.expiry, reading.serial)


def verify_typed_item(
    text: str, expected: ItemExpectation, *, today: date, answers: Answers | None = None
) -> ItemVerdict:
    """The same for what a person typed in because no scanner could read it (V15)."""
    shown = printable(text.encode("utf-8", "backslashreplace"))
    return _verify_reading(read_typed_item(text, today), shown, expected, today, answers or Answers())


def verify_quantity(units: int, remaining: int, *, reason: str = "") -> Verdict:
    """V17: a person's count of units is what the line lacks, or less with a reason."""
    if units > remaining:
        return Rejected(Rule.OVER_QUANTITY, f"{remaining} at most", str(units))
    if units < 0 or (units < remaining and not reason.strip()):
        return Rejected(Rule.SHORT, f"{remaining}, or a reason", str(units))
    return Passed(Rule.OVER_QUANTITY if units == remaining else Rule.SHORT)


def _verify_reading(
    reading: Reading, scanned: str, expected: ItemExpectation, today: date, answers: Answers
) -> ItemVerdict:
    if isinstance(reading, Invalid):
        return Rejected(Rule.INVALID_CODE, expected.gtin, scanned, reading.reason)
    if not isinstance(reading, ItemCode) or reading.gtin is None:
        return Rejected(Rule.UNKNOWN_BARCODE, expected.gtin, scanned, _why_no_item(reading))
    units = expected.units_of(reading.gtin)
    if units is None:
        return _another_item(reading.gtin, expected)
    if units > expected.remaining:
        return _too_many(reading.gtin, units, expected)
    code = replace(
        reading,
        lot=reading.lot or answers.lot,
        expiry=reading.expiry or answers.expiry,
        serial=reading.serial or answers.serial,
    )
    rejections = (
        _separator_verdict(reading, expected, today),
        _lot_verdict(code, expected),
        _expiry_verdict(code, expected, today),
        _serial_verdict(code, units, expected),
        label_weight_verdict(code, expected.weight.times(units) if expected.weight else None),
    )
    found = [rejected for rejected in rejections if rejected is not None]
    final = next((rejected for rejected in found if not _is_overridden(rejected, expected)), None)
    return final or _passed(code, reading.gtin, units, expected, tuple(found))


def _is_overridden(rejected: Rejected, expected: ItemExpectation) -> bool:
    covered = (rejected.rule.value, rejected.scanned) in expected.overrides
    return covered and rejected.permits is Permits.OVERRIDE


def _passed(
    code: ItemCode, gtin: Gtin, units: int, expected: ItemExpectation, overridden: tuple[Rejected, ...]
) -> ItemPassed:
    rule = Rule.ITEM_MATCHES if gtin == expected.gtin else Rule.PACK_MATCHES
    return ItemPassed(rule, gtin, code.lot, code.expiry, code.serial, units, overridden)


def _why_no_item(reading: Reading) -> str:
    match reading:
        case SiteLabel(kind=kind):
            return f"a {kind} label"
        case ItemCode(unmet_need=str() as need):
            return f"no GTIN (01) in the code; {need}"
        case ItemCode():
            return "no GTIN (01) in the code"
        case Unrecognised(reason=reason) | Invalid(reason=reason):
            return reason


def _another_item(gtin: Gtin, expected: ItemExpectation) -> Rejected:
    if gtin in expected.codes:
        detail = "another pack of the same item"
    elif gtin in expected.known:
        detail = ""
    else:
        return Rejected(Rule.UNKNOWN_BARCODE, expected.gtin, gtin)
    often = expected.wrong_items + 1 >= WRONG_ITEMS
    return Rejected(Rule.WRONG_ITEM, expected.gtin, gtin, detail, calls_supervisor=often)


def _too_many(gtin: Gtin, units: int, expected: ItemExpectation) -> Rejected:
    if gtin == expected.gtin:
        return Rejected(Rule.OVER_QUANTITY, "no further unit", gtin)
    detail = f"a pack of {units}"
    return Rejected(Rule.OVER_QUANTITY, f"{expected.remaining} units at most", gtin, detail)


# ---- lot, last day, serial number --------------------------------------------------------------------


def _separator_verdict(code: ItemCode, expected: ItemExpectation, today: date) -> Rejected | None:
    """V9: a lot or serial number that has swallowed the elements behind it.

    It shows where the expected value is its beginning, and where what the item needs is missing and stands
    in its end.
    """
    missing = {
        ai
        for need, value, ais in (
            (Need.LOT, code.lot, ("10",)),
            (Need.EXPIRY, code.expiry, ("17", "7003", "15")),
            (Need.SERIAL, code.serial, ("21",)),
        )
        if need in expected.needs and value is None
        for ai in ais
    }
    wanted_lot = (expected.lot,) if expected.lot is not None else ()
    for value, wanted in ((code.lot, wanted_lot), (code.serial, expected.serials)):
        if value is None or (wanted is not None and value in wanted) or not (wanted or missing):
            continue
        for end in range(1, len(value)):
            swallowed = _ais(value[end:], today)
            if (wanted and swallowed and value[:end] in wanted) or swallowed & missing:
                return Rejected(Rule.SEPARATOR_LOST, value[:end], value)
    return None


def _ais(text: str, today: date) -> set[str]:
    try:
        return {element.ai for element in parse_elements(text, today)}
    except ElementStringError:
        return set()


def _lot_verdict(code: ItemCode, expected: ItemExpectation) -> Rejected | None:
    if code.lot is None:
        needed = expected.lot is not None or Need.LOT in expected.needs
        return Rejected(Rule.LOT_REQUIRED, expected.lot or "a lot", NOTHING) if needed else None
    if expected.lot is None or code.lot == expected.lot:
        return None
    return Rejected(Rule.WRONG_LOT, expected.lot, code.lot)


def _expiry_verdict(code: ItemCode, expected: ItemExpectation, today: date) -> Rejected | None:
    earliest = expected.earliest(today)
    if code.expiry is None:
        needed = earliest is not None or Need.EXPIRY in expected.needs
        return Rejected(Rule.EXPIRY_REQUIRED, _or_later(earliest or today), NOTHING) if needed else None
    if code.expiry < today:
        return Rejected(Rule.EXPIRED, _or_later(max(earliest or today, today)), code.expiry.isoformat())
    if earliest is not None and code.expiry < earliest:
        return Rejected(Rule.SHORT_DATED, _or_later(earliest), code.expiry.isoformat())
    return None


def _serial_verdict(code: ItemCode, units: int, expected: ItemExpectation) -> Rejected | None:
    needed = expected.serials is not None or Need.SERIAL in expected.needs
    if needed and units > 1:
        detail = "a pack's code names no unit; scan them one by one"
        return Rejected(Rule.SERIAL_REQUIRED, "a serial number for each unit", NOTHING, detail)
    if code.serial is None:
        return Rejected(Rule.SERIAL_REQUIRED, "a serial number", NOTHING) if needed else None
    if (code.gtin, code.serial) in expected.serials_taken:
        return Rejected(Rule.DUPLICATE_SERIAL, "a serial number not picked yet", code.serial)
    if expected.serials is not None and code.serial not in expected.serials:
        return Rejected(Rule.WRONG_SERIAL, "a serial number of the line", code.serial)
    return None


def _or_later(day: date) -> str:
    return f"{day.isoformat()} or later"
