"""The Protocols between the parts. The runtime knows drivers and adapters only through these."""

from collections.abc import AsyncIterator
from typing import Protocol

from edge_agent.domain.command import Accepted, Command, Reconciled, Refusal
from edge_agent.domain.device import CommandEnded, DeviceStatus, Observation
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.time import Instant


class Device(Protocol):
    """A machine that takes commands. One supervisor task owns each one and calls nothing concurrently
    except `observations()`, which it iterates in a task beside the other calls.

    Every method may raise `LinkLostError`; after that the device must be closed and connected again.
    """

    @property
    def device_id(self) -> DeviceId: ...

    async def connect(self) -> DeviceStatus:
        """Open the link and synchronise: read the device's state, epoch and echoes.

        Raises `LinkLostError` when it cannot be reached, `DeviceMismatchError` when it is not what its
        profile says.
        """
        ...

    async def send(self, command: Command) -> Accepted | Refusal:
        """Put the command on the wire, once. A `LinkLostError` or time-out from here means doubt:
        reconcile, never call `send` again for the same command before that."""
        ...

    async def reconcile(self, command: Command) -> Reconciled:
        """Ask the device what became of a command. Changes nothing on the device."""
        ...

    def observations(self) -> AsyncIterator[Observation]:
        """What the device reports, in order, until the link is lost (raises `LinkLostError`)."""
        ...

    async def acknowledge(self, report: CommandEnded) -> None:
        """Tell the device that its report is safe with us. Called only after the journal has it."""
        ...

    async def close(self) -> None:
        """Let go of the link; may be called at any time and more than once."""
        ...


class Scanner(Protocol):
    """A barcode scanner. Same ownership rule as `Device`."""

    @property
    def device_id(self) -> DeviceId: ...

    async def connect(self) -> DeviceStatus: ...

    async def trigger(self) -> None:
        """Ask for one read. The answer comes as an observation, or never."""
        ...

    async def feedback(self, good: bool) -> None:
        """Show the verdict at the scanner (beep, light); does nothing where the profile has no signal."""
        ...

    def observations(self) -> AsyncIterator[Observation]: ...

    async def close(self) -> None: ...


class Clock(Protocol):
    """The one source of time. `now()` gives the wall clock and the agent's own clock together."""

    def now(self) -> Instant: ...
