"""The server: what it describes, how it ends, what it does about a bug of its own."""

import asyncio
import json
from pathlib import Path

import pytest

from edge_agent.adapters.api import site as site_endpoints
from edge_agent.adapters.api_client import AgentUnreachableError, ApiClient
from tests.api.rig import api_rig, with_api
from tests.docs.markdown import DOCS


async def test_it_serves_the_document_that_is_published(tmp_path: Path) -> None:
    published = json.loads((DOCS / "reference" / "openapi.json").read_text("utf-8"))
    async with api_rig(with_api(tmp_path)) as rig:
        assert await rig.get("openapi.json") == published


async def test_the_agent_and_its_devices_are_shown(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path)) as rig:
        shown = await rig.get("agent")
        assert (shown["site"], shown["state"], shown["open_tasks"]) == ("demo", "online", 0)
        devices = await rig.get("devices")
        assert await rig.get("devices", devices[0]["device"]) == devices[0]
        assert devices[0]["state"] == "disconnected"
        assert (await rig.refused(rig.get("devices", "no-such")))["status"] == 404
        nowhere = await rig.refused(rig.get("nowhere"))
        assert (nowhere["status"], nowhere["code"]) == (404, "no_such_endpoint")
        assert (await rig.refused(rig.delete("agent")))["status"] == 405


async def test_a_stop_removes_the_socket_and_may_be_called_again(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path)) as rig:
        await rig.get("agent")
        await rig.server.stop()
        await rig.server.stop()
        assert not rig.server.path.exists()
        with pytest.raises(AgentUnreachableError, match="no agent answers there"):
            await rig.get("agent")


async def test_a_bug_in_an_endpoint_is_answered_and_ends_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    async with api_rig(with_api(tmp_path)) as rig:
        with monkeypatch.context() as patched:
            patched.setattr(site_endpoints, "agent_view", broken)
            fault = await rig.refused(rig.get("agent"))
        assert (fault["status"], fault["code"]) == (500, "fault")
        assert (await rig.get("agent"))["state"] == "online"


async def test_what_is_no_agent_is_told_from_one(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
        writer.close()
        await writer.wait_closed()

    path = tmp_path / "other.sock"
    async with await asyncio.start_unix_server(answer, path):
        with pytest.raises(AgentUnreachableError, match="what answers there is no edge-agent"):
            await asyncio.to_thread(ApiClient(path).get, "agent")
