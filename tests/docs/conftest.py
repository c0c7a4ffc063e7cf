"""A desk in a folder that looks like a checkout, with every address moved to a free port."""

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_agent.site_file import load
from simulators.demo.addresses import free_port, relocate
from simulators.demo.broker import find_mosquitto
from tests.docs.markdown import ROOT
from tests.docs.terminal import Desk

LINKED = ("config", "drivers", "docs", "edge_agent", "simulators", "Makefile")


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """For the documents that need no broker."""
    with Desk(_checkout(tmp_path), _env()) as one:
        yield one


@pytest.fixture
def desk_with_broker(tmp_path: Path) -> Iterator[Desk]:
    """For the documents that start a broker and speak to it from the shell. Faster than shown."""
    if find_mosquitto() is None or shutil.which("mosquitto_pub") is None:
        pytest.skip("mosquitto and its clients are not installed (apt install mosquitto mosquitto-clients)")
    port = free_port()
    replace = {"18830": str(port), "--speed 20": "--speed 100"}
    with Desk(_checkout(tmp_path), _env() | _moved(tmp_path, port), replace) as one:
        yield one


def _checkout(folder: Path) -> Path:
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def _env() -> dict[str, str]:
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", ""), "/usr/sbin"))
    return {**os.environ, "PATH": path, "NO_COLOR": "1"}


def _moved(folder: Path, broker_port: int) -> dict[str, str]:
    """The demo site on free addresses; its journal stays where the documents name it."""
    site, _ = load(ROOT / "config" / "demo.yaml", {})
    moved = relocate(site, folder, broker_port)
    del moved["EDGE_AGENT__JOURNAL__URL"]
    return moved
