"""The item master over the broker: read beside the loop, and acknowledged when it is durable."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge_agent.adapters.catalogue_intake import CatalogueIntake
from edge_agent.adapters.intake import Intake
from edge_agent.adapters.mqtt import MqttLink
from edge_agent.domain.inputs import CatalogueOffered, Input, MessageRefused
from edge_agent.domain.topics import Topics
from simulators.catalogue import with_check_digit
from tests.broker import Mosquitto
from tests.runtime.publisher_rig import site_of

MUG = {"gtin": "4006381333931", "sku": "MUG"}
LONGEST = 2_000_000
DEADLINE_S = 10.0


def message(revision: int = 7, *items: object) -> bytes:
    return json.dumps({"revision": revision, "items": items or [MUG]}).encode()


class Behind:
    """The loop behind the intake: what entered, and what it acknowledges once durable."""

    def __init__(self) -> None:
        self.inputs: list[Input] = []
        self.durable: list[Callable[[], None]] = []
        self.acknowledged = 0

    def put(self, what: Input, on_durable: Callable[[], None]) -> None:
        self.inputs.append(what)
        self.durable.append(on_durable)

    def acknowledge(self) -> None:
        self.acknowledged += 1

    async def until(self, inputs: int) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while len(self.inputs) < inputs:
                await asyncio.sleep(0.002)


@asynccontextmanager
async def reading(behind: Behind) -> AsyncIterator[CatalogueIntake]:
    intake = CatalogueIntake(behind.put, LONGEST)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(intake.run(), name="catalogue")
        yield intake
        running.cancel()


async def publish(port: int, topic: str, payload: bytes) -> None:
    """As an OMS leaves it there: retained."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, "oms")
    client.connect("127.0.0.1", port)
    client.loop_start()
    sent = client.publish(topic, payload, qos=1, retain=True)
    await asyncio.to_thread(sent.wait_for_publish, DEADLINE_S)
    client.disconnect()
    client.loop_stop()


async def test_it_is_acknowledged_when_it_is_durable_and_not_before() -> None:
    behind = Behind()
    async with reading(behind) as intake:
        intake.read(message(), behind.acknowledge)
        await behind.until(1)
        (offered,) = behind.inputs
        assert isinstance(offered, CatalogueOffered)
        assert offered.catalogue.revision == 7
        assert behind.acknowledged == 0
        behind.durable[0]()
        assert behind.acknowledged == 1


async def test_what_was_taken_is_not_read_again_on_the_next_connection() -> None:
    behind = Behind()
    async with reading(behind) as intake:
        intake.read(message(7), behind.acknowledge)
        await behind.until(1)
        behind.durable[0]()
        intake.read(message(7), behind.acknowledge)
        intake.read(message(8), behind.acknowledge)
        await behind.until(2)
        assert behind.acknowledged == 2
        assert len(behind.inputs) == 2


async def test_one_that_is_wrong_is_refused_with_every_field_and_one_that_is_removed_has_no_effect() -> None:
    behind = Behind()
    async with reading(behind) as intake:
        intake.read(b"", behind.acknowledge)
        intake.read(message(7, {"gtin": "123"}, {"sku": "PEN"}), behind.acknowledge)
        await behind.until(1)
        (refused,) = behind.inputs
        assert isinstance(refused, MessageRefused)
        assert (refused.message_type, refused.code) == ("catalogue", "invalid_fields")
        assert {error.path for error in refused.fields} == {"items[0].gtin", "items[0].sku", "items[1].gtin"}
        assert behind.acknowledged == 1


async def test_a_long_catalogue_does_not_stop_the_loop() -> None:
    behind = Behind()
    items = [{"gtin": with_check_digit(f"0{n:012d}"), "sku": f"SKU-{n}"} for n in range(1, 5_000)]
    turns = 0
    async with reading(behind) as intake:
        intake.read(message(7, *items), behind.acknowledge)
        async with asyncio.timeout(DEADLINE_S):
            while not behind.inputs:
                await asyncio.sleep(0.001)
                turns += 1
    assert isinstance(behind.inputs[0], CatalogueOffered)
    assert turns > 10, "read on the loop it would have turned once or twice"


async def test_the_broker_brings_it_to_an_agent_that_connects_later(mosquitto: Mosquitto) -> None:
    behind, site = Behind(), site_of(mosquitto.url)
    topics = Topics(site.topic_root)
    await publish(mosquitto.port, topics.catalogue, message(9))
    async with reading(behind) as catalogues:
        intake = Intake(site, behind.put, lambda after: None, catalogues.read)
        link = MqttLink(
            site.broker,
            client_id="catalogue-test",
            subscriptions=intake.topics,
            on_message=intake.on_message,
            will_topic=topics.agent_state,
            will_payload=b"",
        )
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(link.run(), name="broker")
            await behind.until(1)
            await link.stop()
    (offered,) = behind.inputs
    assert isinstance(offered, CatalogueOffered)
    assert offered.catalogue.revision == 9
