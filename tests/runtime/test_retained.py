"""The retained states: what a client sees that comes at any time."""

import asyncio
import json
from datetime import datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge_agent import __version__
from edge_agent.domain.ids import TaskId
from edge_agent.runtime import retained as module
from tests.broker import Mosquitto, listening
from tests.drivers.proxy import Cable
from tests.drivers.waiting import until
from tests.runtime.publisher_rig import ASRS, ROOT, Floor, cancelled, completed, running

both_protocols = pytest.mark.parametrize("protocol", ["5", "3.1.1"])

AGENT = f"{ROOT}/agent/state"
DEVICE = f"{ROOT}/devices/asrs-1/state"
TASK_1 = f"{ROOT}/tasks/T-1/state"


async def retained(broker: Mosquitto, topic: str) -> object:
    """What a client finds on a topic that comes now; None where there is nothing."""
    async with listening(broker.port, f"{ROOT}/#", "newcomer") as newcomer:
        async with listening(broker.port, "end", "herald") as herald:
            # Retained messages come before anything that is published after the subscription.
            herald._client.publish("warehouse/demo/gw1/end", b"{}", qos=1)
            await until(lambda: newcomer.on("warehouse/demo/gw1/end"))
        found = [message for message in newcomer.on(topic) if message.retain]
        return found[0].json if found else None


async def test_a_newcomer_finds_the_agent_its_devices_and_its_open_tasks(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    floor = Floor()
    floor.tasks[TaskId("T-1")] = {"task_id": "T-1", "status": "started"}
    async with running(mosquitto.url, tmp_path, floor=floor) as rig:
        rig.publisher.agent_state("online")
        await rig.publisher._states.idle.wait()
        agent = await retained(mosquitto, AGENT)
        assert isinstance(agent, dict)
        assert (agent["state"], agent["version"]) == ("online", __version__)
        assert datetime.fromisoformat(agent["since"]).tzinfo is not None
        assert await retained(mosquitto, DEVICE) == {"state": "ready"}
        assert await retained(mosquitto, TASK_1) == {"task_id": "T-1", "status": "started"}


async def test_before_the_agent_says_so_it_is_not_online(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with running(mosquitto.url, tmp_path) as rig:
        await rig.publisher._states.idle.wait()
        assert await retained(mosquitto, AGENT) is None


async def test_every_change_is_seen(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path) as rig:
        await rig.publisher._states.idle.wait()
        rig.floor.device = {"state": "faulted"}
        rig.publisher.device_changed(ASRS)
        await until(lambda: listener.last(DEVICE) == {"state": "faulted"})
        rig.floor.tasks[TaskId("T-1")] = {"status": "accepted"}
        rig.publisher.task_changed(TaskId("T-1"))
        await until(lambda: listener.last(TASK_1) == {"status": "accepted"})


async def test_of_a_state_that_changes_fast_only_the_newest_is_sent(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path) as rig:
        await rig.publisher._states.idle.wait()
        for number in range(1000):
            rig.floor.tasks[TaskId("T-1")] = {"number": number}
            rig.publisher.task_changed(TaskId("T-1"))
        await until(lambda: listener.last(TASK_1) == {"number": 999})
    assert len(listener.on(TASK_1)) == 1


async def test_a_state_is_what_it_was_when_it_changed(mosquitto: Mosquitto, tmp_path: Path) -> None:
    """What is decided after that may not be durable yet."""
    async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path) as rig:
        await rig.publisher._states.idle.wait()
        rig.floor.tasks[TaskId("T-1")] = {"picked": 1}
        rig.publisher.task_changed(TaskId("T-1"))
        rig.floor.tasks[TaskId("T-1")] = {"picked": 2}
        await until(lambda: listener.last(TASK_1) == {"picked": 1})


async def test_a_new_connection_gets_everything_as_it_stands_now(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with (
        Cable(mosquitto.port) as cable,
        running(f"mqtt://127.0.0.1:{cable.port}", tmp_path) as rig,
    ):
        rig.publisher.agent_state("online")
        await rig.publisher._states.idle.wait()
        cable.cut()
        await rig.link.wait_lost()
        async with listening(mosquitto.port, AGENT) as listener:
            await until(lambda: (listener.last(AGENT) or {}).get("state") == "offline")
            rig.floor.device = {"state": "e_stopped"}
            rig.publisher.device_changed(ASRS)
            for number in range(120):
                rig.floor.tasks[TaskId(f"T-{number}")] = {"number": number}
                rig.publisher.task_changed(TaskId(f"T-{number}"))
            assert rig.publisher._states._changed == {}, "nothing is kept for later"
            cable.mend()
            await until(lambda: (listener.last(AGENT) or {}).get("state") == "online")
        await rig.publisher._states.idle.wait()
        assert await retained(mosquitto, DEVICE) == {"state": "e_stopped"}
        assert await retained(mosquitto, f"{ROOT}/tasks/T-119/state") == {"number": 119}


async def test_a_new_connection_shows_nothing_of_a_commit_under_way(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    floor = Floor()
    floor.tasks[TaskId("T-1")] = {"picked": 2}
    floor.reads = []
    async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path, floor=floor) as rig:
        rig.publisher.agent_state("online")
        await rig.tell_many(1)
        await rig.told(1)
        await until(lambda: floor.reads and len(floor.reads) == 2)
        assert not listener.on(TASK_1) + listener.on(DEVICE) + listener.on(AGENT)
        floor.committed()
        await until(lambda: listener.last(TASK_1) == {"picked": 2} and listener.last(AGENT))


async def test_a_connection_that_ends_before_the_commit_does_is_harmless(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    floor = Floor()
    floor.reads = []
    async with (
        Cable(mosquitto.port) as cable,
        running(f"mqtt://127.0.0.1:{cable.port}", tmp_path, floor=floor) as rig,
    ):
        await until(lambda: floor.reads)
        cable.cut()
        await rig.link.wait_lost()
        cable.mend()
        await until(lambda: floor.reads and len(floor.reads) == 2)
        floor.committed()
        await rig.publisher._states.idle.wait()


async def test_what_the_agent_refuses_and_its_clock_are_seen_as_soon_as_they_change(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path) as rig:
        rig.publisher.agent_state("online")
        await until(lambda: (listener.last(AGENT) or {}).get("clock") == "synchronised")
        since = listener.last(AGENT)["since"]
        rig.floor.agent = {"refuses": ["too_many_open_tasks"], "clock": "unsynchronised"}
        rig.publisher.agent_changed()
        await until(lambda: listener.last(AGENT)["clock"] == "unsynchronised")
        assert listener.last(AGENT)["refuses"] == ["too_many_open_tasks"]
        assert listener.last(AGENT)["since"] == since
        rig.publisher.agent_changed()
        await rig.publisher._states.idle.wait()
    assert len([message for message in listener.on(AGENT) if b"online" in message.payload]) == 2


async def test_an_id_with_characters_that_topics_do_not_take_harms_nothing(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    floor = Floor()
    floor.tasks[TaskId("A/+#%\0")] = {"status": "accepted"}
    async with running(mosquitto.url, tmp_path, floor=floor) as rig:
        await rig.publisher._states.idle.wait()
        assert await retained(mosquitto, f"{ROOT}/tasks/A%2F%2B%23%25%00/state") == {"status": "accepted"}


async def test_a_state_that_the_broker_refuses_is_logged_and_holds_nothing_back(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    await mosquitto.stop()
    rights = tmp_path / "rights"
    rights.write_text(f"topic read #\ntopic write {AGENT}\ntopic write {ROOT}/events/#\n")
    rights.chmod(0o600)
    mosquitto.settings.append(f"acl_file {rights}")
    await mosquitto.start()
    with capture_logs() as logs:
        async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path) as rig:
            rig.publisher.agent_state("online")
            await rig.tell_many(3)
            await rig.told(3)
            await until(lambda: listener.last(AGENT))
            await until(lambda: any(entry["event"] == "state_refused" for entry in logs))
    assert next(entry for entry in logs if entry["event"] == "state_refused")["topic"] == DEVICE


# ---- tasks that have ended ---------------------------------------------------------------------------


@both_protocols
async def test_the_last_state_of_a_task_comes_with_its_last_confirmation(
    mosquitto: Mosquitto, tmp_path: Path, protocol: str
) -> None:
    async with running(mosquitto.url, tmp_path, protocol=protocol) as rig:
        await rig.tell(completed(1), cancelled(2))
        await rig.told(2)
        first = await retained(mosquitto, TASK_1)
        second = await retained(mosquitto, f"{ROOT}/tasks/T-2/state")
    line = {"line_id": "1", "ordered": 2, "picked": 1, "short": 1, "cancelled": 0}
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert (first["status"], first["lines"]) == ("completed", [line])
    assert (second["status"], second["reason"]) == ("cancelled", "not wanted")
    assert datetime.fromisoformat(first["ended"]).tzinfo is not None


async def test_the_state_of_an_open_task_never_follows_its_last_one(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path) as rig:
        await rig.publisher._states.idle.wait()
        rig.floor.tasks[TaskId("T-1")] = {"status": "filled"}
        rig.publisher.task_changed(TaskId("T-1"))
        del rig.floor.tasks[TaskId("T-1")]
        rig.publisher.task_changed(TaskId("T-1"))
        await rig.tell(completed(1))
        await rig.told(1)
        await rig.publisher._states.idle.wait()
        await until(lambda: (listener.last(TASK_1) or {}).get("status") == "completed")


async def test_the_last_state_expires_at_the_broker(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with (
        listening(mosquitto.port) as listener,
        running(mosquitto.url, tmp_path, task_state_expiry_s=3600) as rig,
    ):
        await rig.tell(completed(1), ago_s=600)
        await rig.told(1)
        await until(lambda: listener.on(TASK_1))
    (state,) = listener.on(TASK_1)
    assert state.expiry_s is not None
    assert 2980 <= state.expiry_s <= 3000, "the time since the task has ended counts"


@both_protocols
async def test_a_state_that_has_stood_for_its_time_already_is_removed(
    mosquitto: Mosquitto, tmp_path: Path, protocol: str
) -> None:
    floor = Floor()
    floor.tasks[TaskId("T-1")] = {"status": "filled"}
    async with running(
        mosquitto.url, tmp_path, floor=floor, protocol=protocol, task_state_expiry_s=60
    ) as rig:
        await rig.publisher._states.idle.wait()
        floor.tasks.clear()
        await rig.tell(completed(1), ago_s=100)
        await rig.told(1)
        assert await retained(mosquitto, TASK_1) is None


async def test_without_expiry_the_agent_removes_the_last_state_itself(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with (
        listening(mosquitto.port) as listener,
        running(mosquitto.url, tmp_path, protocol="3.1.1", task_state_expiry_s=1) as rig,
    ):
        await rig.tell(completed(1))
        await rig.told(1)
        await until(lambda: [bool(message.payload) for message in listener.on(TASK_1)] == [True, False])
        assert await retained(mosquitto, TASK_1) is None


async def test_a_restart_does_not_forget_what_is_to_be_removed(mosquitto: Mosquitto, tmp_path: Path) -> None:
    settings = {"protocol": "3.1.1", "task_state_expiry_s": 1}
    async with listening(mosquitto.port) as listener:
        async with running(mosquitto.url, tmp_path, **settings) as rig:
            await rig.tell(completed(1))
            await rig.told(1)
        await asyncio.sleep(1)
        async with running(mosquitto.url, tmp_path, **settings):
            await until(lambda: [bool(message.payload) for message in listener.on(TASK_1)] == [True, False])


async def test_a_task_that_is_open_again_is_not_removed(mosquitto: Mosquitto, tmp_path: Path) -> None:
    floor = Floor()
    floor.tasks[TaskId("T-1")] = {"status": "accepted"}
    async with (
        listening(mosquitto.port) as listener,
        running(mosquitto.url, tmp_path, floor=floor, protocol="3.1.1", task_state_expiry_s=1) as rig,
    ):
        await rig.tell(completed(1), completed(2))
        await until(lambda: [m.payload for m in listener.on(f"{ROOT}/tasks/T-2/state")][-1:] == [b""])
    assert all(json.loads(message.payload) for message in listener.on(TASK_1))


async def test_a_task_that_has_come_to_wait_behind_something_held_is_told_without_an_event(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "HELD_LOOK_S", 0.02)
    floor, one, other = Floor(), TaskId("T-1"), TaskId("T-2")
    floor.tasks = {one: {"held": None}, other: {"held": None}}
    async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path, floor=floor):
        await until(lambda: len(listener.messages) >= 3)
        floor.tasks[one], floor.held = {"held": "X-1"}, {one: "X-1"}
        await until(lambda: listener.on(TASK_1)[-1].json == {"held": "X-1"})
        floor.tasks[one], floor.held = {"held": None}, {}
        await until(lambda: listener.on(TASK_1)[-1].json == {"held": None})
        assert len(listener.on(TASK_1)) == 3
        assert len(listener.on(f"{ROOT}/tasks/T-2/state")) == 1
