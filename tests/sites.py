"""A small complete site file and ways to spoil it."""

from dataclasses import dataclass
from pathlib import Path

from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from edge_agent.settings import DeviceProfile, load_site

SITE = """\
site: demo
gateway: gw1
broker:
  url: mqtt://127.0.0.1:1883
devices:
  asrs-1: {profile: asrs-opcua, address: "opc.tcp://127.0.0.1:4840/asrs-1"}
  asrs-2: {profile: asrs-modbus, address: "modbus://127.0.0.1:502/1"}
  conveyor-1: {profile: conveyor-modbus, address: "modbus://127.0.0.1:502/2"}
  picker-1: {profile: picker-opcua, address: "opc.tcp://127.0.0.1:4841"}
  tote-scan: {profile: scanner-plain, address: "tcp://127.0.0.1:9001"}
  item-scan: {profile: scanner-plain, address: "serial:///dev/ttyS0?baudrate=9600"}
  put-scan: {profile: scanner-plain, address: "tcp-listen://127.0.0.1:9002"}
points:
  out-1: {capacity: 2}
  in-1: {}
  out-2: {}
  in-2: {}
  tote: {}
  put-1: {}
  put-2: {}
  supply: {capacity: 0}
  ship: {capacity: 0}
  reject: {capacity: 0}
storage:
  asrs-1: {locations: ["A01-*"], outfeed: out-1, infeed: in-1}
  asrs-2: {locations: ["A02-*", "A03-0[1-5]-*"], outfeed: out-2, infeed: in-2}
conveyor: conveyor-1
stations:
  st1:
    picker: picker-1
    tote_point: tote
    tote_scanner: tote-scan
    item_scanner: item-scan
    put_positions:
      - {point: put-1, scanner: put-scan}
      - {point: put-2}
lanes:
  ship-1: {point: ship}
supply: supply
reject: reject
labels:
  tote: 'TOTE-\\d{4}'
  container: 'OC-\\d{4}'
  location: 'A\\d{2}-\\d{2}-\\d{2}'
policies:
  retriggers: 2
"""


@dataclass(frozen=True)
class ProfileStub:
    family: str
    handshake: str


HANDSHAKES = {"opcua": "methods", "modbus": "mailbox", "plain": "scanner", "person": "person"}


def find_profile(name: str) -> DeviceProfile:
    """Profiles by their names alone: `asrs-opcua` is an AS/RS on OPC UA."""
    family, _, wire = name.partition("-")
    if wire not in HANDSHAKES:
        raise ConfigurationError(f"there is no profile '{name}'")
    return ProfileStub(family, HANDSHAKES[wire])


def spoiled(*changes: tuple[str, str]) -> str:
    """The good site with texts replaced, each of which must stand there."""
    text = SITE
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def load(folder: Path, text: str | bytes, environ: dict[str, str] | None = None) -> Site:
    """Write the text as a site file and load it."""
    file = folder / "site.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_site(file, environ or {}, find_profile)


def problems(folder: Path, text: str | bytes, environ: dict[str, str] | None = None) -> list[str]:
    """What is found wrong, without the folder in front of the file's name."""
    try:
        load(folder, text, environ)
    except ConfigurationError as error:
        return [problem.replace(f"{folder}/", "") for problem in error.problems]
    return []
