"""Where a device is: the addresses of the site file, taken apart and checked."""

from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from edge_agent.errors import ConfigurationError

OPCUA_PORT = 4840
MODBUS_PORT = 502


@dataclass(frozen=True, slots=True)
class OpcUaAddress:
    """`opc.tcp://host:port/path`; the port is 4840 where none is given."""

    url: str


@dataclass(frozen=True, slots=True)
class ModbusAddress:
    """`modbus://host:port/unit`; the port is 502 where none is given."""

    host: str
    port: int
    unit: int


@dataclass(frozen=True, slots=True)
class TcpAddress:
    """`tcp://host:port`: we connect to the device."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class TcpListenAddress:
    """`tcp-listen://host:port`: the device connects to us. Port 0 lets the system choose."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class LineSettings:
    """`?baudrate=9600&bytesize=8&parity=N&stopbits=1`: how a serial line is set."""

    baudrate: int = 9600
    bytesize: int = 8
    parity: str = "N"
    stopbits: float = 1


@dataclass(frozen=True, slots=True)
class SerialAddress:
    """`serial:///dev/name`, with the line's settings behind."""

    path: str
    line: LineSettings = LineSettings()


@dataclass(frozen=True, slots=True)
class Rfc2217Address:
    """`rfc2217://host:port`: a port of a serial server, with the line's settings behind."""

    host: str
    port: int
    line: LineSettings = LineSettings()


@dataclass(frozen=True, slots=True)
class HidAddress:
    """`hid:///dev/input/by-id/...-event-kbd`: a scanner that types like a keyboard."""

    path: str


@dataclass(frozen=True, slots=True)
class PersonAddress:
    """`person://name`: no wire at all. The name is for people."""

    name: str


StreamAddress: TypeAlias = TcpAddress | TcpListenAddress | SerialAddress | Rfc2217Address | HidAddress
Address: TypeAlias = OpcUaAddress | ModbusAddress | StreamAddress | PersonAddress

_SERIAL_CHOICES: dict[str, tuple[str, ...]] = {
    "bytesize": ("7", "8"),
    "parity": ("N", "E", "O"),
    "stopbits": ("1", "1.5", "2"),
}


def parse_address(text: str) -> Address:
    """Take a device's address apart.

    Raises `ConfigurationError` saying which part is wrong and what may stand there.
    """
    try:
        url = urlsplit(text)
        port = url.port
    except ValueError as error:
        raise ConfigurationError(f"address {text!r}: {error}: write a port from 0 to 65535") from error
    match url.scheme:
        case "opc.tcp":
            return OpcUaAddress(text if port else text.replace(url.netloc, f"{url.netloc}:{OPCUA_PORT}", 1))
        case "modbus":
            return ModbusAddress(_host(text, url), port or MODBUS_PORT, _unit(text, url))
        case "tcp" | "socket":  # `socket://` is what serial servers call their raw mode
            return TcpAddress(_host(text, url), _port(text, port))
        case "tcp-listen":
            return TcpListenAddress(_host(text, url), _port(text, port, lowest=0))
        case "serial":
            return SerialAddress(_path(text, url), _line(text, url))
        case "rfc2217":
            return Rfc2217Address(_host(text, url), _port(text, port), _line(text, url))
        case "hid":
            return HidAddress(_path(text, url))
        case "person":
            return PersonAddress(_name(text, url))
    known = "opc.tcp, modbus, tcp, tcp-listen, serial, rfc2217, socket, hid or person"
    raise ConfigurationError(f"address {text!r}: unknown kind {url.scheme!r}: use {known}")


def _host(text: str, url: SplitResult) -> str:
    if not url.hostname:
        raise ConfigurationError(f"address {text!r}: no host: write {url.scheme}://host:port")
    return url.hostname


def _name(text: str, url: SplitResult) -> str:
    name = unquote(url.netloc + url.path).strip("/")
    if not name:
        raise ConfigurationError(f"address {text!r}: no name: write person://station-1")
    return name


def _port(text: str, port: int | None, lowest: int = 1) -> int:
    if port is None or port < lowest:
        raise ConfigurationError(f"address {text!r}: no port: add it, for example :9100")
    return port


def _unit(text: str, url: SplitResult) -> int:
    unit = url.path.removeprefix("/")
    if not (unit.isascii() and unit.isdigit() and int(unit) <= 255):
        raise ConfigurationError(f"address {text!r}: unit {unit!r}: write a number from 0 to 255")
    return int(unit)


def _path(text: str, url: SplitResult) -> str:
    path = unquote(url.path)
    if url.netloc or not path.startswith("/"):
        raise ConfigurationError(f"address {text!r}: write {url.scheme}:///dev/name, with three slashes")
    return path


def _line(text: str, url: SplitResult) -> LineSettings:
    given = dict(parse_qsl(url.query, keep_blank_values=True))
    baudrate = given.pop("baudrate", "9600")
    if not (baudrate.isascii() and baudrate.isdigit() and int(baudrate) > 0):
        raise ConfigurationError(f"address {text!r}: baudrate {baudrate!r}: write a number such as 9600")
    for name, value in given.items():
        choices = _SERIAL_CHOICES.get(name)
        if choices is None:
            known = ", ".join(("baudrate", *_SERIAL_CHOICES))
            raise ConfigurationError(f"address {text!r}: unknown setting {name!r}: use {known}")
        if value not in choices:
            raise ConfigurationError(f"address {text!r}: {name} {value!r}: use {', '.join(choices)}")
    return LineSettings(
        int(baudrate),
        int(given.get("bytesize", "8")),
        given.get("parity", "N"),
        float(given.get("stopbits", "1")),
    )
