"""The units that lie in a tote by mistake or are labelled wrongly: what a picker may grip instead of one.

They lie there all along and belong to nobody's stock record; a fault brings one to light (`World.find`).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, timedelta

from edge_agent.domain.ids import Gtin
from simulators.catalogue import COMPANY_PREFIX, Symbology, Unit, barcode, with_check_digit
from simulators.faults.names import Fault

PACK_OF = 12
"""Units in a pack: more than any line asks for, so that a pack is never what was asked for."""
LONG_AGO = date(2020, 1, 31)
SHORT_BY = timedelta(days=30)
FOREIGN_NUMBER = 900_000_001


def mistaken(unit: Unit, unit_id: str, placed_before: Unit | None) -> dict[Fault, Unit]:
    """What could be gripped instead of `unit`, by the fault that does it; whichever it is has that id.

    `placed_before` is the unit that the picker placed last, if it was of the same item out of the same tote.
    """
    made = {fault: make(unit) for fault, make in _MAKERS.items()}
    if placed_before is not None and placed_before.serial is not None:
        made[Fault.DUPLICATE_SERIAL] = _relabelled(replace(unit, serial=placed_before.serial))
    return {
        fault: replace(other, unit_id=unit_id, stray=True)
        for fault, other in made.items()
        if other is not None
    }


def pack_gtin(gtin: Gtin) -> Gtin:
    """The number of an item's pack: the item's with the next packaging indicator."""
    return with_check_digit(f"{int(gtin[0]) % 8 + 1}{gtin[1:-1]}")


def _relabelled(unit: Unit) -> Unit:
    """With a label that says what the unit is."""
    return replace(unit, barcode=barcode(_symbology(unit), unit.gtin, unit.lot, unit.expiry, unit.serial))


def _symbology(unit: Unit) -> Symbology:
    return Symbology(unit.barcode[:3].decode())


# ---- another unit ------------------------------------------------------------------------------------


def _wrong_lot(unit: Unit) -> Unit | None:
    asked = unit.demands.lot
    return _relabelled(replace(unit, lot=f"W{asked[1:]}")) if asked is not None else None


def _expired(unit: Unit) -> Unit | None:
    return _relabelled(replace(unit, expiry=LONG_AGO)) if unit.expiry is not None else None


def _short_dated(unit: Unit) -> Unit | None:
    earliest = unit.demands.expiry_min
    return _relabelled(replace(unit, expiry=earliest - SHORT_BY)) if earliest is not None else None


def _foreign_item(unit: Unit) -> Unit:
    gtin = with_check_digit(f"0{COMPANY_PREFIX}{FOREIGN_NUMBER}")
    return _relabelled(replace(unit, sku="FOREIGN", gtin=gtin))


def _whole_pack(unit: Unit) -> Unit:
    gtin = pack_gtin(unit.gtin)
    label = barcode(Symbology.GS1_128, gtin, unit.lot, unit.expiry, None)
    return replace(unit, gtin=gtin, serial=None, weight_g=PACK_OF * unit.weight_g, barcode=label)


# ---- another label -----------------------------------------------------------------------------------


def _unlabelled(unit: Unit) -> Unit:
    return replace(unit, barcode=b"")


def _damaged_code(unit: Unit) -> Unit:
    wrong = Gtin(f"{unit.gtin[:-1]}{(int(unit.gtin[-1]) + 1) % 10}")
    return replace(unit, barcode=barcode(_symbology(unit), wrong, unit.lot, unit.expiry, unit.serial))


def _lost_separator(unit: Unit) -> Unit | None:
    if unit.demands.lot is None or unit.serial is None:
        return None
    label = barcode(_symbology(unit), unit.gtin, unit.lot, unit.expiry, unit.serial, separator="")
    return replace(unit, barcode=label)


def _two_labels(unit: Unit) -> Unit | None:
    if unit.expiry is None:
        return None
    older = barcode(_symbology(unit), unit.gtin, unit.lot, unit.expiry + SHORT_BY, unit.serial)
    return replace(unit, second_barcode=older)


_MAKERS: Mapping[Fault, Callable[[Unit], Unit | None]] = {
    Fault.WRONG_LOT: _wrong_lot,
    Fault.EXPIRED: _expired,
    Fault.SHORT_DATED: _short_dated,
    Fault.FOREIGN_ITEM: _foreign_item,
    Fault.WHOLE_PACK: _whole_pack,
    Fault.UNLABELLED: _unlabelled,
    Fault.DAMAGED_CODE: _damaged_code,
    Fault.LOST_SEPARATOR: _lost_separator,
    Fault.TWO_LABELS: _two_labels,
}
