"""How long the machines take, as measured: the last cycles of each device and verb, by the agent's clock.

A cycle runs from the order to the report of its end, so that wire, commit and the device's own waiting are in
it. The median of the last few follows a machine that gets slower, and one command that hung moves it little.
"""

from statistics import median

from edge_agent.core.state import DeviceState, State
from edge_agent.domain.command import Command, Order, Pick, Place, PutBack, Retrieve, Store, Transfer
from edge_agent.domain.ids import DeviceId

KEPT = 9
"""Cycles of one device and verb that are remembered."""
_TRUSTED = 3
"""Until so many are measured, the site's value stands in for those that lack."""

SCAN, WEIGH = "scan", "weigh"
VERBS: dict[type[Order], str] = {
    Retrieve: "retrieve",
    Store: "store",
    Transfer: "transfer",
    Pick: "pick",
    Place: "place",
    PutBack: "put_back",
}
"""The names that the site's `cycle_times` have, without their unit."""


def measure(device: DeviceState, verb: str, seconds: float) -> None:
    """One more cycle was seen to its end."""
    device.cycles[verb] = (*device.cycles.get(verb, ()), round(seconds, 3))[-KEPT:]


def measure_command(state: State, command: Command, seconds: float) -> None:
    """A command was done. One whose load may have waited for room says nothing of the machine."""
    order = command.order
    stations = state.plant.site.stations.values()
    if isinstance(order, Transfer) and any(order.destination == one.tote_point for one in stations):
        return
    measure(state.devices[command.device_id], VERBS[type(order)], seconds)


def cycle_s(state: State, device_id: DeviceId, verb: str) -> float:
    """What a cycle takes, in seconds: as measured, at first as the site file says."""
    measured = state.devices[device_id].cycles.get(verb, ())
    lacking = _TRUSTED - len(measured)
    if lacking <= 0:
        return median(measured)
    start_s: float = getattr(state.plant.site.cycle_times, f"{verb}_s")
    return median((*measured, *[start_s] * lacking))
