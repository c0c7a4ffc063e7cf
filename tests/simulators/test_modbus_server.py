"""The Modbus server on a real socket, spoken to by a bare pymodbus client."""

from collections.abc import AsyncIterator

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.constants import ExcCodes

from drivers.profile import Profile
from edge_agent.domain.ids import DeviceId
from edge_agent.errors import ConfigurationError
from simulators.clock import SimClock
from simulators.device_memory import DeviceMemory
from simulators.mailbox import RegisterImage
from simulators.modbus_server import ModbusServer
from tests.simulators.floor import Notes, Puppet
from tests.simulators.test_mailbox import ACK_AT, STATUS_AT, block

UNIT, OTHER_UNIT = 1, 7


@pytest.fixture
def machines() -> dict[int, Puppet]:
    return {UNIT: Puppet(), OTHER_UNIT: Puppet()}


@pytest.fixture
async def server(
    profiles: dict[str, Profile], machines: dict[int, Puppet], notes: Notes
) -> AsyncIterator[ModbusServer]:
    images = {
        unit: RegisterImage(DeviceMemory(DeviceId(f"asrs-{unit}"), profiles["asrs-modbus"], machine, notes))
        for unit, machine in machines.items()
    }
    server = ModbusServer("127.0.0.1", 0, images, SimClock())
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def client(server: ModbusServer) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient("127.0.0.1", port=server.port, retries=0, timeout=5)
    assert await client.connect()
    yield client
    client.close()


async def status(client: AsyncModbusTcpClient, unit: int = UNIT) -> list[int]:
    reply = await client.read_holding_registers(STATUS_AT, count=101, device_id=unit)
    assert not reply.isError()
    return reply.registers


async def test_a_command_is_acknowledged_carried_out_and_reported(
    server: ModbusServer, client: AsyncModbusTcpClient, machines: dict[int, Puppet]
) -> None:
    assert not (await client.write_registers(0, block(5), device_id=UNIT)).isError()
    registers = await status(client)
    assert registers[5:8] == [0, 5, 0]
    assert registers[22:24] == [0, 5]
    machines[UNIT].end(5)
    await server.step()
    registers = await status(client)
    assert registers[8:12] == [1, 0, 5, 1]
    await client.write_register(ACK_AT, 1, device_id=UNIT)
    assert (await client.read_holding_registers(ACK_AT, count=1, device_id=UNIT)).registers == [1]


async def test_units_on_one_socket_are_devices_of_their_own(
    client: AsyncModbusTcpClient, machines: dict[int, Puppet]
) -> None:
    await client.write_registers(0, block(5), device_id=OTHER_UNIT)
    assert (await status(client, OTHER_UNIT))[5:7] == [0, 5]
    assert (await status(client, UNIT))[5:7] == [0, 0]
    assert machines[UNIT].started == []


@pytest.mark.parametrize(
    ("address", "values", "code", "rule"),
    [
        (STATUS_AT, [1], ExcCodes.ILLEGAL_ADDRESS, "foreign_write"),
        (0, [1, 2], ExcCodes.ILLEGAL_VALUE, "partial_command"),
    ],
)
async def test_a_forbidden_write_is_answered_with_an_exception(
    client: AsyncModbusTcpClient, notes: Notes, address: int, values: list[int], code: ExcCodes, rule: str
) -> None:
    reply = await client.write_registers(address, values, device_id=UNIT)
    assert reply.isError()
    assert reply.exception_code == code
    assert notes.rules_broken == [rule]


async def test_coils_and_registers_beyond_the_last_are_refused(client: AsyncModbusTcpClient) -> None:
    assert (await client.read_coils(0, count=1, device_id=UNIT)).exception_code == ExcCodes.ILLEGAL_FUNCTION
    beyond = await client.read_holding_registers(200, count=10, device_id=UNIT)
    assert beyond.exception_code == ExcCodes.ILLEGAL_ADDRESS


async def test_a_device_remembers_across_a_lost_connection(
    server: ModbusServer, client: AsyncModbusTcpClient, machines: dict[int, Puppet], notes: Notes
) -> None:
    await client.write_registers(0, block(5), device_id=UNIT)
    client.close()
    await server.stop()
    await server.start()
    other = AsyncModbusTcpClient("127.0.0.1", port=server.port, retries=0)
    assert await other.connect()
    assert (await status(other))[22:24] == [0, 5]
    await other.write_registers(0, block(5), device_id=UNIT)
    assert len(machines[UNIT].started) == 1
    assert notes.rules_broken == []
    other.close()


async def test_a_taken_address_is_an_error_that_names_it(server: ModbusServer) -> None:
    second = ModbusServer("127.0.0.1", server.port, {}, SimClock())
    with pytest.raises(ConfigurationError, match=f"modbus://127.0.0.1:{server.port}: cannot listen there"):
        await second.start()


async def test_stopping_twice_or_before_the_start_is_harmless(server: ModbusServer) -> None:
    await server.stop()
    await server.stop()
    await ModbusServer("127.0.0.1", 0, {}, SimClock()).stop()
