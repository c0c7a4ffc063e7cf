"""The typed site configuration: one warehouse gateway, its devices and how they are joined.

Reading it from YAML, with file and line in every error, is `edge_agent.settings`.
"""

import re
from fnmatch import fnmatchcase
from typing import Annotated, Self

from pydantic import Field, PositiveFloat, PositiveInt, model_validator

from edge_agent.domain.exception_policy import ExceptionPolicy
from edge_agent.domain.ids import DeviceId, LaneId, LocationId, PointId, StationId
from edge_agent.domain.section import Section

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


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
    """User name at the broker, together with `password_file`."""
    password_file: str | None = None
    """A file that holds the password; a password itself never stands in the configuration. Read for every
    connection."""
    keepalive_s: PositiveInt = 15
    """A broker that is silent for one and a half times as long is taken as lost."""
    session_expiry_s: PositiveInt = 7 * 24 * 3600
    """How long the broker keeps our session while we are away (MQTT 5)."""
    receive_maximum: Annotated[int, Field(ge=1, le=65535)] = 100
    """How many unacknowledged tasks the broker may have under way to us."""
    publish_window: Annotated[int, Field(ge=1, le=65535)] = 100
    """How many confirmations may be under way to the broker."""
    reconnect_max_s: PositiveFloat = 10.0
    """The longest wait between two tries to connect."""
    task_state_expiry_s: PositiveInt = 24 * 3600
    """How long the retained state of an ended task stays at the broker."""


class JournalSettings(Section):
    """The append-only record that everything depends on."""

    url: str = Field("sqlite:///journal.db", pattern=r"^sqlite:///.+")
    """SQLAlchemy URL; a relative SQLite path is taken from the working directory."""
    snapshot_every_events: PositiveInt = 10_000
    """After so many events the state is written down: a start replays no more than about these."""
    archive_after_days: PositiveFloat = 30
    """Older events leave the journal for a file a month beside it, once they are told and in a snapshot.
    Days in which the agent runs: a wall clock that is set changes nothing."""


class Access(Section):
    """People of this machine, by the names of their users and groups."""

    users: tuple[str, ...] = ()
    """Names of users."""
    groups: tuple[str, ...] = ()
    """Names of groups: all their members."""


class Api(Section):
    """The local API: how people and programs of this machine talk to the running agent."""

    socket: str | None = Field(None, min_length=1, max_length=100)
    """The Unix socket that the agent makes; a relative path is taken from the working directory. Without it
    there is no local API."""
    mode: str = Field("0660", pattern=r"^0?[0-7]{3}$")
    """The socket's file mode, octal: who may write to it may speak to the agent."""
    group: str | None = None
    """The group that the socket belongs to; without it the agent's own."""
    operators: Access | None = None
    """Who may give orders: tasks, answers to exceptions, holds. Without it everybody whom the file mode lets
    in; with it the others may only look."""
    supervisors: Access = Access()
    """Who may also approve what needs a second person."""


class DeviceSettings(Section):
    """One device: which profile it follows and where it is."""

    profile: Name
    """The name of its profile: a file in `profiles/` beside the site file, or a shipped one."""
    address: str = Field(
        pattern=r"^(opc\.tcp://[^/\s]+(/\S*)?|modbus://[^/\s]+/\d+|(tcp|tcp-listen|socket)://[^/\s]+"
        r"|rfc2217://[^/\s]+|(serial|hid|person)://\S+)$"
    )
    """`opc.tcp://host:port/path`, `modbus://host:port/unit`, `tcp://host:port` (we connect),
    `tcp-listen://host:port` (the device connects to us), `serial:///dev/...?baudrate=9600`; a serial server's
    port, `rfc2217://host:port?baudrate=9600` or raw `socket://host:port`; a scanner that types,
    `hid:///dev/input/by-id/name`; a person, `person://name`."""


class Point(Section):
    """A place on the conveyor where a load can be handed over."""

    capacity: Annotated[int, Field(ge=0)] = 1
    """How many loads fit; 0 means that it never fills (a lane with a truck behind it)."""


class Storage(Section):
    """The part of the storage that one AS/RS serves."""

    locations: tuple[str, ...] = Field(min_length=1)
    """Shell patterns of the locations that it reaches, for example `A01-*`."""
    outfeed: PointId
    """Where it puts loads down for the conveyor."""
    infeed: PointId
    """Where it takes loads from the conveyor."""


class PutPosition(Section):
    """A place at a station where an order container stands while it is filled."""

    point: PointId
    """The conveyor point on which the container stands."""
    scanner: DeviceId | None = None
    """Reads the container's label before a unit is placed into it (V19), where there is one."""


class Station(Section):
    """Where picking is done: a picker, its scanners, put positions and a bounded tote queue."""

    picker: DeviceId
    """The machine that picks; one station has it for itself."""
    tote_point: PointId
    """Where the source tote stands while it is picked from."""
    tote_scanner: DeviceId
    """Reads the tote's label on the tote point (V2)."""
    item_scanner: DeviceId
    """Reads each unit in the gripper before it is placed (V3)."""
    put_positions: tuple[PutPosition, ...] = Field(min_length=1)
    """How many tasks the station fills side by side."""
    queue: PositiveInt = 3
    """How many trips may be under way to or at the station."""


class Lane(Section):
    """Where finished order containers leave."""

    point: PointId
    """The conveyor point at the lane's beginning."""


class Labels(Section):
    """What this site's own labels look like (regular expressions, matched whole)."""

    tote: str = r"TOTE-\d{4,6}"
    """Source totes."""
    container: str = r"OC-[A-Z0-9-]{1,12}"
    """Order containers."""
    location: str = r"[A-Z]\d{2}-\d{2}-\d{2}"
    """Storage locations."""

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


class CatalogueSettings(Section):
    """The item master: what is known of the items beyond what the tasks say."""

    file: str | None = None
    """The catalogue file; a relative path is taken from the site file's folder. Without it there are no
    packs, and no weight is compared."""


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
    shutdown_wait_s: PositiveFloat = 20.0
    """How long a stop waits for moves under way; a second signal ends the wait."""
    refusals: PositiveInt = 30
    """So many refusals of a device in a row, or commands that it never began, are held for a person."""
    eta_change_s: PositiveFloat = 60.0
    """The OMS is told anew when a task will end once that has moved by more than so many seconds."""
    eta_interval_s: PositiveFloat = 30.0
    """So many seconds lie between two looks at that, and between two tellings of one task at least."""


class Limits(Section):
    """Bounds on what is taken in."""

    open_tasks: PositiveInt = 5000
    """More open tasks than that are refused until some have ended."""
    settled_exceptions: PositiveInt = 1000
    """Of so many settled exceptions is remembered who settled them: a late answer is told so."""
    ended_tasks: PositiveInt = 20_000
    """So many ended tasks are remembered: a repeat of one has no effect, a change of one is refused."""
    disk_reserve_mb: PositiveInt = 200
    """With less free on the journal's disk new tasks are refused; work in hand goes on."""
    message_bytes: PositiveInt = 262_144
    """A longer message is refused unread."""
    lines_per_task: PositiveInt = 500
    """A task with more lines is refused."""
    quantity_per_line: PositiveInt = 10_000
    """A line of more units is refused."""


class CycleTimes(Section):
    """How long the machines take, in seconds at speed 1. The simulators use them, and the ETA until it has
    measured them."""

    retrieve_s: PositiveFloat = 9.0
    """AS/RS: location to outfeed."""
    store_s: PositiveFloat = 7.0
    """AS/RS: infeed to location."""
    transfer_s: PositiveFloat = 12.0
    """Conveyor: any point to any other."""
    pick_s: PositiveFloat = 2.6
    """Picker: grip one unit and bring it to the scanner."""
    place_s: PositiveFloat = 1.8
    """Picker: scanner to order container."""
    put_back_s: PositiveFloat = 1.8
    """Picker: scanner to tote."""
    scan_s: PositiveFloat = 0.15
    """Scanner: trigger to code."""


class Simulation(Section):
    """What the bundled simulators put into the warehouse. The agent does not look at it."""

    totes: Annotated[int, Field(ge=1, le=9999)] = 80
    """Source totes in storage."""
    skus: Annotated[int, Field(ge=2, le=5000)] = 48
    """Different items."""
    units_per_sku_in_tote: PositiveInt = 60
    """Units of an item in each tote that has it."""


class Site(Section):
    """The whole site file."""

    site: Name
    """The warehouse's name, part of every topic: letters, digits, `_`, `.`, `-`, 64 at most."""
    gateway: Name
    """This agent's name, the start of its event ids: letters, digits, `_`, `.`, `-`, 64 at most."""
    broker: Broker = Broker()
    journal: JournalSettings = JournalSettings()
    api: Api = Api()
    devices: dict[DeviceId, DeviceSettings] = Field(min_length=1)
    points: dict[PointId, Point] = Field(min_length=1)
    storage: dict[DeviceId, Storage] = Field(min_length=1)
    conveyor: DeviceId
    """The device that carries loads between the points."""
    stations: dict[StationId, Station] = Field(min_length=1)
    lanes: dict[LaneId, Lane] = Field(min_length=1)
    supply: PointId
    """Where empty order containers come from."""
    reject: PointId
    """Where loads go that nobody can identify and containers of cancelled tasks."""
    labels: Labels = Labels()
    catalogue: CatalogueSettings = CatalogueSettings()
    policies: Policies = Policies()
    exceptions: ExceptionPolicy = ExceptionPolicy()
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
