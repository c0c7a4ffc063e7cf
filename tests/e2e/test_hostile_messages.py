"""Messages that are wrong, hostile or contradict what is known: each is answered, none disturbs the rest."""

import asyncio
import copy
import json
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.site_file import load
from simulators.demo.scene import Scene
from tests.adapters.messages import TASK, changed, encode, without
from tests.e2e.conftest import Play
from tests.e2e.scenes import DEMO, events, over, told, until

LINE, SOURCE = ("lines", 0), ("lines", 0, "sources", 0)

SUBMITS: dict[str, bytes] = {
    "nothing at all": b"",
    "not JSON": b"pick two mugs please",
    "not UTF-8": b"\xff\xfe\x00",
    "a list": b"[]",
    "a number": b"42",
    "cut short": encode(TASK)[:200],
    "ten megabytes": b'{"task_id": "' + b"A" * 10_000_000 + b'"}',
    "nested a hundred thousand deep": b"[" * 100_000,
    "a key twice": b'{"task_id": "T-1", "task_id": "T-2"}',
    "not a number": encode(TASK).replace(b'"priority": 50', b'"priority": NaN'),
    "no task id": encode(without("task_id")),
    "a wildcard in the task id": encode(changed("task_id", to="T/#")),
    "a task id of a thousand characters": encode(changed("task_id", to="T" * 1000)),
    "a revision as text": encode(changed("revision", to="1")),
    "a negative revision": encode(changed("revision", to=-1)),
    "a priority as a fraction": encode(changed("priority", to=1.5)),
    "a priority above the highest": encode(changed("priority", to=1000)),
    "a time without a zone": encode(changed("ship_by", to="2026-11-22T16:00:00")),
    "no time at all": encode(changed("ship_by", to="tomorrow")),
    "no lines": encode(changed("lines", to=[])),
    "lines that are no list": encode(changed("lines", to={"1": {}})),
    "the same line twice": encode(changed("lines", to=[TASK["lines"][0]] * 2)),
    "a quantity of zero": encode(changed(*LINE, "quantity", to=0)),
    "a negative quantity": encode(changed(*LINE, "quantity", to=-3)),
    "a quantity as a truth value": encode(changed(*LINE, "quantity", to=True)),
    "a quantity beyond the limit": encode(changed(*LINE, "quantity", to=10**9)),
    "a GTIN with a wrong check digit": encode(changed(*LINE, "gtin", to="4006381333932")),
    "a GTIN that is a word": encode(changed(*LINE, "gtin", to="MUG")),
    "no sources": encode(changed(*LINE, "sources", to=[])),
    "a source without a place": encode(without(*SOURCE, "location")),
    "an unknown way to verify": encode(changed("policy", "verify", to="never")),
    "a lane that is not here": encode(changed("destination", "lane", to="moon-1")),
    "a location that is not here": encode(changed(*SOURCE, "location", to="Z99-01-01")),
    "a tote label that is none": encode(changed(*SOURCE, "container_id", to="BUCKET-1")),
    "a container label that is none": encode(changed("destination", "container_id", to="BOX")),
}
CANCELS: dict[str, bytes] = {
    "a cancel that is not JSON": b"stop!",
    "a cancel without a revision": encode({"task_id": "T-00001", "reason": "changed my mind"}),
    "a cancel of an unknown task": encode({"task_id": "T-nobody", "revision": 1, "reason": "x"}),
}


def _publish_all(scene: Scene, root: str, refused: list[dict[str, Any]]) -> mqtt.Client:
    """Send every message; what comes on the topic for refusals is put into `refused`."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "hostile", protocol=mqtt.MQTTv5)
    client.on_message = lambda _c, _u, message: refused.append(json.loads(message.payload))
    client.connect("127.0.0.1", scene.port)
    client.subscribe(f"{root}/rejected", qos=1)
    client.loop_start()
    for topic, messages in (("submit", SUBMITS), ("cancel", CANCELS)):
        for payload in messages.values():
            client.publish(f"{root}/tasks/{topic}", payload, qos=1).wait_for_publish(20)
    return client


async def test_every_hostile_message_is_refused_by_name_and_the_work_goes_on(play: Play) -> None:
    site, _ = await asyncio.to_thread(load, DEMO, {})
    async with play(tasks=3) as scene:
        await until(lambda: told(scene)["task_started"] > 0, "the work has begun")
        refused: list[dict[str, Any]] = []
        client = await asyncio.to_thread(_publish_all, scene, site.topic_root, refused)
        expected = len(SUBMITS) + len(CANCELS)
        await until(lambda: len(refused) >= expected, f"{expected} refusals")
        await over(scene)
        assert (await asyncio.to_thread(told, scene))["task_completed"] == 3
        client.disconnect()
        client.loop_stop()
        told_all = await asyncio.to_thread(events, scene)
    rejections = [event["data"] for event in told_all if "task_rejected" in event["type"]]
    assert len(rejections) == len(refused) == expected
    assert all(answer["code"] and answer["message"] for answer in refused)
    assert all(len(answer["excerpt"]) <= 4096 for answer in refused)
    by_name = dict(zip([*SUBMITS, *CANCELS], refused, strict=True))
    assert by_name["ten megabytes"]["code"] == "too_large"
    assert by_name["a lane that is not here"]["fields"][0]["path"] == "destination.lane"
    assert by_name["a cancel of an unknown task"]["code"] == "unknown_task"


async def test_repeats_conflicts_and_stale_revisions_are_told_apart(play: Play) -> None:
    site, _ = await asyncio.to_thread(load, DEMO, {})
    wait = changed("not_before", to="2099-01-01T00:00:00Z")
    wait["destination"]["container_id"] = "OC-9001"  # none of those that the OMS's own tasks use
    other = copy.deepcopy(wait) | {"priority": 51}
    newer = copy.deepcopy(other) | {"revision": 2}
    cancel = {"task_id": wait["task_id"], "revision": 2, "reason": "test"}
    sent = [("submit", wait), ("submit", wait), ("submit", other), ("submit", newer), ("submit", wait)]
    async with play(tasks=2, speed=3.0) as scene:  # slow enough for the OMS to hear all of it

        def publish() -> None:
            client = mqtt.Client(CallbackAPIVersion.VERSION2, "twice", protocol=mqtt.MQTTv5)
            client.connect("127.0.0.1", scene.port)
            client.loop_start()
            for topic, message in [*sent, ("cancel", cancel), ("cancel", cancel)]:
                client.publish(f"{site.topic_root}/tasks/{topic}", encode(message), qos=1).wait_for_publish(
                    10
                )
            client.disconnect()
            client.loop_stop()

        await asyncio.to_thread(publish)
        await until(lambda: told(scene)["task_cancelled"] == 1, "the cancel is told")
        about = [e for e in await asyncio.to_thread(events, scene) if e.get("subject") == wait["task_id"]]
    told_names = [e["type"].split(".")[2] for e in about if "line_cancelled" not in e["type"]]
    assert told_names == [
        "task_accepted",
        "task_rejected",
        "task_accepted",
        "task_rejected",
        "task_cancelled",
    ]
    codes = [e["data"]["code"] for e in about if "task_rejected" in e["type"]]
    assert codes == ["revision_conflict", "stale_revision"]
