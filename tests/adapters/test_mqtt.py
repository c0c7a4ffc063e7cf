"""The link to the broker, against a real mosquitto: messages, acknowledgements, losing it, the will."""

import asyncio
import socket

import pytest
from structlog.testing import capture_logs

from edge_agent.errors import LinkLostError
from tests.adapters.mqtt_rig import Agent, both_protocols, running, running_oms, scripted
from tests.broker import Mosquitto, listening
from tests.drivers.proxy import Cable
from tests.drivers.waiting import until

# ---- messages ----------------------------------------------------------------------------------------


@both_protocols
async def test_what_is_published_arrives_and_is_acknowledged(mosquitto: Mosquitto, protocol: str) -> None:
    async with running(mosquitto.url, protocol=protocol) as agent, listening(mosquitto.port) as listener:
        await agent.link.publish("out/1", b"one")
        await agent.link.publish("out/2", b"two", retain=True)
        await until(lambda: len(listener.messages) == 2)
    assert [(m.topic, m.payload) for m in listener.messages] == [("out/1", b"one"), ("out/2", b"two")]


async def test_expiry_and_content_type_travel_with_mqtt_5(mosquitto: Mosquitto) -> None:
    async with running(mosquitto.url) as agent, listening(mosquitto.port) as listener:
        await agent.link.publish("out", b"{}", expiry_s=60, content_type="application/json")
        await until(lambda: listener.messages)
    assert listener.messages[0].content_type == "application/json"
    assert listener.messages[0].expiry_s in (59, 60)


async def test_messages_go_out_in_the_order_of_the_calls_and_through_a_small_window(
    mosquitto: Mosquitto,
) -> None:
    async with (
        running(mosquitto.url, publish_window=3) as agent,
        listening(mosquitto.port) as listener,
    ):
        await asyncio.gather(*[agent.link.publish("out", str(n).encode()) for n in range(500)])
        await until(lambda: len(listener.messages) == 500)
    assert [int(m.payload) for m in listener.messages] == list(range(500))


async def test_the_brokers_own_limit_of_messages_under_way_is_kept(mosquitto: Mosquitto) -> None:
    await mosquitto.stop()
    mosquitto.settings.append("max_inflight_messages 2")
    await mosquitto.start()
    async with (
        running(mosquitto.url, publish_window=100) as agent,
        listening(mosquitto.port) as listener,
    ):
        await asyncio.gather(*[agent.link.publish("out", str(n).encode()) for n in range(100)])
        await until(lambda: len(listener.messages) == 100)


async def test_a_large_message_goes_through(mosquitto: Mosquitto) -> None:
    large = b"x" * 2_000_000
    async with running(mosquitto.url) as agent, running_oms(mosquitto.url) as oms:
        await oms.publish("in", large)
        await until(lambda: agent.received)
        assert agent.payloads == [large]


@pytest.mark.parametrize("topic", ["", "a/+/b", "a/#", "a\0b", "x" * 65536])
async def test_what_is_no_topic_is_refused_and_harms_nothing(mosquitto: Mosquitto, topic: str) -> None:
    async with running(mosquitto.url) as agent:
        with pytest.raises(ValueError, match="not a topic"):
            agent.link.publish(topic, b"")
        await agent.link.publish("out", b"still here")


# ---- acknowledging -----------------------------------------------------------------------------------


@both_protocols
async def test_a_message_that_was_not_acknowledged_comes_again(mosquitto: Mosquitto, protocol: str) -> None:
    async with running_oms(mosquitto.url) as oms:
        async with running(mosquitto.url, protocol=protocol) as agent:
            await oms.publish("in", b"task 1")
            await oms.publish("in", b"task 2")
            await until(lambda: len(agent.received) == 2)
            agent.received[0][2]()
        async with running(mosquitto.url, protocol=protocol) as agent:
            await until(lambda: agent.received)
            assert agent.payloads == [b"task 2"]
            agent.acknowledge()
        async with running(mosquitto.url, protocol=protocol) as agent:
            await oms.publish("in", b"task 3")
            await until(lambda: agent.received)
            assert agent.payloads == [b"task 3"]


async def test_what_was_sent_while_we_were_away_is_there_when_we_come(mosquitto: Mosquitto) -> None:
    async with running(mosquitto.url):
        pass
    async with running_oms(mosquitto.url) as oms:
        await oms.publish("in", b"task 1")
    async with running(mosquitto.url) as agent:
        await until(lambda: agent.payloads == [b"task 1"])


async def test_an_acknowledgement_of_an_earlier_connection_has_no_effect(mosquitto: Mosquitto) -> None:
    async with (
        Cable(mosquitto.port) as cable,
        running(f"mqtt://127.0.0.1:{cable.port}") as agent,
        running_oms(mosquitto.url) as oms,
    ):
        await oms.publish("in", b"task 1")
        await until(lambda: agent.received)
        stale = agent.received.pop()[2]
        cable.cut()
        await agent.link.wait_lost()
        await oms.publish("in", b"task 2")
        cable.mend()
        await until(lambda: len(agent.received) == 2)
        await agent.link.wait_connected()
        stale()  # it carries the packet id that task 1 or 2 has now
        await agent.link.publish("out", b"passes after it")
        cable.cut()
        agent.received.clear()
        cable.mend()
        await until(lambda: sorted(agent.payloads) == [b"task 1", b"task 2"])


async def test_no_more_messages_come_than_we_take_unacknowledged(mosquitto: Mosquitto) -> None:
    async with running(mosquitto.url, receive_maximum=3) as agent, running_oms(mosquitto.url) as oms:
        await asyncio.gather(*[oms.publish("in", str(n).encode()) for n in range(10)])
        await agent.link.publish("out", b"a round trip later")
        assert agent.payloads == [b"0", b"1", b"2"]
        agent.acknowledge()
        await until(lambda: agent.payloads[:3] == [b"3", b"4", b"5"])


# ---- losing the connection ---------------------------------------------------------------------------


async def test_without_a_connection_publishing_fails_at_once() -> None:
    agent = Agent("mqtt://127.0.0.1:1")
    with pytest.raises(LinkLostError, match="not connected"):
        agent.link.publish("out", b"")
    await agent.link.wait_lost()


async def test_a_publish_whose_acknowledgement_was_lost_fails_and_is_not_sent_again(
    mosquitto: Mosquitto,
) -> None:
    async with (
        listening(mosquitto.port, "out") as listener,
        Cable(mosquitto.port) as cable,
        running(f"mqtt://127.0.0.1:{cable.port}") as agent,
    ):
        cable.replies_pass = False
        lost = [agent.link.publish("out", str(n).encode()) for n in range(5)]
        await until(lambda: len(listener.messages) == 5)
        cable.cut()
        for one in lost:
            with pytest.raises(LinkLostError):
                await one
        cable.mend()
        await agent.link.wait_connected()
        await agent.link.publish("out", b"new")
        await until(lambda: len(listener.messages) == 6)
    assert [m.payload for m in listener.messages] == [b"0", b"1", b"2", b"3", b"4", b"new"]


async def test_what_waited_for_the_window_fails_with_the_connection_too(mosquitto: Mosquitto) -> None:
    async with (
        Cable(mosquitto.port) as cable,
        running(f"mqtt://127.0.0.1:{cable.port}", publish_window=1) as agent,
    ):
        cable.replies_pass = False
        under_way = [agent.link.publish("out", b"") for _ in range(3)]
        cable.cut()
        answers = await asyncio.gather(*under_way, return_exceptions=True)
    assert [type(answer) for answer in answers] == [LinkLostError] * 3


@both_protocols
async def test_the_subscriptions_are_renewed_when_the_broker_has_forgotten_them(
    mosquitto: Mosquitto, protocol: str
) -> None:
    async with running(mosquitto.url, protocol=protocol) as agent:
        await mosquitto.kill()
        await agent.link.wait_lost()
        await mosquitto.start()
        await agent.link.wait_connected()
        async with running_oms(mosquitto.url) as oms:
            await oms.publish("in", b"task")
            await until(lambda: agent.payloads == [b"task"])


async def test_a_session_that_persists_does_not_hide_that_the_topics_have_changed(
    mosquitto: Mosquitto,
) -> None:
    async with running(mosquitto.url):
        pass
    async with (
        running(mosquitto.url, subscriptions=["new"]) as agent,
        running_oms(mosquitto.url) as oms,
    ):
        await oms.publish("new", b"task")
        await until(lambda: agent.payloads == [b"task"])
        await oms.publish("in", b"late")  # the broker remembers; intake refuses it by name
        await until(lambda: [topic for topic, _, _ in agent.received] == ["new", "in"])


async def test_a_broker_that_comes_later_is_found_and_its_absence_is_said_once(mosquitto: Mosquitto) -> None:
    await mosquitto.stop()
    with capture_logs() as logs:
        async with running(mosquitto.url, connected=False) as agent:
            await until(lambda: [entry["event"] for entry in logs] == ["broker_unreachable"])
            await asyncio.sleep(0.5)  # several tries
            await mosquitto.start()
            await agent.link.wait_connected()
    assert [entry["event"] for entry in logs] == ["broker_unreachable", "broker_connected"]


async def test_a_broker_that_says_nothing_is_left_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_agent.adapters.mqtt_connection._OPEN_TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent, capture_logs() as logs:
        async with running(f"mqtt://127.0.0.1:{silent.getsockname()[1]}", connected=False):
            await until(lambda: logs)
    assert "no answer to CONNECT" in logs[0]["detail"]


async def test_a_broker_that_stops_acknowledging_is_left_after_a_while(
    mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.adapters.mqtt_connection._ACKNOWLEDGE_TIMEOUT_S", 0.1)
    async with Cable(mosquitto.port) as cable, running(f"mqtt://127.0.0.1:{cable.port}") as agent:
        cable.replies_pass = False
        with pytest.raises(LinkLostError, match="no acknowledgement"):
            await agent.link.publish("out", b"")
        cable.mend()


async def test_a_half_open_connection_is_noticed_by_its_keepalive(mosquitto: Mosquitto) -> None:
    async with (
        Cable(mosquitto.port) as cable,
        running(f"mqtt://127.0.0.1:{cable.port}", keepalive_s=1) as agent,
    ):
        cable.replies_pass = cable.requests_pass = False
        await asyncio.wait_for(agent.link.wait_lost(), 10)
        cable.mend()


@pytest.mark.parametrize(
    "garbage", [b"\x20\x00", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\x03\x00\x00\xff"]
)
async def test_a_server_that_speaks_something_else_ends_only_the_connection(
    garbage: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge_agent.adapters.mqtt_connection._OPEN_TIMEOUT_S", 0.2)
    with capture_logs() as logs:
        async with scripted(garbage) as url, running(url, connected=False):
            await until(lambda: any(entry["event"] == "broker_unreachable" for entry in logs))


# ---- the last will -----------------------------------------------------------------------------------


@both_protocols
async def test_a_clean_stop_leaves_the_retained_state_alone(mosquitto: Mosquitto, protocol: str) -> None:
    async with listening(mosquitto.port, "state") as listener:
        async with running(mosquitto.url, protocol=protocol) as agent:
            await agent.link.publish("state", b"stopped by a person", retain=True)
        async with running_oms(mosquitto.url) as oms:
            await oms.publish("state", b"end")
        await until(lambda: len(listener.messages) == 2)
    assert [m.payload for m in listener.messages] == [b"stopped by a person", b"end"]


@both_protocols
async def test_a_crash_lets_the_broker_say_offline(mosquitto: Mosquitto, protocol: str) -> None:
    agent = Agent(mosquitto.url, protocol=protocol)
    async with listening(mosquitto.port, "state") as listener:
        async with asyncio.TaskGroup() as tasks:
            running_link = tasks.create_task(agent.link.run())
            await agent.link.wait_connected()
            running_link.cancel()
        await until(lambda: [m.payload for m in listener.messages] == [b"offline"])
    async with listening(mosquitto.port, "state", "later") as listener:
        await until(lambda: [(m.payload, m.retain) for m in listener.messages] == [(b"offline", True)])


async def test_stopping_is_prompt_whatever_the_link_is_doing(mosquitto: Mosquitto) -> None:
    await mosquitto.stop()
    async with running(mosquitto.url, connected=False) as agent:
        await asyncio.wait_for(agent.link.stop(), 2)
        await agent.link.stop()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with running(f"mqtt://127.0.0.1:{silent.getsockname()[1]}", connected=False) as agent:
            await asyncio.sleep(0.1)
            await asyncio.wait_for(agent.link.stop(), 2)
