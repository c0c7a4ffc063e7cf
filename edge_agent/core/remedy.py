"""What would end a wait: for whoever asks why a task does not move."""

from collections.abc import Mapping
from types import MappingProxyType

from edge_agent.core.state import State
from edge_agent.core.wait import Wait, WaitCode
from edge_agent.domain.events import ExceptionKind
from edge_agent.domain.ids import ExceptionId

REMEDIES: Mapping[WaitCode, str] = MappingProxyType(
    {
        WaitCode.DRAINING: "somebody ends the draining (SIGUSR1 to the agent)",
        WaitCode.NOT_BEFORE: "the time comes that the task names",
        WaitCode.NO_PUT_POSITION: "a container leaves its put position",
        WaitCode.STATION_QUEUE_FULL: "a tote of the station's queue is finished with",
        WaitCode.NO_ASRS: "the site file gets an AS/RS that reaches the location",
        WaitCode.TOTE_IN_USE: "the tote comes back from where it is used now",
        WaitCode.CONTAINER_ON_THE_WAY: "the container arrives",
        WaitCode.DEVICE_NOT_READY: "the device is ready: look at its link, its panel and its fault",
        WaitCode.DEVICE_BUSY: "the device ends a command",
        WaitCode.DEVICE_REFUSED: "the agent gives the command anew, in seconds",
        WaitCode.POINT_FULL: "a load leaves the point",
        WaitCode.COMMAND_OPEN: "the device ends the command",
        WaitCode.SCAN_OPEN: "the scanner reads, or its time is over",
        WaitCode.PERSON_ASKED: "the person at the station does what the prompt says",
        WaitCode.OTHER_WORK_FIRST: "what goes first is done",
        WaitCode.HELD_BY_PERSON: "a person releases it: edge-agent holds list, edge-agent holds release",
        WaitCode.HELD: "a person settles the exception: edge-agent exceptions show {about}",
    }
)
"""Every code, with what would move it."""


ENDS_BY_ITSELF: Mapping[ExceptionKind, str] = MappingProxyType(
    {ExceptionKind.DEVICE_DOWN: "the device is ready again, and the exception ends by itself: {where}"}
)
"""Exceptions that no person can answer, with what would end them."""


def remedy(state: State, wait: Wait) -> str:
    """What would end this wait."""
    raised = state.exceptions.get(ExceptionId(wait.about)) if wait.code is WaitCode.HELD else None
    if raised is not None and raised.kind in ENDS_BY_ITSELF:
        return ENDS_BY_ITSELF[raised.kind].format(where=raised.where)
    return REMEDIES[wait.code].format(about=wait.about)
