"""From names to drivers: profiles from their files, families by entry point, devices put together."""

from collections.abc import Callable
from dataclasses import fields
from importlib.metadata import EntryPoint, entry_points

from drivers.autoid import AutoIdScanner
from drivers.device import ComposedDevice
from drivers.family import Family
from drivers.handshakes.base import Handshake
from drivers.handshakes.mailbox import MailboxHandshake
from drivers.handshakes.methods import MethodsHandshake
from drivers.links.address import (
    Address,
    HidAddress,
    ModbusAddress,
    OpcUaAddress,
    PersonAddress,
    Rfc2217Address,
    SerialAddress,
    TcpAddress,
    TcpListenAddress,
    parse_address,
)
from drivers.links.hid import HidLink
from drivers.links.modbus import ModbusLink
from drivers.links.opcua import OpcUaLink
from drivers.links.rfc2217 import Rfc2217Link
from drivers.links.stream import SerialLink, StreamLink, TcpClientLink, TcpServerLink
from drivers.person import PersonDevice, PersonScanner
from drivers.profile import Handshake as HandshakeName
from drivers.profile import Profile
from drivers.profile_file import find_profile, load_profile
from drivers.scanner import StreamScanner
from drivers.scanner_wire import Keys, Tap
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.site import DeviceSettings
from edge_agent.errors import ConfigurationError
from edge_agent.ports import Device, Scanner

__all__ = ["build_device", "build_scanner", "find_family", "find_profile", "load_profile"]

ENTRY_POINTS = "edge_agent.drivers"


def build_device(device_id: DeviceId, settings: DeviceSettings, profile: Profile) -> Device:
    """The device of the site file, not yet connected.

    Raises `ConfigurationError` where the profile does not describe its family's verbs, or speaks another
    protocol than the address.
    """
    if profile.is_person and not profile.is_scanner:
        _person_address(device_id, settings, profile)
        return PersonDevice(device_id)
    family = find_family(profile.family)
    _check_verbs(profile, family)
    build = _HANDSHAKES.get(profile.handshake)
    if build is None:
        raise ConfigurationError(
            f"devices.{device_id}: profile {profile.name} is a {profile.family}, which takes no commands: "
            "use it as a scanner or choose another profile"
        )
    return ComposedDevice(
        device_id, family, build(device_id, _address(device_id, settings), profile), profile
    )


def build_scanner(
    device_id: DeviceId, settings: DeviceSettings, profile: Profile, tap: Tap | None = None
) -> Scanner:
    """The scanner of the site file, not yet connected; `tap` listens in. Raises `ConfigurationError`."""
    if profile.is_person and profile.is_scanner:
        _person_address(device_id, settings, profile)
        return PersonScanner(device_id)
    address = _address(device_id, settings)
    wire = profile.scanner
    if wire is None:
        raise ConfigurationError(
            f"devices.{device_id}: profile {profile.name} is no scanner's: choose one with handshake: scanner"
        )
    if wire.autoid is not None:
        if not isinstance(address, OpcUaAddress):
            raise _wrong_address(device_id, profile, "opc.tcp://host:port/path")
        link = OpcUaLink(device_id, address.url, wire.autoid.request_timeout_s)
        return AutoIdScanner(device_id, link, wire, wire.autoid, tap)
    if isinstance(address, HidAddress) and wire.takes_commands:
        raise ConfigurationError(
            f"devices.{device_id}: a keyboard takes no commands, and profile {profile.name} has some: "
            "empty its trigger, trigger_off, good and bad"
        )
    return StreamScanner(device_id, _stream_link(device_id, address, profile, wire.keys), wire, tap)


def _stream_link(device_id: DeviceId, address: Address, profile: Profile, keys: Keys) -> StreamLink:
    match address:
        case TcpAddress():
            return TcpClientLink(device_id, address)
        case TcpListenAddress():
            return TcpServerLink(device_id, address)
        case SerialAddress():
            return SerialLink(device_id, address)
        case Rfc2217Address():
            return Rfc2217Link(device_id, address)
        case HidAddress():
            return HidLink(device_id, address, keys)
        case _:
            kinds = "tcp://, tcp-listen://, serial://, rfc2217://, socket:// or hid://"
            raise _wrong_address(device_id, profile, kinds)


def find_family(name: str) -> Family:
    """The family of this name, from whatever installed package announces it. Raises `ConfigurationError`."""
    announced = {(entry.name, entry.value): entry for entry in entry_points(group=ENTRY_POINTS)}
    found = [entry for (entry_name, _), entry in announced.items() if entry_name == name]
    if not found:
        known = ", ".join(sorted({entry_name for entry_name, _ in announced}))
        raise ConfigurationError(f"no driver for family {name!r}: use one of {known}, or install its package")
    if len(found) > 1:
        values = " and ".join(entry.value for entry in found)
        raise ConfigurationError(f"family {name!r} is announced by {values}: uninstall one of the packages")
    return _load(found[0])


def _load(entry: EntryPoint) -> Family:
    try:
        family = entry.load()()
    except (ImportError, AttributeError, TypeError) as error:
        raise ConfigurationError(
            f"family {entry.name!r}: {entry.value} cannot be loaded: {error}: reinstall its package"
        ) from error
    if not isinstance(family, Family):
        raise ConfigurationError(
            f"family {entry.name!r}: {entry.value} is no drivers.family.Family: "
            "it needs verbs, values and sought"
        )
    return family


def _check_verbs(profile: Profile, family: Family) -> None:
    for name in profile.verbs.keys() ^ family.verbs.keys():
        problem = "is missing: add it" if name in family.verbs else "unknown to the family: remove it"
        raise ConfigurationError(f"profile {profile.name}: verbs.{name}: {problem}")
    for name, verb in profile.verbs.items():
        known = {field.name for field in fields(family.verbs[name])}
        for argument in verb.arguments:
            if argument not in known:
                raise ConfigurationError(
                    f"profile {profile.name}: verbs.{name}.arguments: no {argument!r}: "
                    f"use {', '.join(sorted(known))}"
                )


def _address(device_id: DeviceId, settings: DeviceSettings) -> Address:
    try:
        return parse_address(settings.address)
    except ConfigurationError as error:
        raise ConfigurationError(f"devices.{device_id}: {error}") from error


def _person_address(device_id: DeviceId, settings: DeviceSettings, profile: Profile) -> None:
    if not isinstance(_address(device_id, settings), PersonAddress):
        raise _wrong_address(device_id, profile, "person://name")


def _wrong_address(device_id: DeviceId, profile: Profile, wanted: str) -> ConfigurationError:
    return ConfigurationError(
        f"devices.{device_id}.address: profile {profile.name} speaks {profile.handshake.value}: use {wanted}"
    )


def _mailbox(device_id: DeviceId, address: Address, profile: Profile) -> Handshake:
    if not isinstance(address, ModbusAddress) or profile.mailbox is None:
        raise _wrong_address(device_id, profile, "modbus://host:port/unit")
    link = ModbusLink(device_id, address, profile.mailbox.request_timeout_s)
    return MailboxHandshake(device_id, link, profile.mailbox, profile.codes)


def _methods(device_id: DeviceId, address: Address, profile: Profile) -> Handshake:
    if not isinstance(address, OpcUaAddress) or profile.methods is None:
        raise _wrong_address(device_id, profile, "opc.tcp://host:port/path")
    link = OpcUaLink(device_id, address.url, profile.methods.request_timeout_s)
    return MethodsHandshake(device_id, link, profile.methods, profile.verbs, profile.codes)


_HANDSHAKES: dict[HandshakeName, Callable[[DeviceId, Address, Profile], Handshake]] = {
    HandshakeName.MAILBOX: _mailbox,
    HandshakeName.METHODS: _methods,
}
