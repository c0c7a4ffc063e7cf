"""The dispatch that the topics register their handlers with."""

from functools import singledispatch

from edge_agent.core.state import State
from edge_agent.domain.events import Event


@singledispatch
def apply(event: Event, state: State, clock_s: float) -> None:
    """Change the state as `event` says; an event without a handler only tells something."""
