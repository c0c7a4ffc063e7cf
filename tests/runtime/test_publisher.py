"""Every confirmation reaches the OMS in order, at least once, whatever becomes of the broker."""

import asyncio
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge_agent.domain import events as ev
from edge_agent.domain.ids import TaskId
from edge_agent.errors import BrokerRefusedError, JournalError
from edge_agent.runtime.publisher import CURSOR, _Window
from tests.adapters.examples import cancel_requested, line_cancelled, recorded
from tests.broker import Mosquitto, listening
from tests.drivers.proxy import Cable
from tests.drivers.waiting import until
from tests.runtime.publisher_rig import ROOT, all_came, assert_in_order_without_gap, running, sequences

both_protocols = pytest.mark.parametrize("protocol", ["5", "3.1.1"])
windows = pytest.mark.parametrize("window", [1, 2, 100])


@both_protocols
@windows
async def test_everything_is_told_once_and_in_order(
    mosquitto: Mosquitto, tmp_path: Path, protocol: str, window: int
) -> None:
    async with (
        listening(mosquitto.port) as listener,
        running(mosquitto.url, tmp_path, protocol=protocol, publish_window=window) as rig,
    ):
        await rig.tell_many(300)
        await rig.tell_many(150)
        await rig.told(450)
        await all_came(listener, 450)
    assert sequences(listener) == list(range(1, 451))


async def test_a_confirmation_is_a_cloud_event_on_the_topic_of_its_name(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path) as rig:
        await rig.tell(line_cancelled(3))
        await all_came(listener, 1)
    (message,) = listener.on(f"{ROOT}/events/line_cancelled")
    assert message.content_type == "application/cloudevents+json"
    assert message.json["id"] == "gw1-1"
    assert message.json["type"] == "warehouse.pick.line_cancelled.v1"
    assert not message.retain


async def test_a_rejected_message_is_told_to_its_own_topic_too(mosquitto: Mosquitto, tmp_path: Path) -> None:
    fields = (ev.FieldError("lines[0].quantity", "must be 1 or more"),)
    rejected = ev.TaskRejected("submit", "invalid", "one field is wrong", fields, TaskId("T/+1"), 1, '{"a"')
    async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path) as rig:
        await rig.tell(rejected)
        await rig.told(1)
        await until(lambda: len(listener.messages) == 2 + 1)  # one device state
    (event,) = listener.on(f"{ROOT}/events/task_rejected")
    (reason,) = listener.on(f"{ROOT}/rejected")
    assert reason.json["excerpt"] == '{"a"'
    assert reason.json["fields"] == [{"path": "lines[0].quantity", "problem": "must be 1 or more"}]
    assert {**reason.json, **event.json["data"]} == reason.json
    assert "excerpt" not in event.json["data"]


async def test_events_that_the_oms_is_not_told_leave_no_gap(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path) as rig:
        await rig.journal.append(
            [
                recorded(1, cancel_requested(1)),
                recorded(2, line_cancelled(2), 1),
                recorded(3, cancel_requested(3)),
                recorded(4, line_cancelled(4), 2),
            ]
        )
        rig.publisher.wake()
        await rig.told(2)
        await all_came(listener, 2)
    assert sequences(listener) == [1, 2]


async def test_a_restart_goes_on_where_the_last_run_stopped(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with listening(mosquitto.port) as listener:
        async with running(mosquitto.url, tmp_path) as rig:
            await rig.tell_many(10)
            await rig.told(10)
        async with running(mosquitto.url, tmp_path, connected=False) as rig:
            await rig.tell_many(5)
            await rig.told(15)
        await all_came(listener, 15)
    assert sequences(listener) == list(range(1, 16))


# ---- the broker is away ------------------------------------------------------------------------------


@both_protocols
async def test_a_broker_that_is_away_at_the_start_gets_everything_later(
    mosquitto: Mosquitto, tmp_path: Path, protocol: str
) -> None:
    async with listening(mosquitto.port) as listener:
        await mosquitto.stop()
        async with running(mosquitto.url, tmp_path, connected=False, protocol=protocol) as rig:
            await rig.tell_many(250)
            assert await rig.journal.cursor(CURSOR) == 0
            await mosquitto.start()
            await rig.told(250)
            await all_came(listener, 250)
    assert_in_order_without_gap(listener, 250)


@both_protocols
@windows
async def test_a_broker_stopped_and_started_in_the_middle_misses_nothing(
    mosquitto: Mosquitto, tmp_path: Path, protocol: str, window: int
) -> None:
    async with (
        listening(mosquitto.port) as listener,
        running(mosquitto.url, tmp_path, protocol=protocol, publish_window=window) as rig,
    ):
        await rig.tell_many(400)
        await until(lambda: len(sequences(listener)) > 20)
        await mosquitto.stop()
        await rig.tell_many(100)
        await mosquitto.start()
        await rig.told(500)
        await all_came(listener, 500)
    assert_in_order_without_gap(listener, 500)


@both_protocols
async def test_a_killed_broker_is_told_again_only_what_it_had_not_acknowledged(
    mosquitto: Mosquitto, tmp_path: Path, protocol: str
) -> None:
    async with Cable(mosquitto.port) as cable:
        url = f"mqtt://127.0.0.1:{cable.port}"
        async with running(url, tmp_path, protocol=protocol, publish_window=10) as rig:
            async with listening(mosquitto.port) as before:
                await rig.tell_many(100)
                await rig.told(100)
                await all_came(before, 100)
                cable.replies_pass = False
                await rig.tell_many(100)
                await all_came(before, 110)  # a window of them is under way, none acknowledged
                cable.cut()
                await mosquitto.kill()
            await mosquitto.start()
            async with listening(mosquitto.port) as after:
                cable.mend()
                await rig.told(200)
                await all_came(after, 200, first=101)
    assert sequences(before) == list(range(1, 111))
    assert sequences(after) == list(range(101, 201))
    sent_before = {m.json["id"]: m.payload for m in before.messages if "/events/" in m.topic}
    for message in after.messages:
        if "/events/" in message.topic:
            assert sent_before.get(message.json["id"], message.payload) == message.payload


async def test_links_that_break_again_and_again_lose_nothing(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with (
        listening(mosquitto.port) as listener,
        Cable(mosquitto.port) as cable,
        running(f"mqtt://127.0.0.1:{cable.port}", tmp_path, publish_window=7) as rig,
    ):
        await rig.tell_many(300)
        for cut_at in (30, 90, 150, 210):
            await until(lambda cut_at=cut_at: max(sequences(listener), default=0) >= cut_at)
            cable.replies_pass = False
            cable.cut()
            await rig.link.wait_lost()
            cable.mend()
        await rig.told(300)
        await all_came(listener, 300)
    assert_in_order_without_gap(listener, 300)


async def test_the_cursor_never_passes_what_was_not_acknowledged(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with (
        listening(mosquitto.port) as listener,
        Cable(mosquitto.port) as cable,
        running(f"mqtt://127.0.0.1:{cable.port}", tmp_path, publish_window=10) as rig,
    ):
        await rig.tell_many(5)
        await rig.told(5)
        cable.replies_pass = False
        await rig.tell_many(100)
        await all_came(listener, 15)
        assert max(sequences(listener)) == 15, "a window of ten, and no more"
        assert await rig.journal.cursor(CURSOR) == 5
        cable.cut()


async def test_a_confirmation_that_the_broker_refuses_holds_back_the_later_ones(
    mosquitto: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.runtime.publisher._REFUSED_PAUSE_S", 0.05)
    await mosquitto.stop()
    rights = tmp_path / "rights"
    rights.write_text(f"topic read #\ntopic write {ROOT}/events/line_cancelled\n")
    rights.chmod(0o600)
    mosquitto.settings.append(f"acl_file {rights}")
    await mosquitto.start()
    with capture_logs() as logs:
        async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path) as rig:
            await rig.tell(line_cancelled(1), ev.TaskRejected("submit", "c", "m"), line_cancelled(3))
            await until(lambda: [entry["event"] for entry in logs].count("confirmation_refused") >= 3)
            assert await rig.journal.cursor(CURSOR) == 1
    assert set(sequences(listener)) <= {1, 3}
    refusal = next(entry for entry in logs if entry["event"] == "confirmation_refused")
    assert "Not authorized" in refusal["detail"]


# ---- the journal -------------------------------------------------------------------------------------


async def test_a_journal_that_cannot_be_read_ends_the_publisher(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with running(mosquitto.url, tmp_path) as rig:
        await rig.tell_many(1)
        await rig.told(1)

        async def broken(after: int, limit: int) -> list[ev.Recorded]:
            raise JournalError("disk I/O error")

        rig.journal.read_confirmations = broken  # type: ignore[method-assign]
        publishing = asyncio.create_task(rig.publisher.run())
        with pytest.raises(ExceptionGroup) as caught:
            await publishing
        assert caught.group_contains(JournalError, match="disk I/O error")


# ---- stopping ----------------------------------------------------------------------------------------


async def test_draining_tells_what_is_left_and_then_says_offline(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path) as rig:
        rig.publisher.agent_state("online")
        await rig.tell_many(200)
        rig.publisher.agent_state("draining")
        assert await rig.publisher.drain(10) is True
        assert await rig.journal.cursor(CURSOR) == 200
        await until(lambda: sequences(listener) == list(range(1, 201)))
        await until(lambda: (listener.last(f"{ROOT}/agent/state") or {}).get("state") == "offline")
    states = [message.json["state"] for message in listener.on(f"{ROOT}/agent/state")]
    assert states[-2:] == ["draining", "offline"]
    assert listener.messages[-1].topic == f"{ROOT}/agent/state"


async def test_draining_gives_up_after_its_time_and_the_rest_is_told_next_time(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with listening(mosquitto.port) as listener:
        await mosquitto.stop()
        async with running(mosquitto.url, tmp_path, connected=False) as rig:
            await rig.tell_many(3)
            assert await rig.publisher.drain(0.1) is False
        await mosquitto.start()
        async with running(mosquitto.url, tmp_path) as rig:
            await rig.told(3)
            await all_came(listener, 3)


async def test_after_draining_run_is_over(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with running(mosquitto.url, tmp_path) as rig:
        again = asyncio.create_task(rig.publisher.run())
        assert await rig.publisher.drain(10)
        await asyncio.wait_for(again, 5)


async def test_what_was_acknowledged_before_a_refusal_counts_although_both_come_at_once() -> None:
    loop = asyncio.get_running_loop()
    good: asyncio.Future[None] = loop.create_future()
    bad: asyncio.Future[None] = loop.create_future()
    good.set_result(None)
    bad.set_exception(BrokerRefusedError("no"))
    window = _Window(10)
    window.add(1, [good])
    window.add(2, [bad])
    assert window.acknowledged() == 1
    with pytest.raises(BrokerRefusedError):
        window.acknowledged()


async def test_what_a_receiver_has_missed_is_told_again_from_there_with_the_same_ids(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path) as rig:
        await rig.tell_many(20)
        await rig.told(20)
        await all_came(listener, 20)
        rig.publisher.tell_again(15)
        await until(lambda: len(sequences(listener)) == 25)
        await rig.tell_many(2)
        await rig.told(22)
        await all_came(listener, 22)
    assert sequences(listener) == [*range(1, 21), *range(16, 21), 21, 22]
    assert_in_order_without_gap(listener, 22)


async def test_a_replay_of_what_is_not_told_yet_changes_nothing(mosquitto: Mosquitto, tmp_path: Path) -> None:
    async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path) as rig:
        await rig.tell_many(3)
        await rig.told(3)
        rig.publisher.tell_again(7)
        await rig.tell_many(2)
        await rig.told(5)
        await all_came(listener, 5)
    assert sequences(listener) == [1, 2, 3, 4, 5]


async def test_a_replay_that_is_asked_for_while_the_broker_is_away_is_not_forgotten(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    async with listening(mosquitto.port) as listener, running(mosquitto.url, tmp_path) as rig:
        await rig.tell_many(5)
        await rig.told(5)
        await mosquitto.stop()
        await rig.link.wait_lost()
        rig.publisher.tell_again(0)
        await mosquitto.start()
        await until(lambda: len(sequences(listener)) >= 10, deadline_s=20)
    assert_in_order_without_gap(listener, 5)
