"""Telling systemd how the service is.

Source: sd_notify(3) and sd_watchdog_enabled(3). Without systemd nothing is sent and nothing fails.
"""

import os
import socket
from collections.abc import Mapping
from typing import Self

import structlog

log = structlog.get_logger(__name__)


class Notifier:
    """Sends state changes to the socket that systemd has named."""

    def __init__(self, address: str | None, watchdog_interval_s: float | None = None) -> None:
        """`address` is a path, or a name in the abstract namespace when it starts with `@`."""
        self._address = address
        self.watchdog_interval_s = watchdog_interval_s
        """systemd kills the service after this time without `watchdog`; None: it does not look."""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """By NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID."""
        return cls(environment.get("NOTIFY_SOCKET") or None, _interval_s(environment))

    def ready(self, status: str = "") -> None:
        """The service works."""
        self._send("READY=1", f"STATUS={status}" if status else "")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={text}")

    def watchdog(self) -> None:
        """The service is alive."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """The service is on its way down."""
        self._send("STOPPING=1")

    def _send(self, *fields: str) -> None:
        if self._address is None:
            return
        message = "\n".join(" ".join(field.splitlines()) for field in fields if field)
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.setblocking(False)
                sender.sendto(message.encode(), address)
        except OSError as error:
            log.warning("systemd_not_notified", message=message, detail=str(error))


def _interval_s(environment: Mapping[str, str]) -> float | None:
    microseconds = environment.get("WATCHDOG_USEC", "")
    for_pid = environment.get("WATCHDOG_PID", "")
    if not microseconds.isdecimal() or int(microseconds) == 0:
        return None
    if for_pid and for_pid != str(os.getpid()):
        return None
    return int(microseconds) / 1e6
