"""How often the journal is tidied."""

import pytest

from edge_agent.adapters.clock import SystemClock
from edge_agent.adapters.memory_journal import MemoryJournal
from edge_agent.runtime.housekeeping import Housekeeping


@pytest.mark.parametrize(("keep_days", "every_s"), [(30, 3600), (1 / 24, 900), (0.0001, 10)])
def test_it_looks_four_times_in_what_is_kept_hourly_at_least_and_never_in_a_rush(
    keep_days: float, every_s: float
) -> None:
    keeping = Housekeeping(MemoryJournal(), SystemClock(), keep_days, ())
    assert keeping._interval_s == pytest.approx(every_s)


async def test_memory_that_nobody_uses_is_given_back_after_every_look() -> None:
    given: list[str] = []
    keeping = Housekeeping(MemoryJournal(), SystemClock(), 30, (), lambda: given.append("back"))
    await keeping.once()
    await keeping.once()
    assert given == ["back", "back"]
