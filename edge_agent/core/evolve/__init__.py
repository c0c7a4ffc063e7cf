"""`evolve(state, event)`: what each event does to the state. The only place that changes it.

One module a topic; each registers its handlers with `dispatch.apply`.
"""

from edge_agent.core.evolve import commands, devices, exceptions, tasks, trips, units
from edge_agent.core.evolve.dispatch import apply
from edge_agent.core.state import State
from edge_agent.domain.events import Event

TOPICS = (commands, devices, exceptions, tasks, trips, units)


def evolve(state: State, event: Event, clock_s: float) -> State:
    """Apply one event that happened at `clock_s` (agent's clock). Returns the same, changed, state.

    Raises `IllegalTransitionError` where the event is not allowed; the state is then unchanged.
    """
    apply(event, state, clock_s)
    return state
