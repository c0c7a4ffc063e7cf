"""A person settles an exception: the answer is taken as the outcome, or refused and changes nothing."""

import pytest

from edge_agent.core.options import options
from edge_agent.core.view import exception_view, exceptions_view
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.decision import Actor, DecisionCode
from edge_agent.domain.ids import ExceptionId
from tests.core.agent import ANNA, BO, MUG, PEN, SUE, Agent, a_line, a_site, a_task, an_agent
from tests.core.floor import location, tote
from tests.core.person import Person


def up_to(agent: Agent, order: type) -> cmd.Command:
    """Everything goes right until such a command is open."""
    agent.run(until=lambda agent: any(isinstance(c.order, order) for c in agent.open_commands()))
    return next(c for c in agent.open_commands() if isinstance(c.order, order))


def in_doubt(order: type, stock: int = 5, *, happened: bool = False) -> tuple[Agent, cmd.Command]:
    """A task whose next such command ends in doubt."""
    agent = an_agent({1: [MUG] * stock})
    agent.submit(a_task("T-1", a_line("1", MUG, 2)))
    command = up_to(agent, order)
    if happened:
        agent.floor.end(command)
    agent.doubt(command)
    return agent, command


def settle(agent: Agent, action: str) -> None:
    """The person makes it so, and says so."""
    exception_id = next(iter(agent.state.exceptions))
    raised = agent.state.exceptions[exception_id]
    option = next(option for option in options(agent.state, raised) if option.action == action)
    assert Person(agent).settle(exception_id, option)


def allowed(agent: Agent) -> tuple[str, ...]:
    raised = next(iter(agent.state.exceptions.values()))
    names = tuple(option.action.value for option in options(agent.state, raised))
    assert raised.options == names, "the OMS was told of other options"
    return names


def refused(events: list[ev.Event]) -> tuple[DecisionCode, str]:
    (event,) = events
    assert isinstance(event, ev.DecisionRefused), event
    return event.code, event.text


# ---- a tote ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("order", [cmd.Retrieve, cmd.Store])
@pytest.mark.parametrize("action", ["done", "not_moved"])
def test_a_move_in_doubt_goes_on_as_the_person_says_and_is_never_given_again_under_its_id(
    order: type, action: str
) -> None:
    agent, command = in_doubt(order)
    assert allowed(agent) == ("done", "not_moved", "removed")
    settle(agent, action)
    agent.run()
    assert agent.state.exceptions == agent.state.trips == {}
    ids = [event.command.command_id for event in agent.of(ev.CommandOrdered)]
    assert ids.count(command.command_id) == 1
    assert agent.floor.places[tote(1)] == location(1)


def test_the_exception_is_resolved_before_the_command_ends() -> None:
    agent, command = in_doubt(cmd.Store)
    settle(agent, "done")
    kinds = [type(event) for event in agent.events]
    assert kinds.index(ev.ExceptionResolved) < kinds.index(ev.TripEnded)
    done = next(e for e in agent.of(ev.CommandDone) if e.command_id == command.command_id)
    assert agent.events.index(agent.last(ev.ExceptionResolved)) < agent.events.index(done)


def test_a_tote_that_was_taken_out_is_not_asked_for_again_until_another_task_names_it() -> None:
    agent = an_agent({1: [MUG] * 5})
    agent.submit(a_task("T-1", partial=False), a_task("T-2", box=2))
    agent.doubt(up_to(agent, cmd.Retrieve))
    settle(agent, "removed")
    agent.run()
    assert agent.of(ev.TripRetrieved) == []
    assert agent.state.totes == {}
    agent.submit(a_task("T-3", box=3))
    agent.run()
    assert [event.task_id for event in agent.of(ev.TaskCompleted)] == ["T-2", "T-3"]
    assert [event.tote for event in agent.of(ev.UnitPlaced)] == [tote(1)]


def test_a_tote_that_failed_to_move_can_be_settled_too() -> None:
    agent = an_agent({1: [MUG], 2: [MUG]})
    agent.submit(a_task("T-1", a_line(totes=(1, 2))))
    agent.fail(agent.command(cmd.Retrieve), cmd.FailureReason.JAM)
    settle(agent, "done")
    agent.run()
    assert agent.state.trips == {}
    assert agent.floor.places[tote(1)] == location(1), "it went home again: nobody needs it any more"


def test_a_diverted_tote_goes_home_or_is_taken_away() -> None:
    agent = an_agent({1: [MUG]})
    agent.submit(a_task())
    agent.run_to(ev.ToteDelivered)
    for _ in range(3):
        agent.scan(b"]C0TOTE-9999")
    agent.run()
    assert allowed(agent) == ("returned", "removed")
    settle(agent, "removed")
    assert agent.state.trips == {}


def test_a_tote_cannot_be_where_another_one_is_known_to_stand() -> None:
    agent = an_agent({1: [MUG], 3: [MUG]}, a_site("st1"))
    agent.submit(a_task("T-1", *(a_line(str(n), MUG, 1, totes=(n,)) for n in (1, 3))))

    def ride(agent: Agent) -> list[cmd.Command]:
        orders = agent.open_commands()
        return [c for c in orders if isinstance(c.order, cmd.Transfer) and c.order.load == tote(3)]

    agent.run(until=ride)
    agent.run_to(ev.ToteDelivered)
    agent.fail(ride(agent)[0], cmd.FailureReason.JAM)
    code, text = refused(agent.answer("done"))
    assert (code, text) == (DecisionCode.NOT_POSSIBLE_NOW, "TOTE-0001 stands at st1-tote")


# ---- a unit ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("order", "action"),
    [
        (cmd.Pick, "gripper_empty"),
        (cmd.Pick, "gripper_holds"),
        (cmd.Place, "placed"),
        (cmd.Place, "not_placed"),
        (cmd.Place, "lost"),
    ],
)
@pytest.mark.parametrize("happened", [True, False])
def test_a_unit_in_doubt_is_where_the_person_says_and_the_line_gets_all_its_units(
    order: type, action: str, happened: bool
) -> None:
    agent, _ = in_doubt(order, happened=happened)
    settle(agent, action)
    agent.run()
    assert agent.last(ev.LinePicked).picked == 2
    assert agent.floor.placed["OC-0001"] == {MUG: 2}


def test_a_unit_that_is_lost_is_written_off_from_its_tote() -> None:
    agent, _ = in_doubt(cmd.Place)
    settle(agent, "lost")
    lost = agent.last(ev.UnitLost)
    assert (lost.tote, lost.unit, lost.reason) == (tote(1), ev.PickedUnit(MUG), "seen by eye")


@pytest.mark.parametrize("action", ["put_back", "in_gripper", "lost"])
def test_a_unit_that_was_going_back_is_where_the_person_says(action: str) -> None:
    agent = an_agent({1: [PEN, MUG]})
    agent.submit(a_task())
    agent.run_to(ev.UnitGripped)
    for _ in range(3):
        agent.scan(None)
    agent.doubt(up_to(agent, cmd.PutBack))
    assert allowed(agent) == ("put_back", "in_gripper", "lost")
    settle(agent, action)
    agent.run()
    result = agent.last(ev.TaskCompleted).lines[0]
    assert (result.picked, result.short) == ((0, 1) if action == "lost" else (1, 0))


# ---- a container -------------------------------------------------------------------------------------


@pytest.mark.parametrize("action", ["done", "not_moved"])
def test_a_container_in_doubt_goes_on_as_the_person_says(action: str) -> None:
    agent = an_agent()
    agent.submit(a_task())
    agent.doubt(agent.command(cmd.Transfer))
    assert allowed(agent) == ("done", "not_moved")
    settle(agent, action)
    agent.run()
    assert agent.last(ev.TaskCompleted).lines[0].picked == 1


def test_a_task_whose_container_cannot_be_read_is_scanned_again_or_cancelled() -> None:
    for action, ends in (("scan_again", ev.TaskCompleted), ("cancel_rest", ev.TaskCancelled)):
        agent = an_agent({1: [MUG] * 2}, a_site("st2"))
        agent.submit(a_task())
        agent.run_to(ev.UnitVerified)
        for _ in range(3):
            agent.scan(b"]C0OC-9999")
        agent.run()
        assert allowed(agent) == ("scan_again", "cancel_rest")
        settle(agent, action)
        agent.run()
        assert len(agent.of(ends)) == 1
        assert agent.state.tasks == {}


def test_the_task_behind_a_container_that_could_not_leave_goes_on_with_it() -> None:
    agent = an_agent({1: [MUG] * 4}, a_site("st1"))
    agent.submit(*(a_task(f"T-{n}", box=n) for n in (1, 2, 3, 4)))
    agent.run_to(ev.TaskFilled)
    filled = agent.last(ev.TaskFilled).task_id
    leaving = next(c for c in agent.open_commands() if c.purpose == cmd.ForContainer(filled))
    agent.accept(leaving)
    agent.fail(leaving, cmd.FailureReason.JAM)
    kinds = [raised.kind for raised in agent.state.exceptions.values()]
    assert kinds == [ev.ExceptionKind.COMMAND_FAILED, ev.ExceptionKind.PUT_POSITION_TAKEN]
    code, _ = refused(agent.answer("go_on", list(agent.state.exceptions)[1]))
    assert code is DecisionCode.NOT_POSSIBLE_NOW
    settle(agent, "not_moved")
    assert agent.state.exceptions == {}
    agent.run()
    assert len(agent.of(ev.TaskCompleted)) == 4


# ---- a line ------------------------------------------------------------------------------------------


def a_held_line() -> Agent:
    agent = an_agent({1: [MUG], 2: [MUG] * 5})
    agent.submit(a_task("T-1", a_line("1", MUG, 3), partial=False))
    agent.run()
    assert allowed(agent) == ("look_again", "add_source", "accept_short", "cancel_line")
    return agent


def test_a_line_may_end_short_where_a_supervisor_says_so() -> None:
    agent = a_held_line()
    agent.answer("accept_short")
    agent.run()
    assert agent.last(ev.TaskCompleted).lines == (ev.LineResult("1", 3, 1, 2, 0),)


def test_what_a_line_lacks_may_be_cancelled_while_its_task_goes_on() -> None:
    agent = a_held_line()
    agent.answer("cancel_line")
    agent.run()
    assert agent.last(ev.TaskCompleted).lines == (ev.LineResult("1", 3, 1, 0, 2),)


def test_replenished_sources_are_tried_anew() -> None:
    agent = a_held_line()
    agent.floor.content[tote(1)] += [MUG, MUG]
    agent.answer("look_again")
    agent.run()
    assert agent.last(ev.LinePicked).picked == 3


def test_a_further_source_is_used() -> None:
    agent = a_held_line()
    agent.answer("add_source", location=location(2), tote=tote(2))
    agent.run()
    assert [event.tote for event in agent.of(ev.UnitPlaced)] == [tote(1), tote(2), tote(2)]


# ---- what does not count -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "with_", "code", "says"),
    [
        ("give_up", {}, DecisionCode.UNKNOWN_ACTION, "look_again, add_source, accept_short, cancel_line"),
        ("accept_short", {"actor": ANNA}, DecisionCode.NOT_ALLOWED, "for a supervisor; anna is operator"),
        ("accept_short", {"reason": " "}, DecisionCode.REASON_NEEDED, "accept_short needs a reason"),
        ("add_source", {"tote": "TOTE-0002"}, DecisionCode.MISSING_ARGUMENT, "needs the argument location"),
        (
            "add_source",
            {"tote": "TOTE-0002", "location": "Z99"},
            DecisionCode.BAD_ARGUMENT,
            "no AS/RS of this site reaches 'Z99'",
        ),
        (
            "add_source",
            {"tote": "a box", "location": "A01-01-02"},
            DecisionCode.BAD_ARGUMENT,
            "'a box' is not a tote label",
        ),
        ("look_again", {"tote": "TOTE-0002"}, DecisionCode.BAD_ARGUMENT, "it takes no arguments"),
    ],
)
def test_an_answer_that_does_not_count_says_why_and_changes_nothing(
    action: str, with_: dict[str, str], code: DecisionCode, says: str
) -> None:
    agent = a_held_line()
    found, text = refused(agent.answer(action, **with_))
    assert found is code
    assert says in text
    assert allowed(agent)


@pytest.mark.parametrize(
    ("approver", "code", "says"),
    [
        (None, DecisionCode.APPROVAL_NEEDED, "needs the approval of a supervisor"),
        (ANNA, DecisionCode.APPROVER_IS_ACTOR, "another person must"),
        (BO, DecisionCode.NOT_ALLOWED, "bo is operator"),
    ],
)
def test_a_unit_counts_as_placed_only_where_a_second_person_stands_behind_it(
    approver: Actor | None, code: DecisionCode, says: str
) -> None:
    agent, _ = in_doubt(cmd.Place)
    found, text = refused(agent.answer("placed", actor=ANNA, approver=approver))
    assert found is code
    assert says in text
    agent.answer("placed", actor=ANNA, approver=SUE)
    resolved = agent.last(ev.ExceptionResolved)
    assert (resolved.actor, resolved.approver, resolved.reason) == ("anna", "sue", "seen by eye")


def test_an_answer_that_comes_twice_is_told_who_was_first() -> None:
    agent = a_held_line()
    agent.answer("cancel_line", "X-1")
    agent.wait(40)
    code, text = refused(agent.answer("look_again", "X-1", actor=BO))
    assert code is DecisionCode.ALREADY_RESOLVED
    assert text == "X-1 was settled 40 s ago by sue: cancel_line"


def test_what_the_machine_settled_and_what_never_was_are_told_apart() -> None:
    agent = an_agent({1: []})
    agent.submit(a_task())
    agent.run()
    assert agent.last(ev.ExceptionResolved).exception_id == "X-1"
    assert refused(agent.answer("done", "X-1"))[0] is DecisionCode.ALREADY_RESOLVED
    for never in ("X-2", "X-0", "X-", "something"):
        assert refused(agent.answer("done", never))[0] is DecisionCode.UNKNOWN_EXCEPTION


def test_only_so_many_settled_exceptions_are_remembered() -> None:
    site = a_site()
    limits = site.limits.model_copy(update={"settled_exceptions": 1})
    agent = an_agent({1: [], 2: []}, site.model_copy(update={"limits": limits}))
    agent.submit(*(a_task(f"T-{n}", a_line(totes=(n,)), box=n, partial=False) for n in (1, 2)))
    agent.run()
    first, second = list(agent.state.exceptions)
    for exception_id in (first, second):
        agent.answer("cancel_line", exception_id)
    assert list(agent.state.settled) == [second]
    assert refused(agent.answer("cancel_line", first)) == (
        DecisionCode.ALREADY_RESOLVED,
        f"{first} was settled; the journal says by whom",
    )


def test_a_site_says_who_may_settle_what() -> None:
    rule = {"role": "operator", "approval": False, "reason": False}
    agent = an_agent({1: []}, a_site(exceptions={"actions": {"accept_short": rule}}))
    agent.submit(a_task(partial=False))
    agent.run()
    agent.answer("accept_short", actor=ANNA, reason="")
    assert agent.last(ev.LineShort).short == 1


# ---- how it is shown ---------------------------------------------------------------------------------


def test_an_open_exception_is_shown_with_what_each_answer_needs() -> None:
    agent = a_held_line()
    (exception_id,) = agent.state.exceptions
    shown = exception_view(agent.state, exception_id)
    assert shown is not None
    assert exceptions_view(agent.state) == [shown]
    assert shown["held"] == {"kind": "line", "task_id": "T-1", "line_id": "1"}
    assert shown["options"][1] == {
        "action": "add_source",
        "arguments": ["location", "tote"],
        "role": "operator",
        "needs_approval": False,
        "needs_reason": False,
    }


def test_an_exception_that_is_not_open_is_not_shown() -> None:
    assert exception_view(an_agent().state, ExceptionId("X-1")) is None
