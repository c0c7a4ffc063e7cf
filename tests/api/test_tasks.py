"""`/v1/tasks`: taken in by the rules of every other way in, and answered when it is durable."""

from pathlib import Path

from tests.api.rig import api_rig, as_json, message, with_api


async def test_a_task_is_answered_when_it_is_durable_and_the_same_again_has_no_effect(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path)) as rig:
        first = await rig.submit(1)
        assert first == {"task_id": "T-1", "revision": 1, "outcome": "accepted"}
        stored = await rig.journal.read(0, 10)
        assert [type(record.event).__name__ for record in stored] == ["TaskAccepted"]
        assert (await rig.submit(1))["outcome"] == "repeated"
        assert (await rig.submit(1, revision=2))["outcome"] == "replaced"
        assert len(await rig.journal.read(0, 10)) == 2


async def test_a_task_that_conflicts_is_refused_by_the_code_of_the_intake(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path)) as rig:
        await rig.submit(1, revision=2)
        conflict = await rig.refused(rig.submit(1, revision=2, order_id="other"))
        assert (conflict["status"], conflict["code"]) == (409, "revision_conflict")
        stale = await rig.refused(rig.submit(1))
        assert (stale["status"], stale["code"]) == (409, "stale_revision")
        taken = await rig.refused(rig.submit(2, destination={"container_id": "OC-0001", "lane": "ship-1"}))
        assert (taken["status"], taken["code"]) == (409, "container_in_use")


async def test_every_wrong_field_is_named_at_once(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path)) as rig:
        wrong = message(1, revision=0, priority=101)
        wrong["lines"][0]["quantity"] = "2"
        problem = await rig.refused(rig.post("tasks", body=as_json(wrong)))
        assert problem["status"] == 422
        assert {field["path"] for field in problem["fields"]} == {"revision", "priority", "lines[0].quantity"}
        foreign = await rig.refused(rig.submit(1, destination={"container_id": "OC-0001", "lane": "nowhere"}))
        assert (foreign["status"], foreign["code"]) == (422, "unknown_to_site")
        assert [field["path"] for field in foreign["fields"]] == ["destination.lane"]
        no_json = await rig.refused(rig.post("tasks", body=b'{"a": 1, "a": 2}'))
        assert (no_json["status"], no_json["code"]) == (422, "not_json")


async def test_a_task_that_is_not_taken_now_is_answered_with_the_reason(tmp_path: Path) -> None:
    def disk_is_low(state: object) -> None:
        state.disk_low = True  # type: ignore[attr-defined]

    async with api_rig(with_api(tmp_path), disk_is_low) as rig:
        problem = await rig.refused(rig.submit(1))
        assert (problem["status"], problem["code"]) == (503, "disk_reserve")
        assert "later" in problem["advice"]
        assert (await rig.get("agent"))["refuses"] == ["disk_reserve"]


async def test_tasks_are_listed_by_status_a_page_at_a_time(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path)) as rig:
        for number in (3, 1, 2):
            await rig.submit(number)
        await rig.post("tasks", "T-2", "cancel", body={"reason": "not wanted"})
        page = await rig.get("tasks", limit=1)
        assert [task["task_id"] for task in page["tasks"]] == ["T-1"]
        rest = await rig.get("tasks", limit=5, after=page["next"])
        assert [task["task_id"] for task in rest["tasks"]] == ["T-3"]
        assert rest["tasks"][0]["ordered"] == 2
        assert "next" not in rest or rest["next"] is None
        ended = await rig.get("tasks", status=["cancelled", "completed"])
        assert ended["tasks"] == [{"task_id": "T-2", "revision": 1, "status": "cancelled"}]
        wrong = await rig.refused(rig.get("tasks", status="sleeping"))
        assert (wrong["status"], wrong["fields"][0]["path"]) == (422, "query.status[0]")


async def test_a_task_is_shown_with_its_timeline_whether_open_ended_or_refused(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path)) as rig:
        await rig.submit(1)
        await rig.submit(11)
        shown = await rig.get("tasks", "T-1")
        assert shown["status"] == "accepted"
        assert [entry["event"] for entry in shown["timeline"]["events"]] == ["TaskAccepted"]
        await rig.post("tasks", "T-1", "cancel", body={"reason": "not wanted"})
        ended = await rig.get("tasks", "T-1", limit=2)
        assert ended["status"] == "cancelled"
        assert ended["timeline"]["events"][1]["data"]["reason"] == "not wanted"
        rest = await rig.get("tasks", "T-1", after=ended["timeline"]["next"])
        assert rest["timeline"]["events"][-1]["event"] == "TaskCancelled"
        await rig.refused(rig.submit(5, destination={"container_id": "OC-0005", "lane": "nowhere"}))
        assert (await rig.get("tasks", "T-5"))["status"] == "rejected"
        assert (await rig.refused(rig.get("tasks", "T-6")))["status"] == 404


async def test_a_cancel_takes_a_reason_and_says_what_became_of_it(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path)) as rig:
        await rig.submit(1, revision=3)
        stale = await rig.refused(rig.post("tasks", "T-1", "cancel", body={"reason": "no", "revision": 2}))
        assert (stale["status"], stale["code"]) == (409, "stale_revision")
        wrong = await rig.refused(rig.post("tasks", "T-1", "cancel", body={"reasons": "no"}))
        assert {field["path"] for field in wrong["fields"]} == {"reason", "reasons"}
        assert (await rig.post("tasks", "T-1", "cancel", body={"reason": "no"}))["outcome"] == "requested"
        assert (await rig.post("tasks", "T-1", "cancel", body={"reason": "no"}))["outcome"] == "repeated"
        unknown = await rig.refused(rig.post("tasks", "T-9", "cancel", body={"reason": "no"}))
        assert (unknown["status"], unknown["code"]) == (404, "unknown_task")


async def test_why_says_what_is_waited_for_since_when_and_what_would_move_it(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path)) as rig:
        await rig.submit(1)
        why = await rig.get("tasks", "T-1", "why")
        (accepted,) = await rig.journal.read(0, 1)
        assert why["status"] == "accepted"
        assert why["waits"][0]["code"] == "device_not_ready"
        assert why["waits"][0]["since"].startswith(accepted.at.isoformat()[:19])
        assert all(wait["moves"] and wait["text"] for wait in why["waits"])
        assert (await rig.refused(rig.get("tasks", "T-2", "why")))["status"] == 404
