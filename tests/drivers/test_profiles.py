"""Profiles from files: the shipped ones hold, and every mistake is named with its line."""

from pathlib import Path

import pytest

from drivers.profile import Profile
from drivers.profile_file import find_profile, load_profile
from edge_agent.errors import ConfigurationError
from tests.drivers.rigs import PROFILES

GOOD = (PROFILES / "picker-modbus.yaml").read_text("utf-8")


@pytest.fixture
def write(tmp_path: Path) -> Path:
    return tmp_path / "mine.yaml"


def complaint_about(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigurationError) as error:
        load_profile(path)
    return str(error.value).removeprefix(f"{path}")


def line_of(text: str, part: str) -> int:
    return text[: text.index(part)].count("\n") + 1


@pytest.mark.parametrize("path", sorted(PROFILES.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_shipped_profile_loads_under_its_own_name(path: Path) -> None:
    assert find_profile(path.stem, [PROFILES]).name == path.stem


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("poll_s: 0.02", "poll: 0.02", "mailbox.poll: unknown key: did you mean 'poll_s'?"),
        ("poll_s: 0.02", "poll_s: 0", "mailbox.poll_s: Input should be greater than 0: correct it"),
        ("max_open: 1", "max_opem: 1", "max_opem: unknown key: did you mean 'max_open'?"),
        ("family: picker", "families: picker", "families: unknown key: did you mean 'family'?"),
        ("handshake: mailbox", "handshake: pigeon", "handshake: Input should be"),
        (
            "    mode: 101",
            "    mode: 100000",
            "mailbox.status.mode: Input should be less than or equal to 65535",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line_its_key_and_what_to_do(
    write: Path, right: str, wrong: str, complaint: str
) -> None:
    text = GOOD.replace(right, wrong)
    line = line_of(text, wrong.strip())
    assert f":{line}: {complaint}" in complaint_about(write, text)


def test_a_missing_key_is_named_at_the_place_where_it_should_be(write: Path) -> None:
    text = GOOD.replace("    heartbeat: 100\n", "")
    line = line_of(text, "  status:")
    assert complaint_about(write, text) == f":{line}: mailbox.status.heartbeat: is missing: add it"


def test_every_mistake_is_named_at_once(write: Path) -> None:
    text = GOOD.replace("poll_s: 0.02", "poll_s: -1").replace("max_open: 1", "max_open: 99")
    assert complaint_about(write, text).count("\n") == 1


@pytest.mark.parametrize(
    ("right", "wrong", "complaint"),
    [
        ("call: 1", "call: Pick", "verbs.pick.call: a mailbox handshake needs int"),
        ("    mode: 101", "    mode: 99", "status.mode: registers 99..99 are not all in the block"),
        ("    epoch: 103", "    epoch: 200", "status.epoch: registers 200..201 are not all in the block"),
        ("    ring: 154", "    ring: 160", "status.ring: registers 160..204 are not all in the block"),
        ("event_ack: 40", "event_ack: 10", "share registers"),
        ("event_ack: 40", "event_ack: 110", "share registers"),
        ("agent_heartbeat: 41", "agent_heartbeat: 40", "event_ack and agent_heartbeat share registers"),
        ("{address: 50,", "{address: 20,", "command and query.address share registers"),
        ("answer: 60}", "answer: 55}", "query.address and query.answer share registers"),
        ("agent_stale: 199", "agent_stale: 201", "status.agent_stale: registers 201..201 are not all in"),
        ("max_open: 1", "max_open: 16", "max_open: more than"),
        ("argument_count: 3", "argument_count: 2", "verbs.pick.arguments: more than"),
    ],
)
def test_a_profile_that_contradicts_itself_is_refused(
    write: Path, right: str, wrong: str, complaint: str
) -> None:
    assert complaint in complaint_about(write, GOOD.replace(right, wrong))


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", ":1: holds no keys"),
        ("- a\n", ":1: holds no keys"),
        ("name: [a\n", ":2: not YAML"),
        ("a: 1\nname: x\nname: y\n", ":3: not YAML: found duplicate key"),
        (b"name: \xff\n", ": not UTF-8"),
    ],
    ids=["empty", "list", "broken", "duplicate", "not-utf-8"],
)
def test_a_file_that_is_no_profile_says_what_it_is(write: Path, text: str | bytes, complaint: str) -> None:
    assert complaint_about(write, text).startswith(complaint)


def test_a_profile_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"absent\.yaml: cannot be read: No such file"):
        load_profile(tmp_path / "absent.yaml")


def test_the_first_directory_that_has_the_profile_counts(tmp_path: Path) -> None:
    mine = GOOD.replace("description: ", "description: my ")
    (tmp_path / "picker-modbus.yaml").write_text(mine)
    assert find_profile("picker-modbus", [tmp_path, PROFILES]).description.startswith("my ")
    assert find_profile("asrs-modbus", [tmp_path, PROFILES]).family == "asrs"


def test_an_unknown_profile_says_where_it_was_looked_for_and_what_is_alike() -> None:
    with pytest.raises(
        ConfigurationError, match=r"no profile 'asrs-modbuss' in .*: did you mean 'asrs-modbus'\?"
    ):
        find_profile("asrs-modbuss", [PROFILES])


def test_a_profile_under_another_name_than_its_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(GOOD)
    with pytest.raises(ConfigurationError, match="name: is 'picker-modbus': make it 'mine'"):
        find_profile("mine", [tmp_path])


@pytest.mark.parametrize("named", ["  agent_heartbeat: 41\n", "  query: {address: 50, answer: 60}\n"])
def test_what_a_device_offers_for_recovery_may_be_left_out(write: Path, named: str) -> None:
    write.write_text(GOOD.replace(named, ""))
    mailbox = load_profile(write).mailbox
    assert mailbox is not None
    assert None in (mailbox.agent_heartbeat, mailbox.query)


def test_a_profile_is_frozen() -> None:
    profile = load_profile(PROFILES / "asrs-opcua.yaml")
    assert isinstance(profile, Profile)
    with pytest.raises(ValueError, match="frozen"):
        profile.max_open = 2
