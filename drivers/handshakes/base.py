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
from edge_agent.domain.device import CommandEnded, DeviceStatus, Mode, StatusChanged
from edge_agent.domain.ids import CommandId

logger = logging.getLogger(__name__)

HEARTBEAT_LIMIT_S = 3.0
"""Three beats missed (docs/reference/handshakes.md): the controller's program stands still."""

Observed: TypeAlias = CommandEnded | StatusChanged


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

    def observations(self) -> AsyncIterator[Observed]:
        """What the device reports, in order, until the link is lost."""
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
