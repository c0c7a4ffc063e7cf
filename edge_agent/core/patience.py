"""How long the machine waits for what is down or held before it takes another way."""

from collections.abc import Iterator

from edge_agent.core.state import State
from edge_agent.domain.decision import DeviceHold, HoldSubject, LaneHold, StationHold
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.site import Site
from edge_agent.domain.time import Instant


def down_for(state: State, device_id: DeviceId, wait_s: float, now: Instant) -> bool:
    """Whether a device has not been ready for so long."""
    since_s = state.devices[device_id].down_since_s
    return since_s is not None and since_s + wait_s <= now.clock_s


def held_for(state: State, subject: HoldSubject, wait_s: float, now: Instant) -> bool:
    """Whether a person has held it for so long."""
    hold = state.holds.get(subject)
    return hold is not None and hold.since_s + wait_s <= now.clock_s


def device_wait_s(site: Site) -> float:
    """How long a device may be down before somebody is told."""
    policy = site.exceptions.device_down
    return policy.wait_s if "wait_for_device" in policy.steps else 0.0


def moments(state: State) -> Iterator[float]:
    """When one of these waits is over, on the agent's clock; some lie in the past."""
    site = state.plant.site
    for device_id, device in state.devices.items():
        if device.down_since_s is not None:
            yield from (device.down_since_s + wait_s for wait_s in _waits_s(site, device_id))
    for subject, hold in state.holds.items():
        match subject:
            case StationHold() | DeviceHold():
                yield hold.since_s + site.exceptions.station_down.wait_s
            case LaneHold():
                yield hold.since_s + site.exceptions.lane_blocked.wait_s


def _waits_s(site: Site, device_id: DeviceId) -> Iterator[float]:
    """How long something waits for this device before it takes another way, or is told of."""
    yield device_wait_s(site)
    for station in site.stations.values():
        if station.picker == device_id:
            yield site.exceptions.station_down.wait_s
        if station.spare_of(device_id) is not None:
            yield site.policies.scanner_wait_s
