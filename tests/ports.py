"""Ports for servers that a test starts."""

import os
import socket
from collections.abc import Iterator

PORTS = range(10_000, 32_000)
"""Below those that the system gives to outgoing connections, which would take a free one from under us."""


def _candidates() -> Iterator[int]:
    """Each once, then again from the beginning; every process begins elsewhere."""
    step = os.getpid() * 997
    while True:
        yield PORTS[-1 - step % len(PORTS)]
        step += 1


_ports = _candidates()


def free_port() -> int:
    """A port of the loopback that nobody listens on, and that was not given before for a long time."""
    for port in _ports:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError  # there is always a next candidate
