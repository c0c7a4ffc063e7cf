"""Every fault of a link on both wires, as a bare client meets it, on real sockets at high speed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
from asyncua import Client, ua
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from drivers.profile import Profile
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from simulators.catalogue import Stock, Tote, build_stock
from simulators.clock import SimClock
from simulators.faults import AnyFault, Moment
from simulators.site import SimulatedSite, build_site
from tests.ports import free_port
from tests.simulators.bench import of
from tests.simulators.floor import DEADLINE_S, SITE, Notes, small_site, until
from tests.simulators.test_mailbox import text

SEED = 1
FAST = 200.0
CUT_OFF = (ModbusException, OSError, ua.UaError, TimeoutError)
"""What the two libraries raise where there is no answer."""
NEVER_SEEN, RUNNING, ENDED = 0, 1, 2


class Talk(Protocol):
    """A client of the crane, whichever wire."""

    async def retrieve(self, command: int, tote: Tote) -> None:
        """Give the command and wait for its acknowledgement; raises where none comes."""
        ...

    async def status(self, command: int) -> int: ...

    async def epoch(self) -> int: ...

    async def where(self, load: str) -> tuple[int, str]: ...

    async def close(self) -> None: ...


class ModbusTalk:
    def __init__(self, client: AsyncModbusTcpClient) -> None:
        self._client = client

    @classmethod
    async def to(cls, site: Site) -> "ModbusTalk":
        port = int(site.devices[DeviceId("asrs-1")].address.split(":")[-1].split("/")[0])
        client = AsyncModbusTcpClient("127.0.0.1", port=port, retries=0, timeout=0.5, reconnect_delay=0)
        if not await client.connect():
            raise ConnectionRefusedError
        return cls(client)

    async def retrieve(self, command: int, tote: Tote) -> None:
        texts = [word for argument in (tote.lpn, tote.location, "out") for word in text(argument)]
        await self._client.write_registers(0, [1, *texts, 0, command], device_id=1)
        async with asyncio.timeout(0.5):
            while (await self._status())[6] != command:
                await asyncio.sleep(0.005)

    async def _status(self) -> list[int]:
        reply = await self._client.read_holding_registers(100, count=101, device_id=1)
        return reply.registers

    async def status(self, command: int) -> int:
        registers = await self._status()
        if command in registers[55:99:3]:
            return ENDED
        return RUNNING if command in registers[23:54:2] else NEVER_SEEN

    async def epoch(self) -> int:
        return (await self._status())[4]

    async def where(self, load: str) -> tuple[int, str]:
        await self._client.write_registers(50, [*text(load), 9], device_id=1)
        answer = (await self._client.read_holding_registers(60, count=10, device_id=1)).registers
        assert answer[0] == 9
        place = b"".join(word.to_bytes(2, "big") for word in answer[2:]).rstrip(b"\0").decode()
        return answer[1], place

    async def close(self) -> None:
        self._client.close()


class OpcUaTalk:
    def __init__(self, client: Client, index: int, device: Any) -> None:
        self._client, self._index, self._device = client, index, device

    @classmethod
    async def to(cls, site: Site) -> "OpcUaTalk":
        client = Client(site.devices[DeviceId("asrs-1")].address, timeout=0.5)
        async with asyncio.timeout(2.0):
            await client.connect(auto_reconnect=False)
        index = await client.get_namespace_index("urn:edge-agent:asrs")
        return cls(client, index, await client.nodes.objects.get_child(f"{index}:Asrs"))

    async def _call(self, method: str, *arguments: Any) -> list[Any]:
        outputs: list[Any] = await self._device.call_method(f"{self._index}:{method}", *arguments)
        return outputs

    async def retrieve(self, command: int, tote: Tote) -> None:
        number = ua.Variant(command, ua.VariantType.UInt32)
        assert await self._call("Retrieve", number, tote.lpn, tote.location, "out") == [0, ""]

    async def status(self, command: int) -> int:
        return int((await self._call("CommandStatus", ua.Variant(command, ua.VariantType.UInt32)))[0])

    async def epoch(self) -> int:
        node = await self._device.get_child(f"{self._index}:BootEpoch")
        return int(await node.read_value())

    async def where(self, load: str) -> tuple[int, str]:
        seen, place = await self._call("WhereIs", load)
        return seen, place

    async def close(self) -> None:
        with suppress(*CUT_OFF):
            await self._client.disconnect()


@dataclass
class Crane:
    """A running site with one crane, and the way to it."""

    simulated: SimulatedSite
    site: Site
    tote: Tote
    notes: Notes
    enter: Callable[[Site], Awaitable[Talk]]

    @asynccontextmanager
    async def talk(self) -> AsyncIterator[Talk]:
        talk = await self.enter(self.site)
        try:
            yield talk
        finally:
            await talk.close()

    @asynccontextmanager
    async def talk_again(self) -> AsyncIterator[Talk]:
        """A connection that is answered, as soon as there is one."""
        talk: Talk | None = None
        async with asyncio.timeout(DEADLINE_S):
            while talk is None:
                with suppress(*CUT_OFF):
                    talk = await self.enter(self.site)
                    try:
                        await talk.epoch()
                    except CUT_OFF:
                        await talk.close()
                        talk = None
                        raise
        try:
            yield talk
        finally:
            await talk.close()

    @property
    def accepted(self) -> int:
        return len(self.notes.of("command"))


Play = Callable[..., Any]


@pytest.fixture(params=["asrs-modbus", "asrs-opcua"])
def crane(request: pytest.FixtureRequest, profiles: dict[str, Profile], notes: Notes) -> Play:
    """`async with crane(fault, ...) as site`: on each of the two wires."""
    profile = request.param

    @asynccontextmanager
    async def play(*armed: AnyFault) -> AsyncIterator[Crane]:
        modbus = profile == "asrs-modbus"
        address = f"modbus://127.0.0.1:{free_port()}/1" if modbus else f"opc.tcp://127.0.0.1:{free_port()}/a"
        devices = SITE["devices"] | {
            "asrs-1": {"profile": profile, "address": address},  # the first, and so is its server
            "conveyor-1": {"profile": "conveyor-modbus", "address": f"modbus://127.0.0.1:{free_port()}/2"},
            "picker-1": {"profile": "picker-modbus", "address": f"modbus://127.0.0.1:{free_port()}/3"},
        }
        site = small_site(devices=devices)
        simulated = build_site(
            site, profiles, record=notes, faults=armed, seed=SEED, clock=SimClock(FAST), epoch=7
        )
        server = simulated.machines[0]
        await server.start()

        async def tick() -> None:
            simulated.faults.step()
            await server.step()

        async with asyncio.TaskGroup() as tasks:
            ticks = tasks.create_task(until_cancelled(tick), name="ticks")
            tote = build_stock(site, SEED).totes[0]
            enter = ModbusTalk.to if modbus else OpcUaTalk.to
            try:
                yield Crane(simulated, site, tote, notes, enter)
            finally:
                ticks.cancel()
                await server.stop()

    return play


async def until_cancelled(work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await work()
        await asyncio.sleep(0.002)


async def is_carried_out(talk: Talk, command: int) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while await talk.status(command) != ENDED:
            await asyncio.sleep(0.005)


@pytest.mark.parametrize(
    "fault",
    [
        of(fault="ack_lost"),
        of(fault="connection_reset"),
        of(fault="reply_garbled"),
        of(fault="reply_truncated"),
        of(fault="half_open", silent_s=0.2),
        of(fault="hung", duration_s=1.0),
        of(fault="restart", down_s=0.2),
    ],
    ids=lambda fault: str(fault.fault),
)
async def test_a_command_whose_answer_is_lost_is_carried_out_once_and_found_by_asking(
    crane: Play, fault: AnyFault
) -> None:
    async with crane(fault) as site:
        async with site.talk() as talk:
            with pytest.raises(CUT_OFF):
                await talk.retrieve(5, site.tote)
        async with site.talk_again() as talk:
            await is_carried_out(talk, 5)
            assert await talk.where(site.tote.lpn) == (1, "out")
        assert site.accepted == 1
        assert [line["fault"] for line in site.notes.of("fault")] == [fault.fault]


@pytest.mark.parametrize("name", ["connection_reset", "half_open", "restart"])
async def test_a_command_that_is_lost_with_the_link_was_never_seen_and_can_be_given_again(
    crane: Play, name: str
) -> None:
    short = {"half_open": {"silent_s": 0.2}, "restart": {"down_s": 0.2}}.get(name, {})
    async with crane(of(fault=name, moment="arrives", **short)) as site:
        async with site.talk() as talk:
            with pytest.raises(CUT_OFF):
                await talk.retrieve(5, site.tote)
        async with site.talk_again() as talk:
            assert await talk.status(5) == NEVER_SEEN
            await talk.retrieve(5, site.tote)
            await is_carried_out(talk, 5)
        assert site.accepted == 1


async def test_a_controller_that_lost_its_memory_comes_back_under_another_epoch(crane: Play) -> None:
    async with crane(of(fault="memory_lost", down_s=0.2)) as site:
        async with site.talk() as talk:
            assert await talk.epoch() == 7
            with pytest.raises(CUT_OFF):
                await talk.retrieve(5, site.tote)
        async with site.talk_again() as talk:
            assert await talk.epoch() == 8
            assert await talk.status(5) == NEVER_SEEN
            async with asyncio.timeout(DEADLINE_S):
                while await talk.where(site.tote.lpn) != (1, "out"):
                    await asyncio.sleep(0.005)


async def test_a_late_acknowledgement_comes_late(crane: Play) -> None:
    async with crane(of(fault="ack_late", delay_s=0.15)) as site, site.talk() as talk:
        begun = asyncio.get_running_loop().time()
        await talk.retrieve(5, site.tote)
        assert asyncio.get_running_loop().time() - begun > 0.14
        await is_carried_out(talk, 5)


async def test_a_fault_at_a_time_strikes_without_a_command(crane: Play) -> None:
    async with crane() as site:
        async with site.talk() as talk:
            soon_s = site.simulated.faults.clock.now_s() + 1.0
            site.simulated.faults.arm({"fault": "connection_reset", "time_s": soon_s, "device": "asrs-1"})
            await until(lambda: bool(site.notes.of("fault")))
            with pytest.raises(CUT_OFF):
                await talk.epoch()
        assert site.notes.of("fault") == [{"device": "asrs-1", "fault": "connection_reset"}]


async def test_a_device_that_is_restarted_by_hand_refuses_until_it_is_back(crane: Play) -> None:
    async with crane() as site:
        async with site.talk() as talk:
            await talk.epoch()
        site.simulated.faults.injector("asrs-1").restart(0.3, keep_memory=True)
        with pytest.raises(CUT_OFF):
            async with site.talk():
                pass
        async with site.talk_again() as talk:
            assert await talk.epoch() == 7


# ---- the whole site ----------------------------------------------------------------------------------


def test_a_fault_for_a_device_that_it_cannot_hit_is_an_error_that_names_those_it_can(
    site: Site, profiles: dict[str, Profile], notes: Notes
) -> None:
    def build(*armed: AnyFault) -> None:
        build_site(site, profiles, record=notes, faults=armed, seed=1, clock=SimClock(), epoch=1)

    build(of(fault="jam", device="*"), of(fault="busy", device="asrs-*"))
    with pytest.raises(
        ConfigurationError, match="jam: device 'asrs-1': it cannot happen there; it can at conv"
    ):
        build(of(fault="jam", device="asrs-1"))


def the_story(site: Site, profiles: dict[str, Profile], stock: Stock, seed: int) -> Sequence[Any]:
    """Which of a hundred commands are refused, on a site with faults by rate."""
    notes = Notes()
    simulated = build_site(
        site, profiles, record=notes, faults=(of(fault="busy", rate=0.3),), seed=seed,
        clock=SimClock(monotonic=lambda: 0.0), epoch=1,
    )  # fmt: skip
    injector = simulated.faults.injector("conveyor-1")
    return [bool(injector.faults.strike(Moment.ARRIVES, None, "transfer")) for _ in range(100)]


def test_the_same_seed_makes_the_same_faults(site: Site, profiles: dict[str, Profile], stock: Stock) -> None:
    assert the_story(site, profiles, stock, 1) == the_story(site, profiles, stock, 1)
    assert the_story(site, profiles, stock, 1) != the_story(site, profiles, stock, 2)
