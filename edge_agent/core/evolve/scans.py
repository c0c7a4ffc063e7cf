"""The end of a scan that was good."""

from edge_agent.core.cycles import SCAN, WEIGH, measure
from edge_agent.core.state import State
from edge_agent.domain.events import ScanTarget
from edge_agent.domain.ids import StationId


def end_scan(state: State, station_id: StationId, clock_s: float) -> None:
    """Nothing is waited for any more; how long it took counts as a cycle of the scanner."""
    station = state.stations[station_id]
    if station.scan is not None:
        weighs = station.scan.target in (ScanTarget.WEIGHT, ScanTarget.CONTAINER_WEIGHT)
        verb = WEIGH if weighs else SCAN
        measure(state.devices[station.scan.scanner], verb, clock_s - station.scan.requested_s)
    station.scan = None
