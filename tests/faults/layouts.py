"""The sites that a cell can be: the small one, with scales, or with a person at its station."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drivers.profile import Profile
from edge_agent.domain.site import Site
from tests.ports import free_port
from tests.simulators.floor import SITE, small_site

MACHINES = ("asrs-1", "conveyor-1", "picker-1")
HANDHELD = "handheld"


def cell_site(
    layout: Mapping[str, Any],
    opcua: Sequence[str],
    policies: Mapping[str, object],
    catalogue: Path | None,
    scales: Sequence[str],
) -> Site:
    """The layout with every machine at an address of its own, and scales where they are asked for."""
    devices = {}
    for unit, (name, settings) in enumerate(layout["devices"].items(), 1):
        profile, port = settings["profile"], free_port()
        if name in opcua:
            profile, address = profile.replace("modbus", "opcua"), f"opc.tcp://127.0.0.1:{port}/{name}"
        elif "person" in profile:
            address = settings["address"]
        elif "modbus" in profile:
            address = f"modbus://127.0.0.1:{port}/{unit}"
        else:
            address = f"tcp://127.0.0.1:{port}"
        devices[name] = {"profile": profile, "address": address}
    station = {**layout["stations"]["st1"]}
    for name in scales:
        devices[name] = {"profile": "scale-sics", "address": f"tcp://127.0.0.1:{free_port()}"}
    if "item-scale" in scales:
        station["scale"] = "item-scale"
    if "put-scale" in scales:
        station["put_positions"] = [{**station["put_positions"][0], "scale": "put-scale"}]
    limits = {"scan_timeout_s": 0.5, "weigh_timeout_s": 0.5, "refusal_retry_s": 0.1, **policies}
    master = {"file": str(catalogue) if catalogue else None}
    sections = {**layout, "devices": devices, "policies": limits, "catalogue": master}
    return small_site(**{**sections, "stations": {**layout["stations"], "st1": station}})


def operated(folder: Path) -> dict[str, Any]:
    """The small site with a person at its station, who scans everything with a handheld."""
    machines = {name: SITE["devices"][name] for name in MACHINES}
    puts = [{"point": point, "scanner": HANDHELD} for point in ("put-1", "put-2")]
    scans = {"tote_scanner": HANDHELD, "item_scanner": HANDHELD, "put_positions": puts}
    people = {
        "picker-1": {"profile": "picker-person", "address": "person://st1"},
        HANDHELD: {"profile": "scanner-zebra-ds"},
    }
    return {
        "devices": machines | people,
        "stations": {"st1": SITE["stations"]["st1"] | scans},
        "api": {"socket": str(folder / "api.sock"), "supervisors": {"users": ["daemon"]}},
        "journal": {"url": f"sqlite:///{folder / 'journal.db'}"},
    }


def hasty(profile: Profile, verb_timeout_s: float, request_timeout_s: float) -> Profile:
    """The profile with time-outs that a test can wait for."""
    verbs = {
        name: verb.model_copy(update={"timeout_s": verb_timeout_s}) for name, verb in profile.verbs.items()
    }
    changes: dict[str, object] = {"verbs": verbs}
    for section in ("mailbox", "methods"):
        if (wire := getattr(profile, section)) is not None:
            changes[section] = wire.model_copy(update={"request_timeout_s": request_timeout_s})
    return profile.model_copy(update=changes)
