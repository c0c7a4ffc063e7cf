"""Whether a scan is only the one before, once more: a scanner that still sees its label sends it again."""

from collections.abc import Sequence

from edge_agent.core.state import ScanStep, State
from edge_agent.core.verification.barcode import ItemCode, read_item
from edge_agent.core.verification.reads import reread
from edge_agent.core.verification.verdicts import Rejected
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.time import Instant


def seen_again(
    state: State, scanner: DeviceId, codes: Sequence[bytes], step: ScanStep | None, now: Instant
) -> Rejected | None:
    """V14, or V12 for a code with a serial number; None: a scan to be judged, be it for a step or for none.

    What a trigger has asked for since is no re-read, be it the same code: the next unit of the same item.
    """
    known = state.devices.get(scanner)
    last = known.read if known is not None else None
    if last is None or not codes:
        return None
    triggered = step is not None and step.deadline_s is not None and scanner not in state.plant.untriggered
    if step is not None and triggered and step.requested_s >= last.at_s:
        return None
    if reread(last, codes, now.clock_s, serial=False) is None:
        return None
    aim, today = state.plant.aim.get(scanner, True), now.utc.date()
    readings = (read_item(code, state.plant.labels, aim=aim, today=today) for code in codes)
    serial = any(isinstance(reading, ItemCode) and reading.serial is not None for reading in readings)
    return reread(last, codes, now.clock_s, serial=serial)
