"""Scans: what each reading at each step leads to, and that nothing moves before it has passed."""

import pytest

from edge_agent.core.step import next_wakeup_s
from edge_agent.core.wait import WaitCode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.ids import DeviceId, TaskId
from tests.core.agent import CUP, MUG, PEN, Agent, a_line, a_site, a_task, an_agent, ean
from tests.core.floor import tote


def at_item_scan(station: str = "st1") -> Agent:
    agent = an_agent({1: [MUG] * 3, 2: [MUG] * 3}, a_site(station))
    agent.submit(a_task("T-1", a_line("1", MUG, 1, totes=(1, 2))))
    agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.ITEM))
    return agent


def at_tote_scan() -> Agent:
    agent = an_agent({1: [MUG], 2: [MUG]})
    agent.submit(a_task("T-1", a_line("1", MUG, 1, totes=(1, 2))))
    agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.TOTE))
    return agent


def at_container_scan() -> Agent:
    agent = at_item_scan("st2")
    agent.read()
    assert agent.scan_steps(ev.ScanTarget.CONTAINER)
    return agent


# ---- the gate ----------------------------------------------------------------------------------------


def test_nothing_is_picked_before_the_tote_was_identified() -> None:
    agent = at_tote_scan()
    assert not [c for c in agent.open_commands() if isinstance(c.order, cmd.Pick)]
    agent.read()
    agent.run_to(ev.UnitStarted)
    assert isinstance(agent.command(cmd.Pick).order, cmd.Pick)


def test_nothing_is_placed_before_the_item_was_identified() -> None:
    agent = at_item_scan()
    assert not [c for c in agent.open_commands() if c.device_id == "picker-1"]
    agent.read()
    assert isinstance(agent.command(cmd.Place).order, cmd.Place)


def test_nothing_is_placed_before_the_container_was_identified_where_there_is_a_scanner() -> None:
    agent = at_container_scan()
    assert not [c for c in agent.open_commands() if c.device_id == "picker-2"]
    agent.read()
    assert agent.last(ev.ContainerVerified).scanner == "st2-put-1-scan"
    assert isinstance(agent.command(cmd.Place).order, cmd.Place)


def test_a_unit_counts_only_when_the_picker_reports_it_placed() -> None:
    agent = at_item_scan()
    agent.read()
    (line,) = agent.state.tasks[TaskId("T-1")].lines.values()
    assert agent.of(ev.UnitPlaced) == []
    assert line.picked == 0
    agent.finish(agent.command(cmd.Place))
    assert agent.last(ev.UnitPlaced).unit.gtin == MUG
    assert line.picked == 1


def test_what_the_label_says_goes_with_the_unit() -> None:
    agent = at_item_scan()
    agent.scan(b"]C101" + MUG.encode() + b"10LOT7\x1d21S-1")
    agent.run()
    (unit,) = agent.last(ev.LinePicked).units
    assert (unit.lot, unit.serial) == ("LOT7", "S-1")


# ---- item scans --------------------------------------------------------------------------------------


def test_a_known_other_item_is_put_back_and_picked_again() -> None:
    agent = an_agent({1: [PEN, MUG]}, a_site("st1"))
    agent.submit(a_task("T-1"), a_task("T-2", a_line("1", PEN, 1, totes=(3,)), box=2))  # makes the pen known
    agent.run(until=lambda agent: any(isinstance(c.order, cmd.Pick) for c in agent.open_commands()))
    agent.finish(agent.command(cmd.Pick), wrong=PEN)
    agent.read()
    rejected = agent.last(ev.ScanRejected)
    assert (rejected.rule, rejected.expected, rejected.scanned) == ("V5", MUG, PEN)
    agent.finish(agent.command(cmd.PutBack))
    assert agent.last(ev.ExceptionResolved).action == "pick_again"
    agent.run()
    assert [event.unit.gtin for event in agent.of(ev.UnitPlaced)] == [MUG]


@pytest.mark.parametrize(
    ("code", "rule"),
    [(ean(CUP), "V6"), (b"]C0TOTE-0001", "V6"), (b"]d2240XYZ", "V6")],
    ids=lambda value: str(value),
)
def test_an_unknown_code_is_put_back_without_another_read(code: bytes, rule: str) -> None:
    agent = at_item_scan()
    agent.scan(code)
    assert agent.last(ev.ScanRejected).rule == rule
    assert isinstance(agent.command(cmd.PutBack).order, cmd.PutBack)


@pytest.mark.parametrize("code", [b"]E04006381333930", b"junk", b"]", b"\xff", b"]C10104006381333930"])
def test_a_damaged_code_is_read_again_and_then_put_back(code: bytes) -> None:
    agent = at_item_scan()
    agent.scan(code)
    agent.scan(code)
    assert [event.attempt for event in agent.of(ev.ScanRequested)][-3:] == [1, 2, 3]
    agent.scan(code)
    assert agent.last(ev.ScanRejected).rule == "V7"
    assert isinstance(agent.command(cmd.PutBack).order, cmd.PutBack)


def test_of_several_codes_in_one_trigger_the_one_that_fits_counts() -> None:
    agent = at_item_scan()
    agent.scan(b"]C0SHELF-7", more=(ean(MUG), ean(CUP)))
    agent.run()
    assert agent.last(ev.UnitPlaced).unit.gtin == MUG


@pytest.mark.parametrize(
    ("first", "more"),
    [
        (ean(MUG), (b"]C101" + MUG.encode(),)),
        (ean(CUP), (b"]C0SHELF-7",)),
        (ean(MUG), (b"]E04006381333930",)),
        (b"junk", (ean(MUG),)),
    ],
    ids=["two fit", "none fits", "one has a wrong check digit", "one is noise"],
)
def test_several_codes_of_which_not_one_fits_alone_are_read_again(first: bytes, more: tuple[bytes]) -> None:
    agent = at_item_scan()
    agent.scan(first, more=more)
    assert agent.last(ev.ScanRequested).attempt == 2
    assert agent.of(ev.UnitVerified) == []


def test_every_code_of_a_trigger_that_nobody_waits_for_is_noted() -> None:
    agent = at_tote_scan()
    agent.scan(b"]C0A", DeviceId("st1-item-scan"), more=(b"]C0B",))
    assert [event.scanned for event in agent.of(ev.ScanIgnored)] == ["]C0A", "]C0B"]


def test_a_no_read_triggers_the_scanner_again_as_often_as_the_policy_says() -> None:
    agent = at_item_scan()
    for attempt in (2, 3):
        agent.scan(None)
        assert agent.last(ev.ScanRequested).attempt == attempt
    agent.scan(None)
    assert agent.last(ev.ScanRejected).rule == "V15"


def test_a_good_read_after_a_no_read_counts() -> None:
    agent = at_item_scan()
    agent.scan(None)
    agent.read()
    assert agent.of(ev.ScanRejected) == []
    assert isinstance(agent.command(cmd.Place).order, cmd.Place)


def test_a_scan_that_does_not_come_in_time_is_a_no_read() -> None:
    agent = at_item_scan()
    assert next_wakeup_s(agent.state, agent.now) == 2.0
    agent.wait(1.9)
    assert agent.last(ev.ScanRequested).attempt == 1
    agent.wait(0.1)
    assert agent.last(ev.ScanRequested).attempt == 2


def test_after_so_many_wrong_picks_from_a_tote_the_next_source_is_taken() -> None:
    agent = at_item_scan()
    for _ in range(2):
        agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.ITEM))
        agent.scan(ean(CUP))
    agent.run_to(ev.SourceExhausted)
    assert agent.last(ev.SourceExhausted).reason is ev.SourceReason.WRONG_ITEM
    agent.run()
    assert [event.tote for event in agent.of(ev.UnitPlaced)] == [tote(2)]


def test_after_so_many_unreadable_picks_from_a_tote_the_next_source_is_taken() -> None:
    agent = at_item_scan()
    for _ in range(6):
        agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.ITEM))
        agent.scan(None)
    agent.run_to(ev.SourceExhausted)
    assert agent.last(ev.SourceExhausted).reason is ev.SourceReason.NO_READ


def test_failed_picks_are_counted_anew_after_a_unit_was_placed() -> None:
    agent = an_agent({1: [MUG] * 3}, a_site("st1"))
    agent.submit(a_task("T-1", a_line("1", MUG, 2)))
    for _ in range(2):  # one wrong, one right, and again
        agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.ITEM))
        agent.scan(ean(CUP))
        agent.run_to(ev.UnitPutBack, count=len(agent.of(ev.UnitPutBack)) + 1)
        agent.run_to(ev.UnitPlaced, count=len(agent.of(ev.UnitPlaced)) + 1)
    assert agent.of(ev.SourceExhausted) == []


@pytest.mark.parametrize("code", [ean(PEN), ean(CUP), b"]E04006381333930", b"]C0TOTE-0001", None])
def test_a_wrong_scan_makes_no_line_and_changes_no_quantity(code: bytes | None) -> None:
    agent = at_item_scan()
    task = agent.state.tasks[TaskId("T-1")]
    before = [(line_id, line.picked, line.remaining, line.short) for line_id, line in task.lines.items()]
    for _ in range(3):
        if agent.scan_steps(ev.ScanTarget.ITEM):
            agent.scan(code)
    assert agent.of(ev.ScanRejected)
    after = [(line_id, line.picked, line.remaining, line.short) for line_id, line in task.lines.items()]
    assert after == before


# ---- tote and container scans ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "rule"),
    [(b"]C0TOTE-0009", "V2"), (b"]C0OC-0001", "V2"), (ean(MUG), "V2"), (None, "V15"), (b"\xff", "V7")],
)
def test_a_tote_that_cannot_be_identified_is_diverted_and_its_line_takes_the_next(
    code: bytes | None, rule: str
) -> None:
    agent = at_tote_scan()
    for _ in range(3):
        agent.scan(code)
    assert agent.last(ev.ScanRejected).rule == rule
    agent.run()
    assert agent.floor.places[tote(1)] == "reject"
    assert agent.last(ev.ExceptionRaised).kind is ev.ExceptionKind.TOTE_UNIDENTIFIED
    assert [event.tote for event in agent.of(ev.UnitPlaced)] == [tote(2)]
    assert len(agent.of(ev.TaskCompleted)) == 1


def test_a_tote_that_is_presented_well_at_the_second_try_is_picked_from() -> None:
    agent = at_tote_scan()
    agent.scan(b"]C0TOTE-0009")
    agent.run()
    assert [event.tote for event in agent.of(ev.UnitPlaced)] == [tote(1)]


def test_a_wrong_container_stops_its_task_and_the_unit_goes_back() -> None:
    agent = at_container_scan()
    for _ in range(3):
        agent.scan(b"]C0OC-0009")
    assert agent.last(ev.ScanRejected).rule == "V19"
    assert agent.last(ev.ExceptionRaised).kind is ev.ExceptionKind.WRONG_CONTAINER
    agent.run()
    assert agent.of(ev.UnitPlaced) == []
    assert agent.floor.content[tote(1)].count(MUG) == 3
    assert [wait.code for wait in agent.why()] == [WaitCode.HELD]
    assert agent.state.trips == {}, "no tote waits for a held task"


@pytest.mark.parametrize("code", [b"]C0OC-0009", b"]C0OC-0001]C0OC-0001", ean(MUG)], ids=str)
def test_another_code_than_the_containers_is_read_again_before_it_counts_as_wrong(code: bytes) -> None:
    agent = at_container_scan()
    for attempt in (2, 3):
        agent.scan(code)
        assert agent.last(ev.ScanRequested).attempt == attempt
    assert agent.of(ev.ExceptionRaised) == []
    agent.scan(code)
    assert agent.last(ev.ScanRejected).rule == "V19"
    assert agent.last(ev.ExceptionRaised).kind is ev.ExceptionKind.WRONG_CONTAINER


@pytest.mark.parametrize("code", [b"]C0OC-0001]C0OC-0001", b"]C0OC-0009", None])
def test_a_container_whose_label_is_read_at_the_second_try_is_filled(code: bytes | None) -> None:
    agent = at_container_scan()
    agent.scan(code)
    agent.run()
    assert len(agent.of(ev.TaskCompleted)) == 1


def test_a_wrong_container_holds_no_other_task_back() -> None:
    agent = an_agent({1: [MUG] * 3}, a_site("st2"))
    agent.submit(a_task("T-1", priority=90), a_task("T-2", box=2))
    agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.CONTAINER))
    for _ in range(3):
        agent.scan(b"]C0OC-0009")
    agent.run()
    assert [event.task_id for event in agent.of(ev.TaskCompleted)] == ["T-2"]


def test_a_container_that_cannot_be_read_blames_no_tote() -> None:
    agent = at_container_scan()
    for _ in range(6):
        agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.CONTAINER))
        agent.scan(None)
    agent.run()
    assert agent.of(ev.SourceExhausted) == []
    assert agent.of(ev.LineShort) == []
    raised = agent.last(ev.ExceptionRaised)
    assert (raised.kind, raised.held) == (ev.ExceptionKind.NO_READ, ev.HeldTask("T-1"))


# ---- scans that nobody waits for ---------------------------------------------------------------------


@pytest.mark.parametrize("scanner", ["st1-item-scan", "st2-tote-scan"])
def test_a_scan_that_no_step_waits_for_is_noted_and_has_no_effect(scanner: str) -> None:
    agent = at_tote_scan()
    before = agent.scan_steps()
    (ignored,) = agent.scan(ean(MUG), DeviceId(scanner))
    assert ignored == ev.ScanIgnored(scanner, "]E04006381333931")
    assert agent.scan_steps() == before


def test_a_late_scan_does_not_verify_the_next_unit() -> None:
    agent = an_agent({1: [MUG] * 3}, a_site("st1"))
    agent.submit(a_task("T-1", a_line("1", MUG, 2)))
    agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.ITEM))
    agent.read()
    assert [type(e) for e in agent.scan(ean(MUG), DeviceId("st1-item-scan"))] == [ev.ScanIgnored]
    agent.run_to(ev.UnitStarted, count=2)
    assert len(agent.of(ev.UnitVerified)) == 1


def test_a_no_read_that_no_step_waits_for_is_nothing() -> None:
    assert at_tote_scan().scan(None, DeviceId("st1-item-scan")) == []


# ---- scanners that come and go -----------------------------------------------------------------------


def test_a_scanner_that_is_not_there_is_waited_for() -> None:
    agent = an_agent()
    agent.lose("st1-tote-scan")
    agent.submit(a_task())
    agent.run_to(ev.ToteDelivered)
    agent.run(until=lambda agent: agent.of(ev.ContainerArrived))
    assert [wait.code for wait in agent.why()] == [WaitCode.DEVICE_NOT_READY]
    agent.ready("st1-tote-scan")
    agent.run()
    assert len(agent.of(ev.TaskCompleted)) == 1


def test_a_scanner_lost_while_a_scan_is_open_is_no_no_read() -> None:
    agent = at_item_scan()
    agent.lose("st1-item-scan")
    agent.wait(60)
    assert agent.of(ev.ScanRejected) == []
    assert next_wakeup_s(agent.state, agent.now) is None
    agent.ready("st1-item-scan")
    requested = agent.last(ev.ScanRequested)
    assert (requested.attempt, requested.deadline_s) == (1, agent.clock_s + 2.0)
    agent.read()
    assert isinstance(agent.command(cmd.Place).order, cmd.Place)


def test_a_code_that_was_read_before_the_scanner_was_lost_counts() -> None:
    agent = at_item_scan()
    agent.lose("st1-item-scan")
    agent.read()
    assert agent.last(ev.UnitVerified).unit.gtin == MUG


def test_a_no_read_from_a_scanner_that_is_gone_is_tried_again_when_it_is_back() -> None:
    agent = at_item_scan()
    agent.lose("st1-item-scan")
    assert agent.scan(None) == []
    agent.ready("st1-item-scan")
    assert agent.last(ev.ScanRequested).attempt == 1
