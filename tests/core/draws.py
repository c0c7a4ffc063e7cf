"""What a day is drawn from: orders, stock, codes, weights."""

from enum import StrEnum

from hypothesis import strategies as st

from edge_agent.core.lifecycle import TaskStatus, TripStatus, UnitPhase
from edge_agent.core.weighing import WEIGHT_TARGETS
from edge_agent.domain import events as ev
from edge_agent.domain.device import NoWeight
from tests.core.agent import GTINS, a_line, a_task
from tests.core.floor import UNIT_G

TOTES = range(1, 6)
STAGES: tuple[StrEnum, ...] = (
    *(TripStatus.PLANNED, TripStatus.AT_OUTFEED, TripStatus.RELEASED, TripStatus.AT_INFEED),
    *(TaskStatus.STARTED, TaskStatus.FILLED),
    *(UnitPhase.PICKING, UnitPhase.VERIFIED),
    *(*[UnitPhase.CLEARED] * 3, UnitPhase.REJECTED),
)
"""In which something waits for the end of a command."""

JUNK = (b"", b"]", b"]E0", b"\xff\x00", b"]E04006381333930", b"]C1" + b"01" * 30, b"not a code")

gtins = st.sampled_from(GTINS)
few = st.integers(1, 3)
kinds = st.sampled_from((ev.ScanTarget.TOTE, ev.ScanTarget.ITEM, ev.ScanTarget.CONTAINER))
weights = st.sampled_from(tuple(WEIGHT_TARGETS))
sources = st.lists(st.sampled_from(TOTES), min_size=1, max_size=2, unique=True)
lines = st.lists(st.tuples(gtins, few, sources), min_size=1, max_size=3)
orders = st.builds(
    lambda lines, partial, priority: a_task(
        "T-0",
        *(a_line(str(number), *line) for number, line in enumerate(lines, 1)),
        partial=partial,
        priority=priority,
    ),
    lines,
    st.booleans(),
    st.sampled_from((10, 50, 90)),
)
stocks = st.fixed_dictionaries({number: st.lists(gtins, min_size=1, max_size=5) for number in TOTES})
answers = st.sampled_from((*NoWeight, -1.0, 0.0, UNIT_G / 2, 2.0 * UNIT_G, 1e9))
"""What a scale may say that is not the weight of what lies on it."""
