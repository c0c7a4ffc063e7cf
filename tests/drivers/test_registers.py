"""The mailbox's registers as values."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.handshakes.registers import (
    Event,
    TextDoesNotFitError,
    decode_status,
    decode_text,
    encode_command,
    encode_text,
)
from drivers.profile import CommandBlock
from edge_agent.domain.ids import CommandId
from tests.drivers.rigs import shipped

PRINTABLE = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=16)


@given(PRINTABLE)
def test_text_survives_the_registers(text: str) -> None:
    assert decode_text(encode_text(text, 8)) == text


def test_text_stands_two_characters_a_register_high_byte_first_padded_with_nul() -> None:
    assert encode_text("ABC", 3) == [0x4142, 0x4300, 0]


@pytest.mark.parametrize("text", ["TÖTE", "A\0B", "A\tB", "ABCDEFG", "\x7f"])
def test_text_that_does_not_fit_is_refused_and_never_cut(text: str) -> None:
    with pytest.raises(TextDoesNotFitError):
        encode_text(text, 3)


def test_a_command_block_is_opcode_arguments_and_the_sequence_number_last() -> None:
    block = CommandBlock(address=0, argument_count=3, text_registers=2)
    registers = encode_command(block, CommandId(0x0001_86A0), 7, ["AB", "WXYZ"])
    assert registers == [7, 0x4142, 0, 0x5758, 0x595A, 0, 0, 0x0001, 0x86A0]
    assert len(registers) == block.length


def test_a_status_block_is_read_by_the_profiles_addresses() -> None:
    mailbox = shipped("asrs-modbus").mailbox
    assert mailbox is not None
    registers = [0] * mailbox.status.length
    registers[0:5] = [41, 3, 17, 0x0001, 0x0002]
    registers[5:8] = [0, 99, 1]
    registers[8:14] = [65535, 0, 99, 5, 0x0001, 0x0000]
    registers[14:17] = encode_text("A01-03", 3)
    registers[22:26] = [0, 99, 1, 0]
    registers[54:60] = [0, 97, 1, 0, 98, 5]
    status = decode_status(mailbox, registers)
    assert (status.heartbeat, status.mode, status.fault, status.epoch) == (41, 3, 17, 0x0001_0002)
    assert (status.ack_sequence, status.ack_code) == (99, 1)
    assert status.event == Event(65535, CommandId(99), 5, 0x0001_0000, "A01-03")
    assert status.open_commands == {99, 0x0001_0000}
    assert status.ended == {97: 1, 98: 5}


def test_text_that_is_not_ascii_does_not_stop_the_reading_of_the_status() -> None:
    assert decode_text([0x41FF, 0x4200]) == "A\ufffdB"
