"""The commands as a person types them: what they print, what they return."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from edge_agent.site_file import load
from simulators.demo.addresses import free_port, relocate
from simulators.demo.broker import find_mosquitto
from tests.e2e.scenes import DEMO

DEMO_KEYS = {
    "tasks": {"submitted", "completed", "short", "cancelled", "rejected", "held"},
    "units": {"ordered", "picked", "short", "cancelled"},
    "moves": {"commanded", "executed", "repeated", "lost"},
    "verification": {"injected", "caught", "escaped", "false_rejects"},
    "confirmations": {"events", "repeats", "gaps", "missing", "wrong"},
    "latency_ms": {"task_to_first_command", "scan_to_confirmation"},
    "eta_error_s": {"at_start", "last", "changes"},
}


def edge_agent(*arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, "-m", "edge_agent.cli", *arguments),
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
        env={**os.environ, **env},
    )


@pytest.fixture(scope="module", params=["mosquitto", "amqtt"])
def demo(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small demo, run once for each broker; the folder has its ledgers, journal, logs and demo.json."""
    if request.param == "mosquitto" and find_mosquitto() is None:
        pytest.skip("mosquitto is not installed")
    folder = tmp_path_factory.mktemp(request.param)
    done = edge_agent(
        "demo",
        *("--tasks", "4", "--speed", "60", "--seed", "2", "--broker", request.param),
        *("--keep", str(folder), "--json", str(folder / "demo.json")),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "consistent: true" in done.stdout
    assert f"broker: {request.param}" in done.stdout
    return folder


def test_the_demo_writes_the_figures_that_the_contract_names(demo: Path) -> None:
    written = json.loads((demo / "demo.json").read_text())
    for key, names in DEMO_KEYS.items():
        assert names <= written[key].keys()
    for latency in written["latency_ms"].values():
        assert {"p50", "p99"} <= latency.keys()
    assert written["consistent"] is True
    assert written["tasks"]["completed"] == 4
    assert written["seconds"] > 0


def test_the_audit_command_agrees_with_the_demo(demo: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit.json"
    ledgers = ("--oms", str(demo / "oms.jsonl"), "--world", str(demo / "world.jsonl"))
    done = edge_agent("audit", *ledgers, "--json", str(out))
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(out.read_text()) == json.loads((demo / "demo.json").read_text())


@pytest.mark.parametrize(
    ("ledger", "kind", "spoil"),
    [
        ("world.jsonl", "unit_placed", "move"),
        ("world.jsonl", "load_moved", "repeat"),
        ("oms.jsonl", "event", "drop"),
    ],
    ids=["a unit moved", "a move repeated", "a confirmation dropped"],
)
def test_the_audit_of_a_real_run_catches_tampering(
    demo: Path, tmp_path: Path, ledger: str, kind: str, spoil: str
) -> None:
    lines = (demo / ledger).read_text().splitlines()
    place = [n for n, line in enumerate(lines) if json.loads(line)["kind"] == kind][5]
    if spoil == "move":
        lines[place] = json.dumps(json.loads(lines[place]) | {"container": "OC-9999"})
    elif spoil == "repeat":
        lines.insert(place + 1, lines[place])
    else:
        del lines[place]
    (tmp_path / ledger).write_text("\n".join(lines) + "\n")
    paths = {
        name: tmp_path / name if name == ledger else demo / name for name in ("oms.jsonl", "world.jsonl")
    }
    done = edge_agent("audit", "--oms", str(paths["oms.jsonl"]), "--world", str(paths["world.jsonl"]))
    assert done.returncode == 1
    assert "consistent: false" in done.stdout
    assert "problem" in done.stdout


def test_the_journal_of_a_demo_is_sound_and_replays_to_its_end(demo: Path) -> None:
    journal = str(demo / "journal.db")
    verified = edge_agent("journal", "verify", journal)
    assert verified.returncode == 0, verified.stderr
    assert "sound" in verified.stdout
    replayed = edge_agent("journal", "replay", journal)
    assert "open tasks: 0" in replayed.stdout
    assert "ended tasks: 4 (4 completed)" in replayed.stdout
    counted = edge_agent("journal", "stats", journal)
    assert "TaskAccepted" in counted.stdout
    assert "cursor published: 0 confirmations behind" in counted.stdout


def test_check_says_that_the_demo_site_is_right() -> None:
    done = edge_agent("check", str(DEMO))
    assert done.returncode == 0
    assert "nothing wrong found" in done.stdout


def test_check_names_file_line_key_and_cure_of_every_problem(tmp_path: Path) -> None:
    site = tmp_path / "site.yaml"
    site.write_text(
        DEMO.read_text().replace("gateway: gw1", "gatway: gw1").replace("capacity: 2", "capacity: -2")
    )
    done = edge_agent("check", str(site))
    assert done.returncode == 2
    problems = done.stderr.strip().splitlines()
    assert any("gatway: unknown key; did you mean 'gateway'?" in problem for problem in problems)
    assert sum("capacity" in problem for problem in problems) == 2
    assert all(f"{site}:" in problem for problem in problems)
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("run", "--config", "no-such.yaml"), 2, "no-such.yaml"),
        (("check", "no-such.yaml"), 2, "no-such.yaml"),
        (("demo", "--faults", "sometimes"), 2, "sometimes"),
        (("demo", "--tasks", "0"), 2, "tasks"),
        (("demo", "--json", "no-such-folder/x.json"), 2, "no-such-folder"),
        (("journal", "verify", "no-such.db"), 1, "no-such.db"),
        (("audit", "--oms", "no-such.jsonl", "--world", "no-such.jsonl"), 1, "no-such.jsonl"),
        (("dance",), 2, "dance"),
    ],
)
def test_wrong_usage_is_told_in_a_line_without_a_traceback(
    arguments: tuple[str, ...], code: int, said: str
) -> None:
    done = edge_agent(*arguments)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_address_in_use_is_named_when_the_simulators_start(tmp_path: Path) -> None:
    site, _ = load(DEMO, {})
    env = relocate(site, tmp_path, free_port())
    host, port = urlsplit(env["EDGE_AGENT__DEVICES__CONVEYOR_1__ADDRESS"]).netloc.split(":")
    with socket.socket() as taken:
        taken.bind((host, int(port)))
        taken.listen()
        world = str(tmp_path / "world.jsonl")
        done = edge_agent("simulate", "--config", str(DEMO), "--ledger", world, **env)
    assert done.returncode == 2
    assert f":{port}: cannot listen there" in done.stderr
