"""What the OMS is told: complete, self-contained, fit for JSON, and enough to rebuild a task from."""

import json
from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest

from edge_agent.core.confirmations import CONFIRMED, Confirmation, confirmation, is_confirmed
from edge_agent.core.prompts import PromptCode
from edge_agent.domain import events as ev
from tests.core.agent import ANNA, CUP, MUG, PEN, SUE, T0, Agent, a_line, a_site, a_task, an_agent, ean
from tests.core.operator import by_hand

CONTRACT = {
    "task_accepted": {"task_id", "revision", "order_id", "lines"},
    "task_rejected": {"task_id", "code", "message", "fields"},
    "task_started": {"task_id", "station", "eta"},
    "eta_changed": {"task_id", "eta", "earlier_eta"},
    "tote_retrieved": {"task_id", "container", "location", "device_time", "eta"},
    "unit_verified": {"task_id", "line_id", "gtin", "lot", "expiry", "serial", "scanner"},
    "unit_rejected": {"rule", "expected", "scanned", "scanner"},
    "rule_overridden": {"rule", "value", "scanned", "scanned_hex", "actor", "approver", "reason"},
    "line_picked": {"task_id", "line_id", "ordered", "picked", "units"},
    "line_short": {"task_id", "line_id", "ordered", "picked", "short", "reason", "next_action"},
    "line_cancelled": {"task_id", "line_id", "cancelled"},
    "exception_raised": {"exception_id", "kind", "where", "options"},
    "exception_resolved": {"exception_id", "action", "actor", "reason"},
    "inventory_changed": {"location", "container", "gtin", "lot", "delta", "reason"},
    "replenishment_requested": {"sku", "gtin", "quantity", "containers"},
    "task_completed": {"task_id", "lines"},
    "task_cancelled": {"task_id", "lines", "reason"},
}
"""Name -> what its data must at least have (contract, "Events")."""


@pytest.fixture(scope="module")
def day() -> Agent:
    """A day on which everything is told that can be."""
    short = {"steps": ["next_source", "request_replenishment", "short"]}
    agent = an_agent({1: [MUG, PEN], 2: [MUG]}, a_site("st2", exceptions={"short": short}))
    agent.submit(
        a_task("T-1", a_line("1", MUG, 2, totes=(1, 2)), a_line("2", CUP, 1, totes=(1,))),
        a_task("T-2", a_line("1", PEN, 2, totes=(1,)), box=2),
        a_task("T-1", a_line("1", MUG, 9), revision=1),
        a_task("T-3", box=3, not_before=T0 + timedelta(hours=1)),
    )
    agent.submit(a_task("T-3", a_line("1", PEN), box=3, revision=2))
    agent.run(until=lambda agent: agent.scan_steps(ev.ScanTarget.ITEM))
    agent.scan(ean(CUP))
    agent.wait(120)  # a picker that takes its time
    agent.run_to(ev.UnitPlaced)
    agent.cancel("T-2")
    agent.run()
    return agent


@pytest.fixture(scope="module")
def shift() -> Agent:
    """What is told of a person's station alone: two persons let another lot pass."""
    agent, operator = by_hand("st2")
    agent.submit(a_task("T-1", replace(a_line(), lot="L1")))
    agent.run(until=lambda _: operator.prompt and operator.asked.code is PromptCode.PICK)
    operator.scan(b"]C101" + MUG.encode() + b"10L2")
    agent.answer("override", actor=ANNA, approver=SUE)
    return agent


def told(agent: Agent, name: str) -> list[Confirmation]:
    return [confirmation(event) for event in agent.events if CONFIRMED.get(type(event)) == name]


def test_every_event_is_either_told_or_not() -> None:
    for kind in get_args(ev.Event):
        assert is_confirmed(object.__new__(kind)) == (kind in CONFIRMED)


def test_an_event_that_is_not_told_has_no_confirmation() -> None:
    with pytest.raises(KeyError):
        confirmation(ev.TripEnded("trip-1"))


def test_the_contract_names_every_confirmation() -> None:
    assert set(CONFIRMED.values()) == CONTRACT.keys()


@pytest.mark.parametrize("name", CONTRACT)
def test_a_confirmation_carries_what_the_contract_says(name: str, day: Agent, shift: Agent) -> None:
    found = [*told(day, name), *told(shift, name)]
    assert found, "the day does not tell it"
    for one in found:
        assert CONTRACT[name] <= one.data.keys()
        assert json.loads(json.dumps(one.data)) == one.data
        assert one.task_id == one.data.get("task_id")


def test_a_task_can_be_rebuilt_from_what_was_told_of_it(day: Agent) -> None:
    """As a receiver would: by adding up."""
    placed: dict[str, Counter[str]] = defaultdict(Counter)
    results: dict[str, Any] = {}
    for event in day.events:
        if not is_confirmed(event):
            continue
        one = confirmation(event)
        if one.name == "inventory_changed" and one.data["reason"] == "picked":
            placed[one.data["task_id"]][one.data["line_id"]] -= one.data["delta"]
        elif one.name in ("task_completed", "task_cancelled"):
            results[one.data["task_id"]] = one.data["lines"]
    assert set(results) == {"T-1", "T-2", "T-3"}
    for task_id, lines in results.items():
        for line in lines:
            assert line["picked"] == placed[task_id][line["line_id"]]
            assert line["ordered"] == line["picked"] + line["short"] + line["cancelled"]


def test_every_verified_unit_is_told_with_its_scanner(day: Agent) -> None:
    assert {one.data["scanner"] for one in told(day, "unit_verified")} == {"st2-item-scan"}
    assert {one.data["rule"] for one in told(day, "unit_verified")} == {"V3"}


def test_a_rejected_scan_says_what_was_expected_and_what_was_read(day: Agent) -> None:
    (rejected,) = told(day, "unit_rejected")
    assert rejected.data["rule"] == "V5"
    assert (rejected.data["expected"], rejected.data["scanned"]) == (MUG, CUP)


def test_a_replaced_task_is_told_as_accepted_again(day: Agent) -> None:
    assert [one.data.get("replaced", False) for one in told(day, "task_accepted")] == [False] * 3 + [True]


def test_fields_that_the_contract_does_not_name_are_handed_back() -> None:
    line = replace(a_line(), attributes={"shelf": "B"})
    task = replace(a_task("T-1", line), attributes={"wave": 7})
    agent = an_agent()
    agent.submit(task)
    agent.run()
    accepted = confirmation(agent.last(ev.TaskAccepted)).data
    assert accepted["attributes"] == {"wave": 7}
    assert accepted["lines"][0]["attributes"] == {"shelf": "B"}
    assert confirmation(agent.last(ev.TaskCompleted)).data["attributes"] == {"wave": 7}


def test_times_are_told_with_their_zone(day: Agent) -> None:
    eta = datetime.fromisoformat(told(day, "task_started")[0].data["eta"])
    assert eta.tzinfo == UTC
