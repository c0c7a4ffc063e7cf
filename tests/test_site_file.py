"""A site file with its profiles: what keeps a driver from being built is found without starting."""

from pathlib import Path

import pytest

from edge_agent.errors import ConfigurationError
from edge_agent.site_file import load

CONFIG = Path(__file__).parents[1] / "config"


def test_the_shipped_sites_and_their_profiles_are_right() -> None:
    for name in ("demo.yaml", "demo-modbus.yaml"):
        site, profiles = load(CONFIG / name, {})
        assert {device.profile for device in site.devices.values()} == profiles.keys()


def test_a_profile_beside_the_site_file_comes_before_a_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    shipped = (CONFIG / "profiles" / "scanner-plain.yaml").read_text()
    (tmp_path / "profiles" / "scanner-plain.yaml").write_text(shipped.replace("NOREAD", "NIX"))
    (tmp_path / "site.yaml").write_text((CONFIG / "demo.yaml").read_text())
    _, profiles = load(tmp_path / "site.yaml", {})
    scanner = profiles["scanner-plain"].scanner
    assert scanner is not None
    assert scanner.no_read == "NIX"


def test_a_profile_that_lacks_a_verb_is_found_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    shipped = (CONFIG / "profiles" / "asrs-opcua.yaml").read_text()
    without = "".join(line for line in shipped.splitlines(keepends=True) if "store:" not in line)
    (tmp_path / "profiles" / "asrs-opcua.yaml").write_text(without)
    (tmp_path / "site.yaml").write_text((CONFIG / "demo.yaml").read_text())
    with pytest.raises(ConfigurationError, match=r"profile asrs-opcua: verbs\.store: is missing: add it"):
        load(tmp_path / "site.yaml", {})
