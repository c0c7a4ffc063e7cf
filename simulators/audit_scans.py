"""Scans: was every unit that was confirmed really read as confirmed, and how soon did the OMS hear of it?"""

from bisect import bisect_right
from typing import NamedTuple

from simulators.audit_findings import FindingKind, Findings, Identity
from simulators.audit_oms import OmsLedger, Told
from simulators.audit_records import Grip, Reading
from simulators.audit_units import fits
from simulators.audit_world import WorldBook

CLOCKS_S = 0.02
"""How far the clocks of agent and simulators may be apart. A scan is written down just before it is sent; the
next unit comes at least one pick later."""


class Lag(NamedTuple):
    """How long something took. `t` is when it ended, Unix seconds."""

    t: float
    seconds: float


class ScanCheck:
    """Joins what the agent said of units with what scanners had read, by scanner and time.

    After `run`, `lags` holds the time from each scan to the arrival of its `unit_verified`, and
    `false_rejects` counts the units that were right, read, and rejected all the same.
    """

    def __init__(self, oms: OmsLedger, world: WorldBook, findings: Findings) -> None:
        self._oms = oms
        self._world = world
        self._findings = findings
        self._verified: set[int] = set()
        self.lags: list[Lag] = []
        self.false_rejects = 0

    def run(self) -> None:
        for told in self._oms.told:
            if told.name == "unit_verified":
                self._check_verified(told)
            elif told.name == "unit_rejected" and told.data["target"] == "item":
                self.false_rejects += self._is_false_reject(told)
        for grip in self._world.placed:
            if id(grip) not in self._verified and not grip.contested:
                text = f"unit {grip.unit.unit} is in {grip.container} and no unit_verified tells of it"
                self._findings.add(FindingKind.MISSING, text)

    def _check_verified(self, told: Told) -> None:
        data = told.data
        reading = self._reading_before(told)
        if reading is None and self._world.read_no_unit(data["scanner"], told.decided_t + CLOCKS_S):
            return  # a label that was on nothing in hand; what came of it is told by what was placed
        if reading is None:
            self._wrong(f"{told} tells of a unit {Identity.of(data)} that {data['scanner']} had not read")
            return
        grip = reading.grip
        self._verified.add(id(grip))
        self.lags.append(Lag(told.t, told.t - reading.t))
        if Identity.of(data) != grip.unit.identity and not grip.contested:
            told_as, really = Identity.of(data), grip.unit.identity
            self._wrong(f"{told} tells of a unit {told_as}; {data['scanner']} had read {really}")
        owner = self._oms.container_of.get(grip.container) if grip.container else None
        if grip.container and owner != data["task_id"]:
            text = (
                f"{told} tells of unit {grip.unit.unit} for task {data['task_id']}; it was placed for {owner}"
            )
            self._wrong(text)

    def _is_false_reject(self, told: Told) -> bool:
        reading = self._reading_before(told)
        data = told.data
        if reading is None or data["task_id"] not in self._oms.stories:
            return False
        line = self._oms.lines(data["task_id"]).get(data["line_id"])
        grip = reading.grip
        if line is None or not grip.is_alone or self._world.mistakes.is_mistake(grip.unit.unit, reading.t):
            return False
        return fits(line, grip.unit.identity) and fits(line, grip.unit.labelled)

    def _reading_before(self, told: Told) -> Reading | None:
        """The last reading of that scanner, if its unit was still in the gripper when the agent decided."""
        readings = self._world.readings.get(told.data["scanner"], [])
        place = bisect_right(readings, told.decided_t + CLOCKS_S, key=lambda reading: reading.t)
        if place == 0:
            return None
        reading = readings[place - 1]
        return reading if _in_hand(reading.grip, told.decided_t) else None

    def _wrong(self, text: str) -> None:
        self._findings.add(FindingKind.WRONG, text)


def _in_hand(grip: Grip, t: float) -> bool:
    return grip.ended_t is None or t - CLOCKS_S <= grip.ended_t


def first_command_lags(oms: OmsLedger, world: WorldBook) -> list[Lag]:
    """From each task's submission to the first command that moves one of its loads.

    Only tasks count that were started by the same decision that accepted them: the others waited for a free
    station, and their waiting is not the agent's.
    """
    ordered_at: dict[str, list[float]] = {}
    for record in world.commands.values():
        if (load := record.arguments.get("load")) is not None:
            ordered_at.setdefault(load, []).append(record.accepted_t)
    samples = []
    for story in oms.stories.values():
        accepted, started = story.first("task_accepted"), story.first("task_started")
        if accepted is None or started is None or accepted.decided_t != started.decided_t:
            continue
        task = oms.task(story.task_id)
        sources = (source["container_id"] for line in task["lines"] for source in line["sources"])
        times = (
            t for load in (task["destination"]["container_id"], *sources) for t in ordered_at.get(load, ())
        )
        first_t = min((t for t in times if t >= story.submitted_t), default=None)
        if first_t is not None:
            samples.append(Lag(first_t, first_t - story.submitted_t))
    return samples
