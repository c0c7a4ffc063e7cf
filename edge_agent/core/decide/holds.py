"""A person stops a station, a device, a task or a lane, and lets it go on."""

from collections.abc import Iterator

from edge_agent.core.decide.contradictions import Refused
from edge_agent.core.state import State
from edge_agent.domain import events as ev
from edge_agent.domain import inputs as inp
from edge_agent.domain.decision import (
    DecisionCode,
    DeviceHold,
    HoldSubject,
    LaneHold,
    StationHold,
    TaskHold,
    subject_name,
)
from edge_agent.domain.time import Instant


def hold_placed(state: State, what: inp.HoldPlaced, now: Instant) -> Iterator[ev.Event]:
    """No new work is given to the subject, or the hold is refused and changes nothing."""
    refused = _no_hold(state, what)
    if refused is None:
        yield ev.HeldByPerson(what.subject, what.actor.name, what.reason, now.utc)
    else:
        yield _refusal(what, "hold", refused)


def hold_released(state: State, what: inp.HoldReleased) -> Iterator[ev.Event]:
    """The subject gets work again, or the release is refused and changes nothing."""
    if what.subject in state.holds:
        yield ev.ReleasedByPerson(what.subject, what.actor.name, what.reason)
    else:
        text = f"{subject_name(what.subject)} is not held by a person"
        yield _refusal(what, "release", Refused(DecisionCode.NOT_HELD, text))


def holds_of_ended(state: State, _now: Instant) -> Iterator[ev.Event]:
    """A task that has ended is held no more."""
    for subject in list(state.holds):
        if isinstance(subject, TaskHold) and subject.task_id not in state.tasks:
            yield ev.ReleasedByPerson(subject, "agent", "the task has ended")


def _refusal(what: inp.HoldPlaced | inp.HoldReleased, action: str, refused: Refused) -> ev.DecisionRefused:
    return ev.DecisionRefused(None, what.subject, action, what.actor.name, refused.code, refused.text)


def _no_hold(state: State, what: inp.HoldPlaced) -> Refused | None:
    name = subject_name(what.subject)
    if not _exists(state, what.subject):
        return Refused(DecisionCode.UNKNOWN_SUBJECT, f"there is no {name} here")
    if not what.reason.strip():
        return Refused(DecisionCode.REASON_NEEDED, f"say why {name} is to be held")
    if (hold := state.holds.get(what.subject)) is not None:
        text = f"{name} is held by {hold.actor} already: {hold.reason}"
        return Refused(DecisionCode.ALREADY_HELD, text)
    return None


def _exists(state: State, subject: HoldSubject) -> bool:
    site = state.plant.site
    match subject:
        case StationHold(station_id):
            return station_id in site.stations
        case DeviceHold(device_id):
            return device_id in site.devices
        case TaskHold(task_id):
            return task_id in state.tasks
        case LaneHold(lane_id):
            return lane_id in site.lanes
