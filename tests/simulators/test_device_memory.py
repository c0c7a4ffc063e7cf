"""What a simulated controller remembers, answers and holds against the agent."""

from collections.abc import Callable
from typing import Any

import pytest

from drivers.profile import Profile
from edge_agent.domain.command import Failed, FailureReason, Refusal, RefusalReason, Retrieve
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import CommandId, DeviceId
from edge_agent.errors import ConfigurationError
from simulators.device_memory import NOTICE_S, REMEMBERED, Answer, DeviceMemory, Ended
from tests.simulators.floor import Notes, Puppet

RETRIEVE = ("TOTE-0001", "A01-01-01", "out")
BUSY, NOT_READY, BAD_ARGUMENT, UNKNOWN_LOAD, CONFLICT = 1, 2, 3, 4, 5


@pytest.fixture
def machine() -> Puppet:
    return Puppet()


@pytest.fixture
def make(profiles: dict[str, Profile], machine: Puppet, notes: Notes) -> Callable[..., DeviceMemory]:
    def make_memory(**changes: Any) -> DeviceMemory:
        profile = profiles["asrs-modbus"].model_copy(update=changes)
        return DeviceMemory(DeviceId("asrs-1"), profile, machine, notes, epoch=7)

    return make_memory


@pytest.fixture
def memory(make: Callable[..., DeviceMemory]) -> DeviceMemory:
    return make()


def tell(
    memory: DeviceMemory, command: int, *arguments: str, call: int | str = 1, wall_s: float = 0.0
) -> Answer:
    return memory.submit(command, call, arguments or RETRIEVE, now_s=0.0, wall_s=wall_s)


def test_an_accepted_command_is_started_and_open(memory: DeviceMemory, machine: Puppet, notes: Notes) -> None:
    assert tell(memory, 5).code == 0
    assert machine.started == [(5, Retrieve(*RETRIEVE))]
    assert memory.open_commands == (5,)
    assert memory.is_open(CommandId(5))
    assert notes.lines == [
        (
            "command",
            {
                "device": "asrs-1",
                "command": 5,
                "verb": "retrieve",
                "arguments": {"load": "TOTE-0001", "location": "A01-01-01", "point": "out"},
            },
        )
    ]


def test_an_ended_command_is_reported_once_and_remembered(
    memory: DeviceMemory, machine: Puppet, notes: Notes
) -> None:
    tell(memory, 5)
    machine.end(5)
    ended = Ended(CommandId(5), result=1, place="A01-01-01", weight_g=70_000)
    assert memory.step(0.0) == [ended]
    assert memory.step(0.0) == []
    assert memory.ended(CommandId(5)) == ended
    assert memory.last_ended(3) == (ended,)
    assert memory.open_commands == ()
    assert notes.of("command_ended") == [{"device": "asrs-1", "command": 5, "result": "done"}]


def test_a_failure_is_told_in_the_profiles_number(
    memory: DeviceMemory, machine: Puppet, notes: Notes
) -> None:
    tell(memory, 5)
    machine.end(5, Failed(FailureReason.LOAD_MISSING))
    assert memory.step(0.0) == [Ended(CommandId(5), result=3, place="", weight_g=0)]
    assert notes.of("command_ended")[0]["result"] == "load_missing"


def test_the_same_command_again_is_answered_as_before_and_has_no_effect(
    memory: DeviceMemory, machine: Puppet, notes: Notes
) -> None:
    first = tell(memory, 5)
    assert tell(memory, 5) == first
    machine.end(5)
    memory.step(0.0)
    assert tell(memory, 5) == first
    assert len(machine.started) == 1
    assert notes.rules_broken == []


def test_a_refusal_is_repeated_too(memory: DeviceMemory, machine: Puppet) -> None:
    machine.refusal = Refusal(RefusalReason.UNKNOWN_LOAD, "no such load")
    first = tell(memory, 5)
    machine.refusal = None
    assert first == Answer(UNKNOWN_LOAD, "no such load") == tell(memory, 5)
    assert memory.ended(CommandId(5)) is None
    assert machine.started == []


def test_other_content_under_the_same_id_is_a_conflict_and_a_violation(
    memory: DeviceMemory, machine: Puppet, notes: Notes
) -> None:
    first = tell(memory, 5)
    assert tell(memory, 5, "TOTE-0002", "A01-01-01", "out").code == CONFLICT
    assert tell(memory, 5, call=2).code == CONFLICT
    assert notes.rules_broken == ["sequence_reused", "sequence_reused"]
    assert len(machine.started) == 1
    assert tell(memory, 5) == first


def test_a_command_beyond_max_open_is_busy_and_a_violation(
    make: Callable[..., DeviceMemory], notes: Notes
) -> None:
    memory = make(max_open=2)
    assert [tell(memory, command).code for command in (1, 2, 3)] == [0, 0, BUSY]
    assert notes.rules_broken == ["command_while_busy"]
    assert notes.of("refused")[0]["reason"] == "busy"


def test_a_busy_machine_below_max_open_is_no_violation(
    memory: DeviceMemory, machine: Puppet, notes: Notes
) -> None:
    machine.refusal = Refusal(RefusalReason.BUSY)
    assert tell(memory, 1).code == BUSY
    assert notes.rules_broken == []


def test_a_device_that_is_not_ready_refuses_and_after_a_while_complains(
    memory: DeviceMemory, notes: Notes
) -> None:
    memory.show(Mode.HELD, wall_s=10.0)
    assert tell(memory, 1, wall_s=10.0 + NOTICE_S / 2).code == NOT_READY
    assert notes.rules_broken == []
    assert tell(memory, 2, wall_s=10.0 + NOTICE_S * 2).code == NOT_READY
    assert notes.rules_broken == ["command_while_busy"]
    memory.show(Mode.READY, wall_s=20.0)
    assert tell(memory, 3, wall_s=20.0).code == 0


def test_a_mode_and_a_fault_are_shown_in_the_profiles_numbers(memory: DeviceMemory) -> None:
    assert (memory.mode_number, memory.fault) == (1, 0)
    memory.show(Mode.FAULTED, 17, wall_s=0.0)
    assert (memory.mode_number, memory.fault) == (3, 17)


@pytest.mark.parametrize("command", [0, -1, 2**32])
def test_an_id_out_of_range_is_a_bad_argument(memory: DeviceMemory, command: int) -> None:
    assert tell(memory, command).code == BAD_ARGUMENT


@pytest.mark.parametrize(
    ("call", "arguments"), [(9, RETRIEVE), (1, ("TOTE-0001", "", "out")), (1, ("TOTE-0001",))]
)
def test_an_unknown_verb_and_missing_arguments_are_bad_arguments(
    memory: DeviceMemory, machine: Puppet, call: int, arguments: tuple[str, ...]
) -> None:
    assert tell(memory, 1, *arguments, call=call).code == BAD_ARGUMENT
    assert machine.started == []


def test_fields_that_the_verb_does_not_use_may_hold_anything(
    make: Callable[..., DeviceMemory], machine: Puppet
) -> None:
    assert tell(make(), 1, *RETRIEVE, "left over").code == 0


def test_memory_lost_is_shown_by_another_epoch_and_nothing_is_reported(
    memory: DeviceMemory, machine: Puppet, notes: Notes
) -> None:
    tell(memory, 5)
    memory.forget()
    assert memory.epoch == 8
    assert memory.open_commands == ()
    machine.end(5)
    assert memory.step(0.0) == []
    assert memory.ended(CommandId(5)) is None
    assert notes.of("command_ended") != []


def test_the_epoch_goes_round_without_zero(make: Callable[..., DeviceMemory]) -> None:
    memory = make()
    memory.epoch = 0xFFFF_FFFF
    memory.forget()
    assert memory.epoch == 1


def test_old_commands_are_forgotten_and_open_ones_are_not(
    make: Callable[..., DeviceMemory], machine: Puppet
) -> None:
    memory = make(max_open=2)
    tell(memory, 1)
    for command in range(2, REMEMBERED + 4):
        tell(memory, command)
        machine.end(command)
        memory.step(0.0)
    assert memory.is_open(CommandId(1))
    assert memory.ended(CommandId(2)) is None
    assert memory.ended(CommandId(REMEMBERED + 3)) is not None


def test_a_profile_with_a_verb_that_nobody_knows_is_an_error(
    make: Callable[..., DeviceMemory], profiles: dict[str, Profile]
) -> None:
    verb = profiles["asrs-modbus"].verbs["store"]
    with pytest.raises(
        ConfigurationError, match=r"verbs\.juggle: the simulators know only the verbs retrieve"
    ):
        make(verbs={"juggle": verb})
    wrong = verb.model_copy(update={"arguments": ("load", "colour")})
    with pytest.raises(ConfigurationError, match="store with the arguments load, location, point"):
        make(verbs={"store": wrong})


def test_a_profile_without_a_number_for_an_answer_is_an_error(make: Callable[..., DeviceMemory]) -> None:
    codes = make().profile.codes.model_copy(update={"acceptance": {}})
    with pytest.raises(ConfigurationError, match=r"codes\.acceptance: no number for accepted"):
        make(codes=codes)
