"""The site file is read, overridden from the environment and typed."""

from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel
from ruamel.yaml import YAML

from drivers.profile import Profile
from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from edge_agent.settings import load_site
from tests.sites import SITE, load, problems, spoiled

CONFIG = Path(__file__).parent.parent / "config"


def test_a_good_file_becomes_a_site(tmp_path: Path) -> None:
    site = load(tmp_path, SITE)
    assert (site.site, site.gateway, site.topic_root) == ("demo", "gw1", "warehouse/demo/gw1")
    assert site.devices["conveyor-1"].address == "modbus://127.0.0.1:502/2"
    assert site.stations["st1"].put_positions[0].scanner == "put-scan"
    assert site.storage["asrs-2"].locations == ("A02-*", "A03-0[1-5]-*")
    assert site.policies.scan_timeout_s == 2.0


@pytest.mark.parametrize("name", ["demo.yaml", "demo-modbus.yaml", "scales.yaml"])
def test_the_shipped_examples_are_good_with_the_shipped_profiles(name: str) -> None:
    def find(profile: str) -> Profile:
        return Profile.model_validate(YAML(typ="safe").load(CONFIG / "profiles" / f"{profile}.yaml"))

    assert isinstance(load_site(CONFIG / name, {}, find), Site)


def test_without_profiles_all_else_is_still_checked(tmp_path: Path) -> None:
    file = tmp_path / "site.yaml"
    file.write_text(spoiled(("conveyor: conveyor-1", "conveyor: picker-1")))
    with pytest.raises(ConfigurationError, match="is used by conveyor already"):
        load_site(file, {})


def test_aliases_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    text = spoiled(
        ("supply: {capacity: 0}", "supply: &endless {capacity: 0}"), ("ship: {capacity: 0}", "ship: *endless")
    )
    assert load(tmp_path, b"\xef\xbb\xbf" + text.encode()).points["ship"].capacity == 0


def parts_of(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A model and every model that is a part of it."""
    yield model
    for field in model.model_fields.values():
        for part in (field.annotation, *get_args(field.annotation)):
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from parts_of(part)


@pytest.mark.parametrize("document", [Site, Profile])
def test_every_measure_among_the_settings_says_its_unit(document: type[BaseModel]) -> None:
    fields = {
        (part.__name__, name): f for part in parts_of(document) for name, f in part.model_fields.items()
    }
    fractions = [key for key, field in fields.items() if field.annotation is float]
    assert fractions
    assert [key for key in fractions if not key[1].endswith(("_s", "_ms", "_days", "_g"))] == []


# ---- the environment ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variable", "text", "read"),
    [
        ("BROKER__URL", "mqtts://10.0.0.5:8883", lambda site: site.broker.url == "mqtts://10.0.0.5:8883"),
        ("broker__Url", "mqtt://h:1", lambda site: site.broker.url == "mqtt://h:1"),
        ("BROKER__PROTOCOL", "5", lambda site: site.broker.protocol == "5"),
        ("BROKER__ROOT", "null", lambda site: site.broker.root is None),
        ("BROKER__KEEPALIVE_S", "30", lambda site: site.broker.keepalive_s == 30),
        ("JOURNAL__URL", "sqlite:////var/j.db", lambda site: site.journal.url == "sqlite:////var/j.db"),
        ("GATEWAY", "0017", lambda site: site.gateway == "0017"),
        (
            "DEVICES__CONVEYOR_1__ADDRESS",
            "modbus://plc:502/9",
            lambda site: site.devices["conveyor-1"].address == "modbus://plc:502/9",
        ),
        ("POINTS__OUT_1__CAPACITY", "5", lambda site: site.points["out-1"].capacity == 5),
        ("LIMITS__OPEN_TASKS", "7", lambda site: site.limits.open_tasks == 7),
        ("POLICIES__SCAN_TIMEOUT_S", "1.5", lambda site: site.policies.scan_timeout_s == 1.5),
        (
            "STATIONS__ST1__PUT_POSITIONS__1__POINT",
            "put-2",
            lambda site: site.stations["st1"].put_positions[1].point == "put-2",
        ),
        (
            "STORAGE__ASRS_1__LOCATIONS",
            '["A09-*"]',
            lambda site: site.storage["asrs-1"].locations == ("A09-*",),
        ),
    ],
)
def test_every_setting_can_be_overridden_from_the_environment(tmp_path: Path, variable, text, read) -> None:
    assert not read(load(tmp_path, SITE)) or variable.endswith(("PROTOCOL", "ROOT", "POINT"))
    assert read(load(tmp_path, SITE, {f"EDGE_AGENT__{variable}": text}))


def test_variables_of_others_are_left_alone(tmp_path: Path) -> None:
    environ = {"EDGE_AGENT_GS1_VECTORS": "x", "EDGE_AGENTS__SITE": "x", "PATH": "x", "SITE": "x"}
    assert load(tmp_path, SITE, environ) == load(tmp_path, SITE)


def test_the_environment_can_mend_what_the_file_lacks(tmp_path: Path) -> None:
    text = spoiled(("gateway: gw1\n", ""), ('"modbus://127.0.0.1:502/2"', "5"))
    environ = {"EDGE_AGENT__GATEWAY": "gw9", "EDGE_AGENT__DEVICES__CONVEYOR_1__ADDRESS": "modbus://plc:502/2"}
    assert load(tmp_path, text, environ).gateway == "gw9"


ENVIRONMENT = [
    ("BROKER__URI", "x", "unknown setting 'uri'; did you mean 'url'?"),
    ("BROKR__URL", "x", "unknown setting 'brokr'; did you mean 'broker'?"),
    ("DEVICES__PICKER_9__ADDRESS", "x", "unknown setting 'picker_9'; did you mean 'picker_1'?"),
    ("SITE__NAME", "x", "unknown setting 'name'; there are none"),
    ("STATIONS__ST1__PUT_POSITIONS__2__POINT", "x", "no entry '2'; the list has 2, counted from 0"),
    ("LIMITS__OPEN_TASKS", "[", "'[' is not YAML; put texts in quotes"),
    ("LIMITS__OPEN_TASKS", "many", "limits.open_tasks: must be a whole number, not 'many'"),
    ("LIMITS__OPEN_TASKS", "0", "limits.open_tasks: must be more than 0, not 0"),
    ("LIMITS", "{open_task: 1}", "limits.open_task: unknown key; did you mean 'open_tasks'?"),
    ("CONVEYOR", "asrs-9", "conveyor: there is no device 'asrs-9'; did you mean 'asrs-2'?"),
]


@pytest.mark.parametrize(("variable", "text", "problem"), ENVIRONMENT)
def test_a_wrong_variable_is_named_with_what_is_wrong(tmp_path: Path, variable, text, problem) -> None:
    found = problems(tmp_path, SITE, {f"EDGE_AGENT__{variable}": text})
    assert f"environment: EDGE_AGENT__{variable}: {problem}" in found


def test_a_variable_that_fits_two_devices_is_refused(tmp_path: Path) -> None:
    text = spoiled(("  asrs-2: {profile", "  asrs_1: {profile"))
    variable = "EDGE_AGENT__DEVICES__ASRS_1__PROFILE"
    expected = f"environment: {variable}: 'ASRS_1' fits asrs-1 and asrs_1; set it in the file"
    assert expected in problems(tmp_path, text, {variable: "x"})


# ---- anything at all ---------------------------------------------------------------------------------

LINES = SITE.splitlines()


@given(
    st.integers(0, len(LINES) - 1),
    st.text(alphabet="abc:-[]{}&*!#'\" \t\n1.\0é", max_size=12),
    st.integers(0, 30),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_no_damage_to_the_file_raises_anything_but_a_list_of_problems(
    tmp_path: Path, number: int, text: str, position: int
) -> None:
    line = LINES[number]
    damaged = [*LINES[:number], line[:position] + text + line[position:], *LINES[number + 1 :]]
    for problem in problems(tmp_path, "\n".join(damaged)):
        assert problem.startswith("site.yaml")
        assert "\n" not in problem


@given(
    st.dictionaries(
        st.sampled_from(["BROKER__URL", "LIMITS", "DEVICES__ASRS_1", "X", "", "POINTS__TOTE__CAPACITY"]),
        st.text(max_size=20),
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
def test_no_environment_raises_anything_but_a_list_of_problems(
    tmp_path: Path, variables: dict[str, str]
) -> None:
    found = problems(tmp_path, SITE, {f"EDGE_AGENT__{name}": text for name, text in variables.items()})
    assert all("\n" not in problem for problem in found)


def test_a_password_file_that_is_there_is_fine(tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("open sesame\n")
    text = spoiled(("  url: mqtt", f"  username: oms\n  password_file: {secret}\n  url: mqtt"))
    assert load(tmp_path, text).broker.password_file == str(secret)
