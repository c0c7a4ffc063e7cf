"""What every kind of day has in common: how it opens, what must hold at every moment, how it ends."""

from dataclasses import replace

from hypothesis.stateful import RuleBasedStateMachine, invariant

from edge_agent.domain import events as ev
from edge_agent.domain.decision import Action
from edge_agent.domain.ids import TaskId
from edge_agent.domain.site import Site
from edge_agent.domain.task import PickTask
from tests.core import laws
from tests.core.agent import Agent, a_site
from tests.core.floor import container
from tests.core.person import Person


def a_small_site() -> Site:
    """Room for a few totes and tasks; a machine that was e-stopped waits for a person's word."""
    return a_site(queue=2, open_tasks=6, exceptions={"e_stop": {"acknowledge": "agent"}})


class Day(RuleBasedStateMachine):
    """A day without anything that happens on it: its rules come from the kinds of days."""

    agent: Agent

    def open(self, agent: Agent) -> None:
        """The day begins with this agent on its floor."""
        self.agent = agent
        self.person = Person(agent)
        self.witness = laws.Witness(agent.floor)
        agent.watch = self.witness.see
        self.units = agent.floor.units
        self.submitted = 0

    def submit_order(self, order: PickTask, back: int) -> PickTask:
        """Give it an id and a container: sometimes one that another task may still have."""
        self.submitted += 1
        box = container(max(1, self.submitted - back))
        destination = replace(order.destination, container_id=box)
        task = replace(order, task_id=TaskId(f"T-{self.submitted}"), destination=destination)
        self.agent.submit(task)
        return task

    def all_is_well(self) -> None:
        """Every device is ready, and nobody keeps it from going on."""
        self.agent.ready()
        for exception_id, raised in list(self.agent.state.exceptions.items()):
            if isinstance(raised.held, ev.HeldDevice):
                self.agent.answer(Action.RESUME, exception_id)
        for subject in list(self.agent.state.holds):
            self.agent.release(subject)

    # ---- the laws ------------------------------------------------------------------------------------

    @invariant()
    def check(self) -> None:
        assert self.agent.floor.units == self.units, "a unit came from nowhere or went there"
        laws.check_state(self.agent)

    def teardown(self) -> None:
        if not hasattr(self, "agent"):
            return
        self.all_is_well()
        self.agent.run()
        self.check()
        assert self.agent.state == self.agent.replayed()
        events = len(self.agent.journal)
        for cut in {0, events // 3, events // 2, events * 4 // 5, events}:
            assert self.agent.state == self.agent.replayed_with_snapshot(cut), f"snapshot after {cut}"
        laws.check_rest(self.agent)
        self.everything_is_settled()
        self.check()
        assert not self.agent.state.tasks
        assert not self.agent.state.trips

    def everything_is_settled(self) -> None:
        """Persons settle one exception after the other, until nothing is held any more."""
        for _ in range(100):
            if not self.agent.state.exceptions:
                return
            answers = reversed(self.person.open())  # first what takes things away: it never leads back
            assert any(self.person.settle(*answer) for answer in answers), "nobody can settle what is held"
            self.all_is_well()
            self.agent.run()
        raise AssertionError("settling never comes to an end")
