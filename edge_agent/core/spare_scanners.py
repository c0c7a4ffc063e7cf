"""Which of the scanners that look at the same place reads (step `other_scanner`)."""

from edge_agent.core.patience import down_for
from edge_agent.core.state import State
from edge_agent.core.wait import held_by_person
from edge_agent.domain.decision import DeviceHold
from edge_agent.domain.device import Mode
from edge_agent.domain.events import ExceptionKind, ScanTarget
from edge_agent.domain.ids import DeviceId, StationId
from edge_agent.domain.time import Instant


def spare_of(state: State, station_id: StationId, scanner: DeviceId, target: ScanTarget) -> DeviceId | None:
    """The scanner that can read instead of this one now; None where there is none, or it is the spare."""
    spare = state.plant.site.stations[station_id].spare_of(scanner)
    kind = ExceptionKind.TOTE_UNIDENTIFIED if target is ScanTarget.TOTE else ExceptionKind.NO_READ
    if spare is None or "other_scanner" not in state.plant.site.exceptions.steps(kind):
        return None
    usable = state.devices[spare].status.mode is Mode.READY and DeviceHold(spare) not in state.holds
    return spare if usable else None


def in_use(
    state: State, station_id: StationId, scanner: DeviceId, target: ScanTarget, now: Instant
) -> DeviceId:
    """The scanner itself, or its spare where a person holds it or it has not been ready for long."""
    wait_s = state.plant.site.policies.scanner_wait_s
    out = held_by_person(state, DeviceHold(scanner), scanner) or down_for(state, scanner, wait_s, now)
    return (spare_of(state, station_id, scanner, target) if out else None) or scanner
