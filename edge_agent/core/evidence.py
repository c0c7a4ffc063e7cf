"""What a sighting proves about a command that its device does not remember."""

from edge_agent.domain.command import (
    Done,
    Failed,
    FailureReason,
    Order,
    Outcome,
    Pick,
    Report,
    Retrieve,
    Store,
    Transfer,
    Unknown,
)
from edge_agent.domain.device import Seen, Sighting

NOT_STARTED = Failed(FailureReason.NOT_STARTED)


def settle(order: Order, sighting: Sighting) -> Outcome | None:
    """The outcome of a command, by where the device sees what it moves; None while that is under way.

    Only the two ends of a move prove anything: a load in a third place was moved by somebody else, and
    nobody can say from where.
    """
    if sighting.seen is Seen.UNDER_WAY:
        return None
    match order:
        case Retrieve(location=origin, point=destination):
            # Where it was taken from nobody has measured: no place is reported.
            return _moved(sighting, origin, destination, Report())
        case Store(point=origin, location=destination) | Transfer(origin=origin, destination=destination):
            return _moved(sighting, origin, destination, Report(destination))
        case Pick(tote):
            return _picked(sighting, tote)
        case _:
            return _let_go(sighting)


def is_gone(order: Order, sighting: Sighting) -> bool:
    """Whether the device does not see the load anywhere: one that it says to be moving was taken away."""
    return isinstance(order, Retrieve | Store | Transfer) and sighting.seen is Seen.NOWHERE


def _moved(sighting: Sighting, origin: str, destination: str, report: Report) -> Outcome:
    if sighting.seen is Seen.NOWHERE:
        return Unknown("the device does not see the load anywhere")
    if sighting.place == destination:
        return Done(report)
    if sighting.place == origin:
        return NOT_STARTED
    return Unknown(f"the device sees the load at {sighting.place}")


def _picked(sighting: Sighting, tote: str) -> Outcome:
    """The gripper was empty when the command was given: what it holds now, this command has gripped."""
    if sighting.seen is Seen.NOWHERE:
        return NOT_STARTED
    if sighting.place in ("", tote):
        return Done()
    return Unknown(f"the gripper holds a unit out of {sighting.place} instead of {tote}")


def _let_go(sighting: Sighting) -> Outcome:
    """An empty gripper does not say where the unit lies, and nobody else reports it (invariant 5)."""
    if sighting.seen is Seen.NOWHERE:
        return Unknown("the gripper is empty, and nobody has reported where the unit lies")
    return NOT_STARTED
