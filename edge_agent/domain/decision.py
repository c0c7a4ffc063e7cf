"""What people decide: who they are, what they may answer, and what they may stop."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from edge_agent.domain.ids import DeviceId, LaneId, StationId, TaskId


class Role(StrEnum):
    """What a person may do. A supervisor may do all that an operator may."""

    OPERATOR = "operator"
    SUPERVISOR = "supervisor"

    def covers(self, needed: "Role") -> bool:
        """Whether this role may do what needs `needed`."""
        return self is needed or self is Role.SUPERVISOR


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, as the way in which the answer came has identified them."""

    name: str
    role: Role


class Action(StrEnum):
    """What a person may answer to an exception. The answer is taken as the outcome."""

    DONE = "done"
    """The load is where the command should have brought it."""
    NOT_MOVED = "not_moved"
    """The load is where it was before the command: it is decided anew, under a new command id."""
    REMOVED = "removed"
    """A person took the tote out: its journey ends, and no task that is open now asks for it again."""
    GRIPPER_EMPTY = "gripper_empty"
    """The unit is in its tote: it is picked again."""
    GRIPPER_HOLDS = "gripper_holds"
    """The unit is in the gripper: its label is read next."""
    PLACED = "placed"
    """The unit lies in the order container. Counts as the device's report; the scan had passed."""
    NOT_PLACED = "not_placed"
    """The unit is still in the gripper: it is placed again."""
    PUT_BACK = "put_back"
    """The unit lies in its tote again."""
    IN_GRIPPER = "in_gripper"
    """The unit is still in the gripper: it is put back again."""
    LOST = "lost"
    """The unit is neither in the gripper nor where it should be: it is written off, another one is picked."""
    SCAN_AGAIN = "scan_again"
    """The right container stands there and can be read: its task goes on."""
    GO_ON = "go_on"
    """What was in the way is gone."""
    CANCEL_REST = "cancel_rest"
    """What the task still lacks is cancelled; its container goes to the reject point."""
    ACCEPT_SHORT = "accept_short"
    """The line ends short though its task allows no partial lines."""
    LOOK_AGAIN = "look_again"
    """Every source is tried anew: they were replenished."""
    ADD_SOURCE = "add_source"
    """The item is in a further tote: arguments `location` and `tote`."""
    CANCEL_LINE = "cancel_line"
    """What the line still lacks is cancelled; the rest of its task goes on."""
    RESUME = "resume"
    """The machine was released at its panel and may move again."""
    OVERRIDE = "override"
    """The rule is set aside for this task and this very value: the unit is right all the same."""
    PICK_AGAIN = "pick_again"
    """The unit lies in its tote again; the person at the station picks another one."""


@dataclass(frozen=True, slots=True)
class Option:
    """One action that an open exception allows, and what it needs."""

    action: Action
    arguments: tuple[str, ...]
    """Names of the arguments, all of which must be given."""
    role: Role
    """Whoever answers must have it, and so must whoever approves."""
    needs_approval: bool
    """A second person, who is a supervisor, must stand behind it."""
    needs_reason: bool


class DecisionCode(StrEnum):
    """Why an answer, a hold or a release was refused. Nothing changes by it."""

    UNKNOWN_EXCEPTION = "unknown_exception"
    """There has been no such exception here."""
    ALREADY_RESOLVED = "already_resolved"
    """The answer came late, or twice; the text says by whom it was settled, as long as that is remembered."""
    UNKNOWN_ACTION = "unknown_action"
    """The exception does not allow it; the text names what it allows."""
    MISSING_ARGUMENT = "missing_argument"
    """The action needs an argument that was not given."""
    BAD_ARGUMENT = "bad_argument"
    """An argument is not one of the action's, or is not what this site knows."""
    NOT_ALLOWED = "not_allowed"
    """The person's role, or the approver's, does not cover it."""
    APPROVAL_NEEDED = "approval_needed"
    """A second person, a supervisor, must stand behind it."""
    APPROVER_IS_ACTOR = "approver_is_actor"
    """Nobody approves what they ask for themselves."""
    REASON_NEEDED = "reason_needed"
    """A reason must be given."""
    NOT_POSSIBLE_NOW = "not_possible_now"
    """The agent knows something that contradicts the answer; the text says what."""
    UNKNOWN_STATION = "unknown_station"
    """There is no such station, or a machine works there."""
    ALREADY_ANSWERED = "already_answered"
    """The answer came late, or twice: the prompt that it names is no longer open."""
    NOT_ASKED = "not_asked"
    """The open prompt does not take this answer; the text names what it takes."""
    UNKNOWN_SUBJECT = "unknown_subject"
    """There is no such station, device or lane, and no such open task."""
    ALREADY_HELD = "already_held"
    """A person holds it already; the text says who and why."""
    NOT_HELD = "not_held"
    """No person holds it."""


# ---- what a person may stop --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StationHold:
    """The station gets no new task, tote or unit; the unit in hand is finished."""

    station_id: StationId


@dataclass(frozen=True, slots=True)
class DeviceHold:
    """The device gets no new command; what it has is finished."""

    device_id: DeviceId


@dataclass(frozen=True, slots=True)
class TaskHold:
    """Nothing new begins for the task; the unit in hand is finished."""

    task_id: TaskId


@dataclass(frozen=True, slots=True)
class LaneHold:
    """No order container leaves by the lane."""

    lane_id: LaneId


HoldSubject: TypeAlias = StationHold | DeviceHold | TaskHold | LaneHold
"""What a person may hold and release."""


def subject_name(subject: HoldSubject) -> str:
    """The subject in words: its kind and its id."""
    match subject:
        case StationHold(station_id):
            return f"station {station_id}"
        case DeviceHold(device_id):
            return f"device {device_id}"
        case TaskHold(task_id):
            return f"task {task_id}"
        case LaneHold(lane_id):
            return f"lane {lane_id}"
