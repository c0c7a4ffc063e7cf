"""Moves a site to free addresses of this machine, so that any number of scenes can run side by side."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError

PREFIX = "EDGE_AGENT__"
PORTS = range(10_000, 32_000)
SLICE = 40


def relocate(site: Site, folder: Path, broker_port: int) -> dict[str, str]:
    """Environment overrides that put every device, the broker and the journal of a site on free addresses.

    Serial lines become pseudo terminals in `folder`, where the local API's socket goes too, if there is one;
    network addresses get free ports of the loopback.
    """
    overrides = {
        f"{PREFIX}BROKER__URL": f"mqtt://127.0.0.1:{broker_port}",
        f"{PREFIX}JOURNAL__URL": f"sqlite:///{folder / 'journal.db'}",
    }
    if site.api.socket is not None:
        overrides[f"{PREFIX}API__SOCKET"] = str(folder / "api.sock")
    with _free_ports(besides=broker_port) as ports:
        for device_id, device in site.devices.items():
            key = f"{PREFIX}DEVICES__{device_id.upper().replace('-', '_')}__ADDRESS"
            overrides[key] = _moved(device.address, folder / f"{device_id}.pty", ports)
    return overrides


def free_port(skip: int = 0) -> int:
    """A TCP port of the loopback that nothing uses now. `skip`: leave so many to others before it."""
    with _free_ports() as ports:
        return next(islice(ports, skip, None))


@contextmanager
def _free_ports(besides: int | None = None) -> Iterator[Iterator[int]]:
    """Ports that stay reserved while the block runs, so that none is given twice."""
    with ExitStack() as held:

        def ports() -> Iterator[int]:
            for port in _candidates():
                if port == besides:
                    continue
                holder = held.enter_context(socket.socket())
                try:
                    holder.bind(("127.0.0.1", port))
                except OSError:
                    continue
                yield port
            raise ConfigurationError("no free port is left for the demo: stop what uses them")

        yield ports()


def _candidates() -> list[int]:
    """Below the ports that the system gives to outgoing connections, which would take a free one from under
    us. Each process begins elsewhere, so that scenes that start side by side do not choose the same."""
    first = os.getpid() * SLICE % len(PORTS)
    return [*PORTS[first:], *PORTS[:first]]


def _moved(address: str, pty: Path, ports: Iterator[int]) -> str:
    parts = urlsplit(address)
    if parts.scheme == "serial":
        return f"serial://{pty}" + (f"?{parts.query}" if parts.query else "")
    if parts.scheme == "person":
        return address
    return urlunsplit(parts._replace(netloc=f"127.0.0.1:{next(ports)}"))
