"""The accuracy campaign: rounds on virtual time, judged by the audit; it can fail."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from drivers.profile import Profile
from edge_agent.core.decide import scans
from edge_agent.core.verification.rules import Rule
from edge_agent.core.verification.verdicts import ItemPassed
from edge_agent.domain.site import Site
from edge_agent.rehearsal import RehearsedAgent
from edge_agent.resources import config_directory
from edge_agent.site_file import load
from simulators.campaigns import accuracy
from simulators.campaigns.accuracy import BrokenRoundError, Played, Rehearsal, play_round, run_accuracy
from simulators.campaigns.accuracy_report import AccuracyReport, accuracy_table, summary
from simulators.faults import AnyFault
from simulators.faults.scenario import named_mix
from tests.simulators.bench import of

TASKS = 5


@pytest.fixture(scope="module")
def demo() -> tuple[Site, dict[str, Profile]]:
    site, profiles = load(config_directory() / "demo.yaml", {})
    little = site.simulation.model_copy(update={"totes": 20, "skus": 12, "units_per_sku_in_tote": 8})
    return site.model_copy(update={"simulation": little}), dict(profiles)


def ten_times_as_often() -> tuple[AnyFault, ...]:
    return tuple(of(fault=fault.fault, rate=10 * (fault.rate or 0)) for fault in named_mix("mistakes"))


def report_of(played: Played) -> AccuracyReport:
    report = AccuracyReport(played.seed)
    report.add(played.seed, played.audit, played.stops)
    return report


def test_no_mistake_escapes_a_round_and_the_same_seed_gives_the_same_round(
    demo: tuple[Site, dict[str, Profile]],
) -> None:
    rehearsal = Rehearsal(*demo, ten_times_as_often(), RehearsedAgent)
    played = play_round(rehearsal, 3, TASKS)
    assert played.audit.problems == ()
    assert played.audit.tasks.submitted == TASKS
    assert played.audit.verification.injected >= 3
    assert all(counts.escaped == 0 for counts in played.audit.mistakes.values())
    assert played.audit.verification.false_rejects == 0
    assert report_of(played).holds
    exceptions = report_of(played).to_json()["exceptions"]
    assert exceptions["wrong_item"]["raised"] == exceptions["wrong_item"]["by_machine"] > 0
    again = play_round(rehearsal, 3, TASKS)
    assert again == played


def test_what_an_agent_that_looks_at_no_label_lets_through_is_found(
    demo: tuple[Site, dict[str, Profile]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def believe(_data: bytes, expected: scans.ItemExpectation, *_: object, **__: object) -> ItemPassed:
        return ItemPassed(Rule.ITEM_MATCHES, expected.gtin, expected.lot, None, None)

    monkeypatch.setattr(scans, "verify_item", believe)
    armed = tuple(of(fault=fault, rate=0.5) for fault in ("foreign_item", "expired", "damaged_code"))
    played = play_round(Rehearsal(*demo, armed, RehearsedAgent), 1, 2)
    escaped = {kind: counts.escaped for kind, counts in played.audit.mistakes.items()}
    assert {"foreign_item", "expired", "damaged_code"} <= {kind for kind, count in escaped.items() if count}
    assert played.audit.verification.escaped > 0
    assert not report_of(played).holds


def test_a_campaign_plays_rounds_until_the_units_are_picked(demo: tuple[Site, dict[str, Profile]]) -> None:
    report = AccuracyReport(seed=5)
    changes: list[int] = []
    rehearsal = Rehearsal(*demo, named_mix("mistakes"), RehearsedAgent)
    with ThreadPoolExecutor(1) as pool:
        run_accuracy(
            rehearsal, 10, report, lambda: changes.append(report.rounds), pool=pool, at_once=2, tasks=1
        )
    assert report.units >= 10
    assert changes == list(range(1, report.rounds + 1))
    assert report.holds


def test_a_round_that_breaks_off_is_a_problem_and_names_its_seed() -> None:
    report = AccuracyReport(seed=7)
    report.broke_off(9, BrokenRoundError("3 tasks neither ended nor are held"))
    assert report.broken
    assert report.problems == ["seed 9: 3 tasks neither ended nor are held"]
    assert not report.holds


def test_a_round_in_which_tasks_do_not_end_breaks_off(
    demo: tuple[Site, dict[str, Profile]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accuracy, "ROUND_LIMIT_S", 5.0)
    with pytest.raises(BrokenRoundError, match="1 tasks neither ended nor are held"):
        play_round(Rehearsal(*demo, (), RehearsedAgent), 1, 1)


def test_a_round_whose_agent_fails_breaks_off_and_says_why(
    demo: tuple[Site, dict[str, Profile]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ArithmeticError("no such step")

    monkeypatch.setattr(scans, "verify_item", fail)
    with pytest.raises(BrokenRoundError, match=r"the agent failed: .*no such step"):
        play_round(Rehearsal(*demo, (), RehearsedAgent), 1, 1)


def test_the_report_tells_what_the_sample_proves_and_what_it_does_not() -> None:
    report = AccuracyReport(seed=1, rounds=1, units=1000)
    assert report.escape_bound is None
    report.injected.update(wrong_lot=200, expired=100)
    report.by_rule["wrong_lot"].update(V10=200)
    report.stops.update(tote_unidentified=2)
    assert report.escape_bound == pytest.approx(0.01)
    told = "\n".join(summary(report))
    assert "0 of 300 mistakes escaped: with 95 % confidence fewer than 1.0000% do" in told
    assert "stops for a person: 2, 2.0 per 1,000 units (tote_unidentified 2)" in told
    assert "not in the sample: what a weight alone can see" in told
    assert report.to_json()["mistakes"]["wrong_lot"] == {
        "injected": 200,
        "caught": 200,
        "escaped": 0,
        "by_rule": {"V10": 200},
    }
    assert accuracy_table(report).row_count == 3
    report.injected.update(over_pick=10)
    assert "what a weight alone can see" not in "\n".join(summary(report))


def test_one_escaped_mistake_is_enough_to_fail_and_to_prove_nothing() -> None:
    report = AccuracyReport(seed=1, units=1000, injected=Counter(wrong_lot=200), escaped=Counter(wrong_lot=1))
    assert not report.holds
    assert report.escape_bound is None
