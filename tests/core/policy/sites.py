"""Sites with what the demo's has not: spare scanners, lanes that stand in for each other, short patience."""

from collections.abc import Mapping

from edge_agent.domain.ids import DeviceId, LaneId, StationId
from edge_agent.domain.site import Lane, Site
from tests.core.agent import a_site

SHIP, EXPRESS = LaneId("ship-1"), LaneId("express-1")
SPARE_ITEM, SPARE_TOTE = DeviceId("st1-item-scan-2"), DeviceId("st1-tote-scan-2")


def with_spares(site: Site) -> Site:
    """The site with a second scanner at the gripper and at the tote point of its first station."""
    st1, profiled = StationId("st1"), site.devices[DeviceId("st1-item-scan")]
    station = site.stations[st1].model_copy(
        update={"spare_item_scanner": SPARE_ITEM, "spare_tote_scanner": SPARE_TOTE}
    )
    return site.model_copy(
        update={
            "devices": {**site.devices, SPARE_ITEM: profiled, SPARE_TOTE: profiled},
            "stations": {**site.stations, st1: station},
        }
    )


def patient(*stations: str, wait_s: float = 10.0, exceptions: Mapping[str, object] | None = None) -> Site:
    """A site that waits so long for a device, a held lane and a station."""
    waits = {kind: {"wait_s": wait_s} for kind in ("device_down", "lane_blocked", "station_down")}
    return a_site(*stations, exceptions={**waits, **(exceptions or {})})


def with_another_lane(site: Site) -> Site:
    """The site whose shipping lane has the express lane to stand in for it."""
    ship = Lane(point=site.lanes[SHIP].point, instead=(EXPRESS,))
    return site.model_copy(update={"lanes": {**site.lanes, SHIP: ship}})
