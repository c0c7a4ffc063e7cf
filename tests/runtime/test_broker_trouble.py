"""The publisher and the intake at a broker that forgets, refuses, or hardly moves."""

import asyncio
from pathlib import Path

from structlog.testing import capture_logs

from edge_agent.domain.ids import TaskId
from edge_agent.runtime.publisher import CURSOR
from tests.adapters.mqtt_rig import running as running_link
from tests.adapters.mqtt_rig import running_oms
from tests.broker import Mosquitto, listening
from tests.drivers.proxy import Cable
from tests.drivers.waiting import until
from tests.runtime.publisher_rig import (
    ROOT,
    Floor,
    all_came,
    assert_in_order_without_gap,
    running,
    sequences,
)

AGENT, DEVICE, TASK_1 = f"{ROOT}/agent/state", f"{ROOT}/devices/asrs-1/state", f"{ROOT}/tasks/T-1/state"


async def test_a_broker_killed_with_all_that_it_knew_is_told_what_stands_and_what_is_next(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    floor = Floor()
    floor.tasks[TaskId("T-1")] = {"status": "started"}
    async with (
        Cable(mosquitto.port) as cable,
        running(f"mqtt://127.0.0.1:{cable.port}", tmp_path, floor=floor, publish_window=5) as rig,
    ):
        rig.publisher.agent_state("online")
        async with listening(mosquitto.port) as before:
            await rig.tell_many(50)
            await rig.told(50)
            await all_came(before, 50)
            cable.cut()
            await mosquitto.kill()
            await rig.tell_many(50)
        await mosquitto.start()
        async with listening(mosquitto.port) as after:
            assert after.messages == [], "it has lost its memory"
            cable.mend()
            await rig.told(100)
            await all_came(after, 100, first=51)
            await until(lambda: all(after.last(topic) for topic in (AGENT, DEVICE, TASK_1)))
    assert sequences(after) == list(range(51, 101)), "from the cursor, without a gap"
    assert (after.last(AGENT)["state"], after.last(TASK_1)) == ("online", {"status": "started"})


async def test_a_broker_that_hardly_moves_is_told_everything_in_order_and_never_too_much_at_once(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    """That the event loop is not kept waiting is what tests/conftest.py looks at in every test."""
    ahead: list[int] = []
    with capture_logs() as logs:
        async with (
            listening(mosquitto.port) as listener,
            Cable(mosquitto.port) as cable,
            running(f"mqtt://127.0.0.1:{cable.port}", tmp_path, publish_window=8) as rig,
        ):
            cable.chunk_bytes, cable.pause_s = 300, 0.002
            await rig.tell_many(100)
            while await rig.journal.cursor(CURSOR) < 100:
                ahead.append(max(sequences(listener), default=0) - await rig.journal.cursor(CURSOR))
                await asyncio.sleep(0.005)
            await all_came(listener, 100)
    assert sequences(listener) == list(range(1, 101))
    assert max(ahead) <= 8
    assert [entry["event"] for entry in logs] == ["broker_connected"], "slow is not lost"
    assert_in_order_without_gap(listener, 100)


async def test_tasks_that_come_byte_by_byte_are_taken_whole_and_no_more_than_agreed(
    mosquitto: Mosquitto,
) -> None:
    tasks = [f"{number:03}".encode() * 40 for number in range(12)]
    async with (
        Cable(mosquitto.port) as cable,
        running_link(f"mqtt://127.0.0.1:{cable.port}", receive_maximum=4) as agent,
        running_oms(mosquitto.url) as oms,
    ):
        cable.chunk_bytes, cable.pause_s = 7, 0.0005
        for task in tasks:
            await oms.publish("in", task)
        taken: list[bytes] = []
        while len(taken) < len(tasks):
            await until(lambda: agent.received)
            assert len(agent.received) <= 4
            taken += agent.payloads
            agent.acknowledge()
    assert taken == tasks
