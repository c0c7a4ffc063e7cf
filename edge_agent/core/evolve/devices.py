"""What the agent knows of itself and its devices."""

from edge_agent.core.evolve.dispatch import apply
from edge_agent.core.state import (
    State,
)
from edge_agent.domain import events as ev
from edge_agent.domain.device import Mode


@apply.register
def _(event: ev.AgentStarted, state: State, clock_s: float) -> None:
    if not state.next_command:
        state.next_command = event.first_command
    state.draining = False
    for device in state.devices.values():
        device.status = type(device.status)(Mode.DISCONNECTED, device.status.epoch)
        device.down_since_s = clock_s


@apply.register
def _(event: ev.CatalogueReplaced, state: State, _clock_s: float) -> None:
    state.catalogue = event.catalogue


@apply.register
def _(event: ev.DiskChanged, state: State, _clock_s: float) -> None:
    state.disk_low = event.low


@apply.register
def _(event: ev.ClockChanged, state: State, _clock_s: float) -> None:
    state.clock = event.sync


@apply.register
def _(event: ev.DrainChanged, state: State, _clock_s: float) -> None:
    state.draining = event.draining


@apply.register
def _(event: ev.DeviceChanged, state: State, clock_s: float) -> None:
    device = state.devices.get(event.device_id)
    if device is not None:  # a device that has left the site file still stands in old journals
        device.status, device.since = event.status, event.at
        if event.status.mode is Mode.READY:
            device.down_since_s = None
        elif device.down_since_s is None:
            device.down_since_s = clock_s
