"""A longer while in which also that happens which takes time: what stays away has another beside it."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from edge_agent.core.lifecycle import TaskStatus
from edge_agent.core.state import TaskState
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain.decision import Action, StationHold
from edge_agent.domain.device import Mode
from edge_agent.domain.task import PickTask
from tests.core.any_day import AnyDay
from tests.core.draws import kinds, orders


class AnyWeek(AnyDay):
    """Any day, with long stops."""

    @precondition(lambda self: self.agent.scan_steps())
    @rule(kind=kinds)
    def read_twice(self, kind: ev.ScanTarget) -> None:
        """A scanner sends its code once more: it counts only where a step has asked for it since."""
        for station_id, scanner in self.agent.scan_steps(kind)[:1]:
            code = self.agent.sees(station_id)
            self.agent.scan(code, scanner)
            if scanner not in [waiting for _, waiting in self.agent.scan_steps()]:
                (ignored,) = self.agent.scan(code, scanner)
                assert isinstance(ignored, ev.ScanIgnored)
                assert ignored.rule == "V14"

    @rule(order=orders)
    def a_lane_is_full(self, order: PickTask) -> None:
        """A container that leaves does not get there, and tries the other one."""
        self.submit_order(order, 0)
        self.all_is_well()
        command = self.up_to_a_stage(TaskStatus.FILLED)
        task = self.agent.state.holder_of(command.purpose) if command is not None else None
        if not isinstance(task, TaskState) or command is None or task.lanes:
            return
        if task.exit != self.agent.plant.site.reject:
            self.agent.fail(command, cmd.FailureReason.DESTINATION_FULL)

    @rule(order=orders, steps=st.integers(0, 12), data=st.data(), mode=st.sampled_from(Mode))
    def a_station_stops_for_long(self, order: PickTask, steps: int, data: st.DataObject, mode: Mode) -> None:
        """Its tasks go to the other one, whatever is under way for them."""
        self.submit_order(order, 0)
        self.things_go_on(steps, None)
        name, station = data.draw(st.sampled_from(sorted(self.agent.plant.site.stations.items())))
        if mode is Mode.READY:
            self.agent.hold(StationHold(name))
        else:
            self.agent.show(mode, station.picker)
        self.agent.wait(4.5)
        for _ in range(data.draw(st.integers(0, 6))):
            self.check()
            self.agent.advance()

    @rule(order=orders, steps=st.integers(8, 16))
    def a_tote_that_no_scanner_could_read_goes_home(self, order: PickTask, steps: int) -> None:
        """A person finds it on the reject point and knows it."""
        self.submit_order(order, 0)
        for _, scanner in self.up_to_a_scan(ev.ScanTarget.TOTE, 3):
            self.agent.scan(None, scanner)
        self.things_go_on(steps, None)
        for exception_id, option in self.person.open():
            if option.action is Action.RETURNED:
                self.person.settle(exception_id, option)
