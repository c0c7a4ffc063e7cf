"""Scales on the demo's floor: a site that has them, and an item master that knows weights."""

from edge_agent.domain.ids import DeviceId
from edge_agent.domain.item import Catalogue, Item, Weight
from edge_agent.domain.site import DeviceSettings, Site
from tests.core.agent import CUP, MUG, PEN
from tests.core.floor import UNIT_G

WEIGHTS = Catalogue(
    1,
    (
        Item(MUG, "MUG", weight=Weight(UNIT_G, 5)),
        Item(PEN, "PEN", weight=Weight(UNIT_G, 5)),
        Item(CUP, "CUP"),
    ),
)
"""Nobody knows what a cup weighs."""


def with_scales(site: Site, *, of_units: bool = True) -> Site:
    """Both stations weigh each unit, unless told otherwise; the second one, whose containers are read, weighs
    these too."""
    stations = {
        name: station.model_copy(
            update={
                "scale": DeviceId(f"{name}-scale") if of_units else None,
                "put_positions": tuple(
                    position.model_copy(update={"scale": DeviceId(f"{position.point}-scale")})
                    if position.scanner
                    else position
                    for position in station.put_positions
                ),
            }
        )
        for name, station in site.stations.items()
    }
    names = [station.scale for station in stations.values()]
    names += [position.scale for station in stations.values() for position in station.put_positions]
    scales = {
        name: DeviceSettings(profile="scale-sics", address=f"tcp://127.0.0.1:{19100 + number}")
        for number, name in enumerate(filter(None, names))
    }
    return site.model_copy(update={"stations": stations, "devices": {**site.devices, **scales}})
