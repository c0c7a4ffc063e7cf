"""What one setting cannot tell by itself: whether the parts of a site fit together."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Protocol, TypeAlias

from edge_agent.domain.ids import DeviceId, StationId
from edge_agent.domain.paths import KeyPath, dotted
from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from edge_agent.settings.document import Problem
from edge_agent.settings.patterns import UnsupportedPatternError, glob_to_regex, shared_text
from edge_agent.settings.schema import did_you_mean

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_POINT_LENGTH = 16
"""Points go to the devices, whose text fields hold 16 characters (docs/reference/handshakes.md)."""

_SCHEMES = {
    "methods": ("opc.tcp",),
    "mailbox": ("modbus",),
    "scanner": ("tcp", "tcp-listen", "serial", "rfc2217", "socket", "hid", "opc.tcp"),
    "person": ("person",),
}
_LABELS = ("tote", "container", "location")
_SHIPPED_FAMILIES = frozenset({"asrs", "conveyor", "picker", "scanner"})
"""A family from another package may do the job of any of them: its driver knows which orders it takes."""


class DeviceProfile(Protocol):
    """What is looked at in a device's profile."""

    @property
    def family(self) -> str: ...

    @property
    def handshake(self) -> str: ...


FindProfile: TypeAlias = Callable[[str], DeviceProfile]
"""The profile of a name; raises `ConfigurationError` where there is none or it is wrong."""

Uses: TypeAlias = list[tuple[KeyPath, str]]
"""Where something is referred to, and by what name."""


def check_site(site: Site, find_profile: FindProfile | None) -> list[Problem]:
    """Everything about a typed site that cannot work. Looks at no device; reads no file but the profiles."""
    problems = [*_names(site), *_password(site), *_labels(site), *_storage(site)]
    devices = _device_uses(site)
    problems += _unknown([(path, name) for path, (name, _) in devices.items()], site.devices, "device")
    problems += [*_devices(site, devices), *_persons(site)]
    if find_profile is not None:
        problems += _profiles(site, devices, find_profile)
    points = _station_points(site) + _other_points(site)
    problems += _unknown(points, site.points, "point")
    problems += _points(site)
    return problems


# ---- names -------------------------------------------------------------------------------------------


def _names(site: Site) -> Iterator[Problem]:
    for section in ("devices", "points", "stations", "lanes"):
        for name in getattr(site, section):
            if not _NAME.fullmatch(name):
                text = "a name is 1 to 64 letters, digits and . _ -, and starts with a letter or digit"
                yield Problem((section, name), text)
    for point in site.points:
        if len(point) > _POINT_LENGTH:
            yield Problem(
                ("points", point), f"has {len(point)} characters; devices take {_POINT_LENGTH} at most"
            )


def _unknown(uses: Uses, known: Iterable[str], what: str) -> Iterator[Problem]:
    names = set(known)
    for path, name in uses:
        if name not in names:
            yield Problem(path, f"there is no {what} '{name}'; {did_you_mean(name, names)}")


# ---- devices -----------------------------------------------------------------------------------------


def _device_uses(site: Site) -> dict[KeyPath, tuple[str, str]]:
    """Where the site refers to a device: which one, and of what family it has to be."""
    uses: dict[KeyPath, tuple[str, str]] = {("storage", name): (name, "asrs") for name in site.storage}
    uses["conveyor",] = (site.conveyor, "conveyor")
    for name, station in site.stations.items():
        here = ("stations", name)
        uses[*here, "picker"] = (station.picker, "picker")
        uses[*here, "tote_scanner"] = (station.tote_scanner, "scanner")
        uses[*here, "item_scanner"] = (station.item_scanner, "scanner")
        for index, position in enumerate(station.put_positions):
            if position.scanner is not None:
                uses[*here, "put_positions", index, "scanner"] = (position.scanner, "scanner")
    return uses


def _devices(site: Site, uses: dict[KeyPath, tuple[str, str]]) -> Iterator[Problem]:
    paths = defaultdict(list)
    for path, (name, _) in uses.items():
        paths[name].append(path)
    for name in site.devices:
        if name not in paths:
            yield Problem(("devices", name), "nothing uses this device; use it or remove it")
        for path in paths[name][1:]:
            first = dotted(paths[name][0])
            if _handheld(site, paths[name][0], path):
                continue
            yield Problem(path, f"device '{name}' is used by {first} already; a device does one thing")
    owners: dict[str, str] = {}
    for name, device in site.devices.items():
        if _is_person(site, name):
            continue  # no wire that could be shared
        owner = owners.setdefault(device.address.lower(), name)
        if owner != name:
            text = f"is the address of '{owner}' too; each device has its own"
            yield Problem(("devices", name, "address"), text)


def _is_person(site: Site, device: str) -> bool:
    known = site.devices.get(DeviceId(device))
    return known is not None and known.address.startswith("person://")


def _handheld(site: Site, first: KeyPath, path: KeyPath) -> bool:
    """Whether both are the scanners of one operator's station: a person scans everything with the same."""
    if first[:2] != path[:2] or first[0] != "stations" or "picker" in (first[2], path[2]):
        return False
    return _is_person(site, site.stations[StationId(str(path[1]))].picker)


def _persons(site: Site) -> Iterator[Problem]:
    """A machine's station has nobody who scans by hand."""
    for path, (name, _) in _device_uses(site).items():
        if path[0] == "stations" and path[2] != "picker" and _is_person(site, name):
            picker = site.stations[StationId(str(path[1]))].picker
            if not _is_person(site, picker):
                text = f"a person scans with '{name}', and the picker '{picker}' is a machine"
                yield Problem(path, f"{text}; name a scanner that the agent can trigger")


def _profiles(site: Site, uses: dict[KeyPath, tuple[str, str]], find: FindProfile) -> Iterator[Problem]:
    families: dict[str, str] = {}
    for name, device in site.devices.items():
        here = ("devices", name)
        try:
            profile = find(device.profile)
        except ConfigurationError as error:
            yield from (Problem((*here, "profile"), text) for text in error.problems)
            continue
        families[name] = profile.family
        scheme = device.address.partition(":")[0]
        schemes = _SCHEMES.get(profile.handshake, (scheme,))
        if scheme not in schemes:
            wanted = " or ".join(f"{known}://" for known in schemes)
            text = f"profile '{device.profile}' needs {wanted}, not {scheme}://"
            yield Problem((*here, "address"), text)
    for path, (used, family) in uses.items():
        found = families.get(used, family)
        if found != family and found in _SHIPPED_FAMILIES:
            text = f"needs a device of family {family}; '{used}' is of family {found} by its profile"
            yield Problem(path, text)


# ---- points ------------------------------------------------------------------------------------------


def _station_points(site: Site) -> Uses:
    uses: Uses = []
    for name, station in site.stations.items():
        uses.append((("stations", name, "tote_point"), station.tote_point))
        for index, position in enumerate(station.put_positions):
            uses.append((("stations", name, "put_positions", index, "point"), position.point))
    return uses


def _other_points(site: Site) -> Uses:
    uses: Uses = []
    for name, storage in site.storage.items():
        uses += [
            (("storage", name, "outfeed"), storage.outfeed),
            (("storage", name, "infeed"), storage.infeed),
        ]
    uses += [(("lanes", name, "point"), lane.point) for name, lane in site.lanes.items()]
    return [*uses, (("supply",), site.supply), (("reject",), site.reject)]


def _points(site: Site) -> Iterator[Problem]:
    first: dict[str, KeyPath] = {}
    for path, point in _station_points(site):
        if first.setdefault(point, path) != path:
            yield Problem(path, f"point '{point}' is {dotted(first[point])} already; give each its own")
    for path, point in _other_points(site):
        if point in first:
            yield Problem(path, f"point '{point}' is {dotted(first[point])} already; give each its own")
    for name, storage in site.storage.items():
        if storage.outfeed == storage.infeed:
            text = "is the outfeed too; loads that leave and loads that come would block each other"
            yield Problem(("storage", name, "infeed"), text)


# ---- patterns ----------------------------------------------------------------------------------------


def _labels(site: Site) -> Iterator[Problem]:
    for one, other in combinations(_LABELS, 2):
        text = _shared(getattr(site.labels, one), getattr(site.labels, other))
        if text is not None:
            advice = "make the patterns different"
            yield Problem(("labels", other), f"'{text}' is a {one} and a {other} label; {advice}")


def _storage(site: Site) -> Iterator[Problem]:
    patterns = [
        (("storage", name, "locations", index), pattern, name)
        for name, storage in site.storage.items()
        for index, pattern in enumerate(storage.locations)
    ]
    for path, pattern, _ in patterns:
        if _shared(glob_to_regex(pattern), site.labels.location, unknown="") is None:
            yield Problem(path, f"no location looks like '{pattern}'; see labels.location")
    for (_, one, owner), (path, other, name) in combinations(patterns, 2):
        if owner == name:
            continue
        text = _shared(glob_to_regex(one), glob_to_regex(other), site.labels.location)
        if text is not None:
            yield Problem(path, f"'{text}' fits '{one}' of {owner} too; a location has one AS/RS")


def _shared(*patterns: str, unknown: str | None = None) -> str | None:
    try:
        return shared_text(*patterns)
    except UnsupportedPatternError:
        return unknown


# ---- files -------------------------------------------------------------------------------------------


def _password(site: Site) -> Iterator[Problem]:
    file, here = site.broker.password_file, ("broker", "password_file")
    if file is None:
        return
    if site.broker.username is None:
        yield Problem(here, "is set without broker.username; set both or neither")
    try:
        with Path(file).open("rb") as opened:
            content = opened.read(4096)
    except OSError as error:
        yield Problem(here, f"{file} cannot be read: {error.strerror}; name a file that this user can read")
        return
    if not content.strip():
        yield Problem(here, f"{file} is empty; write the password into it")
