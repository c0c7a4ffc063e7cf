"""Which far end belongs to an address of the agent's site file."""

from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from drivers.profile import Profile
from drivers.scanner_wire import wire_bytes
from edge_agent.errors import ConfigurationError
from simulators.autoid_server import AutoIdLine
from simulators.serial_server import TelnetPeer
from simulators.stream_server import ConnectingLine, Line, ListeningLine, PtyLine

LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where to connect when the agent listens on every address of this machine."""


def line_for(address: str, profile: Profile) -> Line:
    """The far end of the agent's address. Raises `ConfigurationError` when it cannot be simulated."""
    parts = urlsplit(address)
    match parts.scheme:
        case "serial":
            return PtyLine(Path(parts.path))
        case "tcp" | "socket":
            return ListeningLine(*_host_and_port(address, parts))
        case "rfc2217":
            return ListeningLine(*_host_and_port(address, parts), TelnetPeer)
        case "tcp-listen":
            host, port = _host_and_port(address, parts)
            return ConnectingLine(LOOPBACK.get(host, host), port)
        case "opc.tcp" if profile.scanner is not None and profile.scanner.autoid is not None:
            return AutoIdLine(address, profile.scanner.autoid, wire_bytes(profile.scanner.trigger))
    raise ConfigurationError(
        f"{address}: a scanner needs tcp://host:port, socket://host:port, rfc2217://host:port, "
        "tcp-listen://host:port, serial:///path, or opc.tcp:// with an AutoID profile"
    )


def _host_and_port(address: str, parts: SplitResult) -> tuple[str, int]:
    if parts.hostname is None or parts.port is None:
        raise ConfigurationError(f"{address}: no host or no port: write {parts.scheme}://host:port")
    return parts.hostname, parts.port
