"""Builds the simulated site: the stock, the world, and the physics and the wire of every device."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

from drivers.profile import Handshake, Profile
from edge_agent.domain.ids import DeviceId, PointId
from edge_agent.domain.site import Site, Station
from edge_agent.errors import ConfigurationError
from simulators.asrs import Asrs
from simulators.catalogue import build_stock
from simulators.clock import SimClock
from simulators.conveyor import Conveyor
from simulators.device_memory import DeviceMemory
from simulators.faults import Fault, FaultMix, FaultSource
from simulators.ledger import Record
from simulators.machine import Machine, Pace
from simulators.mailbox import RegisterImage
from simulators.modbus_server import ModbusServer
from simulators.opcua_server import OpcUaServer
from simulators.picker import Picker
from simulators.scanner import Scanner, Seen, View, load_label, unit_label
from simulators.stream_server import ScannerServer, line_for
from simulators.world import World, at_point

MODBUS_PORT = 502


class Server(Protocol):
    """Something on the wire that lives by ticks. `stop` may be called more than once, and before `start`."""

    async def start(self) -> None: ...

    async def step(self) -> None: ...

    async def stop(self) -> None: ...


@dataclass(frozen=True)
class SimulatedSite:
    """A world and the wires to it, not yet started."""

    world: World
    machines: tuple[Server, ...]
    scanners: tuple[ScannerServer, ...]

    @property
    def servers(self) -> tuple[Server, ...]:
        return (*self.machines, *self.scanners)


def build_site(
    site: Site,
    profiles: Mapping[str, Profile],
    *,
    record: Record,
    faults: FaultMix,
    seed: int,
    clock: SimClock,
    epoch: int,
) -> SimulatedSite:
    """Put the parts together; the world is laid out, and written to the ledger, here.

    `epoch` is the boot epoch that every machine shows. Raises `ConfigurationError` for a device without a
    known profile, a family that the simulators do not have, a device that nothing in the site file uses, or
    an address that does not fit the handshake.
    """
    source = FaultSource(faults, seed)
    world = _lay_out(site, source, seed, record)
    builder = _Builder(site, profiles, world, source, record, seed, clock, epoch)
    return SimulatedSite(world, builder.machines(), builder.scanners())


def _lay_out(site: Site, faults: FaultSource, seed: int, record: Record) -> World:
    stock = build_stock(site, seed)
    absent: set[str] = set()
    for units in faults.absent_units(stock):
        first = units[0]
        absent.update(unit.unit_id for unit in units)
        record(
            "fault",
            {
                "device": site.storage_of(stock.by_tote[first.tote].location),
                "fault": Fault.ITEM_MISSING,
                "container": first.tote,
                "gtin": first.gtin,
                "units": [unit.unit_id for unit in units],
            },
        )
    return World(site, stock.totes, (unit for unit in stock.units if unit.unit_id not in absent), record)


@dataclass(frozen=True)
class _Builder:
    site: Site
    profiles: Mapping[str, Profile]
    world: World
    faults: FaultSource
    record: Record
    seed: int
    clock: SimClock
    epoch: int

    # ---- machines ------------------------------------------------------------------------------------

    def machines(self) -> tuple[Server, ...]:
        servers: list[Server] = []
        images: dict[tuple[str, int], dict[int, RegisterImage]] = defaultdict(dict)
        for device, settings in self.site.devices.items():
            profile = self._profile(device)
            if profile.handshake is Handshake.SCANNER:
                continue
            machine = self._machine(device, profile)
            memory = DeviceMemory(device, profile, machine, self.record, epoch=self.epoch)
            if profile.handshake is Handshake.METHODS:
                self._expect_scheme(device, "opc.tcp")
                servers.append(OpcUaServer(settings.address, memory, self.clock))
            else:
                self._expect_scheme(device, "modbus")
                address = urlsplit(settings.address)
                unit = int(address.path.strip("/"))
                port = MODBUS_PORT if address.port is None else address.port
                images[address.hostname or "", port][unit] = RegisterImage(memory)
        servers += [ModbusServer(host, port, units, self.clock) for (host, port), units in images.items()]
        return tuple(servers)

    def _machine(self, device: DeviceId, profile: Profile) -> Machine:
        build = {"asrs": self._asrs, "conveyor": self._conveyor, "picker": self._picker}.get(profile.family)
        if build is None:
            raise ConfigurationError(
                f"devices.{device}: the simulators have no family {profile.family!r}; leave the device out"
            )
        return build(device)

    def _asrs(self, device: DeviceId) -> Machine:
        if (storage := self.site.storage.get(device)) is None:
            raise self._unused(device, "storage")
        return Asrs(device, storage, self.world, self.site.cycle_times, self._pace(device))

    def _conveyor(self, device: DeviceId) -> Machine:
        if self.site.conveyor != device:
            raise self._unused(device, "conveyor")
        return Conveyor(device, self.site, self.world, self._pace(device))

    def _picker(self, device: DeviceId) -> Machine:
        station = next((st for st in self.site.stations.values() if st.picker == device), None)
        if station is None:
            raise self._unused(device, "stations")
        return Picker(
            device,
            station,
            self.world,
            self.site.cycle_times,
            self._pace(device),
            faults=self.faults,
            seed=self.seed,
            record=self.record,
        )

    # ---- scanners ------------------------------------------------------------------------------------

    def scanners(self) -> tuple[ScannerServer, ...]:
        views = self._views()
        servers = []
        for device, settings in self.site.devices.items():
            profile = self._profile(device)
            if profile.handshake is not Handshake.SCANNER:
                continue
            if (view := views.get(device)) is None:
                raise self._unused(device, "stations")
            scanner = Scanner(
                device,
                profile,
                view,
                self.site.cycle_times.scan_s,
                self._pace(device),
                faults=self.faults,
                record=self.record,
            )
            servers.append(ScannerServer(scanner, line_for(settings.address), self.clock))
        return tuple(servers)

    def _views(self) -> dict[DeviceId, View]:
        views: dict[DeviceId, View] = {}
        for station in self.site.stations.values():
            views[station.tote_scanner] = self._load_view(station.tote_point)
            views[station.item_scanner] = self._unit_view(station)
            for position in station.put_positions:
                if position.scanner is not None:
                    views[position.scanner] = self._load_view(position.point)
        return views

    def _load_view(self, point: PointId) -> View:
        def look() -> Seen | None:
            return next((load_label(load) for load in self.world.loads_at(at_point(point))), None)

        return look

    def _unit_view(self, station: Station) -> View:
        def look() -> Seen | None:
            unit = self.world.held_by(station.picker)
            return unit_label(unit) if unit else None

        return look

    # ---- both ----------------------------------------------------------------------------------------

    def _profile(self, device: DeviceId) -> Profile:
        name = self.site.devices[device].profile
        if name not in self.profiles:
            raise ConfigurationError(
                f"devices.{device}: no profile {name!r}; there are {', '.join(self.profiles)}"
            )
        return self.profiles[name]

    def _pace(self, device: DeviceId) -> Pace:
        return Pace(self.seed, device)

    def _expect_scheme(self, device: DeviceId, scheme: str) -> None:
        settings = self.site.devices[device]
        if not settings.address.startswith(f"{scheme}://"):
            raise ConfigurationError(
                f"devices.{device}: profile {settings.profile} needs an address {scheme}://..., "
                f"not {settings.address}"
            )

    def _unused(self, device: DeviceId, section: str) -> ConfigurationError:
        return ConfigurationError(
            f"devices.{device}: nothing in {section!r} uses it, so its place is not known; add or remove it"
        )
