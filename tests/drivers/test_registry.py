"""From the site file's words to devices, drivers of other packages included."""

import sys
from dataclasses import replace
from pathlib import Path
from textwrap import dedent

import pytest

from drivers.asrs import Asrs
from drivers.conveyor import Conveyor
from drivers.device import ComposedDevice
from drivers.fake import FakeDevice, FakeScanner
from drivers.family import Family
from drivers.picker import Picker
from drivers.profile import Profile
from drivers.registry import build_device, build_scanner, find_family
from edge_agent.domain.command import Accepted, Refusal, RefusalReason, Unknown
from edge_agent.domain.device import ScanFailed, ScanRead
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.site import DeviceSettings
from edge_agent.errors import ConfigurationError, LinkLostError
from edge_agent.ports import Device, Scanner
from tests.drivers.proxy import Cable
from tests.drivers.rigs import Controller, WireRig, command_for, order_for, shipped
from tests.drivers.waiting import following

ONE = DeviceId("machine-1")
MODBUS = "modbus://127.0.0.1:502/1"
OPCUA = "opc.tcp://127.0.0.1:4840/plc"


def at(address: str, profile: str = "any") -> DeviceSettings:
    return DeviceSettings(profile=profile, address=address)


@pytest.mark.parametrize(
    ("profile", "address"),
    [
        ("asrs-modbus", MODBUS),
        ("asrs-opcua", OPCUA),
        ("picker-modbus", MODBUS),
        ("picker-opcua", OPCUA),
        ("conveyor-modbus", MODBUS),
    ],
)
def test_every_shipped_profile_makes_a_device(profile: str, address: str) -> None:
    device: Device = build_device(ONE, at(address), shipped(profile))
    assert device.device_id == ONE


@pytest.mark.parametrize(
    ("address", "profile"),
    [
        ("tcp://127.0.0.1:9", "scanner-plain"),
        ("tcp-listen://127.0.0.1:9", "scanner-plain"),
        ("serial:///dev/ttyS9", "scanner-plain"),
        ("rfc2217://127.0.0.1:9?baudrate=19200", "scanner-plain"),
        ("socket://127.0.0.1:9", "scanner-plain"),
        ("hid:///dev/input/by-id/usb-ACME-event-kbd", "scanner-hid"),
        (OPCUA, "scanner-autoid"),
    ],
)
def test_a_scanner_profile_makes_a_scanner_over_every_transport(address: str, profile: str) -> None:
    scanner: Scanner = build_scanner(ONE, at(address), shipped(profile))
    assert scanner.device_id == ONE


@pytest.mark.parametrize(
    ("address", "profile", "complaint"),
    [
        (
            "hid:///dev/input/event0",
            "scanner-plain",
            "a keyboard takes no commands",
        ),
        (OPCUA, "scanner-plain", "use tcp://, tcp-listen://, serial://, rfc2217://, socket:// or hid://"),
        ("tcp://127.0.0.1:9", "scanner-autoid", "use opc.tcp://host:port/path"),
    ],
)
def test_a_scanner_whose_address_and_profile_do_not_fit_says_what_would(
    address: str, profile: str, complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        build_scanner(ONE, at(address), shipped(profile))


@pytest.mark.parametrize(("name", "family"), [("asrs", Asrs), ("conveyor", Conveyor), ("picker", Picker)])
def test_the_shipped_families_are_found_by_entry_point(name: str, family: type[Family]) -> None:
    assert isinstance(find_family(name), family)


def test_a_familys_values_are_what_the_orders_fields_say() -> None:
    values = find_family("asrs").values(order_for("asrs", 42))
    assert values == {"load": "TOTE-0042", "location": "A01-03-12", "point": "asrs-1-out"}


# ---- mistakes ------------------------------------------------------------------------------------------


def changed(profile: Profile, **changes: object) -> Profile:
    return profile.model_copy(update=changes)


@pytest.mark.parametrize(
    ("profile", "address", "complaint"),
    [
        (shipped("asrs-modbus"), OPCUA, r"devices\.machine-1\.address: .* use modbus://host:port/unit"),
        (shipped("asrs-opcua"), MODBUS, r"devices\.machine-1\.address: .* use opc\.tcp://host:port/path"),
        (shipped("asrs-modbus"), "modbus://127.0.0.1/999", r"devices\.machine-1: address .*unit '999'"),
        (
            changed(shipped("asrs-modbus"), family="crane"),
            MODBUS,
            "no driver for family 'crane': use one of asrs",
        ),
        (
            changed(shipped("asrs-modbus"), family="picker"),
            MODBUS,
            r"verbs\.\w+: (is missing: add|unknown to)",
        ),
        (changed(shipped("asrs-modbus"), verbs={}), MODBUS, r"verbs\.\w+: is missing: add it"),
    ],
)
def test_a_device_that_cannot_work_is_refused_before_it_is_connected(
    profile: Profile, address: str, complaint: str
) -> None:
    with pytest.raises(ConfigurationError, match=complaint):
        build_device(ONE, at(address), profile)


def test_a_scanner_is_no_device_and_a_device_no_scanner() -> None:
    with pytest.raises(ConfigurationError, match="no driver for family 'scanner'"):
        build_device(ONE, at("tcp://127.0.0.1:9"), shipped("scanner-plain"))
    with pytest.raises(ConfigurationError, match="is no scanner's"):
        build_scanner(ONE, at("tcp://127.0.0.1:9"), shipped("asrs-modbus"))
    with pytest.raises(ConfigurationError, match="use tcp://"):
        build_scanner(ONE, at(MODBUS), shipped("scanner-plain"))


def test_an_argument_that_the_order_does_not_have_is_named() -> None:
    profile = shipped("asrs-modbus")
    verb = profile.verbs["store"].model_copy(update={"arguments": ("load", "shelf", "point")})
    verbs = {**profile.verbs, "store": verb}
    with pytest.raises(
        ConfigurationError, match=r"verbs\.store\.arguments: no 'shelf': use load, location, point"
    ):
        build_device(ONE, at(MODBUS), changed(profile, verbs=verbs))


# ---- drivers of other packages -------------------------------------------------------------------------


def install(directory: Path, monkeypatch: pytest.MonkeyPatch, name: str, code: str, target: str) -> None:
    """Put a tiny distribution on the path, as pip would unpack it."""
    (directory / f"{name}.py").write_text(dedent(code))
    info = directory / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[edge_agent.drivers]\n{target}\n")
    monkeypatch.syspath_prepend(str(directory))
    monkeypatch.delitem(sys.modules, name, raising=False)


LIFT = """
    from edge_agent.domain.command import Transfer

    class Lift:
        verbs = {"hoist": Transfer}

        def values(self, order):
            return {"load": order.load.lower(), "origin": order.origin, "destination": order.destination}

        def sought(self, order):
            return order.load.lower()
"""


async def test_a_driver_from_another_package_is_found_and_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(tmp_path, monkeypatch, "acme_lift", LIFT, "lift = acme_lift:Lift")
    conveyor = shipped("conveyor-modbus")
    lift = changed(conveyor, family="lift", verbs={"hoist": conveyor.verbs["transfer"]})
    controller = Controller(conveyor)
    await controller.start()
    async with Cable(controller.port) as cable:
        rig = WireRig(controller, cable, lift)
        await rig.device.connect()
        assert await rig.device.send(command_for("conveyor", rig.epoch())) == Accepted()
        await rig.device.close()
    await controller.stop()


@pytest.mark.parametrize(
    ("code", "target", "complaint"),
    [
        ("", "lift = acme_lift:Lift", "acme_lift:Lift cannot be loaded"),
        ("import not_installed", "lift = acme_lift:Lift", "cannot be loaded"),
        (
            "class Lift: pass",
            "lift = acme_lift:Lift",
            "is no drivers.family.Family: it needs verbs, values and sought",
        ),
        (LIFT, "asrs = acme_lift:Lift", "family 'asrs' is announced by"),
    ],
)
def test_a_driver_that_cannot_be_used_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, target: str, complaint: str
) -> None:
    install(tmp_path, monkeypatch, "acme_lift", code, target)
    with pytest.raises(ConfigurationError, match=complaint):
        find_family(target.partition(" ")[0])


# ---- what the composition adds -------------------------------------------------------------------------


async def test_an_order_of_another_family_is_refused_without_a_word_on_the_wire() -> None:
    device = build_device(ONE, at(MODBUS), shipped("asrs-modbus"))
    answer = await device.send(command_for("picker"))
    assert answer == Refusal(RefusalReason.BAD_ARGUMENT, "family asrs has no verb for Pick")


async def test_a_device_that_echoes_nothing_never_knows_what_became_of_a_command() -> None:
    device = build_device(ONE, at(MODBUS), changed(shipped("asrs-modbus"), echoes=False))
    assert isinstance(device, ComposedDevice)
    assert isinstance(await device.reconcile(command_for("asrs")), Unknown)


# ---- the fakes beyond the contract ---------------------------------------------------------------------


async def test_a_fake_device_ends_every_command_as_ordered_by_itself() -> None:
    fake = FakeDevice(ONE)
    await fake.connect()
    command = command_for("asrs")
    assert await fake.send(command) == Accepted()
    ended = await following(fake.observations())
    await fake.acknowledge(ended)
    assert fake.acknowledged == [command.command_id]
    assert fake.taken == [command]


async def test_a_fake_device_refuses_other_content_under_the_same_id() -> None:
    fake = FakeDevice(ONE)
    await fake.connect()
    command = command_for("asrs", load=1)
    await fake.send(command)
    answer = await fake.send(replace(command, order=order_for("asrs", 2)))
    assert isinstance(answer, Refusal)
    assert answer.reason is RefusalReason.CONFLICT


async def test_a_fake_scanner_answers_triggers_and_keeps_the_verdicts() -> None:
    answers = iter([ScanRead(b"]C0A"), None])
    fake = FakeScanner(ONE, lambda: next(answers))
    await fake.connect()
    observations = fake.observations()
    await fake.trigger()
    assert await following(observations) == ScanRead(b"]C0A")
    await fake.trigger()
    fake.read(None)
    assert await following(observations) == ScanFailed()
    await fake.feedback(False)
    assert (fake.triggers, fake.verdicts) == (2, [False])
    fake.drop_link()
    with pytest.raises(LinkLostError):
        await fake.trigger()
