"""What lies on each scale of a site, by the ground truth."""

import random

from edge_agent.domain.ids import DeviceId, Lpn, PointId
from edge_agent.domain.site import Site
from simulators.scale import Load, View
from simulators.world import World, at_point

EMPTY_G = 1500.0
SPREAD_G = 60.0
"""How far empty containers differ from that, either way."""


def pans_of(site: Site, world: World) -> dict[DeviceId, View]:
    """For every scale of the stations, what lies on it."""
    pans: dict[DeviceId, View] = {}
    for station in site.stations.values():
        if station.scale is not None:
            pans[station.scale] = _gripper(world, station.picker)
        for position in station.put_positions:
            if position.scale is not None:
                pans[position.scale] = _put_position(world, position.point)
    return pans


def _gripper(world: World, picker: DeviceId) -> View:
    def look() -> Load:
        units = world.all_held_by(picker)
        return Load(sum(unit.weight_g for unit in units), {"units": [unit.unit_id for unit in units]})

    return look


def _put_position(world: World, point: PointId) -> View:
    def look() -> Load:
        loads = world.loads_at(at_point(point))
        return Load(sum(_filled_g(world, load) for load in loads), {"loads": list(loads)})

    return look


def _filled_g(world: World, load: Lpn) -> float:
    empty_g = random.Random(load).uniform(EMPTY_G - SPREAD_G, EMPTY_G + SPREAD_G)
    return round(empty_g + sum(unit.weight_g for unit in world.units_in(load)), 1)
