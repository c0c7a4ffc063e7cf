"""The simulated OMS on a real broker, with a scripted peer in the agent's place."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from edge_agent.errors import ConfigurationError
from simulators.catalogue import Stock
from simulators.ledger import read_ledger
from simulators.oms import OmsProgress
from simulators.oms_book import OmsBook
from tests.broker import Mosquitto
from tests.drivers.waiting import until
from tests.simulators.floor import small_site
from tests.simulators.oms_rig import QUIET_S, ROOT, accept, complete, finish, run, site_at, written
from tests.simulators.peer import Json, Peer
from tests.simulators.shift import pick_task

pytestmark = pytest.mark.mosquitto


Answer = Callable[[Peer, str, Json], None]
MakePeer = Callable[[Answer], Awaitable[Peer]]


@pytest.fixture
def tasks(stock: Stock) -> list[Json]:
    tote = stock.totes[0].lpn
    sku = next(iter(stock.in_tote[tote]))
    return [pick_task(stock, number, [(tote, sku, 2)]) for number in range(1, 11)]


@pytest.fixture
async def peer(mosquitto: Mosquitto) -> AsyncIterator[MakePeer]:
    made: list[Peer] = []

    async def make(answer: Answer) -> Peer:
        made.append(Peer(mosquitto.port, ROOT, answer))
        await made[-1].connected()
        return made[-1]

    yield make
    for one in made:
        await one.close()


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "oms.jsonl"


@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_every_task_is_submitted_and_everything_told_is_written_down(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path, protocol: str
) -> None:
    agent = await peer(complete)
    result = await run(site_at(mosquitto, protocol=protocol), tasks, ledger)
    assert result.finished
    progress = result.progress
    assert (progress.submitted, progress.completed, progress.ended, progress.held) == (10, 10, 10, 0)
    assert (progress.units_ordered, progress.units_picked) == (20, 20)
    assert [entry.facts["task"] for entry in written(ledger, "submitted")] == tasks
    assert [task for _, task in agent.received] == tasks
    events = [entry.facts["event"] for entry in written(ledger, "event")]
    assert [event["sequence"] for event in events] == list(range(1, 41))
    assert events[0]["type"] == "warehouse.pick.task_accepted.v1"


async def test_after_the_burst_only_a_window_of_tasks_is_under_way(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    waiting: list[Json] = []

    def in_pairs(peer: Peer, topic: str, message: Json) -> None:
        """Complete one task for each that comes once two are waiting."""
        accept(peer, topic, message)
        waiting.append(message)
        if len(waiting) > 1:
            finish(peer, waiting.pop(0))
        if message["task_id"] == "T-10":
            finish(peer, waiting.pop())

    await peer(in_pairs)
    result = await run(site_at(mosquitto), tasks, ledger, burst=4, window=2)
    assert result.finished
    book, room = OmsBook(), []
    for entry in read_ledger(ledger):
        if entry.kind == "submitted":
            room.append(book.under_way())
            book.submitted(entry.facts["task"])
        elif entry.kind == "event":
            book.told(entry.facts["event"])
    assert len(room) == 10
    assert max(room[4:]) < 2


async def test_progress_is_called_on_the_way(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    seen: list[OmsProgress] = []
    await peer(complete)
    result = await run(site_at(mosquitto), tasks, ledger, on_progress=seen.append)
    assert seen[-1] == result.progress
    assert [progress.ended for progress in seen] == sorted(progress.ended for progress in seen)
    assert {progress.total for progress in seen} == {10}


async def test_it_ends_when_the_tasks_that_have_not_ended_are_held(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    def hold(peer: Peer, topic: str, message: Json) -> None:
        if message["task_id"] != "T-4":
            accept(peer, topic, message)
        match message["task_id"]:
            case "T-1":
                about = {"exception_id": "E-1", "held": True, "affected_tasks": ["T-2"]}
                peer.tell("exception_raised", task_id="T-1", **about)
            case "T-3":
                peer.show("T-3", {"held": {"reason": "no station"}})
            case "T-4":
                peer.tell("task_rejected", task_id="T-4", message_type="submit", code="unknown_lane")
            case "T-5":
                finish(peer, message, short=1)
            case "T-2":
                pass
            case _:
                finish(peer, message)

    await peer(hold)
    result = await run(site_at(mosquitto), tasks, ledger)
    progress = result.progress
    assert result.finished
    assert (progress.held, progress.rejected, progress.short, progress.completed) == (3, 1, 1, 5)
    assert progress.exceptions == 1
    assert [dict(entry.facts) for entry in written(ledger, "task_held")] == [
        {"task_id": "T-3", "held": {"reason": "no station"}}
    ]


async def test_a_task_that_is_refused_has_ended(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    def refuse(peer: Peer, topic: str, message: Json) -> None:
        peer.tell("task_rejected", task_id=message["task_id"], message_type="submit", code="full")
        peer.publish("rejected", json.dumps({"task_id": message["task_id"], "reason": "full"}))

    await peer(refuse)
    result = await run(site_at(mosquitto), tasks[:3], ledger)
    assert result.progress.rejected == 3
    assert [entry.facts["message"]["task_id"] for entry in written(ledger, "rejected_message")] == [
        "T-1",
        "T-2",
        "T-3",
    ]


async def test_a_task_that_is_released_is_held_no_longer(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    def hold_and_release(peer: Peer, topic: str, message: Json) -> None:
        peer.show(message["task_id"], {"held": {"reason": "jam"}})
        peer.show(message["task_id"], {"held": None})
        complete(peer, topic, message)
        peer.show(message["task_id"], None)

    await peer(hold_and_release)
    result = await run(site_at(mosquitto), tasks[:1], ledger)
    assert (result.progress.held, result.progress.completed) == (0, 1)
    assert [entry.facts["held"] for entry in written(ledger, "task_held")] == [{"reason": "jam"}, None]


async def test_repeats_are_written_too(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    def stutter(peer: Peer, topic: str, message: Json) -> None:
        event = json.dumps(peer.event("task_accepted", task_id=message["task_id"]))
        peer.publish("events/task_accepted", event)
        peer.publish("events/task_accepted", event)
        finish(peer, message)

    await peer(stutter)
    result = await run(site_at(mosquitto), tasks[:2], ledger)
    assert (result.progress.events, result.progress.repeats) == (8, 2)
    assert len(written(ledger, "event")) == 10


async def test_what_cannot_be_read_is_written_down_and_harms_nothing(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    def babble(peer: Peer, topic: str, message: Json) -> None:
        peer.publish("events/task_accepted", "not JSON")
        peer.publish("events/task_accepted", "[1]")
        peer.publish("events/task_accepted", '{"id": "gw1-0"}')
        complete(peer, topic, message)

    await peer(babble)
    result = await run(site_at(mosquitto), tasks[:1], ledger)
    assert result.progress.completed == 1
    assert [entry.facts["text"] for entry in written(ledger, "unreadable")] == ["not JSON", "[1]"]
    assert len(written(ledger, "unusable_event")) == 1


async def test_nothing_is_lost_when_the_broker_is_stopped_and_started(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    agent = await peer(complete)

    async def interrupt() -> None:
        await until(lambda: agent.count("submit") >= 3)
        await mosquitto.stop()
        await mosquitto.start()

    async with asyncio.TaskGroup() as group:
        group.create_task(interrupt(), name="interrupt")
        result = await run(site_at(mosquitto), tasks, ledger, burst=3, window=1)
    assert result.finished
    assert result.progress.completed == 10
    sequences = {entry.facts["event"]["sequence"] for entry in written(ledger, "event")}
    assert sequences == set(range(1, max(sequences) + 1))
    connections = [entry.facts["session_present"] for entry in written(ledger, "connected")]
    assert connections[0] is False
    assert set(connections[1:]) == {True}
    assert [entry.facts["task"]["task_id"] for entry in written(ledger, "submitted")] == [
        task["task_id"] for task in tasks
    ]


async def test_a_broker_that_is_not_there_yet_is_waited_for(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    await mosquitto.stop()
    async with asyncio.TaskGroup() as group:
        oms = group.create_task(run(site_at(mosquitto), tasks, ledger), name="oms")
        await until(ledger.exists)
        await mosquitto.start()
        await peer(complete)
    assert oms.result().progress.completed == 10


async def test_a_task_that_nobody_took_is_published_again(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    async with asyncio.TaskGroup() as group:
        oms = group.create_task(run(site_at(mosquitto), tasks, ledger), name="oms")
        await until(lambda: ledger.exists() and written(ledger, "submitted"))
        agent = await peer(complete)
    assert oms.result().finished
    assert [task["task_id"] for _, task in agent.received] == [task["task_id"] for task in tasks]
    assert len(written(ledger, "submitted")) == 10


async def test_a_task_that_gets_no_answer_is_submitted_again_until_there_is_one(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    def forget_twice(peer: Peer, topic: str, message: Json) -> None:
        if [task for _, task in peer.received].count(message) == 3:
            complete(peer, topic, message)

    agent = await peer(forget_twice)
    result = await run(site_at(mosquitto), tasks[:1], ledger, repeat_s=0.1)
    assert result.progress.completed == 1
    assert [message for topic, message in agent.received if topic == "submit"] == [tasks[0]] * 3
    assert len(written(ledger, "submitted")) == 1
    assert [entry.facts["task_id"] for entry in written(ledger, "resubmitted")] == ["T-1", "T-1"]


async def test_events_that_were_lost_are_asked_for_and_taken_in(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    lost: list[Json] = []

    def lose_the_end(peer: Peer, topic: str, message: Json) -> None:
        if topic == "submit":
            peer.tell("task_accepted", task_id=message["task_id"])
            lines = [{"line_id": "1", "ordered": 2, "picked": 2, "short": 0, "cancelled": 0}]
            lost.append(peer.event("task_completed", task_id=message["task_id"], lines=lines))
            if message["task_id"] == "T-1":
                # The first loss shows as a gap, the second as silence.
                peer.tell("eta_changed", task_id="T-1")
        elif topic == "replay":
            peer.publish("events/task_completed", json.dumps(lost[-1]))

    agent = await peer(lose_the_end)
    result = await run(site_at(mosquitto), tasks[:2], ledger, repeat_s=0.1, burst=0, window=1)
    assert result.progress.completed == 2
    asked = [message["after"] for topic, message in agent.received if topic == "replay"]
    by_the_gap, *by_silence = dict.fromkeys(asked)
    assert by_the_gap == 1
    # After what had come by then: a slow machine is silent before T-2's acceptance is here, too.
    assert by_silence
    assert {3, 4} >= set(by_silence)
    assert [entry.facts["after"] for entry in written(ledger, "replay_asked")] == asked


async def test_at_a_given_rate_tasks_go_out_whatever_is_under_way(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    agent = await peer(accept)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        oms = run(site_at(mosquitto), tasks, ledger, stop=stop, rate_per_h=3600 / 0.05)
        group.create_task(oms, name="oms")
        await until(lambda: agent.count("submit") == 10)
        stop.set()
    times = [entry.t for entry in written(ledger, "submitted")]
    assert times[-1] - times[0] == pytest.approx(9 * 0.05, abs=0.2)


async def test_chosen_tasks_are_cancelled(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    def obey(peer: Peer, topic: str, message: Json) -> None:
        if topic == "submit":
            for _ in range(12):
                peer.tell("eta_changed", task_id=message["task_id"])
        else:
            lines = [{"line_id": "1", "ordered": 2, "picked": 0, "short": 0, "cancelled": 2}]
            peer.tell("task_cancelled", task_id=message["task_id"], lines=lines)

    agent = await peer(obey)
    result = await run(site_at(mosquitto), tasks, ledger, cancel_rate=1.0, seed=3)
    assert result.progress.cancelled == 10
    assert sorted(entry.facts["task_id"] for entry in written(ledger, "cancelled")) == sorted(
        task["task_id"] for task in tasks
    )
    cancel = next(message for topic, message in agent.received if topic == "cancel")
    assert cancel.keys() == {"task_id", "revision", "reason"}


async def test_which_tasks_are_cancelled_depends_on_the_seed_alone(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], tmp_path: Path
) -> None:
    await peer(complete)
    chosen = []
    for number, seed in enumerate((1, 1, 2)):
        ledger = tmp_path / f"{number}.jsonl"
        await run(site_at(mosquitto), tasks, ledger, cancel_rate=0.5, seed=seed)
        chosen.append({entry.facts["task_id"] for entry in written(ledger, "cancelled")})
    assert chosen[0] == chosen[1] != chosen[2]


async def test_it_stops_when_it_is_told_to(
    mosquitto: Mosquitto, peer: MakePeer, tasks: list[Json], ledger: Path
) -> None:
    agent = await peer(accept)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        oms = group.create_task(run(site_at(mosquitto), tasks, ledger, stop=stop), name="oms")
        await until(lambda: agent.count("submit") == 5)
        stop.set()
    result = oms.result()
    assert (result.finished, result.progress.submitted, result.progress.ended) == (False, 5, 0)


async def test_without_tasks_it_ends_after_the_quiet_time(mosquitto: Mosquitto, ledger: Path) -> None:
    result = await run(site_at(mosquitto), [], ledger)
    assert result.finished
    assert result.seconds >= QUIET_S


async def test_a_broker_that_refuses_us_is_named(
    mosquitto: Mosquitto, tasks: list[Json], ledger: Path
) -> None:
    await mosquitto.stop()
    mosquitto.settings = ["allow_anonymous false"]
    await mosquitto.start()
    with pytest.raises(ConfigurationError, match=f"{mosquitto.url}: the broker refuses us: Not authorized"):
        await run(site_at(mosquitto), tasks, ledger)


async def test_a_password_file_that_cannot_be_read_is_named(tasks: list[Json], ledger: Path) -> None:
    site = small_site(broker={"username": "oms", "password_file": "/nowhere/password"})
    with pytest.raises(ConfigurationError, match=r"broker\.password_file: /nowhere/password: No such file"):
        await run(site, tasks, ledger)


async def test_a_ledger_that_cannot_be_written_is_named(tasks: list[Json], tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the ledger cannot be written"):
        await run(small_site(), tasks, tmp_path / "nowhere" / "oms.jsonl")


@pytest.fixture
def used_ledger(ledger: Path) -> Path:
    ledger.write_text('{"t": 1.0, "kind": "connected"}\n')
    return ledger


async def test_a_ledger_of_another_run_is_left_alone(tasks: list[Json], used_ledger: Path) -> None:
    with pytest.raises(ConfigurationError, match="this ledger tells of another run; name another file"):
        await run(small_site(), tasks, used_ledger)
    assert len(list(read_ledger(used_ledger))) == 1
