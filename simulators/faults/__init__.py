"""What goes wrong in the simulated warehouse: the catalogue, when each fault strikes, and scenarios of them.

Each fault is described for people in docs/reference/faults.md. To add one: a class in `catalogue`, its effect
in `simulators.injector` (or where in the physics it happens), a section there.
"""

from simulators.faults.catalogue import AnyFault
from simulators.faults.names import Fault
from simulators.faults.source import LEFT_OVER, DeviceFaults, FaultSource, Occasion, Target
from simulators.faults.when import Moment

__all__ = [
    "LEFT_OVER",
    "AnyFault",
    "DeviceFaults",
    "Fault",
    "FaultSource",
    "Moment",
    "Occasion",
    "Target",
]
