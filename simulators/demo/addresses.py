"""Moves a site to free addresses of this machine, so that any number of scenes can run side by side."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from edge_agent.domain.site import Site

PREFIX = "EDGE_AGENT__"


def relocate(site: Site, folder: Path, broker_port: int) -> dict[str, str]:
    """Environment overrides that put every device, the broker and the journal of a site on free addresses.

    Serial lines become pseudo terminals in `folder`; network addresses get free ports of the loopback.
    """
    overrides = {
        f"{PREFIX}BROKER__URL": f"mqtt://127.0.0.1:{broker_port}",
        f"{PREFIX}JOURNAL__URL": f"sqlite:///{folder / 'journal.db'}",
    }
    with _free_ports() as ports:
        for device_id, device in site.devices.items():
            key = f"{PREFIX}DEVICES__{device_id.upper().replace('-', '_')}__ADDRESS"
            overrides[key] = _moved(device.address, folder / f"{device_id}.pty", ports)
    return overrides


def free_port() -> int:
    """A TCP port of the loopback that nothing listens on now."""
    with _free_ports() as ports:
        return next(ports)


@contextmanager
def _free_ports() -> Iterator[Iterator[int]]:
    """Ports that stay reserved while the block runs, so that none is given twice."""
    with ExitStack() as held:

        def ports() -> Iterator[int]:
            while True:
                holder = held.enter_context(socket.socket())
                holder.bind(("127.0.0.1", 0))
                yield holder.getsockname()[1]

        yield ports()


def _moved(address: str, pty: Path, ports: Iterator[int]) -> str:
    parts = urlsplit(address)
    if parts.scheme == "serial":
        return f"serial://{pty}" + (f"?{parts.query}" if parts.query else "")
    return urlunsplit(parts._replace(netloc=f"127.0.0.1:{next(ports)}"))
