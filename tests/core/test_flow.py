"""The way of a task from intake to lane: what is ordered, in which order, and what gates it."""

from datetime import timedelta

import pytest

from edge_agent.core.wait import WaitCode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.events import ScanTarget
from edge_agent.domain.ids import Lpn
from tests.core.agent import CUP, MUG, PEN, T0, Agent, a_line, a_site, a_task, an_agent, ean, label
from tests.core.floor import tote


def codes(agent: Agent, task_id: str = "T-1") -> set[WaitCode]:
    return {wait.code for wait in agent.why(task_id)}


def results(agent: Agent, task_id: str = "T-1") -> list[tuple[int, int, int, int]]:
    ends = [e for e in agent.events if isinstance(e, ev.TaskCompleted | ev.TaskCancelled)]
    (end,) = (e for e in ends if e.task_id == task_id)
    return [(line.ordered, line.picked, line.short, line.cancelled) for line in end.lines]


# ---- the right way -----------------------------------------------------------------------------------


def test_a_task_is_picked_scanned_and_leaves_by_its_lane() -> None:
    agent = an_agent({1: [MUG] * 3, 2: [PEN]})
    agent.submit(a_task("T-1", a_line("1", MUG, 2, (1,)), a_line("2", PEN, 1, (2,))))
    agent.run()
    assert results(agent) == [(2, 2, 0, 0), (1, 1, 0, 0)]
    assert agent.state.tasks == agent.state.trips == agent.state.commands == {}
    last = [c for c in agent.of(ev.CommandOrdered) if isinstance(c.command.purpose, cmd.ForContainer)][-1]
    assert isinstance(last.command.order, cmd.Transfer)
    assert last.command.order.destination == "ship-1"
    assert agent.floor.placed[Lpn("OC-0001")] == {MUG: 2, PEN: 1}


def test_a_unit_is_placed_only_after_its_scan_has_passed() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run_to(ev.UnitGripped)
    assert agent.scan_steps(ScanTarget.ITEM)
    assert not [c for c in agent.open_commands() if isinstance(c.order, cmd.Place)]
    agent.read()
    assert agent.command(cmd.Place)


def test_a_put_position_with_a_scanner_is_read_before_the_unit_is_placed() -> None:
    agent = an_agent(site=a_site("st2"))
    agent.submit(a_task())
    agent.run_to(ev.UnitVerified)
    assert agent.scan_steps(ScanTarget.CONTAINER)
    assert not [c for c in agent.open_commands() if isinstance(c.order, cmd.Place)]
    agent.read()
    assert agent.command(cmd.Place)


def test_lines_that_share_a_tote_and_a_station_share_the_trip() -> None:
    agent = an_agent({1: [MUG, MUG, PEN]}, site=a_site("st1"))
    agent.submit(a_task("T-1", a_line("1", MUG), a_line("2", PEN)), a_task("T-2", a_line(), box=2))
    agent.run()
    assert len(agent.of(ev.TripPlanned)) == 1
    assert results(agent, "T-1") == [(1, 1, 0, 0), (1, 1, 0, 0)]
    assert results(agent, "T-2") == [(1, 1, 0, 0)]


def test_a_tote_that_another_station_uses_is_waited_for_with_that_reason() -> None:
    agent = an_agent({1: [MUG] * 4})
    agent.submit(a_task("T-1"), a_task("T-2", box=2))
    assert codes(agent, "T-2") >= {WaitCode.TOTE_IN_USE}
    agent.run()
    assert results(agent, "T-2") == [(1, 1, 0, 0)]


def test_the_station_queue_is_bounded_and_says_so() -> None:
    stock = {number: [MUG] for number in range(1, 6)}
    agent = an_agent(stock, site=a_site("st1", queue=2))
    agent.submit(a_task("T-1", *(a_line(str(n), MUG, 1, (n,)) for n in range(1, 6))))
    assert len(agent.state.trips) == 2
    assert WaitCode.STATION_QUEUE_FULL in codes(agent)
    agent.run()
    assert results(agent) == [(1, 1, 0, 0)] * 5


# ---- scheduling --------------------------------------------------------------------------------------


def test_priority_then_ship_by_then_arrival_decides_who_goes_first() -> None:
    agent = an_agent(ready=False)
    soon, later = T0 + timedelta(hours=1), T0 + timedelta(hours=9)
    agent.submit(
        a_task("first come", box=1),
        a_task("late ship", box=2, ship_by=later),
        a_task("early ship", box=3, ship_by=soon),
        a_task("urgent", box=4, priority=90),
    )
    assert [task_id for _, task_id in agent.state.queue] == [
        "urgent",
        "early ship",
        "late ship",
        "first come",
    ]


def test_a_task_waits_for_its_not_before_and_lets_others_go_first() -> None:
    agent = an_agent({1: [MUG] * 3})
    agent.submit(a_task("T-1", priority=99, not_before=T0 + timedelta(seconds=60)), a_task("T-2", box=2))
    assert codes(agent) == {WaitCode.NOT_BEFORE}
    assert [e.task_id for e in agent.of(ev.TaskStarted)] == ["T-2"]
    agent.wait(61)
    assert [e.task_id for e in agent.of(ev.TaskStarted)] == ["T-2", "T-1"]


def test_a_task_waits_for_a_put_position_with_that_reason() -> None:
    agent = an_agent({1: [MUG] * 9}, site=a_site("st1"))
    agent.submit(*(a_task(f"T-{n}", box=n) for n in range(1, 5)))
    assert len(agent.of(ev.TaskStarted)) == 3
    assert codes(agent, "T-4") == {WaitCode.NO_PUT_POSITION}
    agent.run()
    assert results(agent, "T-4") == [(1, 1, 0, 0)]


def test_nothing_starts_at_a_station_whose_picker_is_away() -> None:
    agent = an_agent({1: [MUG] * 2})
    agent.lose("picker-1")
    agent.submit(a_task("T-1"))
    assert agent.last(ev.TaskStarted).station_id == "st2"


# ---- scans that fail ---------------------------------------------------------------------------------


def test_a_no_read_triggers_again_twice_then_puts_back_and_picks_again() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run_to(ev.UnitGripped)
    for attempt in (2, 3):
        agent.scan(None)
        assert agent.last(ev.ScanRequested).attempt == attempt
    agent.scan(None)
    assert agent.last(ev.ScanRejected).rule == "V15"
    agent.run()
    assert results(agent) == [(1, 1, 0, 0)]
    assert len(agent.of(ev.UnitPutBack)) == 1


def test_a_scan_that_does_not_come_counts_as_a_no_read() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run_to(ev.UnitGripped)
    agent.wait(2.5)
    assert agent.last(ev.ScanRequested).attempt == 2


def test_an_unplugged_scanner_is_no_no_read_and_is_triggered_again_when_it_is_back() -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run_to(ev.UnitGripped)
    scanner = agent.scan_steps()[0][1]
    agent.lose(scanner)
    agent.wait(60)
    assert agent.of(ev.ScanRejected) == []
    agent.ready(scanner)
    assert agent.last(ev.ScanRequested).attempt == 1
    agent.run()
    assert results(agent) == [(1, 1, 0, 0)]


@pytest.mark.parametrize(
    ("read", "rule"),
    [
        (ean(PEN), "V6"),
        (b"]E04006381333932", "V7"),
        (b"]C0TOTE-0001", "V6"),
        (b"\x00\xff junk", "V6"),
    ],
    ids=["another item that no task names", "a wrong check digit", "a tote label", "junk"],
)
def test_what_is_not_the_item_never_reaches_the_container(read: bytes, rule: str) -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.run_to(ev.UnitGripped)
    while agent.scan_steps(ScanTarget.ITEM):
        agent.scan(read)
    assert agent.last(ev.ScanRejected).rule in (rule, "V7")
    assert agent.command(cmd.PutBack)
    assert agent.of(ev.UnitVerified) == []


def test_a_wrong_item_is_put_back_picked_again_and_then_taken_from_the_next_source() -> None:
    agent = an_agent({1: [MUG, PEN, PEN], 2: [MUG]})
    agent.submit(a_task("T-1", a_line("1", MUG, 1, (1, 2))), a_task("T-9", a_line("1", PEN, 1, (9,)), box=9))
    for _ in range(2):
        agent.run(until=lambda a: any(isinstance(c.order, cmd.Pick) for c in a.open_commands()))
        pick = agent.command(cmd.Pick)
        agent.accept(pick) if pick.command_id not in agent.floor.begun else None
        agent.finish(pick, wrong=PEN)
        agent.run(until=lambda a: any(isinstance(c.order, cmd.PutBack) for c in a.open_commands()))
        assert agent.last(ev.ScanRejected).rule == "V5"
    agent.run()
    assert agent.last(ev.SourceExhausted).tote in (tote(1), tote(9))
    assert results(agent) == [(1, 1, 0, 0)]
    assert agent.floor.placed[Lpn("OC-0001")] == {MUG: 1}


def test_a_wrong_tote_is_presented_again_then_diverted_and_holds_nothing_back() -> None:
    agent = an_agent({1: [MUG], 2: [MUG], 3: [PEN]}, site=a_site("st1"))
    agent.submit(a_task("T-1", a_line("1", MUG, 1, (1, 2)), a_line("2", PEN, 1, (3,))))
    agent.run(until=lambda a: a.scan_steps(ScanTarget.TOTE))
    while agent.scan_steps(ScanTarget.TOTE) and not agent.of(ev.ScanRejected):
        agent.scan(label(tote(33)))
    assert agent.last(ev.ScanRejected).rule == "V2"
    agent.run()
    assert results(agent) == [(1, 1, 0, 0), (1, 1, 0, 0)]
    assert [trip.status.value for trip in agent.state.trips.values()] == ["diverted"]
    assert [raised.kind.value for raised in agent.state.exceptions.values()] == ["tote_unidentified"]


def test_a_wrong_container_holds_its_task_and_no_other() -> None:
    agent = an_agent({1: [MUG] * 5}, site=a_site("st2"))
    agent.submit(a_task("T-1"), a_task("T-2", box=2))
    agent.run(until=lambda a: a.scan_steps(ScanTarget.CONTAINER))
    agent.scan(b"]C0OC-7777")
    assert agent.last(ev.ScanRejected).rule == "V19"
    agent.run()
    assert agent.state.tasks.keys() == {"T-1"}
    assert codes(agent) == {WaitCode.HELD}
    assert results(agent, "T-2") == [(1, 1, 0, 0)]


def test_a_scan_that_nobody_waits_for_has_no_effect() -> None:
    agent = an_agent()
    agent.submit(a_task())
    before = agent.state.stations["st1"]
    events = agent.scan(ean(MUG), "st1-item-scan")  # type: ignore[arg-type]
    assert [type(event) for event in events] == [ev.ScanIgnored]
    assert agent.state.stations["st1"] == before


def test_a_load_from_another_location_is_not_picked_from() -> None:
    agent = an_agent({1: [MUG], 2: [MUG]})
    agent.submit(a_task("T-1", a_line("1", MUG, 1, (1, 2))))
    retrieve = agent.command(cmd.Retrieve)
    agent.accept(retrieve)
    agent.floor.end(retrieve)
    elsewhere = cmd.Done(cmd.Report(place="A01-99-99"))
    agent.feed(inp.CommandResolved(retrieve.command_id, elsewhere))
    assert agent.last(ev.ScanRejected).rule == "V1"
    agent.run()
    assert results(agent) == [(1, 1, 0, 0)]


# ---- shorts ------------------------------------------------------------------------------------------


def test_a_missing_item_is_taken_from_the_next_source_by_rank_and_then_ends_short() -> None:
    agent = an_agent({1: [MUG], 2: [MUG], 3: []})
    agent.submit(a_task("T-1", a_line("1", MUG, 3, (1, 2, 3))))
    agent.run()
    assert results(agent) == [(3, 2, 1, 0)]
    assert [e.tote for e in agent.of(ev.SourceExhausted)] == [tote(1), tote(2), tote(3)]
    short = agent.last(ev.LineShort)
    assert (short.ordered, short.picked, short.short, short.reason.value) == (3, 2, 1, "item_missing")


def test_a_line_that_may_not_be_partial_is_held_and_the_others_go_on() -> None:
    agent = an_agent({1: [], 2: [PEN]})
    agent.submit(a_task("T-1", a_line("1", MUG, 1, (1,)), a_line("2", PEN, 1, (2,)), partial=False))
    agent.run()
    assert agent.of(ev.LineShort) == []
    assert [e.line_id for e in agent.of(ev.LinePicked)] == ["2"]
    assert codes(agent) == {WaitCode.HELD}


def test_an_empty_container_is_not_shipped() -> None:
    agent = an_agent({1: []})
    agent.submit(a_task())
    agent.run()
    assert results(agent) == [(1, 0, 1, 0)]
    assert agent.last(ev.TaskFilled).destination in ("reject", None)


# ---- commands that do not end well -------------------------------------------------------------------


@pytest.mark.parametrize("order", [cmd.Retrieve, cmd.Transfer, cmd.Pick, cmd.Place])
def test_an_unknown_outcome_is_held_and_everything_else_goes_on(order: type) -> None:
    agent = an_agent({1: [MUG] * 2, 2: [PEN] * 2})
    agent.submit(a_task("T-1", a_line("1", MUG, 1, (1,))), a_task("T-2", a_line("1", PEN, 1, (2,)), box=2))
    at_st1 = {"T-1", "OC-0001", "TOTE-0001"}

    def first(a: Agent) -> cmd.Command | None:
        for c in a.open_commands():
            about = {getattr(c.order, "load", None), getattr(c.order, "tote", None)}
            mine = bool(about & at_st1) or c.device_id == "picker-1"
            if isinstance(c.order, order) and mine:
                return c
        return None

    agent.run(until=first)
    doubtful = first(agent)
    assert doubtful is not None
    agent.doubt(doubtful)
    agent.run()
    assert results(agent, "T-2") == [(1, 1, 0, 0)]
    assert doubtful.command_id in agent.state.commands, "what is unknown is not forgotten"
    ordered = [e.command for e in agent.of(ev.CommandOrdered) if e.command.order == doubtful.order]
    assert ordered == [doubtful], "an unknown command was ordered again"


def test_a_busy_device_is_asked_again_later_and_not_at_once() -> None:
    agent = an_agent()
    agent.submit(a_task())
    retrieve = agent.command(cmd.Retrieve)
    agent.refuse(retrieve, cmd.RefusalReason.BUSY)
    assert not [c for c in agent.open_commands() if isinstance(c.order, cmd.Retrieve)]
    assert WaitCode.DEVICE_REFUSED in codes(agent)
    agent.wait(1.1)
    again = agent.command(cmd.Retrieve)
    assert again.command_id != retrieve.command_id
    agent.run()
    assert results(agent) == [(1, 1, 0, 0)]


def test_a_refusal_that_time_cannot_cure_is_held_at_once() -> None:
    agent = an_agent({1: [MUG], 2: [MUG]})
    agent.submit(a_task("T-1", a_line("1", MUG, 1, (1, 2))))
    agent.refuse(agent.command(cmd.Retrieve), cmd.RefusalReason.CONFLICT)
    assert [raised.kind.value for raised in agent.state.exceptions.values()] == ["command_refused"]
    agent.run()
    assert results(agent) == [(1, 1, 0, 0)], "the line takes its next source"


def test_a_late_or_repeated_report_changes_nothing() -> None:
    agent = an_agent()
    agent.submit(a_task())
    retrieve = agent.command(cmd.Retrieve)
    agent.accept(retrieve)
    agent.finish(retrieve)
    before = len(agent.journal)
    agent.feed(inp.CommandResolved(retrieve.command_id, cmd.Done()))
    agent.feed(inp.CommandAnswered(retrieve.command_id, cmd.Accepted()))
    assert len(agent.journal) == before


# ---- restarts ----------------------------------------------------------------------------------------


def test_a_restart_at_every_single_step_ends_as_if_there_had_been_none() -> None:
    agent = an_agent({1: [MUG], 2: [MUG, MUG], 3: [CUP]})
    agent.submit(a_task("T-1", a_line("1", MUG, 2, (1, 2)), a_line("2", CUP, 1, (3,))))
    for _ in range(500):
        if not agent.advance():
            break
        agent.restart()
        agent.ready()
    assert results(agent) == [(2, 2, 0, 0), (1, 1, 0, 0)]
