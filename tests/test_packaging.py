"""What is installed on a gateway: three packages under their own names, with all that they need."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = (sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = folder.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_has_the_three_packages_and_nothing_else_at_its_top(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"edge_agent", "drivers", "simulators"}


def test_the_wheel_carries_sites_profiles_and_migrations(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    for profile in (ROOT / "config" / "profiles").glob("*.yaml"):
        assert f"edge_agent/config/profiles/{profile.name}" in names
    assert "edge_agent/config/demo.yaml" in names
    assert any(name.startswith("edge_agent/adapters/migrations/versions/") for name in names)
    assert "edge_agent/py.typed" in names


def test_the_wheel_announces_the_shipped_drivers_as_any_other_package_would(wheel: zipfile.ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    text = wheel.read(entry_points).decode()
    assert "[edge_agent.drivers]" in text
    assert "edge-agent = edge_agent.cli:main" in text
