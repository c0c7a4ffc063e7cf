"""A person at an operator's station: does with their own hands what the prompt asks for, and scans."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edge_agent.core.prompts import Prompt, PromptCode, prompt
from edge_agent.core.verification.reads import REREAD_S
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.decision import Actor
from edge_agent.domain.ids import DeviceId, Gtin, Lpn, StationId
from edge_agent.domain.item import Catalogue
from edge_agent.domain.site import Site
from edge_agent.domain.station import Answer
from edge_agent.domain.task import Line
from tests.core import laws
from tests.core.agent import ANNA, Agent, a_site, a_task, an_agent, ean, label
from tests.core.person import LOST


@dataclass
class Operator:
    """One person at one station. What is in their hand is in the station's gripper."""

    agent: Agent
    station_id: StationId

    def __post_init__(self) -> None:
        self.station = self.agent.plant.site.stations[self.station_id]

    @property
    def prompt(self) -> Prompt | None:
        return prompt(self.agent.state, self.station_id, self.agent.now)

    @property
    def asked(self) -> Prompt:
        """What is asked now."""
        asked = self.prompt
        assert asked is not None, "nothing is asked"
        return asked

    # ---- what they say -------------------------------------------------------------------------------

    def scan(self, data: bytes | None) -> list[ev.Event]:
        """With the scanner that the prompt waits for; where it waits for none, with that for items.

        What is read again at once is no second scan, and nobody is that quick.
        """
        self.agent.clock_s += 2 * REREAD_S
        return self.agent.scan(data, self.asked.scanner or self.station.item_scanner)

    def answer(
        self,
        answer: str,
        *,
        actor: Actor = ANNA,
        approver: Actor | None = None,
        reason: str = "",
        step: int | None = None,
        **arguments: str,
    ) -> list[ev.Event]:
        return self.agent.feed(
            inp.StationAnswered(self.station_id, answer, actor, arguments, approver, reason, step)
        )

    # ---- what they do --------------------------------------------------------------------------------

    @property
    def in_hand(self) -> Gtin | None:
        return self.agent.floor.grippers.get(self.station.picker)

    def grip(self, gtin: Gtin) -> bool:
        """Take a unit out of the tote; False where there is none."""
        content = self._tote()
        if self.in_hand is not None or gtin not in content:
            return self.in_hand == gtin
        content.remove(gtin)
        self.agent.floor.grippers[self.station.picker] = gtin
        return True

    def put_back(self) -> None:
        if self.in_hand is not None:
            self._tote().append(self.agent.floor.grippers.pop(self.station.picker))

    def put(self, container: Lpn) -> None:
        """Into the order container."""
        unit = self.agent.floor.grippers.pop(self.station.picker)
        self.agent.floor.content[container].append(unit)
        self.agent.floor.placed.setdefault(container, Counter())[unit] += 1

    def set_aside(self) -> None:
        unit = self.agent.floor.grippers.pop(self.station.picker)
        self.agent.floor.content.setdefault(LOST, []).append(unit)

    def _tote(self) -> list[Gtin]:
        load = next(self.agent.floor.loads_at(self.station.tote_point))
        return self.agent.floor.content[load]

    def _standing_at(self, point: str | None) -> Lpn:
        assert point is not None
        return next(self.agent.floor.loads_at(point))

    # ---- going on ------------------------------------------------------------------------------------

    def act(self) -> bool:
        """Do what the prompt asks for; False where it asks for nothing that this person can do."""
        asked = self.prompt
        if asked is None or asked.code in (PromptCode.WAIT, PromptCode.SETTLE):
            return False
        before = asked.step
        self._do(asked)
        assert self.agent.state.stations[self.station_id].step != before, f"{asked.code} was not met"
        return True

    def _do(self, asked: Prompt) -> None:
        wanted = asked.facts.gtin
        match asked.code:
            case PromptCode.SCAN_TOTE:
                self.scan(label(self._standing_at(self.station.tote_point)))
            case PromptCode.PICK | PromptCode.SCAN_ITEM:
                assert wanted is not None
                self._show(asked, wanted)
            case PromptCode.GIVE_VALUE:
                assert asked.facts.value is not None
                self.answer(asked.facts.value, value=asked.facts.lot or "L1")
            case PromptCode.PUT_BACK:
                self.put_back()
                self.answer(Answer.PUT_BACK)
            case PromptCode.SCAN_CONTAINER:
                box = self._standing_at(asked.facts.put_point)
                if any(isinstance(event, ev.UnitPlaced) for event in self.scan(label(box))):
                    self.put(box)
            case _:
                self.place(asked)

    def place(self, asked: Prompt) -> None:
        """Put the unit in and say so."""
        assert asked.facts.container is not None
        self.put(asked.facts.container)
        self.answer(Answer.PLACED)

    def _show(self, asked: Prompt, wanted: Gtin) -> None:
        """Take a unit of the item, if there is one, and scan it."""
        if self.in_hand != wanted:
            self.put_back()
        if self.grip(wanted):
            self.scan(ean(wanted))
        else:
            self.answer(Answer.NOT_THERE if asked.code is PromptCode.PICK else Answer.PUT_BACK)


def by_hand(
    *stations: str,
    stock: Mapping[int, Sequence[Gtin]] | None = None,
    site: Site | None = None,
    ready: bool = True,
    present: bool = True,
    catalogue: Catalogue | None = None,
) -> tuple[Agent, Operator]:
    """An agent whose stations of these names have an operator, and the first of them; `present`: they do what
    is asked whenever the agent goes on."""
    site = site or a_site(*stations)
    pickers: frozenset[DeviceId] = frozenset(site.stations[StationId(name)].picker for name in stations)
    agent = an_agent(stock, site, ready=ready, persons=pickers, catalogue=catalogue)
    operators = [Operator(agent, StationId(name)) for name in stations]
    if present:
        agent.people += [operator.act for operator in operators]
    return agent, operators[0]


def at(
    code: PromptCode, *lines: Line, station: str = "st2", stock: dict[int, list[Gtin]] | None = None
) -> Operator:
    """An operator who is asked for that; everything went well up to then."""
    agent, operator = by_hand(station, stock=stock)
    agent.submit(a_task("T-1", *lines))
    up_to(operator, code)
    return operator


def up_to(operator: Operator, code: PromptCode) -> None:
    operator.agent.run(until=lambda _: operator.prompt is not None and operator.asked.code is code)


def finished(operator: Operator) -> tuple[int, int]:
    """Picked and short, when everything has gone well from here on."""
    operator.agent.run()
    laws.check_rest(operator.agent)
    (result,) = operator.agent.last(ev.TaskCompleted).lines
    return result.picked, result.short


def refusal(events: list[ev.Event]) -> ev.DecisionRefused:
    (refused,) = events
    assert isinstance(refused, ev.DecisionRefused)
    return refused
