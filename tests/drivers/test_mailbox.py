"""The mailbox's edges: what a sound controller never does, and what the agent must never do."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from pymodbus.constants import ExcCodes

from drivers.handshakes.mailbox import MailboxHandshake
from drivers.links.address import ModbusAddress
from drivers.links.modbus import ModbusLink
from drivers.profile import Mailbox
from edge_agent.domain.command import (
    Accepted,
    Done,
    Failed,
    FailureReason,
    NotStarted,
    Refusal,
    RefusalReason,
    Report,
    Unknown,
)
from edge_agent.domain.device import CommandEnded, DeviceStatus, Mode, StatusChanged
from edge_agent.domain.ids import CommandId
from edge_agent.errors import DeviceMismatchError, LinkLostError
from tests.drivers.plc import Registers, serving, talking
from tests.drivers.proxy import Cable
from tests.drivers.rigs import shipped, with_wire
from tests.drivers.waiting import following, until

PROFILE = with_wire(shipped("conveyor-modbus"), poll_s=0.005, request_timeout_s=0.5)
ONE = CommandId(1)


def mailbox_of(changes: dict[str, int] | None = None) -> Mailbox:
    assert PROFILE.mailbox is not None
    status = PROFILE.mailbox.status.model_copy(update=changes or {})
    return PROFILE.mailbox.model_copy(update={"status": status})


def talk_to(port: int, mailbox: Mailbox, unit: int = 1, heartbeat_limit_s: float = 3.0) -> MailboxHandshake:
    link = ModbusLink("plc", ModbusAddress("127.0.0.1", port, unit), mailbox.request_timeout_s)
    return MailboxHandshake("plc", link, mailbox, PROFILE.codes, heartbeat_limit_s)


@pytest.fixture
def plc() -> Registers:
    return Registers(mailbox_of())


@pytest.fixture
async def port(plc: Registers) -> AsyncIterator[int]:
    async with serving(plc) as port:
        yield port


@pytest.fixture
async def handshake(plc: Registers, port: int) -> AsyncIterator[MailboxHandshake]:
    handshake = talk_to(port, plc.mailbox)
    yield handshake
    await handshake.close()


def end_a_command(plc: Registers, sequence: int, command: int, result: int = 1) -> None:
    plc.put(plc.mailbox.status.event_command, 0, command, result)
    plc.put(plc.mailbox.status.event_sequence, sequence)


# ---- commands ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["SEVENTEEN-LETTERS", "TÖTE-0001", "TOTE\n"])
async def test_text_that_does_not_fit_is_refused_before_anything_is_written(
    handshake: MailboxHandshake, plc: Registers, text: str
) -> None:
    await handshake.connect()
    answer = await handshake.send(ONE, 1, [text, "A", "B"])
    assert isinstance(answer, Refusal)
    assert answer.reason is RefusalReason.BAD_ARGUMENT
    assert repr(text) in answer.detail
    assert plc.writes == []


async def test_a_command_goes_out_in_one_write(handshake: MailboxHandshake, plc: Registers) -> None:
    await handshake.connect()
    plc.put(plc.mailbox.status.ack_sequence, 0, 1, 0)
    assert await handshake.send(ONE, 1, ["TOTE-0001", "A", "B"]) == Accepted()
    ((address, registers),) = plc.writes
    assert address == plc.mailbox.command.address
    assert len(registers) == plc.mailbox.command.length
    assert registers[-2:] == [0, 1]


async def test_a_command_that_is_never_answered_is_doubt_and_is_not_written_again(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    await handshake.connect()
    with pytest.raises(LinkLostError, match="command 1 was written and not answered"):
        await handshake.send(ONE, 1, ["TOTE-0001", "A", "B"])
    with pytest.raises(LinkLostError):
        await handshake.send(CommandId(2), 1, ["TOTE-0001", "A", "B"])
    assert len(plc.writes) == 1


async def test_a_command_whose_sender_gives_up_leaves_the_link_lost(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    await handshake.connect()
    sending = asyncio.ensure_future(handshake.send(ONE, 1, ["TOTE-0001", "A", "B"]))
    await until(lambda: plc.writes)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    with pytest.raises(LinkLostError):
        await handshake.send(CommandId(2), 1, ["TOTE-0001", "A", "B"])
    assert len(plc.writes) == 1


async def test_a_refused_write_is_doubt(handshake: MailboxHandshake, plc: Registers) -> None:
    await handshake.connect()
    plc.refuse_writes = ExcCodes.DEVICE_BUSY
    with pytest.raises(LinkLostError, match="DEVICE_BUSY"):
        await handshake.send(ONE, 1, ["TOTE-0001", "A", "B"])


async def test_an_acceptance_code_that_the_profile_does_not_know_is_a_refusal_that_names_it(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    await handshake.connect()
    plc.put(plc.mailbox.status.ack_sequence, 0, 1, 77)
    answer = await handshake.send(ONE, 1, ["TOTE-0001", "A", "B"])
    assert answer == Refusal(RefusalReason.OTHER, "acceptance code 77 is not in codes.acceptance")


# ---- events --------------------------------------------------------------------------------------------


async def test_an_event_that_stands_is_reported_once_in_a_connection(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    await handshake.connect()
    end_a_command(plc, 1, 5)
    observations = handshake.observations()
    assert await following(observations) == CommandEnded(CommandId(5), Done(), 1)
    beats = plc.values[plc.mailbox.status.heartbeat]
    await until(lambda: plc.values[plc.mailbox.status.heartbeat] > beats + 5)
    end_a_command(plc, 2, 6)
    assert await following(observations) == CommandEnded(CommandId(6), Done(), 2)


async def test_an_unacknowledged_event_is_reported_again_after_a_reconnect_and_an_acknowledged_one_is_not(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    end_a_command(plc, 3, 5)
    await handshake.connect()
    await following(handshake.observations())
    await handshake.connect()
    ended = await following(handshake.observations())
    assert isinstance(ended, CommandEnded)
    assert ended.command_id == 5
    await handshake.acknowledge(ended.receipt)
    assert plc.values[plc.mailbox.event_ack] == 3
    await handshake.connect()
    end_a_command(plc, 4, 6)
    ended = await following(handshake.observations())
    assert isinstance(ended, CommandEnded)
    assert ended.command_id == 6


async def test_the_event_number_goes_round_from_65535_to_1(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    end_a_command(plc, 65535, 5)
    plc.put(plc.mailbox.event_ack, 65535)
    await handshake.connect()
    end_a_command(plc, 1, 6)
    assert await following(handshake.observations()) == CommandEnded(CommandId(6), Done(), 1)


async def test_after_an_acknowledgement_the_next_event_does_not_wait_for_the_poll_interval(
    plc: Registers,
) -> None:
    slow = mailbox_of().model_copy(update={"poll_s": 30.0})
    async with serving(plc) as port:
        handshake = talk_to(port, slow)
        end_a_command(plc, 1, 5)
        await handshake.connect()
        observations = handshake.observations()
        first = await following(observations)
        assert isinstance(first, CommandEnded)
        await until(lambda: plc.values[slow.status.heartbeat] == 7)  # five reads to connect, a poll, a beat
        end_a_command(plc, 2, 6)
        await handshake.acknowledge(first.receipt)
        assert await following(observations) == CommandEnded(CommandId(6), Done(), 2)
        await handshake.close()


async def test_a_result_that_the_profile_does_not_know_is_a_failure_with_the_devices_number(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    await handshake.connect()
    end_a_command(plc, 1, 5, result=42)
    ended = await following(handshake.observations())
    assert ended == CommandEnded(CommandId(5), Failed(FailureReason.OTHER, 42), 1)


# ---- reconciling ---------------------------------------------------------------------------------------


async def test_the_event_slot_says_more_than_the_ring(handshake: MailboxHandshake, plc: Registers) -> None:
    status = plc.mailbox.status
    end_a_command(plc, 1, 5)
    plc.put(status.event_weight, 0, 250)
    plc.put(status.event_place, 0x4142)
    plc.put(status.ring, 0, 4, 1, 0, 5, 1)
    await handshake.connect()
    assert await handshake.reconcile(CommandId(5), 0) == Done(Report("AB", 250))
    assert await handshake.reconcile(CommandId(4), 0) == Done()


async def test_an_accepted_command_that_the_device_shows_nowhere_is_unknown_and_not_not_started(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    await handshake.connect()
    plc.put(plc.mailbox.status.ack_sequence, 0, 9, 0)
    assert isinstance(await handshake.reconcile(CommandId(9), 0), Unknown)
    plc.put(plc.mailbox.status.ack_sequence, 0, 9, 1)
    assert await handshake.reconcile(CommandId(9), 0) == NotStarted()


async def test_a_command_that_another_boot_epoch_does_not_know_is_unknown(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    plc.put(plc.mailbox.status.epoch, 0, 2)
    await handshake.connect()
    assert await handshake.reconcile(CommandId(9), 2) == NotStarted()
    assert isinstance(await handshake.reconcile(CommandId(9), 1), Unknown)


# ---- the link ------------------------------------------------------------------------------------------


@pytest.fixture
async def link(port: int) -> AsyncIterator[tuple[ModbusLink, Cable]]:
    async with Cable(port) as cable:
        link = ModbusLink("plc", ModbusAddress("127.0.0.1", cable.port, 1), timeout_s=0.2)
        await link.connect()
        yield link, cable
        link.close()


async def test_a_write_without_an_answer_is_not_repeated(
    link: tuple[ModbusLink, Cable], plc: Registers
) -> None:
    modbus, cable = link
    cable.replies_pass = False
    with pytest.raises(LinkLostError, match=r"writing registers 40\.\.40"):
        await modbus.write(40, [7])
    assert plc.writes == [(40, [7])]


async def test_a_write_that_waits_behind_a_failed_request_does_not_go_out(
    link: tuple[ModbusLink, Cable], plc: Registers
) -> None:
    modbus, cable = link
    cable.replies_pass = False
    answers = await asyncio.gather(modbus.read(0, 1), modbus.write(40, [7]), return_exceptions=True)
    assert all(isinstance(answer, LinkLostError) for answer in answers)
    assert plc.writes == []


async def test_a_request_that_is_broken_off_takes_the_connection_with_it(
    link: tuple[ModbusLink, Cable], plc: Registers
) -> None:
    modbus, cable = link
    cable.replies_pass = False
    reading = asyncio.ensure_future(modbus.read(0, 1))
    await until(lambda: plc.values[plc.mailbox.status.heartbeat])
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    cable.replies_pass = True
    with pytest.raises(LinkLostError, match="broken off"):
        await modbus.read(0, 1)


async def test_a_controller_whose_heartbeat_stands_still_is_a_lost_link(plc: Registers, port: int) -> None:
    handshake = talk_to(port, plc.mailbox, heartbeat_limit_s=0.1)
    await handshake.connect()
    plc.beating = False
    with pytest.raises(LinkLostError, match="heartbeat"):
        await following(handshake.observations())
    await handshake.close()


async def test_a_mode_that_the_profile_does_not_know_counts_as_held(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    plc.put(plc.mailbox.status.mode, 99)
    assert (await handshake.connect()).mode is Mode.HELD
    plc.put(plc.mailbox.status.mode, 1)
    assert await following(handshake.observations()) == StatusChanged(DeviceStatus(Mode.READY))


async def test_registers_that_the_device_does_not_have_are_named(port: int, plc: Registers) -> None:
    far_away = {name: value + 1000 for name, value in _addresses(plc.mailbox).items()}
    handshake = talk_to(port, mailbox_of(far_away))
    with pytest.raises(DeviceMismatchError, match=r"registers 1100\.\.1200.*ILLEGAL_ADDRESS"):
        await handshake.connect()
    await handshake.close()


def _addresses(mailbox: Mailbox) -> dict[str, int]:
    no_addresses = {"length", "open_count", "ring_count"}
    return {name: value for name, value in mailbox.status.model_dump().items() if name not in no_addresses}


async def test_a_unit_that_is_not_there_does_not_hang_the_connection(port: int, plc: Registers) -> None:
    handshake = talk_to(port, plc.mailbox, unit=9)
    async with asyncio.timeout(3):
        with pytest.raises((LinkLostError, DeviceMismatchError)):
            await handshake.connect()


async def test_a_device_that_accepts_the_connection_and_says_nothing_is_a_lost_link() -> None:
    async def listen_only(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with talking(listen_only) as port:
        handshake = talk_to(port, mailbox_of())
        async with asyncio.timeout(3):
            with pytest.raises(LinkLostError, match="the connection stands and nothing is answered"):
                await handshake.connect()


async def test_a_device_that_is_not_there_is_told_from_one_that_hangs() -> None:
    async with talking(lambda reader, _: reader.read()) as port:
        pass
    with pytest.raises(LinkLostError, match=f"127.0.0.1:{port} takes no connection"):
        await talk_to(port, mailbox_of()).connect()


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\x00\x01\x00\x00\x00\x05\x01\x03\x02\x00\x00",  # one register where 27 were asked for
        b"\x00\x63\x00\x00\x00\x05\x01\x03\x02\x00\x00",  # the answer to another request
        b"\x00\x01\x00\x00\xff\xff\x01\x03\xff",
    ],
    ids=["other-protocol", "too-short", "other-request", "endless"],
)
async def test_a_garbled_reply_is_a_lost_link(reply: bytes) -> None:
    async def garble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1024):
            writer.write(reply)

    async with talking(garble) as port:
        handshake = talk_to(port, mailbox_of())
        async with asyncio.timeout(3):
            with pytest.raises(LinkLostError):
                await handshake.connect()
        await handshake.close()
