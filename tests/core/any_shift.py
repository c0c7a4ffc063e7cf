"""A day on which persons work at the stations: with scans right and wrong, answers true, late and twice."""

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from edge_agent.adapters.snapshot_codec import SnapshotCodec
from edge_agent.core.image import StateImage, image_of
from edge_agent.core.prompts import PromptCode
from edge_agent.core.verification.reads import REREAD_S
from edge_agent.domain import events as ev
from edge_agent.domain.decision import DeviceHold, HoldSubject, StationHold, TaskHold
from edge_agent.domain.device import Mode, NoWeight
from edge_agent.domain.ids import Gtin, Lpn
from edge_agent.domain.station import VALUES, Answer
from edge_agent.domain.task import PickTask
from tests.core.agent import ANNA, CUP, GTINS, SUE, ean, label
from tests.core.day import Day, a_small_site
from tests.core.draws import JUNK, few, orders, stocks
from tests.core.draws import answers as weighings
from tests.core.operator import Operator, by_hand
from tests.core.policy.sites import with_spares
from tests.core.scales import WEIGHTS, with_scales

LOTS = ("L1", "L2")
LABELS = (*map(ean, GTINS), label(Lpn("TOTE-0099")), label(Lpn("OC-0099")), *JUNK, None)
ASKED = tuple(code for code in PromptCode if code not in (PromptCode.SETTLE, PromptCode.WAIT))
codec = SnapshotCodec()


class AnyShift(Day):
    """The small floor with persons instead of its pickers, scales under some containers, and spare scanners;
    some shifts ask for a lot that no code says."""

    @initialize(
        stock=stocks, orders=st.lists(orders, min_size=1, max_size=3), lot=st.sampled_from((None, "L1"))
    )
    def begin(self, stock: dict[int, list[Gtin]], orders: list[PickTask], lot: str | None) -> None:
        filled = {number: [*units, *GTINS] for number, units in stock.items()}
        site = with_spares(with_scales(a_small_site(), of_units=False))
        agent, _ = by_hand("st1", "st2", stock=filled, site=site, catalogue=WEIGHTS)
        self.open(agent)
        self.operators = [Operator(agent, station_id) for station_id in agent.plant.site.stations]
        self.lot = lot
        for order in orders:
            self.submit(order)

    @rule(order=orders)
    def submit(self, order: PickTask) -> None:
        lines = tuple(replace(line, lot=self.lot) for line in order.lines)
        self.submit_order(replace(order, lines=lines), 0)

    @precondition(lambda self: self.agent.state.tasks)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        self.agent.cancel(data.draw(st.sampled_from(list(self.agent.state.tasks))))

    # ---- what the persons do -------------------------------------------------------------------------

    @rule(prompts=st.integers(1, 4))
    def persons_do_what_is_asked(self, prompts: int) -> None:
        for _ in range(prompts):
            if operator := self.whoever_is_asked():
                operator.act()
                self.check()

    @rule(codes=st.lists(st.sampled_from(LABELS), min_size=1, max_size=4))
    def a_person_scans_wrongly(self, codes: list[bytes | None]) -> None:
        if operator := self.whoever_is_asked():
            for code in codes:
                self.scan_wrongly(operator, code)

    @rule(times=few)
    def a_person_scans_another_item(self, times: int) -> None:
        """Three times in a row, and a supervisor must have a look."""
        operator = self.whoever_is_asked()
        for _ in range(times if operator and operator.asked.facts.gtin else 0):
            assert operator is not None
            self.scan_wrongly(operator, ean(CUP))

    def scan_wrongly(self, operator: Operator, code: bytes | None) -> None:
        """The right item's label read while another one is in hand is more than any scan can tell."""
        self.agent.wait(2 * REREAD_S)  # what time alone brings about does not count
        asked = operator.prompt
        if asked is None or (asked.facts.gtin is not None and code == ean(asked.facts.gtin)):
            return
        before = codec.encode(self.what_counts())
        events = self.agent.scan(code, asked.scanner or operator.station.item_scanner)
        if not any(isinstance(event, ev.ExceptionRaised) for event in events):
            assert codec.encode(self.what_counts()) == before, "a wrong scan counted"

    def what_counts(self) -> StateImage:
        """But for what is asked, and what each scanner has read last."""
        return replace(image_of(self.agent.state), stations=(), devices=())

    @rule(data=st.data(), lot=st.sampled_from(LOTS))
    def a_person_answers(self, data: st.DataObject, lot: str) -> None:
        if operator := self.whoever_is_asked():
            self.say(operator, data.draw(st.sampled_from(operator.asked.answers)).answer, lot)

    @rule(lot=st.sampled_from(LOTS), answer=st.sampled_from(Answer))
    def a_person_comes_to_answer(self, lot: str, answer: Answer) -> None:
        if operator := self.whoever_may_answer(answer):
            self.say(operator, answer, lot)

    @rule(prompts=st.integers(0, 2), answer=st.sampled_from((Answer.DAMAGED, Answer.PUT_BACK)))
    def a_unit_does_not_reach_its_container(self, prompts: int, answer: Answer) -> None:
        operator = self.whoever_may_answer(Answer.TYPED)
        for _ in range(prompts if operator else 0):
            operator = self.whoever_is_asked()
            if operator is None:
                return
            operator.act()
            self.check()
        operator = self.whoever_is_asked()
        if operator and answer in [option.answer for option in operator.asked.answers]:
            self.say(operator, answer, "L1")

    def say(self, operator: Operator, answer: Answer, lot: str) -> None:
        """Make it true, and then say so."""
        asked = operator.asked
        wanted = asked.facts.gtin
        if answer in (*VALUES, Answer.TYPED, Answer.PICKED, Answer.DAMAGED, Answer.PLACED) and (
            wanted is None or not operator.grip(wanted)
        ):
            return
        if answer is Answer.DAMAGED:
            operator.set_aside()
        elif answer in (Answer.PUT_BACK, Answer.NOT_THERE):
            operator.put_back()
        if answer is Answer.PLACED:
            operator.place(asked)
            return
        arguments = {"value": lot} if answer in VALUES else {}
        if answer is Answer.TYPED:
            arguments = {"code": f"(01){wanted}(10){lot}"}
        events = operator.answer(answer, actor=ANNA, approver=SUE, **arguments)
        assert isinstance(events[0], ev.AnswerTaken), events[0]

    @rule(data=st.data(), late=st.booleans())
    def a_person_answers_in_vain(self, data: st.DataObject, late: bool) -> None:
        operator = self.whoever_is_asked()
        if operator is None:
            return
        known = [option.answer for option in operator.asked.answers]
        answers = known if late else [answer for answer in Answer if answer not in known]
        before = codec.encode(image_of(self.agent.state))
        step = operator.asked.step - 1 if late else None
        events = operator.answer(data.draw(st.sampled_from(answers)), approver=SUE, step=step, value="L1")
        assert [type(event) for event in events] == [ev.DecisionRefused]
        assert codec.encode(image_of(self.agent.state)) == before, "a refused answer had an effect"

    @precondition(lambda self: self.agent.state.exceptions)
    @rule(data=st.data())
    def a_person_settles_an_exception(self, data: st.DataObject) -> None:
        if answers := self.person.open():
            self.person.settle(*data.draw(st.sampled_from(answers)))

    @precondition(lambda self: self.lot is not None)
    @rule(first=st.booleans())
    def two_persons_override_the_lot(self, first: bool) -> None:
        """Another lot than the line asks for is in hand, and passes by their word, or goes back."""
        operator = self.whoever_may_answer(Answer.LOT)
        if operator is None:
            return
        self.say(operator, Answer.LOT, "L2")
        if operator.asked.code is PromptCode.SETTLE:
            answers = [one for one in self.person.open() if one[0] == operator.asked.exception_id]
            self.person.settle(*answers[0 if first else -1])

    # ---- the rest of the world -----------------------------------------------------------------------

    @rule(data=st.data())
    def a_person_holds_something(self, data: st.DataObject) -> None:
        site, tasks = self.agent.plant.site, self.agent.state.tasks
        subjects: list[HoldSubject] = [
            *map(StationHold, site.stations),
            *(DeviceHold(station.item_scanner) for station in site.stations.values()),
            *map(TaskHold, tasks),
        ]
        self.agent.hold(data.draw(st.sampled_from(subjects)))

    @rule(steps=st.integers(0, 25), data=st.data(), held=st.booleans(), more=st.integers(0, 10))
    def a_station_stops_for_long(self, steps: int, data: st.DataObject, held: bool, more: int) -> None:
        """Its tasks go to the other one, but for what a person has in hand."""
        self.things_go_on(steps)
        name, station = data.draw(st.sampled_from(sorted(self.agent.plant.site.stations.items())))
        self.agent.hold(StationHold(name)) if held else self.agent.lose(station.picker)
        self.agent.wait(4.5)
        for _ in range(more):
            self.check()
            self.agent.advance()

    @rule(times=few, answer=weighings)
    def a_scale_says_something_else(self, times: int, answer: float | NoWeight) -> None:
        self.all_is_well()
        for _ in range(times):
            while not (waiting := self.agent.scan_steps(ev.ScanTarget.CONTAINER_WEIGHT)):
                self.check()
                if not self.agent.advance():
                    return
            self.agent.weigh(answer, waiting[0][1])

    @rule(data=st.data())
    def a_handheld_goes_away(self, data: st.DataObject) -> None:
        stations = self.agent.plant.site.stations
        self.agent.show(
            Mode.DISCONNECTED, stations[data.draw(st.sampled_from(sorted(stations)))].item_scanner
        )

    @rule()
    def restart(self) -> None:
        self.agent.restart()

    @rule(steps=st.integers(1, 25))
    def things_go_on(self, steps: int) -> None:
        self.all_is_well()
        for _ in range(steps):
            self.check()
            if not self.agent.advance():
                break

    def whoever_is_asked(self) -> Operator | None:
        """All goes well until a person is asked for something; None where nobody ever is."""
        self.all_is_well()
        for _ in range(60):
            if asked := [one for one in self.operators if one.prompt and one.asked.code in ASKED]:
                return asked[0]
            self.check()
            if not self.agent.advance():
                break
        return None

    def whoever_may_answer(self, answer: Answer) -> Operator | None:
        """Persons do what is asked until one may answer so; None where nobody ever may."""
        for _ in range(8):
            operator = self.whoever_is_asked()
            if operator is None or answer in [option.answer for option in operator.asked.answers]:
                return operator
            operator.act()
            self.check()
        return None
