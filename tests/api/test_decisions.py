"""`/v1/exceptions` and `/v1/holds`: what waits for a person, who may settle it, what a late answer gets."""

import getpass
from pathlib import Path

import pytest

from edge_agent.adapters.api.decisions import STATUSES
from edge_agent.core.state import State
from edge_agent.domain.decision import DecisionCode
from edge_agent.domain.events import ExceptionKind, ExceptionRaised, HeldDevice
from edge_agent.domain.ids import DeviceId, ExceptionId
from edge_agent.domain.site import Access
from tests.api.rig import api_rig, with_api

ME = getpass.getuser()
CRANE = DeviceId("asrs-1")


def crane_was_stopped(state: State) -> None:
    """An emergency stop that a person has to acknowledge."""
    raised = ExceptionRaised(
        ExceptionId("X-1"), ExceptionKind.E_STOP, "device asrs-1", "stopped", ("resume",), HeldDevice(CRANE)
    )
    state.exceptions[raised.exception_id] = raised
    state.devices[CRANE].held = raised.exception_id
    state.next_exception = 2


async def test_an_exception_is_shown_with_what_may_be_answered_and_settled(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path), crane_was_stopped) as rig:
        (listed,) = (await rig.get("exceptions"))["exceptions"]
        shown = await rig.get("exceptions", "X-1")
        assert shown["kind"] == listed["kind"] == "e_stop"
        (option,) = shown["options"]
        assert option["action"] == "resume"
        assert option["role"] == "operator"
        settled = await rig.post("exceptions", "X-1", "resolve", body={"action": "resume"})
        assert settled["actor"] == ME
        assert (await rig.get("exceptions"))["exceptions"] == []
        assert (await rig.journal.last()).event.actor == ME  # type: ignore[union-attr]


async def test_a_late_answer_is_told_who_settled_it_and_changes_nothing(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path), crane_was_stopped) as rig:
        await rig.post("exceptions", "X-1", "resolve", body={"action": "resume", "reason": "checked"})
        for asking in (
            rig.post("exceptions", "X-1", "resolve", body={"action": "resume"}),
            rig.get("exceptions", "X-1"),
        ):
            late = await rig.refused(asking)
            assert (late["status"], late["code"]) == (409, "already_resolved")
            assert f"as resume by {ME} at " in late["detail"]
        never = await rig.refused(rig.get("exceptions", "X-9"))
        assert never["status"] == 404


async def test_a_wrong_answer_is_refused_with_what_is_wrong(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path), crane_was_stopped) as rig:

        async def refused(**body: object) -> tuple[int, str]:
            problem = await rig.refused(rig.post("exceptions", "X-1", "resolve", body=body))
            return problem["status"], problem["code"]

        assert await refused(action="dance") == (422, "unknown_action")
        assert await refused(action="resume", arguments={"tote": "TOTE-0001"}) == (422, "bad_argument")
        assert await refused(action="resume", approver="no-such-user") == (422, "unknown_approver")
        assert await refused(action="resume", aproover=ME) == (422, "invalid_fields")
        assert (await rig.get("exceptions"))["exceptions"] != []


async def test_who_is_no_operator_may_look_and_give_no_orders(tmp_path: Path) -> None:
    site = with_api(tmp_path, operators=Access(users=("somebody-else",)))
    async with api_rig(site, crane_was_stopped) as rig:
        assert len((await rig.get("exceptions"))["exceptions"]) == 1
        for asking in (
            rig.submit(1),
            rig.post("tasks", "T-1", "cancel", body={"reason": "no"}),
            rig.post("exceptions", "X-1", "resolve", body={"action": "resume"}),
            rig.post("holds", body={"kind": "device", "id": CRANE, "reason": "oil"}),
            rig.delete("holds", "device", CRANE),
        ):
            problem = await rig.refused(asking)
            assert (problem["status"], problem["code"]) == (403, "not_allowed")
        assert await rig.journal.read(0, 10) == []


async def test_a_hold_is_placed_shown_and_released(tmp_path: Path) -> None:
    async with api_rig(with_api(tmp_path)) as rig:
        await rig.submit(1)
        for kind, name in (("station", "st1"), ("device", CRANE), ("task", "T-1"), ("lane", "ship-1")):
            placed = await rig.post("holds", body={"kind": kind, "id": name, "reason": "oil"})
            assert placed == {"kind": kind, "id": name, "actor": ME, "reason": "oil"}
        held = (await rig.get("holds"))["holds"]
        assert [(hold["kind"], hold["id"]) for hold in held][:2] == [("station", "st1"), ("device", CRANE)]
        assert all(hold["since"] for hold in held)
        (wait,) = (await rig.get("tasks", "T-1", "why"))["waits"]
        assert wait["code"] == "held_by_person"
        assert wait["since"][:19] == held[2]["since"][:19]
        await rig.delete("holds", "task", "T-1", reason="cleaned")
        assert len((await rig.get("holds"))["holds"]) == 3


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"kind": "device", "id": "no-such", "reason": "oil"}, (404, "unknown_subject")),
        ({"kind": "roof", "id": "st1", "reason": "oil"}, (422, "invalid_fields")),
        ({"kind": "station", "id": "st1", "reason": " "}, (422, "reason_needed")),
    ],
)
async def test_a_hold_that_cannot_be_is_refused(
    tmp_path: Path, body: dict[str, str], expected: tuple[int, str]
) -> None:
    async with api_rig(with_api(tmp_path)) as rig:
        problem = await rig.refused(rig.post("holds", body=body))
        assert (problem["status"], problem["code"]) == expected
        twice = {"kind": "station", "id": "st1", "reason": "oil"}
        await rig.post("holds", body=twice)
        assert (await rig.refused(rig.post("holds", body=twice)))["code"] == "already_held"
        assert (await rig.refused(rig.delete("holds", "lane", "ship-1")))["code"] == "not_held"


def test_every_code_of_a_refusal_has_a_status() -> None:
    assert set(STATUSES) == set(DecisionCode)
