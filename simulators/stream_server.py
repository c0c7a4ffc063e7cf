"""Simulated scanners on their lines: the far end of each address form that the agent's site file may name.

    agent `tcp://`          the scanner listens
    agent `tcp-listen://`   the scanner connects, again and again until it is let in
    agent `serial://`       a pseudo terminal, with a symlink to it at the agent's path

A line carries bytes as long as somebody is at the other end. What is sent to nobody is gone.
"""

import asyncio
import os
import pty
import select
import tty
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from edge_agent.errors import ConfigurationError
from simulators.clock import SimClock
from simulators.scanner import Scanner

RECONNECT_S = 0.1
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound


class Line(Protocol):
    """One end of a byte stream."""

    def send(self, data: bytes) -> bool:
        """Send; False when nobody is there, and the bytes are lost."""
        ...

    async def open(self) -> None:
        """Raises `ConfigurationError` when the address cannot be used."""
        ...

    async def poll(self) -> None:
        """Look after the line; called with every tick."""
        ...

    async def close(self) -> None: ...
