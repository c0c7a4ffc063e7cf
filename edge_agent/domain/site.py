"""The typed site configuration: one warehouse gateway, its devices and how they are joined.

Reading it from YAML, with file and line in every error, is `edge_agent.settings`.
"""

import re
from fnmatch import fnmatchcase
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt, model_validator

from edge_agent.domain.ids import DeviceId, LaneId, LocationId, PointId, StationId

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


class Section(BaseModel):
    """A part of the site file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Broker(Section):
    """The MQTT broker that the OMS and the agent share."""

    url: str = Field("mqtt://127.0.0.1:1883", pattern=r"^mqtts?://[^/\s]+$")
    """`mqtt://host:port` or `mqtts://host:port`."""
    protocol: str = Field("5", pattern=r"^(5|3\.1\.1)$")
    """MQTT version, `"5"` or `"3.1.1"`."""
    root: str | None = Field(None, pattern=r"^[^#+\s]+$")
    """Topic root; without it `warehouse/{site}/{gateway}`."""
    client_id: str | None = None
    """Without it `edge-agent-{site}-{gateway}`. It names the session at the broker: keep it."""
    username: str | None = None
    password_file: str | None = None
    """A file that holds the password; a password itself never stands in the configuration."""
    keepalive_s: PositiveInt = 15
    session_expiry_s: PositiveInt = 7 * 24 * 3600
    """How long the broker keeps our session while we are away (MQTT 5)."""
    receive_maximum: Annotated[int, Field(ge=1, le=65535)] = 100
    """How many unacknowledged tasks the broker may have under way to us."""
    publish_window: Annotated[int, Field(ge=1, le=65535)] = 100
    """How many confirmations may be under way to the broker."""
    reconnect_max_s: PositiveFloat = 10.0
    task_state_expiry_s: PositiveInt = 24 * 3600
    """How long the retained state of an ended task stays at the broker."""


class JournalSettings(Section):
    """The append-only record that everything depends on."""

    url: str = Field("sqlite:///journal.db", pattern=r"^sqlite:///.+")
    """SQLAlchemy URL; a relative SQLite path is taken from the working directory."""


class DeviceSettings(Section):
    """One device: which profile it follows and where it is."""

    profile: Name
    address: str = Field(
        pattern=r"^(opc\.tcp://[^/\s]+(/\S*)?|modbus://[^/\s]+/\d+|tcp://[^/\s]+|tcp-listen://[^/\s]+|serial://\S+)$"
    )
    """`opc.tcp://host:port/path`, `modbus://host:port/unit`, `tcp://host:port` (we connect),
    `tcp-listen://host:port` (the device connects to us), `serial:///dev/...?baudrate=9600`."""


class Point(Section):
    """A place on the conveyor where a load can be handed over."""

    capacity: Annotated[int, Field(ge=0)] = 1
    """How many loads fit; 0 means that it never fills (a lane with a truck behind it)."""


class Storage(Section):
    """The part of the storage that one AS/RS serves."""

    locations: tuple[str, ...] = Field(min_length=1)
    """Shell patterns of the locations that it reaches, for example `A01-*`."""
    outfeed: PointId
    infeed: PointId


class PutPosition(Section):
    """A place at a station where an order container stands while it is filled."""

    point: PointId
    scanner: DeviceId | None = None
    """Reads the container's label before a unit is placed into it (V19), where there is one."""


class Station(Section):
    """Where picking is done: a picker, its scanners, put positions and a bounded tote queue."""

    picker: DeviceId
    tote_point: PointId
    """Where the source tote stands while it is picked from."""
    tote_scanner: DeviceId
    item_scanner: DeviceId
    put_positions: tuple[PutPosition, ...] = Field(min_length=1)
    queue: PositiveInt = 3
    """How many trips may be under way to or at the station."""


class Lane(Section):
    """Where finished order containers leave."""

    point: PointId


class Labels(Section):
    """What this site's own labels look like (regular expressions, matched whole)."""

    tote: str = r"TOTE-\d{4,6}"
    container: str = r"OC-[A-Z0-9-]{1,12}"
    location: str = r"[A-Z]\d{2}-\d{2}-\d{2}"

    @model_validator(mode="after")
    def _patterns_compile(self) -> Self:
        for name, pattern in (
            ("tote", self.tote),
            ("container", self.container),
            ("location", self.location),
        ):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{name}: not a regular expression: {error}") from error
        return self


class Policies(Section):
    """How far the machine goes by itself before it asks a person."""

    retriggers: Annotated[int, Field(ge=0, le=10)] = 2
    """No-read or unreadable code: how often the scanner is triggered again."""
    picks_per_source: Annotated[int, Field(ge=1, le=10)] = 2
    """Wrong or unreadable item: picks from one tote before the next source is taken."""
    scan_timeout_s: PositiveFloat = 2.0
    """A scan that has not come by then counts as a no-read."""
    refusal_retry_s: PositiveFloat = 1.0
    """A refused command is decided anew after this time."""
    refusals: PositiveInt = 30
    """So many refusals in a row are held for a person."""


class Limits(Section):
    """Bounds on what is taken in."""

    open_tasks: PositiveInt = 5000
    message_bytes: PositiveInt = 262_144
    lines_per_task: PositiveInt = 500
    quantity_per_line: PositiveInt = 10_000


class CycleTimes(Section):
    """How long the machines take, in seconds at speed 1. Only the ETA and the simulators use them."""

    retrieve_s: PositiveFloat = 9.0
    store_s: PositiveFloat = 7.0
    transfer_s: PositiveFloat = 12.0
    pick_s: PositiveFloat = 2.6
    place_s: PositiveFloat = 1.8
    put_back_s: PositiveFloat = 1.8
    scan_s: PositiveFloat = 0.15


class Simulation(Section):
    """What the bundled simulators put into the warehouse. The agent does not look at it."""

    seed: int = 1
    totes: Annotated[int, Field(ge=1, le=9999)] = 80
    skus: Annotated[int, Field(ge=2, le=5000)] = 48
    units_per_sku_in_tote: PositiveInt = 60


class Site(Section):
    """The whole site file."""

    site: Name
    gateway: Name
    broker: Broker = Broker()
    journal: JournalSettings = JournalSettings()
    devices: dict[DeviceId, DeviceSettings] = Field(min_length=1)
    points: dict[PointId, Point] = Field(min_length=1)
    storage: dict[DeviceId, Storage] = Field(min_length=1)
    conveyor: DeviceId
    stations: dict[StationId, Station] = Field(min_length=1)
    lanes: dict[LaneId, Lane] = Field(min_length=1)
    supply: PointId
    """Where empty order containers come from."""
    reject: PointId
    """Where loads go that nobody can identify and containers of cancelled tasks."""
    labels: Labels = Labels()
    policies: Policies = Policies()
    limits: Limits = Limits()
    cycle_times: CycleTimes = CycleTimes()
    simulation: Simulation = Simulation()

    @property
    def topic_root(self) -> str:
        return self.broker.root or f"warehouse/{self.site}/{self.gateway}"

    def storage_of(self, location: LocationId) -> DeviceId | None:
        """The AS/RS that reaches a location; None where no one does."""
        for device, storage in self.storage.items():
            if any(fnmatchcase(location, pattern) for pattern in storage.locations):
                return device
        return None
