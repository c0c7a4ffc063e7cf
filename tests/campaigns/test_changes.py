"""Cancels and replacements at every moment of a story, judged by the audit; the judge can fail."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from edge_agent.domain import events as ev
from edge_agent.domain.ids import LineId, StationId, TripId
from edge_agent.rehearsal import RehearsedAgent
from edge_agent.resources import config_directory
from edge_agent.site_file import load
from simulators.campaigns import changes
from simulators.campaigns.accuracy import Rehearsal
from simulators.campaigns.changes import (
    CHANGED,
    Change,
    ChangesReport,
    Story,
    play_story,
    run_changes,
    story_of,
)
from simulators.campaigns.show_changes import changes_table

SEED = 13
MOMENTS = {Change.CANCEL: 21, Change.REPLACE: 9}
"""Spread over the story; `edge-agent campaign changes` takes every one."""


@pytest.fixture(scope="module")
def rehearsal() -> Rehearsal:
    site, profiles = load(config_directory() / "demo.yaml", {})
    return story_of(Rehearsal(site, profiles, (), RehearsedAgent))


@pytest.fixture(scope="module")
def story(rehearsal: Rehearsal) -> Story:
    return play_story(rehearsal, SEED)


def spread(story: Story, change: Change) -> Iterator[int]:
    """Moments all over the story to its last commit, others for each change."""
    count = MOMENTS[change]
    return (story.commits * number // count for number in range(1, count + 1))


def test_the_story_has_everything_that_makes_a_change_hard(story: Story) -> None:
    mine = [event for event in story.events if getattr(event, "task_id", None) == CHANGED]
    kinds = {type(event) for event in mine}
    assert {ev.LinePicked, ev.LineShort, ev.SourceExhausted, ev.UnitVerified, ev.ToteRetrieved} <= kinds
    assert ev.UnitPutBack in map(type, story.events)
    trips = [event for event in story.events if isinstance(event, ev.TripPlanned)]
    assert sum(any(ref.task_id == CHANGED for ref in trip.lines) for trip in trips) >= 2
    stations = {
        event.task_id: event.station_id for event in story.events if isinstance(event, ev.TaskStarted)
    }
    assert list(stations.values()).count(stations[CHANGED]) >= 2, "another task stands beside it"
    assert story.problems == []


@pytest.mark.parametrize("change", Change)
def test_a_change_is_taken_or_refused_and_everything_adds_up_whenever_it_comes(
    rehearsal: Rehearsal, story: Story, change: Change
) -> None:
    stories = [play_story(rehearsal, SEED, change, moment) for moment in spread(story, change)]
    assert [problem for told in stories for problem in told.problems] == []
    assert {told.answer for told in stories} > {"taken"}
    assert len({tuple(map(type, told.events)) for told in stories}) >= MOMENTS[change] - 2, (
        "the moments are different ones"
    )


@pytest.mark.parametrize(
    "begun",
    [
        ev.UnitStarted(StationId("st1"), TripId("trip-1"), CHANGED, LineId("1")),
        ev.TripJoined(TripId("trip-1"), ev.LineRef(CHANGED, LineId("1"))),
    ],
)
def test_what_begins_for_a_task_after_its_cancel_is_found(story: Story, begun: ev.Event) -> None:
    cancel = ev.CancelRequested(CHANGED, 1, "not wanted")
    assert replace(story, events=(begun, cancel)).problems == []
    (problem,) = replace(story, events=(cancel, begun)).problems
    assert "after its cancel" in problem


def test_a_second_unit_after_the_cancel_is_found(story: Story) -> None:
    placed = [
        event for event in story.events if isinstance(event, ev.UnitPlaced) and event.task_id == CHANGED
    ]
    cancel = ev.CancelRequested(CHANGED, 1, "not wanted")
    assert replace(story, events=(cancel, placed[0])).problems == []
    assert replace(story, events=(cancel, *placed[:2])).problems != []


def test_a_cancel_that_did_not_take_though_the_oms_was_told_so_is_found(story: Story) -> None:
    (problem,) = replace(story, change=Change.CANCEL, answer="taken").problems
    assert "ended short; the cancel was answered taken" in problem


def test_a_campaign_plays_every_moment_and_counts_the_answers(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "TASKS", 1)
    report, left = ChangesReport(seed=9), list[int]()
    with ThreadPoolExecutor(1) as pool:
        run_changes(rehearsal, report, 1, left.append, pool=pool, at_once=1)
    assert report.consistent
    assert report.moments == sum(counts.total() for counts in report.answers.values()) >= 20
    assert set(report.answers) == set(Change)
    assert left[-1] == 0
    assert report.to_json()["consistent"] is True
    assert changes_table(report).row_count == sum(map(len, report.answers.values()))
