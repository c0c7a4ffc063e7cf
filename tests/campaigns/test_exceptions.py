"""Every kind of exception provoked in the simulated warehouse, settled, and audited."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from edge_agent.domain.events import ExceptionKind
from edge_agent.rehearsal import RehearsedAgent
from edge_agent.resources import config_directory
from edge_agent.site_file import load
from simulators.campaigns import accuracy
from simulators.campaigns.accuracy import BrokenRoundError, Rehearsal
from simulators.campaigns.exceptions import CASES, SITES, ExceptionsReport, play_case, run_exceptions
from simulators.campaigns.show_exceptions import exceptions_table
from simulators.settler import Settler

SEED = 1
NO_PERSON = {
    "wrong_item",
    "tote_missing",
    "put_position_taken",
    "device_down",
    "lane_blocked",
    "station_down",
}
"""What the policy settles without one; `put_position_taken` follows from what a person settles beside it."""
PERSON = {
    *("wrong_container", "weight_disagrees", "e_stop"),
    *("command_failed", "command_refused", "command_unknown"),
}


@pytest.fixture(scope="module")
def sites() -> dict[str, Rehearsal]:
    return {
        name: Rehearsal(*load(config_directory() / f"{name}.yaml", {}), (), RehearsedAgent) for name in SITES
    }


def test_every_kind_has_its_case() -> None:
    assert list(CASES) == list(ExceptionKind), "say in CASES how the new kind is provoked"


def test_every_kind_comes_up_and_is_settled_and_the_ledgers_agree(sites: dict[str, Rehearsal]) -> None:
    report, seen = ExceptionsReport(SEED), list[int]()
    with ThreadPoolExecutor(1) as pool:
        run_exceptions(sites, 1, report, lambda: seen.append(report.rounds), pool=pool)
    assert report.problems == []
    assert report.missing == []
    assert report.consistent
    assert seen[-1] == len(CASES)
    assert report.totals["tasks.held"] == 0
    told = report.to_json()["exceptions"]
    assert set(told) == set(ExceptionKind)
    for kind, counts in told.items():
        assert counts["raised"] == counts["by_machine"] + counts["by_person"], kind
    assert {kind for kind, counts in told.items() if not counts["by_person"]} == NO_PERSON
    assert {kind for kind, counts in told.items() if not counts["by_machine"]} == PERSON
    assert exceptions_table(report).row_count == len(ExceptionKind)


def test_a_unit_that_its_container_weighs_wrong_is_taken_out_and_none_escapes(
    sites: dict[str, Rehearsal],
) -> None:
    result = play_case(sites["scales"], CASES[ExceptionKind.WEIGHT_DISAGREES], SEED)
    assert result.problems == ()
    swapped = result.mistakes["swapped_label"]
    assert (swapped.escaped, swapped.by_rule["V18"] > 0) == (0, True)
    assert result.tasks.completed == result.tasks.submitted


def test_what_nobody_settles_breaks_the_round_off(
    sites: dict[str, Rehearsal], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Settler, "look", lambda _: None)
    monkeypatch.setattr(accuracy, "ROUND_LIMIT_S", 400.0)
    with pytest.raises(BrokenRoundError, match="neither ended nor"):
        play_case(sites["demo"], CASES[ExceptionKind.E_STOP], SEED)


def test_a_kind_that_never_comes_up_fails_the_campaign() -> None:
    report = ExceptionsReport(SEED)
    assert not report.consistent
    assert report.missing == sorted(ExceptionKind)
    report.broke_off("short, seed 1", BrokenRoundError("3 tasks are left"))
    assert report.problems == ["short, seed 1: 3 tasks are left"]
