"""Images of the state as bytes and back, and the form that they have."""

import json
from dataclasses import fields
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from edge_agent.adapters.snapshot_codec import VERSION, SnapshotCodec
from edge_agent.core.image import StateImage, image_of, load
from edge_agent.core.state import State
from edge_agent.domain import events as ev
from edge_agent.errors import JournalError
from tests.core.agent import MUG, PEN, Agent, a_line, a_task, an_agent

FORM = Path(__file__).parents[1] / "data" / f"snapshot_v{VERSION}.json"
WORKED_OUT = {"plant", "queue", "containers", "totes", "gtins", "serials"}
"""What of the state is not in an image: it follows from the rest."""


@pytest.fixture
def agent() -> Agent:
    """One task done, one in hand, one that waits, one held."""
    agent = an_agent({1: [MUG] * 9, 2: [PEN] * 9})
    agent.submit(a_task("T-1"))
    agent.run()
    agent.submit(a_task("T-2", a_line(quantity=3), a_line("2", PEN, 2, (2,)), box=2), a_task("T-3", box=3))
    agent.run_to(ev.UnitVerified, 2)
    return agent


def test_a_state_comes_back_as_it_was(agent: Agent) -> None:
    codec = SnapshotCodec()
    state = State(agent.plant)
    load(state, codec.decode(VERSION, codec.encode(image_of(agent.state))))
    assert state == agent.state
    assert list(state.tasks) == list(agent.state.tasks)
    assert list(state.active) == list(agent.state.active)


def test_an_image_does_not_change_with_the_state(agent: Agent) -> None:
    codec, image = SnapshotCodec(), image_of(agent.state)
    before = codec.encode(image)
    agent.run()
    assert codec.encode(image) == before


def test_everything_in_the_state_is_in_its_image_or_follows_from_it() -> None:
    assert {field.name for field in fields(State)} - WORKED_OUT == {
        field.name for field in fields(StateImage)
    }


def test_a_form_that_has_changed_has_a_new_version() -> None:
    """Raise `VERSION` once a release has written the old form; `python -m tests.adapters.test_snapshot_codec`
    writes the new one down."""
    assert json.loads(FORM.read_text()) == TypeAdapter(StateImage).json_schema()


@pytest.mark.parametrize(
    ("version", "body", "problem"),
    [
        (VERSION + 1, b"", f"has version {VERSION + 1}, this edge-agent reads {VERSION}"),
        (VERSION, b"not compressed", "cannot be read"),
        (VERSION, SnapshotCodec().encode(image_of(an_agent().state))[:-9], "cannot be read"),
    ],
)
def test_what_is_no_snapshot_of_this_version_is_refused(version: int, body: bytes, problem: str) -> None:
    with pytest.raises(JournalError, match=problem):
        SnapshotCodec().decode(version, body)


if __name__ == "__main__":
    FORM.write_text(
        json.dumps(TypeAdapter(StateImage).json_schema(), indent=1, sort_keys=True) + "\n", "utf-8"
    )
