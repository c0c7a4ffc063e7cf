"""A second scanner that looks at the same place reads what the first one cannot."""

import pytest

from edge_agent.core.wait import WaitCode
from edge_agent.domain import events as ev
from edge_agent.domain.decision import DeviceHold
from edge_agent.domain.ids import DeviceId
from tests.core.agent import MUG, PEN, Agent, a_line, a_site, a_task, an_agent, ean
from tests.core.policy.sites import SPARE_ITEM, SPARE_TOTE, with_spares

FIRST = DeviceId("st1-item-scan")


def at_a_scan(target: ev.ScanTarget, exceptions: dict[str, object] | None = None) -> Agent:
    agent = an_agent({1: [MUG] * 3, 2: [MUG]}, with_spares(a_site("st1", exceptions=exceptions)))
    agent.submit(a_task("T-1", a_line("1", MUG, 2, totes=(1, 2))))
    agent.run(until=lambda agent: agent.scan_steps(target))
    return agent


def asked(agent: Agent) -> list[tuple[DeviceId, int]]:
    """Which scanner was triggered, the how many-th time."""
    return [(event.scanner, event.attempt) for event in agent.of(ev.ScanRequested)]


@pytest.mark.parametrize(
    ("target", "spare", "kind"),
    [
        (ev.ScanTarget.ITEM, SPARE_ITEM, ev.ExceptionKind.NO_READ),
        (ev.ScanTarget.TOTE, SPARE_TOTE, ev.ExceptionKind.TOTE_UNIDENTIFIED),
    ],
)
def test_it_reads_after_the_first_was_triggered_often_enough(
    target: ev.ScanTarget, spare: DeviceId, kind: ev.ExceptionKind
) -> None:
    agent = at_a_scan(target)
    for _ in range(3):
        agent.scan(None)
    assert asked(agent)[-1] == (spare, 1)
    assert agent.last(ev.ExceptionRaised).kind is kind
    assert agent.last(ev.ExceptionResolved).action == "other_scanner"
    station_id, scanner = agent.scan_steps()[0]
    assert scanner == spare
    agent.scan(ean(MUG) if target is ev.ScanTarget.ITEM else agent.sees(station_id))
    passed = ev.UnitVerified if target is ev.ScanTarget.ITEM else ev.TotePresented
    assert agent.last(passed).scanner == spare


def test_it_is_triggered_as_often_and_then_the_unit_goes_back() -> None:
    agent = at_a_scan(ev.ScanTarget.ITEM)
    for _ in range(6):
        agent.scan(None)
    assert asked(agent)[-6:] == [(FIRST, 1), (FIRST, 2), (FIRST, 3), *((SPARE_ITEM, n) for n in (1, 2, 3))]
    assert agent.last(ev.ScanRejected).scanner == SPARE_ITEM


def test_a_wrong_item_is_not_read_by_another_scanner_until_one_lets_it_pass() -> None:
    agent = at_a_scan(ev.ScanTarget.ITEM)
    agent.scan(ean(PEN))
    assert agent.last(ev.ScanRejected).scanner == FIRST
    assert all(scanner != SPARE_ITEM for scanner, _ in asked(agent))


def test_it_is_not_asked_where_the_site_does_not_say_so() -> None:
    agent = at_a_scan(ev.ScanTarget.ITEM, {"no_read": {"steps": ["trigger_again", "pick_again"]}})
    for _ in range(3):
        agent.scan(None)
    assert agent.last(ev.ScanRejected).scanner == FIRST


def test_it_is_not_asked_while_it_is_away_or_held() -> None:
    for stop in (Agent.lose, lambda agent, name: agent.hold(DeviceHold(DeviceId(name)))):
        agent = at_a_scan(ev.ScanTarget.ITEM)
        stop(agent, SPARE_ITEM)
        for _ in range(3):
            agent.scan(None)
        assert agent.last(ev.ScanRejected).scanner == FIRST


def test_it_reads_at_once_when_the_first_has_been_away_for_long() -> None:
    agent = at_a_scan(ev.ScanTarget.TOTE)
    agent.lose(FIRST)
    agent.run_to(ev.UnitGripped)
    assert agent.clock_s < 5.0
    assert agent.why()[0].code is WaitCode.DEVICE_NOT_READY
    agent.advance()
    assert agent.clock_s == 5.0, "policies.scanner_wait_s"
    assert agent.last(ev.ScanRequested).scanner == SPARE_ITEM
    agent.scan(ean(MUG))
    agent.ready(FIRST)
    agent.run_to(ev.UnitGripped, 2)
    assert agent.last(ev.ScanRequested).scanner == FIRST, "the first reads again when it is back"


def test_a_reading_that_is_under_way_goes_to_it_when_the_first_stays_away() -> None:
    agent = at_a_scan(ev.ScanTarget.ITEM)
    agent.lose(FIRST)
    agent.wait(4.9)
    assert agent.scan_steps()[0][1] == FIRST
    agent.wait(0.1)
    assert agent.scan_steps()[0][1] == SPARE_ITEM
    assert agent.of(ev.ScanRejected) == []


def test_it_reads_at_once_when_a_person_holds_the_first() -> None:
    agent = at_a_scan(ev.ScanTarget.TOTE)
    agent.hold(DeviceHold(FIRST))
    agent.run_to(ev.UnitGripped)
    assert agent.last(ev.ScanRequested).scanner == SPARE_ITEM
