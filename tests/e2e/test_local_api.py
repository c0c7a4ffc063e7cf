"""The commands that talk to a running agent: a real process with its broker, but none of its devices."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge_agent.adapters.api_client import AgentRefusedError, AgentUnreachableError
from edge_agent.cli import app
from edge_agent.errors import ConfigurationError
from edge_agent.site_file import load
from simulators.demo.addresses import relocate
from simulators.demo.processes import EDGE_AGENT, Child
from tests.api.rig import message
from tests.broker import Mosquitto
from tests.e2e.scenes import DEMO


def typed(socket: Path, *words: str) -> str:
    """What a command prints."""
    result = CliRunner().invoke(app, [*words, "--socket", str(socket)])
    if result.exception is not None:
        raise result.exception
    return result.output


def a_person_works(socket: Path, folder: Path) -> None:
    task = folder / "task.json"
    task.write_text(json.dumps(message(1)))
    assert typed(socket, "tasks", "submit", str(task)) == "T-1 revision 1: accepted\n"
    assert typed(socket, "tasks", "submit", str(task)) == "T-1 revision 1: repeated\n"
    assert "accepted" in typed(socket, "tasks", "list")
    shown = typed(socket, "tasks", "show", "T-1")
    assert "SO-1" in shown
    assert "TaskAccepted" in shown
    why = typed(socket, "tasks", "why", "T-1")
    assert "is disconnected" in why
    assert "since" in why
    assert "when the device is ready" in why
    assert "held by" in typed(socket, "holds", "place", "task", "T-1", "--reason", "stock-taking")
    assert "stock-taking" in typed(socket, "tasks", "why", "T-1")
    assert "T-1" in typed(socket, "holds", "list")
    assert "released by" in typed(socket, "holds", "release", "task", "T-1")
    assert json.loads(typed(socket, "exceptions", "list", "--json")) == {"exceptions": []}
    assert "cancelled" in typed(socket, "tasks", "cancel", "T-1")
    assert json.loads(typed(socket, "tasks", "list", "--json")) == {"tasks": []}


def a_person_errs(socket: Path, folder: Path) -> None:
    with pytest.raises(AgentRefusedError, match="there is no open task T-9 here: look at the list"):
        typed(socket, "tasks", "why", "T-9")
    with pytest.raises(AgentRefusedError, match="there has been no exception 'X-9' here"):
        typed(socket, "exceptions", "resolve", "X-9", "--action", "done")
    with pytest.raises(ConfigurationError, match="not name=value"):
        typed(socket, "exceptions", "resolve", "X-9", "--action", "add_source", "--set", "tote")
    with pytest.raises(ConfigurationError, match=r"no-task\.json: No such file"):
        typed(socket, "tasks", "submit", str(folder / "no-task.json"))


@pytest.mark.slow_callbacks("the commands are typed in the test's own loop")
async def test_a_person_works_with_a_running_agent_on_the_command_line(
    mosquitto: Mosquitto, tmp_path: Path
) -> None:
    site, _ = load(DEMO, {})
    socket = tmp_path / "api.sock"
    env = relocate(site, tmp_path, mosquitto.port) | {"EDGE_AGENT__API__SOCKET": str(socket)}
    agent = Child("agent", (*EDGE_AGENT, "run", "--config", str(DEMO)), tmp_path, env)
    await agent.start()
    try:
        a_person_works(socket, tmp_path)
        a_person_errs(socket, tmp_path)
    finally:
        code = await agent.stop()
    assert code == 0, agent.tail()
    assert not socket.exists()
    with pytest.raises(AgentUnreachableError, match="no agent answers there: start it"):
        typed(socket, "tasks", "list")
