from edge_agent.core.state import State
from edge_agent.core.view import View
from edge_agent.domain.ids import ExceptionId


def exception_view(state: State, exception_id: ExceptionId) -> View | None:
    raised = state.exceptions.get(exception_id)
    return (
        None
        if raised is None
        else {
            "exception_id": exception_id,
            "kind": raised.kind.value,
            "where": raised.where,
            "detail": raised.detail,
            "options": [],
        }
    )


def exceptions_view(state: State) -> list[View]:
    return [view for key in state.exceptions if (view := exception_view(state, key))]


def holds_view(state: State) -> list[View]:
    return []
