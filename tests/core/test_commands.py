"""Answers of devices: refusals, late and repeated reports; and devices that come and go."""

import pytest

from edge_agent.core.step import next_wakeup_s
from edge_agent.core.wait import WaitCode
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.device import DeviceStatus, Mode
from edge_agent.domain.ids import CommandId, DeviceId
from tests.core.agent import T0, Agent, a_line, a_site, a_task, an_agent

PASSING = (cmd.RefusalReason.BUSY, cmd.RefusalReason.NOT_READY)


def crane_asked() -> tuple[Agent, cmd.Command]:
    agent = an_agent()
    agent.submit(a_task())
    return agent, agent.command(cmd.Retrieve)


# ---- ids ---------------------------------------------------------------------------------------------


def test_a_new_journal_begins_with_ids_that_no_device_has_seen() -> None:
    agent = an_agent()
    agent.submit(a_task())
    assert agent.open_commands()[0].command_id == int(T0.timestamp())


def test_command_ids_go_on_after_a_restart() -> None:
    agent, crane = crane_asked()
    agent.restart()
    agent.refuse(crane, cmd.RefusalReason.BUSY)
    agent.ready()
    agent.wait(1.0)
    ids = [event.command.command_id for event in agent.of(ev.CommandOrdered)]
    assert ids == list(range(ids[0], ids[0] + len(ids)))


def test_a_command_carries_the_epoch_that_its_device_showed_last() -> None:
    agent = an_agent(ready=False)
    agent.ready()
    agent.show(Mode.READY, "asrs-2", epoch=8)
    agent.submit(a_task())
    assert {c.device_id: c.epoch for c in agent.open_commands()} == {"asrs-2": 8, "conveyor-1": 7}


# ---- refusals ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", PASSING)
def test_a_refused_command_is_decided_anew_after_a_while_with_another_id(reason: cmd.RefusalReason) -> None:
    agent, crane = crane_asked()
    agent.refuse(crane, reason)
    assert not [c for c in agent.open_commands() if isinstance(c.order, cmd.Retrieve)]
    assert WaitCode.DEVICE_REFUSED in [wait.code for wait in agent.why()]
    assert next_wakeup_s(agent.state, agent.now) == 1.0
    agent.wait(1.0)
    again = agent.command(cmd.Retrieve)
    assert again.order == crane.order
    assert again.command_id > crane.command_id


def test_so_many_refusals_in_a_row_are_held() -> None:
    agent = an_agent(site=a_site(policies={"refusals": 3}))
    agent.submit(a_task())
    for _ in range(3):
        agent.refuse(agent.command(cmd.Retrieve), cmd.RefusalReason.BUSY)
        agent.wait(1.0)
    raised = agent.last(ev.ExceptionRaised)
    assert (raised.kind, raised.held) == (ev.ExceptionKind.COMMAND_REFUSED, ev.HeldTrip("trip-1"))


def test_refusals_are_counted_anew_once_a_command_was_accepted() -> None:
    agent = an_agent(site=a_site(policies={"refusals": 2}))
    agent.submit(a_task("T-1", a_line("1", totes=(1,)), a_line("2", totes=(3,))))
    agent.refuse(agent.command(cmd.Retrieve), cmd.RefusalReason.BUSY)
    agent.wait(1.0)
    agent.accept(agent.command(cmd.Retrieve))
    assert agent.state.devices[DeviceId("asrs-2")].refusals == 0


@pytest.mark.parametrize("reason", [r for r in cmd.RefusalReason if r not in PASSING])
def test_a_refusal_that_time_does_not_cure_is_held_at_once(reason: cmd.RefusalReason) -> None:
    agent, crane = crane_asked()
    agent.refuse(crane, reason)
    assert reason.value in agent.last(ev.ExceptionRaised).detail
    agent.wait(60)
    assert not [c for c in agent.open_commands() if isinstance(c.order, cmd.Retrieve)]


# ---- never begun -------------------------------------------------------------------------------------


def not_begun(agent: Agent, command: cmd.Command) -> list[ev.Event]:
    """The device has forgotten the command, and its load was seen where it was before."""
    return agent.fail(command, cmd.FailureReason.NOT_STARTED)


@pytest.mark.parametrize("order", [cmd.Retrieve, cmd.Transfer, cmd.Pick, cmd.Place, cmd.Store])
def test_what_was_never_begun_is_decided_anew_after_a_while_under_another_id(order: type) -> None:
    agent = an_agent(site=a_site("st1"))
    agent.submit(a_task())
    agent.run(until=lambda agent: any(isinstance(c.order, order) for c in agent.open_commands()))
    first = next(c for c in agent.open_commands() if isinstance(c.order, order))
    not_begun(agent, first)
    assert first not in agent.open_commands()
    assert agent.of(ev.ExceptionRaised) == []
    agent.run()
    again = [c.command for c in agent.of(ev.CommandOrdered) if c.command.order == first.order]
    assert len(again) == 2
    assert again[1].command_id > first.command_id
    assert len(agent.of(ev.TaskCompleted)) == 1


def test_a_device_that_never_begins_is_left_alone_for_a_while_and_then_held() -> None:
    agent = an_agent(site=a_site(policies={"refusals": 3}))
    agent.submit(a_task())
    for _ in range(3):
        crane = agent.command(cmd.Retrieve)
        agent.accept(crane)
        not_begun(agent, crane)
        assert not [c for c in agent.open_commands() if isinstance(c.order, cmd.Retrieve)]
        agent.wait(1.0)
    raised = agent.last(ev.ExceptionRaised)
    assert (raised.kind, raised.held) == (ev.ExceptionKind.COMMAND_FAILED, ev.HeldTrip("trip-1"))
    assert "was never begun, as 2 before it" in raised.detail


def test_a_command_that_was_done_ends_the_row_of_those_never_begun() -> None:
    agent, crane = crane_asked()
    not_begun(agent, crane)
    agent.wait(1.0)
    assert agent.state.devices[crane.device_id].unstarted == 1
    agent.finish(agent.command(cmd.Retrieve))
    assert agent.state.devices[crane.device_id].unstarted == 0


# ---- late, repeated, unknown -------------------------------------------------------------------------


def test_an_end_that_overtakes_its_acceptance_counts_and_the_acceptance_is_ignored() -> None:
    agent, crane = crane_asked()
    agent.finish(crane)
    assert agent.feed(inp.CommandAnswered(crane.command_id, cmd.Accepted())) == []
    assert agent.feed(inp.CommandAnswered(crane.command_id, cmd.Refusal(cmd.RefusalReason.BUSY))) == []


@pytest.mark.parametrize("late", [cmd.Done(), cmd.Failed(cmd.FailureReason.JAM), cmd.Unknown("?")])
def test_a_repeated_report_has_no_effect(late: cmd.Done | cmd.Failed | cmd.Unknown) -> None:
    agent, crane = crane_asked()
    agent.finish(crane)
    assert agent.feed(inp.CommandResolved(crane.command_id, late)) == []


def test_a_report_of_a_command_that_nobody_gave_has_no_effect() -> None:
    agent, _ = crane_asked()
    assert agent.feed(inp.CommandResolved(CommandId(4711), cmd.Done())) == []
    assert agent.feed(inp.CommandAnswered(CommandId(4711), cmd.Accepted())) == []


def test_an_acceptance_that_comes_twice_has_no_effect() -> None:
    agent, crane = crane_asked()
    agent.accept(crane)
    assert agent.feed(inp.CommandAnswered(crane.command_id, cmd.Accepted())) == []


# ---- devices -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [Mode.DISCONNECTED, Mode.HELD, Mode.FAULTED, Mode.E_STOPPED])
def test_a_device_that_is_not_ready_gets_no_command_until_it_is(mode: Mode) -> None:
    agent = an_agent()
    agent.show(mode, "asrs-2")
    agent.submit(a_task())
    assert not [c for c in agent.open_commands() if c.device_id == "asrs-2"]
    agent.ready("asrs-2")
    assert agent.command(cmd.Retrieve).device_id == "asrs-2"


def test_a_device_gets_no_more_commands_than_it_takes_at_once() -> None:
    agent = an_agent()
    agent.submit(a_task("T-1", *(a_line(str(n), totes=(n,)) for n in (1, 3, 5))))
    assert agent.command(cmd.Retrieve, of="asrs-2")
    assert WaitCode.DEVICE_BUSY in [wait.code for wait in agent.why()]


def test_a_status_that_is_no_news_is_not_written_down() -> None:
    agent = an_agent()
    assert agent.feed(inp.DeviceReported(DeviceId("asrs-1"), DeviceStatus(Mode.READY, 7))) == []
    assert agent.feed(inp.DeviceReported(DeviceId("stranger"), DeviceStatus(Mode.READY, 7))) == []


def test_after_a_restart_no_device_counts_as_connected() -> None:
    agent = an_agent()
    agent.restart()
    assert {device.status.mode for device in agent.state.devices.values()} == {Mode.DISCONNECTED}
