"""Every error that the agent raises on purpose.

One root, so that a caller can tell ours from a bug. The docstring of a class is the message's pattern and
its arguments are kept as attributes.
"""


class EdgeAgentError(Exception):
    """Root of all errors raised on purpose."""


class ConfigurationError(EdgeAgentError):
    """What is wrong, where (file:line, key) and what to do; a line for each of `problems`. Exit code 2."""

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class LinkLostError(EdgeAgentError):
    """The link to a device or the broker failed; what was under way on it is in doubt."""

    def __init__(self, device: str, detail: str) -> None:
        super().__init__(f"{device}: link lost: {detail}")
        self.device = device
        self.detail = detail


class BrokerRefusedError(EdgeAgentError):
    """The broker is there and says no: to the connection, a subscription or a message."""


class DeviceMismatchError(EdgeAgentError):
    """The device does not look as its profile says (node or register missing, wrong type)."""


class JournalError(EdgeAgentError):
    """The journal cannot be written or read; nothing that depends on it has been acted on."""


class ArchiveError(JournalError):
    """Old events cannot be moved to an archive; the journal is as it was and works on."""


class IllegalTransitionError(EdgeAgentError):
    """An event arrived in a state that does not allow it: a bug in the core or a foreign journal."""

    def __init__(self, machine: str, state: str, event: str) -> None:
        super().__init__(f"{machine} in state {state!r} does not allow {event}")
        self.machine = machine
        self.state = state
        self.event = event


class EndlessPlanError(EdgeAgentError):
    """Planning does not come to an end: a bug in the core. Nothing of the turn was acted on."""
