"""A day on which everything may happen in any order: devices, scanners, people, the OMS."""

from collections.abc import Iterator
from enum import StrEnum

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    initialize,
    multiple,
    precondition,
    rule,
)

from edge_agent.adapters.snapshot_codec import SnapshotCodec
from edge_agent.core.image import image_of
from edge_agent.core.lifecycle import (
    CommandStatus,
    UnitPhase,
)
from edge_agent.core.state import Hand, TaskState, TripState
from edge_agent.core.weighing import put_scale
from edge_agent.domain import command as cmd
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.decision import Action, DeviceHold, HoldSubject, LaneHold, StationHold, TaskHold
from edge_agent.domain.device import Mode, NoWeight
from edge_agent.domain.ids import DeviceId, Gtin, Lpn, StationId
from edge_agent.domain.task import Line, PickTask
from tests.core.agent import CUP, GTINS, a_line, a_task, an_agent, ean, label
from tests.core.day import Day, a_small_site
from tests.core.draws import JUNK, STAGES, TOTES, answers, few, gtins, kinds, orders, stocks, weights
from tests.core.policy.sites import with_another_lane
from tests.core.scales import WEIGHTS, with_scales

codec = SnapshotCodec()


class AnyDay(Day):
    """The core on a small floor where everything may happen, in any order."""

    tasks = Bundle("tasks")

    @initialize(
        target=tasks,
        stock=stocks,
        orders=st.lists(orders, min_size=1, max_size=3),
        ready=st.booleans(),
        mishaps=st.sampled_from((0, 0, 1, 3)),
    )
    def begin(
        self, stock: dict[int, list[Gtin]], orders: list[PickTask], ready: bool, mishaps: int
    ) -> MultipleResults[PickTask]:
        site = with_scales(with_another_lane(a_small_site()))
        self.open(an_agent(stock, site, ready=ready, catalogue=WEIGHTS))
        self.mishaps_left = mishaps
        """How often something may still happen that only a person can settle."""
        return multiple(*(self.submit_order(order, 0) for order in orders))

    # ---- the OMS -------------------------------------------------------------------------------------

    @rule(target=tasks, order=orders, back=st.integers(0, 1))
    def submit(self, order: PickTask, back: int) -> PickTask:
        return self.submit_order(order, back)

    @rule(task=tasks)
    def repeat(self, task: PickTask) -> None:
        known = self.agent.state.tasks.get(task.task_id)
        is_repeat = known is not None and known.task == task
        events = self.agent.submit(task)
        if is_repeat:
            assert events == [], "a repeat had an effect"

    @rule(target=tasks, task=tasks, quantity=few, more=st.booleans())
    def revise(self, task: PickTask, quantity: int, more: bool) -> PickTask:
        return self.submit_revision(task, quantity, more)

    def submit_revision(self, task: PickTask, quantity: int, more: bool) -> PickTask:
        known = self.agent.state.tasks.get(task.task_id)
        now = known.task if known is not None else task
        new = a_line("9", CUP, quantity, (1, 2))
        kept = tuple(line for line in now.lines if line.line_id != new.line_id)
        changed = a_task(
            now.task_id,
            *((*kept, new) if more else (_with_quantity(kept[0], quantity), *kept[1:])),
            box=int(now.destination.container_id[3:]),
            revision=now.revision + 1,
            priority=now.priority,
            partial=now.policy.allow_partial,
        )
        self.agent.submit(changed)
        return changed

    @precondition(lambda self: self.agent.state.queue)
    @rule(target=tasks, quantity=few)
    def revise_one_that_waits(self, quantity: int) -> PickTask:
        """Most tasks start at once: of themselves the days would hardly ever meet one that has not."""
        _, last = self.agent.state.queue[-1]
        return self.submit_revision(self.agent.state.tasks[last].task, quantity, more=True)

    @rule(task=tasks)
    def cancel(self, task: PickTask) -> None:
        known = self.agent.state.tasks.get(task.task_id)
        self.agent.cancel(task.task_id, known.task.revision if known else 1)

    # ---- machines ------------------------------------------------------------------------------------

    @precondition(lambda self: self.agent.open_commands())
    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        if waiting := self.not_begun():
            self.agent.accept(data.draw(st.sampled_from(waiting)))

    @precondition(lambda self: self.agent.open_commands())
    @rule(data=st.data(), wrong=st.none() | gtins)
    def finish(self, data: st.DataObject, wrong: Gtin | None) -> None:
        if able := [c for c in self.agent.open_commands() if self.agent.floor.has_room_for(c)]:
            command = data.draw(st.sampled_from(able))
            self.agent.finish(command, wrong)
            self.report_again(command)

    def report_again(self, command: cmd.Command) -> None:
        """A device repeats its report until it is acknowledged; an answer may come late."""
        late = inp.CommandAnswered(command.command_id, cmd.Accepted())
        assert self.agent.feed(late, inp.CommandResolved(command.command_id, cmd.Done())) == []

    @precondition(lambda self: self.agent.open_commands())
    @rule(data=st.data(), reason=st.sampled_from((cmd.RefusalReason.BUSY, cmd.RefusalReason.NOT_READY)))
    def refuse_for_now(self, data: st.DataObject, reason: cmd.RefusalReason) -> None:
        if waiting := self.not_begun():
            self.agent.refuse(data.draw(st.sampled_from(waiting)), reason)

    @precondition(lambda self: self.agent.open_commands() and self.mishaps_left)
    @rule(
        data=st.data(), reason=st.sampled_from((cmd.RefusalReason.BAD_ARGUMENT, cmd.RefusalReason.CONFLICT))
    )
    def refuse_for_good(self, data: st.DataObject, reason: cmd.RefusalReason) -> None:
        if waiting := self.not_begun():
            self.mishaps_left -= 1
            self.agent.refuse(data.draw(st.sampled_from(waiting)), reason)

    @precondition(lambda self: self.agent.open_commands() and self.mishaps_left)
    @rule(data=st.data(), reason=st.sampled_from(cmd.FailureReason))
    def fail(self, data: st.DataObject, reason: cmd.FailureReason) -> None:
        self.mishaps_left -= 1
        self.agent.fail(data.draw(st.sampled_from(self.agent.open_commands())), reason)

    @precondition(lambda self: self.agent.open_commands() and self.mishaps_left)
    @rule(data=st.data(), happened=st.booleans())
    def lose_track(self, data: st.DataObject, happened: bool) -> None:
        self.mishaps_left -= 1
        command = data.draw(st.sampled_from(self.agent.open_commands()))
        if happened and self.agent.floor.has_room_for(command):
            self.agent.floor.end(command)
        self.agent.doubt(command)

    def not_begun(self) -> list[cmd.Command]:
        ordered = CommandStatus.ORDERED
        return [c.command for c in self.agent.state.commands.values() if c.status is ordered]

    # ---- scanners ------------------------------------------------------------------------------------

    @precondition(lambda self: self.agent.scan_steps())
    @rule()
    def read(self) -> None:
        self.agent.read()

    @rule(data=st.data(), kind=kinds, times=few)
    def read_something_else(self, data: st.DataObject, kind: ev.ScanTarget, times: int) -> None:
        for station_id, scanner in self.up_to_a_scan(kind, times):
            codes = [*map(ean, GTINS), label(Lpn("TOTE-0099")), label(Lpn("OC-0099")), *JUNK]
            # The right item's label read while another one is gripped is more than any scan can tell.
            believed = self.expected_item(station_id)
            lies = [code for code in codes if code not in (believed, self.agent.sees(station_id))]
            self.agent.scan(data.draw(st.sampled_from(lies)), scanner)

    @rule(kind=kinds, times=few)
    def fail_to_read(self, kind: ev.ScanTarget, times: int) -> None:
        for _, scanner in self.up_to_a_scan(kind, times):
            self.agent.scan(None, scanner)

    @rule(kind=weights, times=few, answer=answers)
    def weigh_something_else(self, kind: ev.ScanTarget, times: int, answer: float | NoWeight) -> None:
        for _, scale in self.up_to_a_scan(kind, times):
            self.agent.weigh(answer, scale)

    @rule(data=st.data(), order=orders)
    def a_container_gets_too_heavy(self, data: st.DataObject, order: PickTask) -> None:
        """Its scale disagrees after a unit as often as it is asked, and a person looks into it."""
        self.submit_order(order, 0)
        known = len(self.person.open())
        for _, scale in self.up_to_a_scan(ev.ScanTarget.CONTAINER_WEIGHT, 6):
            started = self.agent.state.started()
            doubted = any(put_scale(self.agent.state, task) == scale and task.unweighed for task in started)
            self.agent.weigh(1e9, scale) if doubted else self.agent.read()
        if answers := self.person.open()[known:]:
            self.person.settle(*data.draw(st.sampled_from(answers)))

    def up_to_a_scan(self, kind: ev.ScanTarget, times: int) -> Iterator[tuple[StationId, DeviceId]]:
        """All goes well until a scan of that kind is waited for; again and again, as often as it is."""
        self.all_is_well()
        for _ in range(times):
            while not (found := self.agent.scan_steps(kind)):
                self.check()
                if not self.agent.advance():
                    return
            yield found[0]

    def expected_item(self, station_id: StationId) -> bytes | None:
        hand = self.agent.state.stations[station_id].hand
        return ean(self.witness.gtins[ev.LineRef(hand.task_id, hand.line_id)]) if hand else None

    @rule(scanner=st.sampled_from(("st1-item-scan", "st2-tote-scan", "st2-put-1-scan")), gtin=gtins)
    def scan_that_nobody_waits_for(self, scanner: str, gtin: Gtin) -> None:
        if scanner not in [waiting for _, waiting in self.agent.scan_steps()]:
            events = self.agent.scan(ean(gtin), DeviceId(scanner))
            assert [type(event) for event in events] == [ev.ScanIgnored]

    # ---- people --------------------------------------------------------------------------------------

    @precondition(lambda self: self.agent.state.exceptions)
    @rule(data=st.data(), number=st.sampled_from(TOTES))
    def a_person_settles_an_exception(self, data: st.DataObject, number: int) -> None:
        if answers := self.person.open():
            self.person.settle(*data.draw(st.sampled_from(answers)), number)

    @rule(
        data=st.data(),
        order=orders,
        stages=st.lists(st.sampled_from(STAGES), min_size=3, max_size=6),
        happened=st.booleans(),
    )
    def a_person_ends_what_nobody_knew_the_end_of(
        self, data: st.DataObject, order: PickTask, stages: list[StrEnum], happened: bool
    ) -> None:
        """Again and again the end of a command is lost, and a person says what became of it."""
        self.submit_order(order, 0)
        self.all_is_well()
        for command in filter(None, map(self.up_to_a_stage, stages)):
            if happened and self.agent.floor.has_room_for(command):
                self.agent.floor.end(command)
            self.agent.doubt(command)
            self.check()
            exception_id = list(self.agent.state.exceptions)[-1]
            answers = [option for key, option in self.person.open() if key == exception_id]
            gone = answers[-1]  # taken out, or lost: as often as all the others together
            self.person.settle(exception_id, data.draw(st.just(gone) | st.sampled_from(answers)))

    def up_to_a_stage(self, stage: StrEnum) -> cmd.Command | None:
        """All goes well up to such a command, but for items that cannot be read where one must go back."""
        while not (found := [c for c in self.agent.open_commands() if self.stage_of(c) is stage]):
            self.check()
            unread = stage is UnitPhase.REJECTED and self.agent.scan_steps(ev.ScanTarget.ITEM)
            if unread:
                self.agent.scan(None, unread[0][1])
            elif not self.agent.advance():
                return None
        return found[0]

    def stage_of(self, command: cmd.Command) -> StrEnum | None:
        """How far that has come which the command is for."""
        match self.agent.state.holder_of(command.purpose):
            case TripState(status=stage) | TaskState(status=stage) | Hand(phase=stage):
                return stage
        return None

    @rule(data=st.data(), action=st.sampled_from((*Action, "give up")))
    def a_person_answers_what_does_not_count(self, data: st.DataObject, action: str) -> None:
        """No action takes a tote and no location."""
        known = [f"X-{number}" for number in range(self.agent.state.next_exception + 1)]
        before = codec.encode(image_of(self.agent.state))
        events = self.agent.answer(action, data.draw(st.sampled_from(known)), tote="TOTE-0001")
        assert [type(event) for event in events] == [ev.DecisionRefused]
        assert codec.encode(image_of(self.agent.state)) == before, "a refused answer had an effect"

    @rule(data=st.data())
    def a_person_holds_something(self, data: st.DataObject) -> None:
        site, tasks = self.agent.plant.site, self.agent.state.tasks
        subjects: list[HoldSubject] = [
            *map(StationHold, site.stations),
            *map(DeviceHold, site.devices),
            *map(TaskHold, tasks),
            *map(LaneHold, site.lanes),
        ]
        subject = data.draw(st.sampled_from(subjects))
        events = self.agent.hold(subject)
        again = isinstance(events[0], ev.DecisionRefused)
        assert again or isinstance(events[0], ev.HeldByPerson)

    @rule(order=orders, stage=st.sampled_from(UnitPhase), steps=st.integers(1, 15))
    def a_person_holds_a_task_in_mid_pick(self, order: PickTask, stage: UnitPhase, steps: int) -> None:
        """Its unit in hand is finished; then its tote goes home."""
        self.submit_order(order, 0)
        self.all_is_well()
        command = self.up_to_a_stage(stage)
        if command is not None and isinstance(hand := self.agent.state.holder_of(command.purpose), Hand):
            self.agent.hold(TaskHold(hand.task_id))
            for _ in range(steps):
                self.check()
                self.agent.advance()

    @precondition(lambda self: self.agent.state.holds)
    @rule(data=st.data())
    def a_person_lets_something_go_on(self, data: st.DataObject) -> None:
        self.agent.release(data.draw(st.sampled_from(list(self.agent.state.holds))))

    # ---- the rest of the world -----------------------------------------------------------------------

    @rule(seconds=st.sampled_from((0.1, 1.0, 2.5)))
    def time_passes(self, seconds: float) -> None:
        self.agent.wait(seconds)

    @rule(data=st.data(), mode=st.sampled_from(Mode))
    def a_device_changes(self, data: st.DataObject, mode: Mode) -> None:
        devices = sorted(self.agent.plant.site.devices)
        self.agent.show(mode, data.draw(st.sampled_from(devices)))

    @rule()
    def everything_is_well(self) -> None:
        self.all_is_well()

    @rule()
    def restart(self) -> None:
        self.agent.restart()

    @rule(steps=st.integers(1, 25), wrong=st.none() | gtins)
    def things_go_on(self, steps: int, wrong: Gtin | None) -> None:
        """Everything goes well, but for a picker that grips the wrong item where it can."""
        self.all_is_well()
        for _ in range(steps):
            self.check()
            if not self.agent.advance(wrong):
                break


def _with_quantity(line: Line, quantity: int) -> Line:
    return a_line(line.line_id, line.gtin, quantity, [int(s.container_id[5:]) for s in line.sources])
