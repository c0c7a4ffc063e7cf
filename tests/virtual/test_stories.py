"""Stories of misfortune on virtual time: the agent's real loop and supervisors against a floor in memory.

No sockets and no waiting: hours of a warehouse pass in a second, and a story that fails shrinks to the few
things that it takes. The floor itself fails the run when a command is carried out twice or a move is
impossible.
"""

from collections import Counter

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from drivers.fake import Loss
from edge_agent.core.lifecycle import CommandStatus
from edge_agent.domain import events as ev
from edge_agent.domain.command import RefusalReason
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import Lpn
from tests.core.agent import CUP, MUG, PEN, a_line, a_task, demo_site
from tests.core.floor import Floor
from tests.virtual.warehouse import Warehouse

GTINS = (MUG, PEN, CUP)
STOCK = {number: [GTINS[number % 3]] * 6 + [GTINS[(number + 1) % 3]] * 2 for number in range(1, 9)}
MACHINES = ("asrs-1", "asrs-2", "conveyor-1", "picker-1", "picker-2")


class Stories(RuleBasedStateMachine):
    """One story: tasks come, things break, time passes."""

    @initialize(seed=st.integers(0, 1000))
    def open_the_warehouse(self, seed: int) -> None:
        site = demo_site()
        self.warehouse = Warehouse(site, Floor.stocked(site, STOCK), seed)
        self.units = self.warehouse.floor.units
        self.tasks = 0
        self.warehouse.live(2)

    # ---- what happens --------------------------------------------------------------------------------

    @rule(tote=st.integers(1, 8), other=st.integers(1, 8), quantity=st.integers(1, 3), partial=st.booleans())
    def a_task_comes(self, tote: int, other: int, quantity: int, partial: bool) -> None:
        self.tasks += 1
        totes = (tote,) if tote == other else (tote, other)
        line = a_line("1", GTINS[tote % 3], quantity, totes)
        self.warehouse.submit(a_task(f"T-{self.tasks}", line, box=self.tasks, partial=partial))

    @rule(seconds=st.integers(1, 40))
    def time_passes(self, seconds: int) -> None:
        self.warehouse.live(seconds)

    @rule()
    def the_agent_is_killed_and_started(self) -> None:
        self.warehouse.restart()

    @rule(name=st.sampled_from(MACHINES), loss=st.sampled_from(Loss))
    def the_link_breaks_at_the_next_command(self, name: str, loss: Loss) -> None:
        self.warehouse.machines[name].wire.lose_next(loss)  # type: ignore[index]

    @rule(name=st.sampled_from(MACHINES))
    def the_link_breaks_now(self, name: str) -> None:
        self.warehouse.machines[name].wire.drop_link()  # type: ignore[index]

    @rule(name=st.sampled_from(MACHINES), seconds=st.integers(1, 30))
    def a_machine_is_away(self, name: str, seconds: int) -> None:
        wire = self.warehouse.machines[name].wire  # type: ignore[index]
        wire.reachable = False
        wire.drop_link()
        self.warehouse.live(seconds)
        wire.reachable = True

    @rule(
        name=st.sampled_from(MACHINES),
        seconds=st.integers(1, 30),
        mode=st.sampled_from([Mode.HELD, Mode.E_STOPPED]),
    )
    def a_machine_is_stopped_by_hand(self, name: str, seconds: int, mode: Mode) -> None:
        wire = self.warehouse.machines[name].wire  # type: ignore[index]
        wire.show(mode)
        self.warehouse.live(seconds)
        wire.show(Mode.READY)

    @rule(name=st.sampled_from(MACHINES))
    def the_next_command_is_refused(self, name: str) -> None:
        self.warehouse.machines[name].wire.refuse_next(RefusalReason.BUSY)  # type: ignore[index]

    @rule(name=st.sampled_from(MACHINES))
    def a_controller_loses_its_memory(self, name: str) -> None:
        self.warehouse.machines[name].lose_memory()  # type: ignore[index]

    @rule(times=st.integers(1, 4))
    def scanners_cannot_read(self, times: int) -> None:
        self.warehouse.no_reads = times

    @rule(index=st.integers(0, 6))
    def a_scanner_is_unplugged_for_a_while(self, index: int) -> None:
        scanner = list(self.warehouse.scanners.values())[index]
        scanner.reachable = False
        scanner.drop_link()
        self.warehouse.live(5)
        scanner.reachable = True

    # ---- what must hold ------------------------------------------------------------------------------

    @invariant()
    def units_are_conserved(self) -> None:
        if hasattr(self, "warehouse"):
            assert self.warehouse.floor.units == self.units

    def teardown(self) -> None:
        if not hasattr(self, "warehouse"):
            return
        try:
            self._comes_to_its_end()
        finally:
            self.warehouse.close()

    def _comes_to_its_end(self) -> None:
        self.warehouse.settle()
        state = self.warehouse.state
        assert not self.warehouse.moving, "nothing may be under way for ever"
        for task in state.tasks.values():
            assert state.exceptions, f"{task.task.task_id} neither ended nor is anything held"
        unknown = {number for number, c in state.commands.items() if c.status is CommandStatus.UNKNOWN}
        assert len(unknown) <= len(state.exceptions), "what is unknown is held, visibly"
        self._told_is_done(bool(unknown))

    def _told_is_done(self, in_doubt: bool) -> None:
        """What was confirmed lies in the containers; more may lie there only where an outcome is unknown."""
        told: Counter[tuple[Lpn, str]] = Counter()
        for event in self.warehouse.of(ev.UnitPlaced):
            assert isinstance(event, ev.UnitPlaced)
            told[event.container, event.unit.gtin] += 1
        placed = self.warehouse.floor.placed.items()
        done = Counter({(load, gtin): n for load, units in placed for gtin, n in units.items()})
        assert told - done == Counter(), "confirmed and not done"
        assert in_doubt or done == told, "done and not confirmed"


TestStories = Stories.TestCase
TestStories.settings = settings(
    max_examples=250, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
