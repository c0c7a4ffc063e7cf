"""Cancels and replacements at every moment of a story, judged by the audit; the judge can fail."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from edge_agent.core import tasks
from edge_agent.core.state import LineState, State
from edge_agent.domain import events as ev
from edge_agent.domain.ids import LineId, TaskId
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
MOMENTS = 24
"""Spread over the story; `edge-agent campaign changes` takes every one."""


@pytest.fixture(scope="module")
def rehearsal() -> Rehearsal:
    site, profiles = load(config_directory() / "demo.yaml", {})
    return story_of(Rehearsal(site, profiles, (), RehearsedAgent))


@pytest.fixture(scope="module")
def story(rehearsal: Rehearsal) -> Story:
    return play_story(rehearsal, SEED)


def spread(story: Story, change: Change) -> Iterator[int]:
    """Moments all over the story, others for each change; the first commits come before the task does."""
    first, step = 4, story.commits / MOMENTS
    offset = step / 2 if change is Change.REPLACE else 0
    return (max(first, round(offset + number * step)) for number in range(MOMENTS))


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
    assert len({tuple(map(type, told.events)) for told in stories}) >= 20, "the moments are different ones"


def test_an_agent_that_picks_on_after_a_cancel_is_found(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def has_a_tote(state: State, task_id: TaskId, line_id: LineId) -> bool:
        return state.tasks[task_id].lines[line_id].trip_id is not None

    monkeypatch.setattr(tasks, "in_hand", has_a_tote)
    told = play_story(rehearsal, SEED, Change.CANCEL, 60)
    assert any("after its cancel" in problem for problem in told.problems)


def test_an_agent_that_lets_what_has_begun_be_replaced_is_found(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LineState, "begun", property(lambda line: line.status.value == "picking"))
    told = [play_story(rehearsal, SEED, Change.REPLACE, moment) for moment in (100, 120, 140)]
    assert any(one.problems for one in told)


def test_a_campaign_plays_every_moment_and_counts_the_answers(
    rehearsal: Rehearsal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "TASKS", 1)
    report, left = ChangesReport(seed=6), list[int]()
    with ThreadPoolExecutor(1) as pool:
        run_changes(rehearsal, report, 1, left.append, pool=pool, at_once=1)
    assert report.consistent
    assert report.moments == sum(counts.total() for counts in report.answers.values()) >= 20
    assert set(report.answers) == set(Change)
    assert left[-1] == 0
    assert report.to_json()["consistent"] is True
    assert changes_table(report).row_count == sum(map(len, report.answers.values()))
