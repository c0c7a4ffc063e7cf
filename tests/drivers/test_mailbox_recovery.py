"""What a mailbox has for recovery: queries, the agent's heartbeat, answers that come late."""

from collections.abc import AsyncIterator

import pytest

from drivers.handshakes.mailbox import MailboxHandshake
from edge_agent.domain.device import AnswerIgnored, Seen, Sighting
from edge_agent.errors import LinkLostError
from tests.drivers.plc import Registers, serving
from tests.drivers.test_mailbox import mailbox_of, talk_to
from tests.drivers.waiting import following, until


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


async def test_a_query_is_one_write_and_its_answer_is_read_by_its_number(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    query = plc.mailbox.query
    assert query is not None
    plc.put(query.address + 8, 0xFFFF)  # the number of somebody's last query
    await handshake.connect()
    plc.put(query.answer, 1, 1, 0x4142)
    assert await handshake.query("TOTE-0001") == Sighting(Seen.AT_PLACE, "AB")
    ((address, registers),) = plc.writes
    assert (address, registers[-1]) == (query.address, 1)
    assert len(registers) == 9


async def test_a_query_that_is_not_answered_is_a_lost_link(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    await handshake.connect()
    with pytest.raises(LinkLostError, match="query 1 was written and 0 is answered"):
        await handshake.query("TOTE-0001")


@pytest.mark.parametrize(("load", "seen"), [("SEVENTEEN-LETTERS", 1), ("TOTE-0001", 9)])
async def test_a_load_that_cannot_be_named_and_an_answer_that_is_none_are_no_sighting(
    handshake: MailboxHandshake, plc: Registers, load: str, seen: int
) -> None:
    await handshake.connect()
    assert plc.mailbox.query is not None
    plc.put(plc.mailbox.query.answer, 1, seen)
    assert await handshake.query(load) is None


async def test_nothing_is_written_to_a_device_that_nobody_listens_to(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    await handshake.connect()
    beats = plc.values[plc.mailbox.status.heartbeat]
    await until(lambda: plc.values[plc.mailbox.status.heartbeat] > beats + 5)
    assert plc.writes == []


async def test_the_agents_heartbeat_is_counted_up_while_somebody_listens(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    await handshake.connect()
    handshake.observations()
    await until(lambda: len(plc.writes) == 2)
    assert plc.writes == [(plc.mailbox.agent_heartbeat, [1]), (plc.mailbox.agent_heartbeat, [2])]


async def test_a_device_that_does_not_see_the_agents_heartbeat_is_a_lost_link(
    plc: Registers, port: int
) -> None:
    assert plc.mailbox.status.agent_stale is not None
    plc.put(plc.mailbox.status.agent_stale, 1)
    handshake = talk_to(port, plc.mailbox, heartbeat_limit_s=0.2)
    await handshake.connect()
    with pytest.raises(LinkLostError, match="does not see the agent's heartbeat"):
        await following(handshake.observations())
    assert plc.writes, "it had its chance to see it"
    await handshake.close()


async def test_an_acknowledgement_of_another_command_is_ignored_and_told(
    handshake: MailboxHandshake, plc: Registers
) -> None:
    await handshake.connect()
    plc.put(plc.mailbox.status.ack_sequence, 0, 77, 0)
    assert await following(handshake.observations()) == AnswerIgnored()
