"""`evolve(state, event)`: what each event does to the state. The only place that changes it.

One module a topic; each registers its handlers with `dispatch.apply`.
"""

from edge_agent.core.evolve import commands, containers, devices, exceptions, tasks, trips, units
from edge_agent.core.evolve.dispatch import apply
from edge_agent.core.state import State
from edge_agent.domain.events import Event
from edge_agent.errors import IllegalTransitionError

TOPICS = (commands, containers, devices, exceptions, tasks, trips, units)


def evolve(state: State, event: Event, clock_s: float) -> State:
    """Apply one event that happened at `clock_s` (agent's clock). Returns the same, changed, state.

    Raises `IllegalTransitionError` where the event is not allowed; the state is then unchanged.
    """
    try:
        apply(event, state, clock_s)
    except KeyError as missing:  # what the event names has ended, or never was
        raise IllegalTransitionError(str(missing.args[0]), "not there", type(event).__name__) from missing
    return state
