"""Whatever people and devices say, true or not, the core goes on: nothing raises, and the counts add up."""

import random

import pytest

from edge_agent.core.lifecycle import CommandStatus, TripStatus
from edge_agent.core.options import options
from edge_agent.core.state import State
from edge_agent.core.view import exceptions_view, held_tasks, holds_view, task_view
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.decision import DeviceHold, HoldSubject, LaneHold, StationHold, TaskHold
from edge_agent.domain.device import Mode
from tests.core.agent import ANNA, MUG, PEN, SUE, Agent, a_line, a_site, a_task, an_agent, ean, label
from tests.core.floor import location, tote

STEPS = 1500
AT_STATION = (TripStatus.AT_STATION, TripStatus.PRESENTED)
POLICY = {
    "e_stop": {"acknowledge": "agent"},
    "wrong_item": {"steps": ["pick_again", "quarantine_tote", "next_source", "short"]},
    "short": {"steps": ["next_source", "request_replenishment", "short"]},
}


class BlindDay:
    """Inputs that the core may meet, drawn without looking at any floor."""

    def __init__(self, seed: int) -> None:
        self.draw = random.Random(seed)
        site = a_site(queue=2, open_tasks=12, policies={"refusals": 3}, exceptions=POLICY)
        self.agent: Agent = an_agent(site=site)
        self.tasks = 0

    @property
    def state(self) -> State:
        return self.agent.state

    def step(self) -> None:
        does = (self.submit, self.command, self.command, self.command, self.scan, self.scan, self.answer)
        self.draw.choice((*does, self.answer, self.hold, self.release, self.device, self.cancel, self.time))()

    def submit(self) -> None:
        self.tasks += 1
        lines = [
            a_line(
                str(n),
                self.draw.choice((MUG, PEN)),
                self.draw.randint(1, 2),
                self.draw.sample(range(1, 6), 2),
            )
            for n in range(self.draw.randint(1, 2))
        ]
        partial = self.draw.random() < 0.5
        self.agent.submit(a_task(f"T-{self.tasks}", *lines, box=self.tasks, partial=partial))

    def command(self) -> None:
        waiting = [c.command for c in self.state.commands.values() if c.status is not CommandStatus.UNKNOWN]
        if waiting:
            command = self.draw.choice(waiting)
            failed = cmd.Failed(self.draw.choice(list(cmd.FailureReason)))
            refused = cmd.Refusal(self.draw.choice(list(cmd.RefusalReason)))
            ends = [cmd.Done()] * 12 + [failed, cmd.Unknown("no memory")]
            answers = [cmd.Accepted()] * 6 + [refused]
            if self.draw.random() < 0.4:
                self.agent.feed(inp.CommandAnswered(command.command_id, self.draw.choice(answers)))
            elif self.has_room(command.order):
                self.agent.feed(inp.CommandResolved(command.command_id, self.draw.choice(ends)))

    def has_room(self, order: cmd.Order) -> bool:
        """No conveyor brings a load to where another one stands."""
        if not isinstance(order, cmd.Transfer):
            return True
        standing = {t.point: t.tote for t in self.state.trips.values() if t.status in AT_STATION}
        for task in self.state.tasks.values():
            if task.container_here:
                standing[task.put_point] = task.task.destination.container_id
        return standing.get(order.destination, order.load) == order.load

    def scan(self) -> None:
        for station_id, scanner in self.agent.scan_steps():
            self.agent.scan(None if self.draw.random() < 0.1 else self.wanted(station_id), scanner)

    def wanted(self, station_id: str) -> bytes:
        """The label that is waited for, or sometimes another item's."""
        station = self.state.stations[station_id]
        assert station.scan is not None
        if station.scan.target is ev.ScanTarget.TOTE:
            trips = self.state.trips.values()
            return label(
                next(t.tote for t in trips if t.station_id == station_id and t.point == f"{station_id}-tote")
            )
        hand = station.hand
        assert hand is not None
        task = self.state.tasks[hand.task_id]
        if station.scan.target is ev.ScanTarget.CONTAINER:
            return label(task.task.destination.container_id)
        return ean(task.lines[hand.line_id].line.gtin if self.draw.random() < 0.8 else PEN)

    def answer(self) -> None:
        if self.state.exceptions:
            exception_id, raised = self.draw.choice(list(self.state.exceptions.items()))
            allowed = options(self.state, raised)
            assert allowed or raised.kind is ev.ExceptionKind.DEVICE_DOWN, f"nobody can settle {raised}"
            if not allowed:
                return  # it ends by itself
            option, number = self.draw.choice(allowed), self.draw.randint(1, 9)
            known = {"location": location(number), "tote": tote(number)}
            arguments = {name: known[name] for name in option.arguments}
            actor = ANNA if option.needs_approval else SUE
            self.agent.answer(option.action, exception_id, actor=actor, approver=SUE, **arguments)

    def subjects(self) -> list[HoldSubject]:
        site = self.agent.plant.site
        tasks = [TaskHold(task_id) for task_id in self.state.tasks]
        places = [*map(StationHold, site.stations), *map(LaneHold, site.lanes)]
        return [*places, *map(DeviceHold, site.devices), *tasks]

    def hold(self) -> None:
        if self.draw.random() < 0.3:
            self.agent.hold(self.draw.choice(self.subjects()))

    def release(self) -> None:
        for subject in list(self.state.holds):
            self.agent.release(subject)

    def device(self) -> None:
        if self.draw.random() < 0.2:
            mode = self.draw.choice(list(Mode))
            self.agent.show(mode, self.draw.choice(sorted(self.agent.plant.site.devices)))
        else:
            self.agent.ready()

    def cancel(self) -> None:
        if self.state.tasks and self.draw.random() < 0.2:
            self.agent.cancel(self.draw.choice(list(self.state.tasks)))

    def time(self) -> None:
        self.agent.wait(self.draw.choice((0.5, 3.0)))
        if self.draw.random() < 0.05:
            self.agent.restart()

    def check(self) -> None:
        assert self.state == self.agent.shadow
        held_tasks(self.state, self.agent.now)
        holds_view(self.state)
        views = exceptions_view(self.state)
        assert all(view["options"] or view["kind"] == "device_down" for view in views)
        for task_id, task in self.state.tasks.items():
            view = task_view(self.state, task_id, self.agent.now)
            assert view is not None
            assert view["waits"], f"nobody knows why {task_id} does not move"
            assert all(line.remaining >= 0 for line in task.lines.values())


@pytest.mark.parametrize("seed", range(2))
def test_no_answer_breaks_the_core_whether_it_is_true_or_not(seed: int) -> None:
    day = BlindDay(seed)
    for number in range(STEPS):
        day.step()
        if number % 10 == 0:
            day.check()
    for ended in day.agent.of(ev.TaskCompleted) + day.agent.of(ev.TaskCancelled):
        for line in ended.lines:
            assert line.ordered == line.picked + line.short + line.cancelled
    assert len(day.agent.of(ev.ExceptionResolved)) > 25
    assert day.agent.of(ev.UnitPlaced)
