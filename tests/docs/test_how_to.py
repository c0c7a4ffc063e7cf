"""The how-to pages do what they say."""

import asyncio
import re
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from drivers.profile import Handshake
from drivers.registry import build_device
from edge_agent.adapters.journal import SqlJournal
from edge_agent.app import plant
from edge_agent.domain import events as ev
from edge_agent.domain.command import PutBack, Transfer
from edge_agent.domain.events import Recorded
from edge_agent.domain.ids import (
    CommandId,
    DeviceId,
    Gtin,
    LaneId,
    LineId,
    LocationId,
    Lpn,
    PointId,
    StationId,
    TaskId,
)
from edge_agent.domain.site import DeviceSettings
from edge_agent.domain.task import Destination, Line, PickTask, Source
from edge_agent.errors import ConfigurationError
from edge_agent.ports import Snapshot
from edge_agent.site_file import load
from tests.adapters.examples import NOON, mixed
from tests.docs.markdown import DOCS, ROOT, Page, unquoted
from tests.docs.terminal import Desk

HOW_TO, DEMO = DOCS / "how-to", ROOT / "config" / "demo.yaml"


def test_a_device_is_added_as_the_page_says(desk: Desk) -> None:
    assert desk.work_through(Page(HOW_TO / "add-a-device.md")) == 7


def test_a_scanner_is_added_as_the_page_says(desk: Desk) -> None:
    assert desk.work_through(Page(HOW_TO / "add-a-scanner.md")) == 5


def test_scales_are_used_as_the_page_says(desk: Desk) -> None:
    assert desk.work_through(Page(HOW_TO / "scales.md")) == 2


def test_the_site_on_modbus_is_what_the_page_says(desk: Desk) -> None:
    assert desk.work_through(Page(HOW_TO / "run-on-modbus.md")) == 2


def test_settings_are_overridden_as_the_page_says(desk: Desk) -> None:
    assert desk.work_through(Page(HOW_TO / "override-settings.md")) == 3


def test_a_journal_is_read_as_the_page_says(desk: Desk, tmp_path: Path) -> None:
    asyncio.run(_write_journal(f"sqlite:///{tmp_path}/journal.db"))
    assert desk.work_through(Page(HOW_TO / "read-a-journal.md")) == 4


async def test_a_journal_is_recovered_as_the_page_says(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "journal.db"
    journal = await SqlJournal.open(f"sqlite:///{file}")
    await journal.append(mixed(6))
    await journal.write_snapshot(Snapshot(5, 2, 1.25, 1, b"state"))
    await journal.close()
    await asyncio.to_thread(_change_a_byte, file, b'"T-3"', b'"T-8"')
    assert await asyncio.to_thread(desk.work_through, Page(HOW_TO / "recover-a-journal.md")) == 3


def _change_a_byte(file: Path, was: bytes, now: bytes) -> None:
    file.write_bytes(file.read_bytes().replace(was, now))


async def _write_journal(url: str) -> None:
    """One task that has started."""
    source = Source(LocationId("A01-03-12"), Lpn("TOTE-0042"), 8, 1)
    line = Line(LineId("1"), "MUG-BLUE", Gtin("04006381333931"), 2, (source,))
    task = PickTask(TaskId("T-1001"), 1, "SO-77", Destination(Lpn("OC-0001"), LaneId("ship-1")), (line,))
    started = ev.TaskStarted(task.task_id, StationId("st1"), PointId("st1-put-1"), NOON)
    events: list[ev.Event] = [
        ev.AgentStarted("0.1.0", CommandId(1)),
        ev.TaskAccepted(task, "digest"),
        started,
    ]
    journal = await SqlJournal.open(url)
    await journal.append(
        [
            Recorded(number, NOON.replace(second=number), float(number), event, number - 1 or None)
            for number, event in enumerate(events, 1)
        ]
    )
    journal.move_cursor("published", 1)
    await journal.close()


VALUES = {
    "broker.url": "mqtt://10.0.0.5:1883",
    "journal.url": "sqlite:///elsewhere.db",
    "policies.retriggers": "3",
    "devices.conveyor-1.address": "modbus://10.0.0.7:502/1",
}


def test_every_variable_that_is_listed_overrides_the_setting_beside_it() -> None:
    page = Page(HOW_TO / "override-settings.md")
    for setting, variable in (map(unquoted, row) for row in page.rows(page.headings[0])):
        if value := VALUES.get(setting):
            site, _ = load(DEMO, {variable: value})
            assert value in site.model_dump_json()
        else:
            with pytest.raises(ConfigurationError, match=re.escape(f"environment: {variable}: {setting}: ")):
                load(DEMO, {variable: "nowhere"})


def test_the_driver_package_that_is_shown_works_in_a_site(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = Page(HOW_TO / "write-a-driver-package.md")
    for block in page.blocks:
        if name := block.mark("file"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(block.text)
    _install(tmp_path / "acme-lift", monkeypatch)
    site_file = tmp_path / "mysite" / "site.yaml"
    (used,) = re.findall(r"`(conveyor-1: \{profile: acme-lift.*?\})`", page.text)
    demo = DEMO.read_text()
    site_file.write_text(re.sub(r"conveyor-1: \{profile.*\}", used, demo))

    site, profiles = load(site_file, {})
    settings, profile = site.devices[DeviceId("conveyor-1")], profiles["acme-lift"]
    assert profile.handshake is Handshake.METHODS
    assert isinstance(settings, DeviceSettings)
    assert build_device(DeviceId("conveyor-1"), settings, profile).device_id == "conveyor-1"

    lift = sys.modules["acme_lift"].Lift()
    order = Transfer(Lpn("TOTE-0042"), PointId("st1-tote"), PointId("asrs-1-in"))
    assert lift.values(order) == {"load": "TOTE-0042", "origin": "st1tote", "destination": "asrs1in"}
    assert not any(isinstance(PutBack(Lpn("x"), PointId("y")), kind) for kind in lift.verbs.values())


def _install(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What pip does, as far as it matters here: the module and its entry points on the path."""
    (entry_point,) = re.findall(
        r'^acme-lift = "(.*)"$', (package / "pyproject.toml").read_text(), re.MULTILINE
    )
    info = package / "acme_lift-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-lift\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[edge_agent.drivers]\nacme-lift = {entry_point}\n")
    monkeypatch.syspath_prepend(str(package))
    monkeypatch.delitem(sys.modules, "acme_lift", raising=False)


def test_an_operators_station_is_set_up_as_the_page_says(tmp_path: Path) -> None:
    yaml = YAML(typ="safe")
    site = yaml.load(DEMO)
    (shown,) = re.findall(r"```yaml\n(.*?)```", (HOW_TO / "operator-station.md").read_text(), re.DOTALL)
    change = yaml.load(shown)
    old = site["stations"]["st2"]
    put = [position["scanner"] for position in old["put_positions"]]
    for name in (old["tote_scanner"], old["item_scanner"], *put):
        del site["devices"][name]
    site["devices"].update(change["devices"])
    site["stations"].update(change["stations"])
    file = tmp_path / "site.yaml"
    yaml.dump(site, file)
    loaded, profiles = load(file, {})
    assert plant(loaded, profiles).has_operator(StationId("st2"))
