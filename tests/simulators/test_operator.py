"""The person at an operator's station, with time pushed by hand: hands, label, and word."""

from collections.abc import Callable
from typing import Any

import pytest

from drivers.profile import Handshake
from edge_agent.domain.ids import DeviceId, Lpn
from edge_agent.domain.site import Site
from simulators.catalogue import Stock
from simulators.faults import AnyFault, DeviceFaults, FaultSource, Target
from simulators.handheld import ThroughApi
from simulators.machine import Pace
from simulators.operator import Asked, Deed, Operator, Said, Settling
from simulators.world import World
from tests.simulators.bench import ELSEWHERE, of, put
from tests.simulators.floor import Notes

PERSON, HANDHELD = DeviceId("picker-1"), DeviceId("handheld")
BOX, OTHER_BOX = Lpn("OC-0001"), Lpn("OC-0002")
PATIENCE_S = 100.0


class Day:
    """One person, and what they are asked."""

    def __init__(self, site: Site, stock: Stock, world: World, notes: Notes, *armed: AnyFault) -> None:
        self.world, self.tote = world, stock.totes[0].lpn
        put(world, self.tote, "tote")
        for box, point in ((BOX, "put-1"), (OTHER_BOX, "put-2")):
            world.introduce(box, ELSEWHERE)
            put(world, box, point)
        self.gtin = stock.by_sku[next(iter(stock.in_tote[self.tote]))].gtin
        faults = DeviceFaults(FaultSource(armed, 1), Target(PERSON, "picker", Handshake.PERSON))
        station = next(iter(site.stations.values()))
        handhelds: dict[DeviceId, ThroughApi] = {}
        self.person = Operator(
            PERSON,
            station,
            world,
            site.cycle_times,
            Pace(1, PERSON),
            handhelds=handhelds,
            faults=faults,
            seed=1,
            record=notes,
            patience_s=PATIENCE_S,
            supervisor="sue",
        )
        self.handheld = handhelds[HANDHELD] = ThroughApi(HANDHELD, notes, self.person.leaves)
        self.now_s = 0.0
        self.number = 0
        self.asked: Asked | None = None
        self.agent_answers = True

    def ask(self, code: str, rejected: str = "", attempt: int = 1, **facts: Any) -> None:
        self.number += 1
        about = {"tote": self.tote, "gtin": self.gtin, "container": BOX, "remaining": 1, **facts}
        rejection = {"name": rejected, "attempt": attempt} if rejected else None
        self.asked = Asked(self.number, code, about, HANDHELD, rejection, "X-1")

    def goes_by(self, seconds: float = 10.0) -> tuple[list[Deed], list[str]]:
        """What the person says and scans meanwhile."""
        said: list[Deed] = []
        until_s = self.now_s + seconds
        while self.now_s < until_s:
            self.now_s += 0.05
            if self.agent_answers:
                self.person.see(self.asked, self.now_s)
            said += self.person.step(self.now_s)
        return said, [code.decode() for code in self.handheld.take()]

    def scans(self) -> list[str]:
        said, codes = self.goes_by()
        assert said == []
        return codes

    def says(self) -> str:
        (said,) = self.goes_by()[0]
        assert isinstance(said, Said)
        assert said.step == self.number
        return said.answer

    @property
    def in_hand(self) -> str | None:
        unit = self.world.held_by(PERSON)
        return unit.unit_id if unit is not None else None


@pytest.fixture
def day(site: Site, stock: Stock, world: World, notes: Notes) -> Callable[..., Day]:
    return lambda *armed: Day(site, stock, world, notes, *armed)


def test_a_unit_goes_from_the_tote_into_the_container_as_its_label_is_read(
    day: Callable[..., Day], notes: Notes
) -> None:
    today = day()
    today.ask("scan_tote")
    assert today.scans() == [f"]C0{today.tote}"]
    today.ask("pick")
    (code,) = today.scans()
    assert today.gtin[1:] in code
    unit = today.in_hand
    today.ask("scan_container")
    assert today.scans() == [f"]C0{BOX}"]
    assert today.world.units[str(unit)].name == BOX
    assert [line["verb"] for line in notes.of("command")] == ["pick", "place"]
    assert [line["command"] for line in notes.of("command_ended")] == [1, 2]


def test_what_comes_to_nothing_is_scanned_again_and_not_put_down_again(
    day: Callable[..., Day], notes: Notes
) -> None:
    today = day()
    today.ask("pick")
    today.scans()
    today.ask("scan_container")
    _, codes = today.goes_by(2.5 * PATIENCE_S)
    assert codes == [f"]C0{BOX}"] * 3
    assert len(notes.of("unit_placed")) == 1


def test_while_the_agent_does_not_answer_nothing_is_done_twice(day: Callable[..., Day]) -> None:
    today = day()
    today.ask("scan_tote")
    today.person.see(today.asked, today.now_s)
    today.agent_answers = False
    assert len(today.goes_by(5 * PATIENCE_S)[1]) == 1
    today.agent_answers = True
    assert len(today.scans()) == 1


def test_a_person_with_empty_hands_says_so(day: Callable[..., Day], notes: Notes) -> None:
    today = day()
    for code in ("scan_container", "place"):
        today.ask(code)
        assert today.says() == "put_back"
    assert notes.of("unit_placed") == []


def test_a_rejected_unit_is_laid_back_and_another_one_is_taken(day: Callable[..., Day]) -> None:
    today = day()
    today.ask("pick")
    today.scans()
    first = today.in_hand
    today.ask("pick", rejected="wrong_item")
    assert len(today.scans()) == 1
    assert today.world.units[str(first)].name == today.tote or today.in_hand == first


def test_a_label_that_cannot_be_read_is_tried_again_and_then_given_up(
    day: Callable[..., Day], notes: Notes
) -> None:
    today = day()
    today.ask("pick")
    codes = today.scans()
    for attempt in (1, 2):
        today.ask("pick", rejected="no_read", attempt=attempt)
        assert today.scans() == codes
    assert notes.of("unit_put_back") == []
    today.ask("pick", rejected="no_read", attempt=3)
    today.scans()
    assert len(notes.of("unit_put_back")) == 1


def test_another_tote_than_the_one_that_is_asked_for_is_sent_away(day: Callable[..., Day]) -> None:
    today = day()
    today.ask("scan_tote", tote="TOTE-9999")
    assert today.scans() == [f"]C0{today.tote}"]
    today.ask("scan_tote", rejected="wrong_tote", tote="TOTE-9999")
    assert today.says() == "not_there"


def test_an_item_that_is_not_in_the_tote_is_told(day: Callable[..., Day]) -> None:
    today = day()
    today.ask("pick", gtin="00000000000000")
    assert today.says() == "not_there"


def test_a_value_that_the_code_does_not_say_is_read_off_the_unit(day: Callable[..., Day]) -> None:
    today = day()
    today.ask("pick")
    today.scans()
    today.ask("give_value", value="unit_id")  # as good as any for what stands on a unit
    assert today.goes_by()[0] == [Said("unit_id", today.number, {"value": str(today.in_hand)})]
    today.ask("give_value", value="best_before")
    assert today.says() == "put_back"
    assert today.in_hand is None


def test_an_open_exception_is_looked_at_and_settled_if_the_person_may(day: Callable[..., Day]) -> None:
    today = day()
    today.ask("settle")
    assert today.goes_by()[0] == [Settling("X-1")]
    assert today.person.settlement([{"action": "placed"}]) is None
    both = [{"action": "override"}, {"action": "pick_again"}]
    answers = [today.person.settlement(both) or {} for _ in range(40)]
    assert {answer["action"] for answer in answers} == {"override", "pick_again"}
    assert {answer.get("approver") for answer in answers if answer["action"] == "override"} == {"sue"}


def test_at_the_wrong_container_nothing_is_put_down(day: Callable[..., Day], notes: Notes) -> None:
    today = day(of(fault="other_container", count=1))
    today.ask("pick")
    today.scans()
    today.ask("scan_container")
    assert today.scans() == [f"]C0{OTHER_BOX}"]
    assert today.in_hand is not None
    today.ask("scan_container", rejected="wrong_container")
    assert today.scans() == [f"]C0{BOX}"]
    assert notes.of("unit_placed")[0]["container"] == BOX


def test_an_old_code_moves_nothing_though_it_is_the_containers(day: Callable[..., Day], notes: Notes) -> None:
    today = day(of(fault="old_code", count=1))
    today.ask("scan_container", container=OTHER_BOX)
    assert today.says() == "put_back"
    today.ask("pick")
    first = today.scans()
    today.ask("scan_container")
    codes = today.scans()
    assert codes == first  # the unit's label once more
    today.ask("scan_container", rejected="wrong_container")
    assert today.scans() == [f"]C0{BOX}"]
    assert len(notes.of("unit_placed")) == 1
