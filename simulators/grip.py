"""How units come out of a tote, right or by mistake: an arm's gripper or a person's hand."""

import random
from collections.abc import Mapping, Sequence

from edge_agent.domain.command import Pick
from edge_agent.domain.ids import DeviceId, Lpn, PointId
from simulators.catalogue import Unit
from simulators.faults import DeviceFaults, Fault, Moment
from simulators.item_master import tells_apart
from simulators.ledger import Record
from simulators.mistakes import mistaken
from simulators.world import Cause, World


class Grip:
    """Takes one unit at a time, and lets it go. It reads no labels: which unit it has it does not know."""

    def __init__(
        self,
        device_id: DeviceId,
        world: World,
        faults: DeviceFaults,
        *,
        seed: int,
        record: Record,
        weighed: bool,
        blur_g: float = 0.0,
    ) -> None:
        """`weighed`: what it holds is weighed before it counts, and the agent has an item master with
        weights; the scale may be off by `blur_g`."""
        self._world = world
        self._faults = faults
        self._random = random.Random(f"{seed}/{device_id}/grip")
        self._record = record
        self._weighed = weighed
        self._blur_g = blur_g
        self._placed: Unit | None = None
        """The last one."""
        self._shown: dict[str, Unit] = {}
        """Whose label is scanned instead of a unit's own, by its id."""

    def take(self, order: Pick, cause: Cause) -> Unit | None:
        """Grip a unit of the item that is ordered, or by mistake another; None where there is none."""
        content = [unit for unit in self._world.units_in(order.tote) if not unit.stray]
        right = [unit for unit in content if unit.gtin == order.gtin]
        if not right:
            return None
        unit = self._random.choice(right)
        clinging: Unit | None = None
        if (mistake := self._mistake(order, unit, content, cause)) is not None:
            fault, other = mistake
            unit, clinging = (unit, other) if fault is Fault.OVER_PICK else (other, None)
        self._world.grip(unit.unit_id, order.tote, order.point, cause)
        if clinging is not None:
            self._world.grip(clinging.unit_id, order.tote, order.point, cause, clings=True)
        return unit

    def shown_for(self, unit: Unit) -> Unit:
        """The unit whose label a person scans for the one in hand: as a rule that one's own."""
        return self._shown.get(unit.unit_id, unit)

    def put_back(self, tote: Lpn, point: PointId, cause: Cause) -> Unit:
        """Let go of it over its tote."""
        unit = self._world.put_back(tote, point, cause)
        self._shown.pop(unit.unit_id, None)
        return unit

    def place(self, container: Lpn, point: PointId, cause: Cause) -> Unit:
        """Let go of it over an order container."""
        self._placed = self._world.place(container, point, cause)
        return self._placed

    # ---- inside --------------------------------------------------------------------------------------

    def _mistake(
        self, order: Pick, unit: Unit, content: Sequence[Unit], cause: Cause
    ) -> tuple[Fault, Unit] | None:
        """The fault that strikes the grip for a unit, and the other unit that it brings up."""
        others = self._others(unit, content, cause)
        struck = self._faults.strike(Moment.GRIPS, cause.command, "pick", others.keys())
        if not struck:
            return None
        fault = struck[0].fault
        other = others[fault]
        if other.stray:
            self._world.find(other, cause)
        facts: dict[str, object] = {
            "unit": other.unit_id,
            "gtin": other.gtin,
            "ordered_gtin": order.gtin,
        }
        if fault is Fault.SWAPPED_LABEL:
            facts |= self._relabel(other, unit)
        elif fault is Fault.OTHER_SCANNED:
            self._shown[other.unit_id] = unit
            facts |= {"label": _identity(unit, unit.serial), "detectable": False}
        self._record("fault", {"fault": fault, **cause.facts(), **facts})
        return fault, other

    def _others(self, unit: Unit, content: Sequence[Unit], cause: Cause) -> Mapping[Fault, Unit]:
        """What may come up by mistake instead of a unit, or with it.

        A unit with another item's label brings its own mistake: nothing more goes wrong with it.
        """
        if not unit.wears_its_own_label:
            return {}
        before = self._placed
        is_same = before is not None and (before.gtin, before.tote) == (unit.gtin, unit.tote)
        others = mistaken(unit, f"{unit.unit_id}-{cause.command}", before if is_same else None)
        if wrong := [one for one in content if one.gtin != unit.gtin and one.wears_its_own_label]:
            others[Fault.WRONG_ITEM] = others[Fault.SWAPPED_LABEL] = self._random.choice(wrong)
            if unit.serial is None:  # else that number would be told, and later be the right unit's again
                others[Fault.OTHER_SCANNED] = others[Fault.WRONG_ITEM]
        if more := [other for other in content if other.gtin == unit.gtin and other is not unit]:
            others[Fault.OVER_PICK] = self._random.choice(more)
        return others

    def _relabel(self, unit: Unit, like: Unit) -> dict[str, object]:
        """Somebody has stuck the label of another item onto a unit; what stands on it."""
        serial = like.serial and f"X{unit.unit_id[1:]:0>{len(like.serial) - 1}}"
        barcode = like.barcode
        if like.serial and serial:
            barcode = barcode.replace(like.serial.encode(), serial.encode())
        self._world.relabel_unit(unit.unit_id, barcode)
        detectable = self._weighed and tells_apart(unit.weight_g, like.item_weight_g, self._blur_g)
        return {"label": _identity(like, serial), "detectable": detectable}


def _identity(unit: Unit, serial: str | None) -> dict[str, object]:
    """What a label says, for the ledger."""
    expiry = unit.expiry.isoformat() if unit.expiry else None
    return {"gtin": unit.gtin, "lot": unit.lot, "expiry": expiry, "serial": serial}
