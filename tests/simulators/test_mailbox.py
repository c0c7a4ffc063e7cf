"""The register image of a mailbox device, without a socket."""

import itertools

import pytest

from drivers.profile import Mailbox, Profile
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import CommandId, DeviceId
from edge_agent.errors import ConfigurationError
from simulators.device_memory import DeviceMemory, Ended
from simulators.mailbox import ACK_LIMIT_S, EventSlot, Refused, RegisterImage
from tests.simulators.floor import Notes, Puppet

COMMAND_AT, COMMAND_LENGTH, ACK_AT = 0, 27, 40
STATUS_AT = 100


@pytest.fixture
def machine() -> Puppet:
    return Puppet()


@pytest.fixture
def image(profiles: dict[str, Profile], machine: Puppet, notes: Notes) -> RegisterImage:
    profile = profiles["asrs-modbus"].model_copy(update={"max_open": 15})
    memory = DeviceMemory(DeviceId("asrs-1"), profile, machine, notes, epoch=0x0001_0002)
    return RegisterImage(memory)


def text(word: str) -> list[int]:
    data = word.encode().ljust(16, b"\0")
    return [data[at] << 8 | data[at + 1] for at in range(0, 16, 2)]


def block(command: int, opcode: int = 1, load: str = "TOTE-0001") -> list[int]:
    return [opcode, *text(load), *text("A01-01-01"), *text("out"), command >> 16, command & 0xFFFF]


def write(image: RegisterImage, address: int, values: list[int], wall_s: float = 0.0) -> Refused | None:
    return image.write(address, values, now_s=0.0, wall_s=wall_s)


def step(image: RegisterImage, wall_s: float = 0.0) -> None:
    image.step(now_s=0.0, wall_s=wall_s)


def shown(image: RegisterImage, field: str, count: int = 1, wall_s: float = 0.0) -> list[int]:
    address = getattr(image.mailbox.status, field)
    return image.read(wall_s=wall_s)[address : address + count]


def send(image: RegisterImage, *commands: int) -> None:
    for command in commands:
        assert write(image, COMMAND_AT, block(command)) is None


def test_a_command_block_is_taken_and_acknowledged(image: RegisterImage, machine: Puppet) -> None:
    send(image, 0x0001_0005)
    assert [command for command, _ in machine.started] == [0x0001_0005]
    assert shown(image, "ack_sequence", 2) == [1, 5]
    assert shown(image, "ack_code") == [0]
    assert shown(image, "open_commands", 4) == [1, 5, 0, 0]


def test_the_status_shows_mode_fault_epoch_and_a_heartbeat_that_counts(image: RegisterImage) -> None:
    assert shown(image, "epoch", 2) == [1, 2]
    image.memory.show(Mode.FAULTED, 17, wall_s=0.0)
    assert (shown(image, "mode"), shown(image, "fault")) == ([3], [17])
    step(image, wall_s=1.0)
    before = shown(image, "heartbeat")
    step(image, wall_s=2.0)
    assert shown(image, "heartbeat") != before


def test_what_the_agent_wrote_can_be_read_back(image: RegisterImage) -> None:
    send(image, 5)
    write(image, ACK_AT, [9])
    registers = image.read(wall_s=0.0)
    assert registers[:COMMAND_LENGTH] == block(5)
    assert registers[ACK_AT] == 9


def test_an_end_fills_the_event_slot_and_the_ring(image: RegisterImage, machine: Puppet) -> None:
    assert shown(image, "event_sequence") == [0]
    send(image, 5)
    machine.end(5)
    step(image)
    assert shown(image, "event_sequence") == [1]
    assert shown(image, "event_command", 2) == [0, 5]
    assert shown(image, "event_result") == [1]
    assert shown(image, "event_weight", 2) == [70_000 >> 16, 70_000 & 0xFFFF]
    assert shown(image, "event_place", 8) == text("A01-01-01")
    assert shown(image, "ring", 6) == [0, 5, 1, 0, 0, 0]
    assert shown(image, "open_commands", 2) == [0, 0]


def test_the_next_event_waits_until_the_first_is_acknowledged(image: RegisterImage, machine: Puppet) -> None:
    send(image, 5, 6)
    for command in (5, 6):
        machine.end(command)
    step(image)
    step(image)
    assert shown(image, "event_command", 2) == [0, 5]
    write(image, ACK_AT, [7])
    step(image)
    assert shown(image, "event_sequence") == [1]
    write(image, ACK_AT, [1])
    step(image)
    assert (shown(image, "event_sequence"), shown(image, "event_command", 2)) == ([2], [0, 6])


def test_the_event_sequence_goes_round_without_zero() -> None:
    slot = EventSlot()
    sequences = []
    for command in range(1, 0x10002):
        slot.put(Ended(CommandId(command), 1, "", 0))
        slot.advance(wall_s=0.0)
        slot.acknowledged(slot.sequence)
        sequences.append(slot.sequence)
    assert sequences == [*range(1, 0x10000), 1, 2]


def test_the_ring_holds_the_latest_commands(image: RegisterImage, machine: Puppet) -> None:
    for command in range(1, 21):
        send(image, command)
        machine.end(command)
        step(image)
    ring = shown(image, "ring", 45)
    assert ring[1::3] == list(range(6, 21))


def test_writing_the_same_block_again_changes_nothing(
    image: RegisterImage, machine: Puppet, notes: Notes
) -> None:
    send(image, 5, 5)
    assert len(machine.started) == 1
    assert notes.rules_broken == []
    assert shown(image, "ack_code") == [0]


def test_a_sequence_number_with_other_content_is_a_conflict(image: RegisterImage, notes: Notes) -> None:
    send(image, 5)
    write(image, COMMAND_AT, block(5, load="TOTE-0002"))
    assert shown(image, "ack_code") == [5]
    assert notes.rules_broken == ["sequence_reused"]


@pytest.mark.parametrize(("start", "count"), [(0, 1), (0, 26), (1, 26), (25, 2)])
def test_a_part_of_a_command_block_is_refused(
    image: RegisterImage, machine: Puppet, notes: Notes, start: int, count: int
) -> None:
    assert write(image, start, block(5)[start : start + count]) is Refused.NOT_WHOLE
    assert notes.rules_broken == ["partial_command"]
    assert machine.started == []


@pytest.mark.parametrize("address", [STATUS_AT, STATUS_AT + 8, 200, 60, ACK_AT + 2])
def test_a_write_to_the_devices_own_registers_is_refused(
    image: RegisterImage, notes: Notes, address: int
) -> None:
    before = image.read(wall_s=0.0)
    assert write(image, address, [1]) is Refused.NOT_YOURS
    assert notes.rules_broken == ["foreign_write"]
    assert image.read(wall_s=0.0) == before


def test_a_write_that_runs_past_the_command_block_is_refused(image: RegisterImage, notes: Notes) -> None:
    assert write(image, COMMAND_AT, [*block(5), 0]) is Refused.NOT_YOURS
    assert notes.rules_broken == ["foreign_write"]


def poll(image: RegisterImage, start_s: float, end_s: float) -> None:
    for second in range(int(start_s), int(end_s) + 1):
        image.read(wall_s=float(second))


def test_an_event_left_standing_under_polling_is_a_violation(
    image: RegisterImage, machine: Puppet, notes: Notes
) -> None:
    send(image, 5)
    machine.end(5)
    step(image, wall_s=0.0)
    poll(image, 0, ACK_LIMIT_S)
    assert notes.rules_broken == []
    poll(image, ACK_LIMIT_S + 1, ACK_LIMIT_S + 2)
    assert notes.rules_broken == ["event_not_acknowledged"]


def test_an_agent_that_is_away_need_not_acknowledge(
    image: RegisterImage, machine: Puppet, notes: Notes
) -> None:
    send(image, 5)
    machine.end(5)
    step(image, wall_s=0.0)
    poll(image, 0, 5)
    poll(image, 1000, 1000 + ACK_LIMIT_S)
    assert notes.rules_broken == []


def test_an_acknowledged_event_may_stand_for_ever(
    image: RegisterImage, machine: Puppet, notes: Notes
) -> None:
    send(image, 5)
    machine.end(5)
    step(image, wall_s=0.0)
    write(image, ACK_AT, [1])
    poll(image, 0, 200)
    assert notes.rules_broken == []


def test_a_profile_without_a_mailbox_is_an_error(
    profiles: dict[str, Profile], machine: Puppet, notes: Notes
) -> None:
    memory = DeviceMemory(DeviceId("asrs-1"), profiles["asrs-opcua"], machine, notes)
    with pytest.raises(
        ConfigurationError, match="asrs-opcua: the Modbus simulator needs a section 'mailbox'"
    ):
        RegisterImage(memory)


def test_another_layout_is_a_profile_and_no_code(
    profiles: dict[str, Profile], machine: Puppet, notes: Notes
) -> None:
    widths = {
        "heartbeat": 1,
        "mode": 1,
        "fault": 1,
        "epoch": 2,
        "ack_sequence": 2,
        "ack_code": 1,
        "event_sequence": 1,
        "event_command": 2,
        "event_result": 1,
        "event_weight": 2,
        "event_place": 5,
        "open_commands": 4,
        "ring": 6,
    }
    starts = itertools.accumulate(widths.values(), initial=500)
    fields = dict(zip(widths, starts, strict=False))
    moved = {
        "event_ack": 0,
        "command": {"address": 10, "argument_count": 3, "text_registers": 5},
        "status": {"address": 500, "length": 40, **fields, "open_count": 2, "ring_count": 2},
    }
    profile = profiles["asrs-modbus"].model_copy(update={"mailbox": Mailbox.model_validate(moved)})
    image = RegisterImage(DeviceMemory(DeviceId("asrs-1"), profile, machine, notes))
    words = [register for word in ("TOTE-0001", "A01-01-01", "out") for register in text(word)[:5]]
    assert write(image, 10, [1, *words, 0, 5]) is None
    assert shown(image, "ack_sequence", 2) == [0, 5]
    assert machine.started[0][0] == 5
