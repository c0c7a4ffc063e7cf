"""Faults of the goods: what a picker brings to the scanner is not what it should be, or is not labelled so.

Each strikes when a picker grips a unit that it can happen to; which units those are is told by
`simulators.mistakes`. A unit that came to light so is never gripped again but by another fault.
"""

from typing import ClassVar, Literal

from simulators.faults.names import Fault
from simulators.faults.when import MACHINES, PEOPLE, SCANNERS, Armed, Moment


class Gripped(Armed):
    """What happens when a picker grips a unit, or a person takes one."""

    handshakes: ClassVar = MACHINES | PEOPLE
    families: ClassVar = frozenset({"picker"})
    moments: ClassVar = (Moment.GRIPS,)


class WrongItem(Gripped):
    """The picker grips a unit of another item out of the tote and reports success."""

    fault: Literal[Fault.WRONG_ITEM] = Fault.WRONG_ITEM


class SwappedLabel(Gripped):
    """The picker grips a unit of another item that carries the label of the one that was ordered.

    Every scan passes; only its weight can tell, where the item master has one and the two differ enough.
    """

    fault: Literal[Fault.SWAPPED_LABEL] = Fault.SWAPPED_LABEL


class ForeignItem(Gripped):
    """The picker grips a unit of an item that the site has never heard of; its code is a good one."""

    fault: Literal[Fault.FOREIGN_ITEM] = Fault.FOREIGN_ITEM


class WrongLot(Gripped):
    """The picker grips a unit of another lot, where the item's lines ask for one."""

    fault: Literal[Fault.WRONG_LOT] = Fault.WRONG_LOT


class Expired(Gripped):
    """The picker grips a unit that is past its last day."""

    fault: Literal[Fault.EXPIRED] = Fault.EXPIRED


class ShortDated(Gripped):
    """The picker grips a unit whose last day is earlier than the item's lines allow."""

    fault: Literal[Fault.SHORT_DATED] = Fault.SHORT_DATED


class DuplicateSerial(Gripped):
    """The picker grips a unit with the serial number of the one that it placed just before."""

    fault: Literal[Fault.DUPLICATE_SERIAL] = Fault.DUPLICATE_SERIAL


class WholePack(Gripped):
    """The picker grips a whole pack of the item, which is labelled as one."""

    fault: Literal[Fault.WHOLE_PACK] = Fault.WHOLE_PACK


class OverPick(Gripped):
    """A second unit of the item clings to the one that is gripped, and goes wherever that goes.

    A person sees it.
    """

    handshakes: ClassVar = MACHINES
    fault: Literal[Fault.OVER_PICK] = Fault.OVER_PICK


class Unlabelled(Gripped):
    """The picker grips a unit that has lost its label."""

    fault: Literal[Fault.UNLABELLED] = Fault.UNLABELLED


class DamagedCode(Gripped):
    """The picker grips a unit whose code has a check digit that does not fit."""

    fault: Literal[Fault.DAMAGED_CODE] = Fault.DAMAGED_CODE


class LostSeparator(Gripped):
    """The picker grips a unit whose code lacks the separator behind the lot, where lines ask for the lot."""

    fault: Literal[Fault.LOST_SEPARATOR] = Fault.LOST_SEPARATOR


class TwoLabels(Gripped):
    """The picker grips a unit with an older label beside its own; the scanner reads both at once.

    Both name the item, with different last days. Only a profile with a `separator` can tell them apart. A
    person holds one of them before the handheld.
    """

    handshakes: ClassVar = MACHINES
    fault: Literal[Fault.TWO_LABELS] = Fault.TWO_LABELS


class WrongTote(Armed):
    """The tote in front of a scanner wears the label of another tote, now and later."""

    fault: Literal[Fault.WRONG_TOTE] = Fault.WRONG_TOTE
    handshakes: ClassVar = SCANNERS
    families: ClassVar = frozenset({"scanner"})
    moments: ClassVar = (Moment.READS,)
