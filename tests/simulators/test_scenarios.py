"""Scenario files: the shipped ones are sound, and what is wrong in one is said with its line."""

from pathlib import Path

import pytest

from edge_agent.errors import ConfigurationError
from simulators.faults import Fault
from simulators.faults.scenario import load_scenario, named_mix
from tests.simulators.floor import CONFIG

SHIPPED = sorted((CONFIG / "scenarios").glob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_shipped_scenario_is_sound_and_named_like_its_file(path: Path) -> None:
    scenario = load_scenario(path)
    assert scenario.name == path.stem
    assert scenario.description
    assert scenario.faults


def test_the_shipped_scenarios_arm_every_fault() -> None:
    armed = {fault.fault for path in SHIPPED for fault in load_scenario(path).faults}
    assert armed == set(Fault)


def test_the_mixes_need_nobody() -> None:
    for name in ("typical", "harsh"):
        for fault in named_mix(name):
            assert fault.rate is not None
            assert getattr(fault, "reset_after_s", 1.0) is not None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", ":1: holds no keys: write a scenario"),
        ("name: a\n", ":1: description: is missing: add it"),
        ("name: a b\ndescription: x\n", ":1: name: "),
        ("name: a\ndescription: x\nfalts: []\n", ":3: falts: unknown key: did you mean 'faults'?"),
        (
            "name: a\ndescription: x\nfaults:\n  - {fault: busy}\n  - {fault: crane_falt}\n",
            ":5: faults.1: there is no fault 'crane_falt': did you mean 'crane_fault'?: correct it",
        ),
        (
            "name: a\ndescription: x\nfaults:\n  - fault: ack_late\n    delay_s: 20\n",
            ":5: faults.0.ack_late.delay_s: Input should be less than or equal to 10: correct it",
        ),
        (
            "name: a\ndescription: x\nfaults:\n  - fault: hung\n    duration: 20\n",
            ":5: faults.0.hung.duration: unknown key",
        ),
        (
            "name: a\ndescription: x\nfaults:\n  - {fault: jam, rate: 0.1, reset_after_s: null}\n",
            ":4: faults.0.jam: reset_after_s: a fault by rate needs an operator: give the seconds",
        ),
        ("name: [\n", ": not YAML"),
    ],
)
def test_what_is_wrong_in_a_scenario_is_said_with_file_line_and_key(
    tmp_path: Path, text: str, complaint: str
) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        load_scenario(path)
    assert any(line.startswith(str(path)) and complaint in line for line in raised.value.problems)


def test_a_scenario_that_is_not_there_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.yaml: cannot be read"):
        load_scenario(tmp_path / "none.yaml")
