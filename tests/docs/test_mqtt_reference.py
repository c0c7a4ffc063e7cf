"""docs/reference/mqtt.md shows what really goes over the wire."""

import ast
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from edge_agent import __version__
from edge_agent.adapters.catalogue import parse_catalogue
from edge_agent.adapters.pick_task import parse_cancel, parse_replay, parse_submit
from edge_agent.core import view
from edge_agent.core.confirmations import CONFIRMED
from edge_agent.core.decide import decide
from edge_agent.core.evolve import evolve
from edge_agent.core.plant import Plant
from edge_agent.core.state import State
from edge_agent.core.wait import WaitCode
from edge_agent.domain import events as ev
from edge_agent.domain import topics
from edge_agent.domain.device import DeviceStatus, Mode
from edge_agent.domain.events import ExceptionKind, SourceReason
from edge_agent.domain.ids import DeviceId, TaskId
from edge_agent.domain.inputs import TaskSubmitted
from edge_agent.domain.item import Catalogue
from edge_agent.domain.site import Limits
from edge_agent.domain.task import CancelRequest, PickTask
from edge_agent.domain.time import ClockSync, Instant
from edge_agent.runtime.remarks import Remarks
from edge_agent.site_file import load
from tests.docs import told
from tests.docs.markdown import DOCS, ROOT, Page, unquoted

PAGE = Page(DOCS / "reference" / "mqtt.md")
SITE, _ = load(ROOT / "config" / "demo.yaml", {})
REFUSING = ("core/decide/intake.py", "adapters/pick_task.py", "adapters/strict_json.py")


def example(heading: str) -> Any:
    """The JSON of the first block under a heading."""
    fence = PAGE.section(heading).partition("```json\n")[2].partition("```")[0]
    return json.loads(fence)


def task() -> PickTask:
    return told.pick_task(json.dumps(example("A pick task")))


def test_the_pick_task_that_is_shown_is_taken_in_by_the_demo_site() -> None:
    state, now = State(Plant(SITE, {})), Instant(told.NOON, 0.0)
    (event,) = decide(state, TaskSubmitted(task(), "digest"), now)
    assert isinstance(event, ev.TaskAccepted), event


def test_the_cancel_that_is_shown_is_taken_in() -> None:
    assert isinstance(parse_cancel(json.dumps(example("A cancel")).encode(), Limits()), CancelRequest)


def test_the_replay_that_is_shown_is_taken_in() -> None:
    assert parse_replay(json.dumps(example("A replay")).encode(), Limits()) == 121


def test_the_item_master_that_is_shown_is_taken_in() -> None:
    shown = json.dumps(example("The item master")).encode()
    assert isinstance(parse_catalogue(shown, Limits().catalogue_bytes), Catalogue)


@pytest.mark.parametrize("name", sorted(set(CONFIRMED.values())))
def test_every_event_is_shown_as_it_is_sent(name: str) -> None:
    assert example(name) == told.by_name(task())[name]["data"]


def test_no_event_is_shown_that_is_not_sent() -> None:
    shown = {heading for heading in PAGE.headings if heading.islower() and " " not in heading}
    assert shown == set(CONFIRMED.values())


def test_the_envelope_is_shown_as_it_is_sent() -> None:
    assert example("Events") == told.by_name(task())["task_started"]


def test_what_stands_on_the_topic_for_refusals_is_shown_as_it_is_sent() -> None:
    shown = example("Refusals")
    refused = parse_submit(shown["excerpt"].encode(), Limits())
    assert not isinstance(refused, PickTask)
    event = ev.TaskRejected("submit", refused.code, refused.message, refused.fields, refused.task_id)
    assert shown == told.shown(event, 1)["data"] | {"at": told.NOON.isoformat(), "excerpt": refused.excerpt}


def test_every_code_of_a_refusal_is_listed_and_no_other() -> None:
    listed = {unquoted(row[0]) for row in PAGE.rows("Refusals")}
    assert listed == set().union(*(_codes(ROOT / "edge_agent" / file) for file in REFUSING))


def _codes(file: Path) -> set[str]:
    """The codes in a source file: what is called or assigned as one."""
    places = {"_rejected": 1, "_cancel_rejected": 1, "Refused": 0, "JsonRefusedError": 0}
    found: list[ast.expr] = []
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in places:
            found.append(node.args[places[node.func.id]])
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "code":
            found.append(node.value)
    texts = (text for expression in found for text in ast.walk(expression))
    return {text.value for text in texts if isinstance(text, ast.Constant) and isinstance(text.value, str)}


def test_a_task_as_it_stands_is_shown_as_it_is_sent() -> None:
    state = State(Plant(SITE, {}))
    evolve(state, ev.TaskAccepted(task(), "digest"), 0.0)
    now = Instant(told.NOON, 0.0)
    assert example("A task as it stands") == view.task_view(state, TaskId("T-1001"), now)


def test_a_device_as_it_stands_is_shown_as_it_is_sent() -> None:
    shown = example("A device as it stands")
    state, device = State(Plant(SITE, {})), DeviceId("asrs-1")
    status = DeviceStatus(Mode(shown["state"]), shown["epoch"], shown["fault"])
    evolve(state, ev.DeviceChanged(device, status, told.NOON), 0.0)
    assert shown == view.device_view(state, device) | Remarks().view(status.mode)


def test_the_agents_state_is_shown_as_it_is_sent() -> None:
    shown = example("The agent")
    since = datetime.fromisoformat(shown["since"])
    standing = {name: shown[name] for name in view.agent_view(State(Plant(SITE, {})))}
    assert json.dumps(shown).encode() == topics.agent_state("online", since, **standing)
    assert shown["version"] == __version__


@pytest.mark.parametrize(
    "words", [WaitCode, ExceptionKind, SourceReason, Mode, ClockSync], ids=lambda words: words.__name__
)
def test_every_word_that_a_message_may_hold_is_listed(words: type[Any]) -> None:
    assert {word.value for word in words} <= set(PAGE.code_words)


def test_every_topic_is_listed() -> None:
    root = topics.Topics("{root}")
    used = {root.submit, root.cancel, root.replay, root.rejected, root.agent_state, root.event("{name}")}
    used |= {
        root.catalogue,
        "{root}/tasks/{task_id}/state",
        "{root}/devices/{device}/state",
    }
    text = "MQTT: topics, messages, events"
    assert {unquoted(row[0]) for row in PAGE.rows(text)} == used
