"""What every handshake offers, and how the numbers of the profile's code tables are read."""

import logging
from collections.abc import AsyncIterator, Sequence
from typing import Protocol, TypeAlias

from drivers.profile import Codes
from edge_agent.domain.command import (
    Accepted,
    Done,
    Failed,
    FailureReason,
    Reconciled,
    Refusal,
    RefusalReason,
    Report,
)
from edge_agent.domain.device import (
    AnswerIgnored,
    CommandEnded,
    DeviceStatus,
    Mode,
    Seen,
    Sighting,
    StatusChanged,
)
from edge_agent.domain.ids import CommandId

logger = logging.getLogger(__name__)

HEARTBEAT_LIMIT_S = 3.0
"""Three beats missed (docs/reference/handshakes.md): the controller's program stands still, or does not see
ours."""
BEAT_S = 0.5
"""How often the agent's own heartbeat is counted up: twice as often as it must."""

Observed: TypeAlias = CommandEnded | StatusChanged | AnswerIgnored

_SEEN = {0: Seen.NOWHERE, 1: Seen.AT_PLACE, 2: Seen.UNDER_WAY}


class Handshake(Protocol):
    """One connection's conversation with a device.

    Every method may raise `LinkLostError`; after that `close` and `connect` begin a new connection. A device
    that starts anew (another boot epoch) loses the link too: everything that was open on it is in doubt.
    """

    async def connect(self) -> DeviceStatus:
        """Open the link, check that the device has what its profile names, and read its state.

        Raises `LinkLostError` or `DeviceMismatchError`.
        """
        ...

    async def send(
        self, command_id: CommandId, call: int | str, arguments: Sequence[str]
    ) -> Accepted | Refusal:
        """Say it once. A `LinkLostError` means doubt: `reconcile` before anything else."""
        ...

    async def reconcile(self, command_id: CommandId, epoch: int) -> Reconciled:
        """What became of a command that was decided under this boot epoch. Changes nothing."""
        ...

    async def query(self, load: str) -> Sighting | None:
        """Where the device sees a load, or with an empty name what its gripper holds. Changes nothing.

        None: its profile names no such query, or the answer is none that it could give.
        """
        ...

    def observations(self) -> AsyncIterator[Observed]:
        """What the device reports, in order, until the link is lost. From the first call on the agent's
        heartbeat is counted up."""
        ...

    async def acknowledge(self, receipt: int) -> None:
        """The report with this receipt is safe with us."""
        ...

    async def close(self) -> None:
        """Let go of the link; may be called at any time and more than once."""
        ...


def read_answer(codes: Codes, code: int, detail: str = "") -> Accepted | Refusal:
    """What an acceptance code says. A number that the profile does not know is a refusal."""
    reason = codes.acceptance.get(code)
    if reason == "accepted":
        return Accepted()
    if reason is None:
        return Refusal(RefusalReason.OTHER, detail or f"acceptance code {code} is not in codes.acceptance")
    return Refusal(RefusalReason(reason), detail)


def read_outcome(codes: Codes, result: int, report: Report) -> Done | Failed:
    """What a result code says. A number that the profile does not know is a failure."""
    reason = codes.results.get(result)
    if reason == "done":
        return Done(report)
    return Failed(FailureReason.OTHER if reason is None else FailureReason(reason), result)


def read_status(device: str, codes: Codes, mode: int, epoch: int, fault: int) -> DeviceStatus:
    """What a mode number says. In a mode that the profile does not know the device gets no orders."""
    known = codes.modes.get(mode)
    if known is None:
        logger.warning("%s shows mode %d, which is not in codes.modes: taken as held", device, mode)
    return DeviceStatus(known or Mode.HELD, epoch, fault)


def read_sighting(device: str, seen: int, place: str) -> Sighting | None:
    """What the answer to a query says; None where the device gives a number that is no answer."""
    known = _SEEN.get(seen)
    if known is None:
        logger.warning("%s answers a query with %d, which is neither 0, 1 nor 2", device, seen)
        return None
    return Sighting(known, place)


class AgentBeat:
    """The agent's heartbeat on one connection: when it is due, and whether the device should have seen it.
    Times are seconds of the event loop."""

    def __init__(self, limit_s: float) -> None:
        self._limit_s = limit_s
        self._since_s: float | None = None
        self._last_s = 0.0
        self._count = 0

    def restart(self) -> None:
        """A new connection. The count goes on, so that the device sees it change."""
        self._since_s = None

    def due(self, now_s: float) -> int | None:
        """The next count where it is time to write it; else None."""
        if self._since_s is None:
            self._since_s = now_s
        elif now_s - self._last_s < BEAT_S:
            return None
        self._last_s = now_s
        self._count = self._count % 0xFFFF + 1
        return self._count

    def is_missed(self, stale: bool, now_s: float) -> bool:
        """The device calls it stale, though it has been counted up for longer than that takes."""
        return stale and self._since_s is not None and now_s - self._since_s > self._limit_s
