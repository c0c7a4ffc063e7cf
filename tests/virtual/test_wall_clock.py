"""The same story twice, once with a wall clock that jumps: the same run, but for its time stamps."""

from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.fake import Loss
from edge_agent.domain import events as ev
from edge_agent.domain.device import Mode
from tests.core.agent import CUP, MUG, PEN, a_line, a_task, demo_site
from tests.core.floor import Floor
from tests.virtual.warehouse import Warehouse

GTINS = (MUG, PEN, CUP)
STOCK = {number: [GTINS[number % 3]] * 6 for number in range(1, 5)}
MACHINES = ("asrs-1", "asrs-2", "conveyor-1", "picker-1", "picker-2")

happenings = st.one_of(
    st.tuples(st.just("task"), st.integers(1, 4)),
    st.tuples(st.just("break"), st.sampled_from(MACHINES)),
    st.tuples(st.just("lose"), st.sampled_from(MACHINES)),
    st.tuples(st.just("stop"), st.sampled_from(MACHINES)),
    st.tuples(st.just("no read"), st.integers(1, 3)),
    st.tuples(st.just("restart"), st.just(0)),
)
jumps = st.sampled_from((3600.0, -86_400.0, 0.5, -0.5, 30.0, -1e9, 1e9))
Happening = tuple[str, Any]


def run(story: Sequence[tuple[Happening, int]], steps_s: Sequence[float], seed: int) -> list[tuple[Any, ...]]:
    """The journal of a story: each happening is followed by a step of the wall clock and some seconds."""
    site = demo_site()
    warehouse = Warehouse(site, Floor.stocked(site, STOCK), seed)
    try:
        warehouse.live(2)
        for number, ((happening, seconds), step_s) in enumerate(zip(story, steps_s, strict=True), 1):
            _happen(warehouse, happening, number)
            warehouse.clock.step += timedelta(seconds=step_s)
            warehouse.live(seconds)
        warehouse.settle()
        return [
            (recorded.sequence, recorded.clock_s, _timeless(recorded.event), recorded.confirmation)
            for recorded in warehouse.records()
        ]
    finally:
        warehouse.close()


def _happen(warehouse: Warehouse, happening: Happening, number: int) -> None:
    match happening:
        case ("task", tote):
            warehouse.submit(a_task(f"T-{number}", a_line("1", GTINS[tote % 3], 2, (tote,)), box=number))
        case ("no read", times):
            warehouse.no_reads = times
        case ("restart", _):
            warehouse.restart()
        case (what, name):
            wire = warehouse.machines[name].wire
            if what == "break":
                wire.lose_next(Loss.AFTER_TAKEN)
            elif what == "lose":
                wire.drop_link()
            else:
                wire.show(Mode.HELD)
                warehouse.live(3)
                wire.show(Mode.READY)


def _timeless(event: ev.Event) -> ev.Event:
    """The event without its time stamps; the number that only the first start of a journal uses is one."""
    stamps = [f.name for f in fields(event) if isinstance(getattr(event, f.name), datetime)]
    if isinstance(event, ev.AgentStarted):
        stamps.append("first_command")
    return replace(event, **dict.fromkeys(stamps))


@settings(max_examples=15, deadline=None)
@given(
    story=st.lists(st.tuples(happenings, st.integers(1, 60)), min_size=3, max_size=10),
    data=st.data(),
    seed=st.integers(0, 1000),
)
def test_a_wall_clock_that_jumps_changes_nothing_but_time_stamps(
    story: list[tuple[Happening, int]], data: st.DataObject, seed: int
) -> None:
    steps_s = data.draw(st.lists(jumps, min_size=len(story), max_size=len(story)))
    assert run(story, steps_s, seed) == run(story, [0.0] * len(story), seed)
