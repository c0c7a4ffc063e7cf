"""`/v1/stations`: what a person is asked, what becomes of a scan and of an answer, what is refused."""

import asyncio
import base64
import getpass
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from edge_agent.core.prompts import PromptCode
from edge_agent.domain.site import Access
from edge_agent.domain.task import PickTask
from tests.api.rig import ApiRig, api_rig, with_api
from tests.core.agent import CUP, MUG, Agent, a_site, a_task, ean, label
from tests.core.floor import tote
from tests.core.operator import Operator, by_hand

ME = getpass.getuser()
SOON_S = 5.0


def before_the_tote(folder: Path, task: PickTask, **settings: Any) -> tuple[Agent, Operator]:
    """A person at st1 who is asked to scan the tote; a machine works at st2."""
    site = a_site().model_copy(
        update={name: getattr(with_api(folder, **settings), name) for name in ("api", "journal")}
    )
    agent, operator = by_hand("st1", site=site, present=False)
    agent.submit(task)
    agent.run(until=lambda _: operator.prompt and operator.asked.code is PromptCode.SCAN_TOTE)
    return agent, operator


@asynccontextmanager
async def at_station(folder: Path, task: PickTask | None = None, **settings: Any) -> AsyncIterator[ApiRig]:
    agent, _ = before_the_tote(folder, task or a_task(), **settings)
    async with api_rig(agent.plant.site, state=agent.state) as rig:
        yield rig


async def scanned(rig: ApiRig, code: bytes, **more: Any) -> Any:
    return await rig.post("stations", "st1", "scans", body={"data": code.decode(), **more})


async def answered(rig: ApiRig, answer: str, station: str = "st1", **more: Any) -> Any:
    return await rig.post("stations", station, "answers", body={"answer": answer, **more})


async def test_a_station_shows_what_the_person_is_asked(tmp_path: Path) -> None:
    async with at_station(tmp_path) as rig:
        listed = (await rig.get("stations"))["stations"]
        assert [(one["station_id"], one["operator"]) for one in listed] == [("st1", True), ("st2", False)]
        prompt = (await rig.get("stations", "st1"))["prompt"]
        assert listed[0]["prompt"]["facts"] == prompt["facts"]
        assert (prompt["code"], prompt["target"]) == ("scan_tote", "tote")
        assert prompt["facts"]["tote"] == tote(1)
        assert prompt["scanner"] == "st1-tote-scan"
        assert [option["answer"] for option in prompt["answers"]] == ["not_there"]
        assert prompt["rejection"] is None
        assert prompt["since"]


async def test_scans_lead_from_prompt_to_prompt_until_the_unit_is_placed(tmp_path: Path) -> None:
    async with at_station(tmp_path) as rig:
        judged = await scanned(rig, label(tote(1)))
        assert judged["verdict"] == "passed"
        pick = (await rig.get("stations", "st1"))["prompt"]
        assert pick["code"] == "pick"
        assert pick["facts"]["gtin"] == MUG
        assert (await scanned(rig, ean(MUG)))["verdict"] == "passed"
        place = (await rig.get("stations", "st1"))["prompt"]
        assert place["code"] == "place"
        done = await answered(rig, "placed")
        assert (done["answer"], done["actor"]) == ("placed", ME)
        assert done["next"]["prompt"] is None
        ignored = await scanned(rig, ean(MUG))
        assert (ignored["verdict"], ignored["rule"]) == ("ignored", "V14")
        kinds = [type(one.event).__name__ for one in await rig.journal.read(0, 100)]
        assert kinds.count("UnitPlaced") == 1
        assert kinds.index("UnitVerified") < kinds.index("UnitPlaced")


async def test_a_wrong_scan_is_told_with_its_rule_and_leaves_the_step_open(tmp_path: Path) -> None:
    async with at_station(tmp_path) as rig:
        await scanned(rig, label(tote(1)))
        judged = await scanned(rig, ean(CUP))
        assert (judged["verdict"], judged["rule"]) == ("rejected", "V6")
        prompt = judged["next"]["prompt"]
        assert prompt["rejection"]["name"] == judged["name"] == "unknown_barcode"
        assert prompt["facts"]["remaining"] == 1
        assert (await scanned(rig, ean(MUG)))["verdict"] == "passed"


async def test_a_code_that_is_no_text_comes_as_base64(tmp_path: Path) -> None:
    async with at_station(tmp_path) as rig:
        noise = {"base64": base64.b64encode(b"\xff\x00\x1d").decode()}
        judged = await rig.post("stations", "st1", "scans", body=noise)
        assert judged["verdict"] == "rejected"
        assert judged["next"]["prompt"]["rejection"]["data_hex"] == "ff001d"
        right = {"base64": base64.b64encode(label(tote(1))).decode()}
        assert (await rig.post("stations", "st1", "scans", body=right))["verdict"] == "passed"


async def test_what_is_said_to_a_prompt_that_has_passed_is_told_late_and_changes_nothing(
    tmp_path: Path,
) -> None:
    async with at_station(tmp_path) as rig:
        step = (await rig.get("stations", "st1"))["step"]
        before = (await scanned(rig, label(tote(1)), step=step))["next"]
        for late in (scanned(rig, ean(MUG), step=step), answered(rig, "not_there", step=step)):
            problem = await rig.refused(late)
            assert (problem["status"], problem["code"]) == (409, "already_answered")
        after = await rig.get("stations", "st1")
        assert (after["step"], after["prompt"]["facts"]) == (before["step"], before["prompt"]["facts"])


async def test_an_answer_that_is_not_asked_or_lacks_something_is_refused(tmp_path: Path) -> None:
    async with at_station(tmp_path) as rig:

        async def refused(answer: str, **more: Any) -> tuple[int, str]:
            problem = await rig.refused(answered(rig, answer, **more))
            return problem["status"], problem["code"]

        assert await refused("placed") == (409, "not_asked")
        assert await refused("dance") == (409, "not_asked")
        assert await refused("not_there", arguments={"tote": "TOTE-1"}) == (422, "bad_argument")
        assert await refused("not_there", approver="no-such-user") == (422, "unknown_approver")
        await scanned(rig, label(tote(1)))
        assert await refused("typed", arguments={"code": "4006381333931"}) == (403, "approval_needed")


async def test_a_machines_station_takes_no_scans_and_an_unknown_one_is_not_there(tmp_path: Path) -> None:
    async with at_station(tmp_path) as rig:
        assert (await rig.get("stations", "st2"))["prompt"] is None
        scan = {"data": label(tote(1)).decode()}
        for asking in (rig.post("stations", "st2", "scans", body=scan), answered(rig, "placed", "st2")):
            problem = await rig.refused(asking)
            assert (problem["status"], problem["code"]) == (404, "unknown_station")
            assert "a machine works at" in problem["detail"]
        for asking in (rig.get("stations", "st9"), rig.post("stations", "st9", "scans", body=scan)):
            assert (await rig.refused(asking))["code"] == "not_found"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"data": ""}',
        b'{"data": 7}',
        b'{"data": "x", "base64": "eA=="}',
        b'{"base64": "?"}',
        b'{"data": "x", "step": "1"}',
        b'{"data": "' + b"x" * 5000 + b'"}',
    ],
    ids=["none", "a list", "no code", "a number", "twice", "no base64", "a step in words", "too long a code"],
)
async def test_a_scan_that_is_none_is_refused_with_what_is_wrong(tmp_path: Path, body: bytes) -> None:
    async with at_station(tmp_path) as rig:
        problem = await rig.refused(rig.post("stations", "st1", "scans", body=body))
        assert problem["status"] == 422
        assert (await rig.get("stations", "st1"))["prompt"]["rejection"] is None


async def test_a_scan_of_ten_megabytes_is_refused(tmp_path: Path) -> None:
    async with at_station(tmp_path) as rig:
        problem = await rig.refused(rig.post("stations", "st1", "scans", body=b"x" * 270_000))
        assert (problem["status"], problem["code"]) == (413, "too_large")


async def test_who_is_no_operator_sees_the_prompt_and_answers_nothing(tmp_path: Path) -> None:
    async with at_station(tmp_path, operators=Access(users=("somebody-else",))) as rig:
        assert (await rig.get("stations", "st1"))["prompt"]["code"] == "scan_tote"
        for asking in (scanned(rig, label(tote(1))), answered(rig, "not_there")):
            assert (await rig.refused(asking))["code"] == "not_allowed"
        assert await rig.journal.read(0, 10) == []


async def test_who_waits_for_the_next_prompt_is_told_as_soon_as_there_is_one(tmp_path: Path) -> None:
    async with at_station(tmp_path) as rig:
        shown = await rig.get("stations", "st1")
        waiting = asyncio.create_task(rig.get("stations", "st1", seen=shown["step"], wait_s=10), name="waits")
        await asyncio.sleep(0)
        await scanned(rig, label(tote(1)))
        async with asyncio.timeout(SOON_S):
            assert (await waiting)["prompt"]["code"] == "pick"


async def test_a_wait_ends_in_time_and_one_for_another_step_at_once(tmp_path: Path) -> None:
    async with at_station(tmp_path) as rig:
        loop = asyncio.get_running_loop()
        step, began_s = (await rig.get("stations", "st1"))["step"], loop.time()
        assert (await rig.get("stations", "st1", seen=step, wait_s=0.2))["step"] == step
        assert loop.time() - began_s >= 0.2
        async with asyncio.timeout(SOON_S):
            assert (await rig.get("stations", "st1", seen=step + 1, wait_s=10))["step"] == step
        assert (await rig.refused(rig.get("stations", "st1", wait_s=60)))["status"] == 422


async def test_who_waits_is_answered_when_the_agent_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_station(tmp_path) as rig:
        step, turned, is_waiting = (await rig.get("stations", "st1"))["step"], rig.bridge.turned, Event()

        async def seen_to_wait(limit_s: float) -> None:
            is_waiting.set()
            await turned(limit_s)

        monkeypatch.setattr(rig.bridge, "turned", seen_to_wait)
        waiting = asyncio.create_task(rig.get("stations", "st1", seen=step, wait_s=10), name="waits")
        assert await asyncio.to_thread(is_waiting.wait, SOON_S)
        async with asyncio.timeout(SOON_S):
            await rig.server.stop()
        assert (await waiting)["step"] == step
