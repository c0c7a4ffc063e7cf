"""A person instead of a machine: takes every command, forgets none, and reports nothing by itself."""

import asyncio
import math
from pathlib import Path

import pytest

from drivers.person import PersonDevice, PersonScanner
from drivers.profile import Handshake, Profile
from drivers.profile_file import load_profile
from drivers.registry import build_device, build_scanner
from edge_agent.domain.command import Accepted, Command, ForUnit, Pick, Running
from edge_agent.domain.device import DeviceStatus, Mode
from edge_agent.domain.ids import CommandId, DeviceId, Gtin, Lpn, PointId, StationId
from edge_agent.domain.site import DeviceSettings
from edge_agent.errors import ConfigurationError
from edge_agent.ports import Device, Scanner
from tests.drivers.rigs import shipped

PERSON = DeviceId("picker-3")
PICK = Command(
    CommandId(1),
    PERSON,
    Pick(Lpn("TOTE-0001"), PointId("st3-tote"), Gtin("04006381333931")),
    ForUnit(StationId("st3")),
    0,
)


def settings(profile: str, address: str = "person://st3") -> DeviceSettings:
    return DeviceSettings(profile=profile, address=address)


def test_the_shipped_profiles_make_a_person_who_picks_and_one_who_scans() -> None:
    device: Device = build_device(PERSON, settings("picker-person"), shipped("picker-person"))
    scanner: Scanner = build_scanner(PERSON, settings("scanner-person"), shipped("scanner-person"))
    assert isinstance(device, PersonDevice)
    assert isinstance(scanner, PersonScanner)
    assert device.device_id == scanner.device_id == PERSON


async def test_a_person_takes_every_command_and_is_still_at_it_whenever_asked() -> None:
    person = PersonDevice(PERSON)
    assert await person.connect() == DeviceStatus(Mode.READY)
    assert await person.reconcile(PICK) == Running()
    assert await person.send(PICK) == Accepted()
    assert await person.reconcile(PICK) == Running()
    assert await person.look(PICK) is None
    assert person.timeout_s(PICK) == math.inf
    await person.close()
    await person.close()
    assert await person.reconcile(PICK) == Running()


@pytest.mark.parametrize("one", [PersonDevice(PERSON), PersonScanner(PERSON)])
async def test_a_person_reports_nothing_by_themselves(one: PersonDevice | PersonScanner) -> None:
    await one.connect()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await anext(one.observations())
    await one.close()


async def test_a_persons_scanner_has_nothing_to_trigger_or_to_show() -> None:
    scanner = PersonScanner(PERSON)
    assert await scanner.connect() == DeviceStatus(Mode.READY)
    await scanner.trigger()
    await scanner.feedback(good=False)
    await scanner.close()


@pytest.mark.parametrize("profile", ["picker-person", "scanner-person"])
def test_a_person_has_no_wire(profile: str) -> None:
    build = build_scanner if profile.startswith("scanner") else build_device
    with pytest.raises(ConfigurationError, match=r"speaks person: use person://name"):
        build(PERSON, settings(profile, "tcp://127.0.0.1:9100"), shipped(profile))


def test_only_machines_and_scanners_of_their_kind_are_known_as_such() -> None:
    assert shipped("scanner-plain").is_scanner
    assert not shipped("picker-opcua").is_person
    assert not shipped("picker-person").is_scanner
    assert shipped("scanner-person").is_scanner


@pytest.mark.parametrize(
    ("family", "rest", "complaint"),
    [
        ("conveyor", "", "family: a person cannot stand for a conveyor; use picker or scanner"),
        ("picker", "max_open: 2", "max_open: a person has no wire; remove it"),
        ("scanner", "scanner: {}", "scanner: a person has no wire; remove it"),
        (
            "picker",
            "verbs: {pick: {call: 1, arguments: []}}",
            "verbs: a person has no wire; remove it",
        ),
    ],
)
def test_a_profile_of_a_person_that_says_more_is_refused(
    tmp_path: Path, family: str, rest: str, complaint: str
) -> None:
    file = tmp_path / "mine.yaml"
    head = f"name: mine\nfamily: {family}\ndescription: d\nsource: s\nhandshake: {Handshake.PERSON}\n"
    file.write_text(head + rest)
    with pytest.raises(ConfigurationError, match=complaint):
        load_profile(file)


def test_the_profiles_of_persons_name_no_section() -> None:
    for name in ("picker-person", "scanner-person"):
        profile: Profile = shipped(name)
        assert profile.handshake is Handshake.PERSON
        assert (profile.mailbox, profile.methods, profile.scanner) == (None, None, None)
