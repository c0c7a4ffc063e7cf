"""Builds the simulated site: the stock, the world, and the physics and the wire of every device."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from drivers.profile import Handshake, Profile
from edge_agent.domain.ids import DeviceId, Lpn, PointId, StationId
from edge_agent.domain.site import Site, Station
from edge_agent.errors import ConfigurationError
from simulators.agenda import Agenda
from simulators.asrs import Asrs
from simulators.catalogue import build_stock
from simulators.clock import SimClock
from simulators.conveyor import Conveyor
from simulators.device_memory import DeviceMemory
from simulators.fault_desk import FaultDesk
from simulators.faults import AnyFault, DeviceFaults, Fault, FaultSource, Target
from simulators.gate import Gate
from simulators.gated import BEHIND, Gated
from simulators.handheld import Handheld, OnItsLine, ThroughApi
from simulators.injector import Injector, MachineInjector, PersonInjector, ScannerInjector
from simulators.ledger import Record
from simulators.lines import line_for
from simulators.machine import Machine, Pace
from simulators.mailbox import RegisterImage
from simulators.modbus_server import ModbusServer
from simulators.opcua_server import OpcUaServer
from simulators.operator import Operator
from simulators.operator_desk import OperatorDesk
from simulators.pans import pans_of
from simulators.picker import Picker
from simulators.scale import Scale
from simulators.scanner import Scanner, Seen, View, load_label, unit_label
from simulators.stream_server import Instrument, ScannerServer
from simulators.world import World, at_point

MODBUS_PORT = 502
PATIENCE_S = 3.0
"""Real seconds after which a person does again what has come to nothing: the agent lives in real time."""
RESCAN_S = 1.0
"""Real seconds after which a code is no re-read of the same label any more (V14), but a scan of its own."""


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
    operators: tuple[OperatorDesk, ...]
    faults: FaultDesk
    controllers: tuple[DeviceMemory, ...]
    """Of the machines, behind their wires."""

    @property
    def servers(self) -> tuple[Server, ...]:
        return (*self.machines, *self.scanners, *self.operators)


def build_site(
    site: Site,
    profiles: Mapping[str, Profile],
    *,
    record: Record,
    faults: Sequence[AnyFault],
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
    targets = {
        device: Target(device, profile.family, profile.handshake)
        for device, profile in ((name, _profile(site, profiles, name)) for name in site.devices)
    }
    world = _lay_out(site, source, targets, seed, record)
    builder = _Builder(site, profiles, world, source, targets, record, seed, clock, epoch)
    operators = builder.operators()
    machines, scanners = builder.machines(), builder.scanners()
    desk = FaultDesk(source, builder.injectors, world, builder.agenda, clock)
    desk.check()
    return SimulatedSite(world, machines, scanners, operators, desk, tuple(builder.controllers))


def _lay_out(
    site: Site, faults: FaultSource, targets: Mapping[DeviceId, Target], seed: int, record: Record
) -> World:
    stock = build_stock(site, seed)

    def asrs_of(tote: Lpn) -> Target:
        device = site.storage_of(stock.by_tote[tote].location)
        assert device is not None  # the stock is laid out in the locations of the site
        return targets[device]

    absent: set[str] = set()
    for units in faults.absent_units(stock, asrs_of):
        first = units[0]
        absent.update(unit.unit_id for unit in units)
        record(
            "fault",
            {
                "device": asrs_of(first.tote).device,
                "fault": Fault.ITEM_MISSING,
                "container": first.tote,
                "gtin": first.gtin,
                "units": [unit.unit_id for unit in units],
            },
        )
    return World(site, stock.totes, (unit for unit in stock.units if unit.unit_id not in absent), record)


def _profile(site: Site, profiles: Mapping[str, Profile], device: DeviceId) -> Profile:
    name = site.devices[device].profile
    if name not in profiles:
        raise ConfigurationError(f"devices.{device}: no profile {name!r}; there are {', '.join(profiles)}")
    return profiles[name]


@dataclass(frozen=True)
class _Builder:
    site: Site
    profiles: Mapping[str, Profile]
    world: World
    source: FaultSource
    targets: Mapping[DeviceId, Target]
    record: Record
    seed: int
    clock: SimClock
    epoch: int
    agenda: Agenda = field(default_factory=Agenda)
    injectors: dict[DeviceId, Injector] = field(default_factory=dict)
    controllers: list[DeviceMemory] = field(default_factory=list)
    handhelds: dict[DeviceId, OnItsLine] = field(default_factory=dict)
    people: dict[DeviceId, Operator] = field(default_factory=dict)
    """By the handheld that they hold."""

    # ---- machines ------------------------------------------------------------------------------------

    def machines(self) -> tuple[Server, ...]:
        servers: list[Server] = []
        images: dict[tuple[str, int], dict[int, RegisterImage]] = defaultdict(dict)
        gates: dict[tuple[str, int], Gate] = {}
        for device, settings in self.site.devices.items():
            profile = self._profile(device)
            if profile.is_scanner or profile.is_person:
                continue
            machine = self._machine(device, profile)
            memory = DeviceMemory(device, profile, machine, self.record, epoch=self.epoch)
            self.controllers.append(memory)
            image: RegisterImage | None = None
            address = urlsplit(settings.address)
            if profile.handshake is Handshake.METHODS:
                self._expect_scheme(device, "opc.tcp")
                gate = self._gate(f"opc.tcp://{address.netloc}", address.hostname, address.port or 0)
                servers.append(Gated(OpcUaServer(settings.address, memory, self.clock, bind=BEHIND), gate))
            else:
                self._expect_scheme(device, "modbus")
                image = RegisterImage(memory)
                socket = (address.hostname or "", MODBUS_PORT if address.port is None else address.port)
                images[socket][int(address.path.strip("/"))] = image
                if socket not in gates:
                    gates[socket] = self._gate(f"modbus://{address.netloc}", *socket)
                gate = gates[socket]
            self.injectors[device] = MachineInjector(
                self._faults(device),
                memory,
                machine,
                gate,
                image,
                record=self.record,
                agenda=self.agenda,
                clock=self.clock,
            )
        servers += [
            Gated(ModbusServer(*BEHIND, units, self.clock), gates[socket]) for socket, units in images.items()
        ]
        return tuple(servers)

    def _gate(self, name: str, host: str | None, port: int) -> Gate:
        return Gate(name, host or "", port, self.clock)

    def _faults(self, device: DeviceId) -> DeviceFaults:
        return DeviceFaults(self.source, self.targets[device])

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
            faults=self._faults(device),
            seed=self.seed,
            record=self.record,
            has_master=self.site.catalogue.file is not None,
        )

    # ---- scanners ------------------------------------------------------------------------------------

    def scanners(self) -> tuple[ScannerServer, ...]:
        views, pans = self._views(), pans_of(self.site, self.world)
        servers = []
        for device, settings in self.site.devices.items():
            profile = self._profile(device)
            if profile.handshake is not Handshake.SCANNER:
                continue
            if (pan := pans.get(device)) is not None:
                instrument: Instrument = Scale(
                    device,
                    profile,
                    pan,
                    self.site.cycle_times.weigh_s,
                    self._pace(device),
                    seed=self.seed,
                    record=self.record,
                )
            else:
                instrument = self._scanner(device, profile, views)
            server = ScannerServer(instrument, line_for(settings.address, profile), self.clock)
            self.injectors[device] = ScannerInjector(
                self._faults(device), server, self.world, record=self.record
            )
            servers.append(server)
        return tuple(servers)

    def _scanner(self, device: DeviceId, profile: Profile, views: Mapping[DeviceId, View]) -> Scanner:
        held = self.handhelds.get(device)
        if (view := held.look if held is not None else views.get(device)) is None:
            raise self._unused(device, "stations")
        scanner = Scanner(
            device,
            profile,
            view,
            self.site.cycle_times.scan_s,
            self._pace(device),
            record=self.record,
        )
        if held is not None:
            held.joins(scanner, self.people[device].leaves)
        return scanner

    def _views(self) -> dict[DeviceId, View]:
        views: dict[DeviceId, View] = {}
        for station in self.site.stations.values():
            views[station.tote_scanner] = self._load_view(station.tote_point)
            views[station.item_scanner] = self._unit_view(station)
            if station.spare_tote_scanner is not None:
                views[station.spare_tote_scanner] = self._load_view(station.tote_point)
            if station.spare_item_scanner is not None:
                views[station.spare_item_scanner] = self._unit_view(station)
            for position in station.put_positions:
                if position.scanner is not None:
                    views[position.scanner] = self._load_view(position.point)
        return views

    def _load_view(self, point: PointId) -> View:
        def look() -> Seen | None:
            load = next(iter(self.world.loads_at(at_point(point))), None)
            return load_label(load, self.world.label_of(load)) if load else None

        return look

    def _unit_view(self, station: Station) -> View:
        def look() -> Seen | None:
            unit = self.world.held_by(station.picker)
            return unit_label(unit) if unit else None

        return look

    # ---- people --------------------------------------------------------------------------------------

    def operators(self) -> tuple[OperatorDesk, ...]:
        """The people of the operator's stations; to be built before their scanners."""
        return tuple(
            self._operator(name, station)
            for name, station in self.site.stations.items()
            if self._profile(station.picker).is_person
        )

    def _operator(self, name: StationId, station: Station) -> OperatorDesk:
        if self.site.api.socket is None:
            raise ConfigurationError(
                f"stations.{name}: a person works there, and without api.socket nobody can ask what is to be "
                "done: set it"
            )
        device = station.picker
        typing: list[ThroughApi] = []
        handhelds: dict[DeviceId, Handheld] = {}
        operator = Operator(
            device,
            station,
            self.world,
            self.site.cycle_times,
            self._pace(device),
            handhelds=handhelds,
            faults=self._faults(device),
            seed=self.seed,
            record=self.record,
            patience_s=PATIENCE_S * self.clock.speed,
            rescan_s=RESCAN_S * self.clock.speed,
            supervisor=next(iter(self.site.api.supervisors.users), None),
        )
        for scanner in dict.fromkeys(_scanners_of(station)):
            if self._profile(scanner).is_person:
                typing.append(ThroughApi(scanner, self.record, operator.leaves))
                handhelds[scanner] = typing[-1]
            else:
                handhelds[scanner] = self.handhelds[scanner] = OnItsLine()
                self.people[scanner] = operator
        self.injectors[device] = PersonInjector(self._faults(device))
        return OperatorDesk(operator, name, Path(self.site.api.socket), self.clock, typing)

    # ---- both ----------------------------------------------------------------------------------------

    def _profile(self, device: DeviceId) -> Profile:
        return _profile(self.site, self.profiles, device)

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


def _scanners_of(station: Station) -> Iterator[DeviceId]:
    yield from (station.tote_scanner, station.item_scanner)
    yield from (position.scanner for position in station.put_positions if position.scanner is not None)
