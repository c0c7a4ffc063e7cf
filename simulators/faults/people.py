"""Slips of the person at an operator's station: what the prompt asks for, done wrongly or not at all.

What people take out of a tote by mistake is in `simulators.faults.mistakes`: it strikes them as it strikes a
machine's gripper.
"""

from typing import ClassVar, Literal

from pydantic import PositiveFloat

from simulators.faults.names import Fault
from simulators.faults.when import PEOPLE, Armed, Moment


class OfPerson(Armed):
    """What happens to the person who picks."""

    handshakes: ClassVar = PEOPLE
    families: ClassVar = frozenset({"picker"})
    moments: ClassVar = (Moment.ACTS,)


class OtherScanned(OfPerson):
    """The person takes a unit of another item and scans the label of the right one.

    Every scan passes, and nothing is weighed: nobody can tell.
    """

    fault: Literal[Fault.OTHER_SCANNED] = Fault.OTHER_SCANNED
    moments: ClassVar = (Moment.GRIPS,)


class ScannedTwice(OfPerson):
    """The person pulls the trigger twice: the same code comes again after `pause_s` simulated seconds."""

    fault: Literal[Fault.SCANNED_TWICE] = Fault.SCANNED_TWICE
    pause_s: PositiveFloat = 1.5


class OldCode(OfPerson):
    """The person scans what they scanned before, and then what is asked for."""

    fault: Literal[Fault.OLD_CODE] = Fault.OLD_CODE


class OtherTote(OfPerson):
    """The person scans the label of another tote, and then that of the one that stands there."""

    fault: Literal[Fault.OTHER_TOTE] = Fault.OTHER_TOTE


class OtherContainer(OfPerson):
    """The person goes to another order container of the station and scans that, and then the right one."""

    fault: Literal[Fault.OTHER_CONTAINER] = Fault.OTHER_CONTAINER


class NotThere(OfPerson):
    """The person says that the item is not in the tote, and it is."""

    fault: Literal[Fault.NOT_THERE] = Fault.NOT_THERE


class Away(OfPerson):
    """The person walks away for `duration_s` simulated seconds, and then does what was asked."""

    fault: Literal[Fault.AWAY] = Fault.AWAY
    duration_s: PositiveFloat = 60.0
