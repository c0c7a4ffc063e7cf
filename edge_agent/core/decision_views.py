"""Views of what waits for a person, and of what persons have stopped."""

from dataclasses import asdict

from edge_agent.core.options import options
from edge_agent.core.state import PersonHold, State
from edge_agent.core.view import View
from edge_agent.domain.decision import Option, subject_name
from edge_agent.domain.ids import ExceptionId


def exception_view(state: State, exception_id: ExceptionId) -> View | None:
    """An open exception with the answers that it allows now; None where it is not open."""
    raised = state.exceptions.get(exception_id)
    if raised is None:
        return None
    return {
        "exception_id": exception_id,
        "kind": raised.kind.value,
        "where": raised.where,
        "detail": raised.detail,
        "task_id": raised.task_id,
        "line_id": raised.line_id,
        "affected_tasks": list(raised.affected),
        "options": [_option(option) for option in options(state, raised)],
    }


def exceptions_view(state: State) -> list[View]:
    """Every open exception, the oldest first."""
    return [view for key in state.exceptions if (view := exception_view(state, key)) is not None]


def holds_view(state: State) -> list[View]:
    """Everything that a person has stopped, the oldest first."""
    return [_hold(hold) for hold in state.holds.values()]


def _option(option: Option) -> View:
    return asdict(option) | {
        "action": option.action.value,
        "arguments": list(option.arguments),
        "role": option.role.value,
    }


def _hold(hold: PersonHold) -> View:
    kind, _, name = subject_name(hold.subject).partition(" ")
    since = hold.since.isoformat()
    return {"kind": kind, "id": name, "actor": hold.actor, "reason": hold.reason, "since": since}
