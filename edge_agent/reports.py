"""What the journal commands print."""

from collections import Counter
from collections.abc import Iterable, Iterator

from edge_agent.adapters.journal_reader import Census
from edge_agent.adapters.journal_verify import Verification
from edge_agent.core.evolve import evolve
from edge_agent.core.state import State
from edge_agent.domain.events import Recorded


def replay_report(records: Iterable[Recorded]) -> Iterator[str]:
    """Where everything stands after the last event. Raises `IllegalTransitionError` for a foreign journal."""
    state, last = State.of_any_site(), None
    for recorded in records:
        evolve(state, recorded.event, recorded.clock_s)
        last = recorded
    if last is None:
        yield "the journal is empty"
        return
    yield f"{last.sequence} events, the last at {last.at.isoformat()}: {type(last.event).__name__}"
    yield f"open tasks: {len(state.tasks)}{_counted(task.status.value for task in state.tasks.values())}"
    yield f"ended tasks: {len(state.ended)}{_counted(task.status.value for task in state.ended.values())}"
    yield f"totes under way: {len(state.trips)}{_counted(trip.status.value for trip in state.trips.values())}"
    for command in state.commands.values():
        order = command.command.order
        yield (
            f"command {command.command.command_id} to {command.command.device_id}: "
            f"{command.status.value}: {order}"
        )
    for raised in state.exceptions.values():
        yield f"exception {raised.exception_id} {raised.kind.value} at {raised.where}: {raised.detail}"


def _counted(values: Iterable[str]) -> str:
    counts = Counter(values)
    return f" ({', '.join(f'{number} {name}' for name, number in sorted(counts.items()))})" if counts else ""


def verification_report(found: Verification) -> Iterator[str]:
    """What was looked at, and the verdict."""
    if found.archived:
        yield f"events up to {found.archived} stand in archives"
    if found.problems:
        yield f"the checksums hold up to event {found.intact}"
    verdict = "NOT sound" if found.problems else "sound"
    yield f"{found.events} events, {found.confirmations} confirmations: {verdict}"


def stats_report(census: Census) -> Iterator[str]:
    """How much there is of what."""
    yield f"{census.events} events, {census.confirmations} of them confirmations, {census.size_bytes} bytes"
    if census.first_at and census.last_at:
        yield f"from {census.first_at.isoformat()} to {census.last_at.isoformat()}"
    for name, number in sorted(census.by_type.items(), key=lambda item: (-item[1], item[0])):
        yield f"{number:>10}  {name}"
    for name, lag in census.lag.items():
        yield f"cursor {name}: {lag} confirmations behind"
