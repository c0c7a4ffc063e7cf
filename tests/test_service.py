"""The systemd unit: what systemd itself says about it, and what the agent relies on in it."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "systemd"
UNIT = FOLDER / "edge-agent.service"
SYSUSERS = FOLDER / "edge-agent.sysusers.conf"
BINARY = "/opt/edge-agent/bin/edge-agent"


def tool(name: str) -> str:
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/bin:/bin:/usr/sbin")
    if path is None:
        pytest.skip(f"{name} is not installed")
    return path


def settings(section: str) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    body = re.split(r"^\[(\w+)\]$", UNIT.read_text(), flags=re.MULTILINE)
    for line in body[body.index(section) + 1].splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(name, []).append(value)
    return found


def verified(text: str, folder: Path) -> str:
    """What systemd says about a unit. The agent's path is replaced by one that is on every machine."""
    copy = folder / UNIT.name
    copy.write_text(text.replace(BINARY, "/bin/true"))
    return run(tool("systemd-analyze"), "verify", "--man=no", copy)


def run(*command: str | Path) -> str:
    result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return result.stdout + result.stderr


def test_systemd_has_nothing_to_say_about_the_unit(tmp_path: Path) -> None:
    assert verified(UNIT.read_text(), tmp_path) == ""


def test_systemd_would_complain_about_a_wrong_unit(tmp_path: Path) -> None:
    assert "WatchdogSex" in verified(UNIT.read_text().replace("WatchdogSec", "WatchdogSex"), tmp_path)


def test_the_unit_is_confined() -> None:
    """systemd's own score: 0 is locked away, 10 wide open."""
    said = run(tool("systemd-analyze"), "security", "--offline=true", "--no-pager", UNIT)
    score = re.search(r"Overall exposure level for edge-agent.service: ([\d.]+)", said)
    assert score, said
    assert float(score[1]) <= 2.0


def test_it_is_started_and_watched_as_the_agent_expects() -> None:
    service = settings("Service")
    assert service["Type"] == ["notify"]
    assert service["NotifyAccess"] == ["main"]
    assert service["ExecStart"] == [f"{BINARY} run --config /etc/edge-agent/site.yaml"]
    assert service["ExecStartPre"] == [f"{BINARY} check /etc/edge-agent/site.yaml"]
    assert service["WatchdogSec"] == ["30"]
    assert service["Restart"] == ["on-failure"]
    assert settings("Unit")["StartLimitIntervalSec"] == ["0"], "systemd must not give up"


def test_its_user_is_the_one_that_is_made() -> None:
    (name,) = declared("u")
    assert settings("Service")["User"] == [name]


def test_the_local_api_has_a_folder_and_a_group_that_the_user_is_in() -> None:
    service = settings("Service")
    (group,) = declared("g")
    assert f"EDGE_AGENT__API__GROUP={group}" in service["Environment"]
    assert [*declared("m"), *service["User"]] == ["edge-agent", "edge-agent"]
    (folder,) = service["RuntimeDirectory"]
    assert f"EDGE_AGENT__API__SOCKET=%t/{folder}/api.sock" in service["Environment"]


def declared(kind: str) -> list[str]:
    """The names that the sysusers file has of a kind: `u` users, `g` groups, `m` members of groups."""
    words = (line.split() for line in SYSUSERS.read_text().splitlines() if not line.startswith("#"))
    return [name for kind_, name, *_ in words if kind_ == kind]


def test_systemd_makes_the_user(tmp_path: Path) -> None:
    systemd_sysusers = tool("systemd-sysusers")
    if os.geteuid() != 0:
        pytest.skip("systemd-sysusers needs root")
    (tmp_path / "etc").mkdir()
    said = run(systemd_sysusers, f"--root={tmp_path}", SYSUSERS)
    assert (tmp_path / "etc" / "passwd").read_text().startswith("edge-agent:x:"), said


def test_the_guide_names_the_files_that_there_are() -> None:
    guide = (FOLDER.parent / "docs" / "how-to" / "install-service.md").read_text()
    assert all(f"systemd/{file.name}" in guide for file in (UNIT, SYSUSERS))
