"""The end of a scan that was good, and what a person is asked next."""

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
    drop_scan(state, station_id, clock_s)


def drop_scan(state: State, station_id: StationId, clock_s: float) -> None:
    """What was waited for is not needed any more."""
    station = state.stations[station_id]
    station.scan = station.rejection = None
    ask_anew(state, station_id, clock_s)


def ask_anew(state: State, station_id: StationId, clock_s: float) -> None:
    """From now on something else is asked at the station: an answer to what was asked before is late."""
    station = state.stations[station_id]
    station.step += 1
    station.since_s = clock_s
