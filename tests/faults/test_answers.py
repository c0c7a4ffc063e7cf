"""A command whose answer or end goes wrong on the wire: asked about, and never sent again."""

import pytest

from edge_agent.domain import events as ev
from edge_agent.domain.command import Accepted, Done, Refusal, RefusalReason, Running
from edge_agent.domain.inputs import CommandAnswered, CommandResolved
from simulators.faults import AnyFault
from tests.faults.cell import FAST, Cell
from tests.faults.conftest import MakeCell
from tests.simulators.bench import of

WIRES = pytest.mark.parametrize("opcua", [[], ["asrs-1"]], ids=["modbus", "opcua"])
MACHINES = ("asrs-1", "conveyor-1", "picker-1")
RETRIEVE = {"device": "asrs-1", "verb": "retrieve"}
SHORT_S = 0.4
"""A request time-out that a test can wait for."""


def lasting(real_s: float) -> AnyFault:
    """Keeps the crane at its retrieval for so many real seconds."""
    return of(fault="slow", **RETRIEVE, factor=1000, duration_s=real_s * FAST)


def answered(site: Cell, number: int) -> list[Accepted | Refusal]:
    inputs = (what for _, what in site.inputs if isinstance(what, CommandAnswered))
    return [what.answer for what in inputs if what.command_id == number]


@pytest.mark.fault("busy")
async def test_a_busy_device_is_told_later_under_a_new_id(cell: MakeCell) -> None:
    async with cell(of(fault="busy", **RETRIEVE), refusal_retry_s=0.3) as site:
        await site.complete()
        refused, taken = site.witness["asrs-1"].sent[:2]
        assert answered(site, refused)[0].reason is RefusalReason.BUSY
        assert taken != refused
        assert site.started(refused) == 0
        at_s = {w.command_id: s for s, w in site.inputs if isinstance(w, CommandAnswered)}
        assert at_s[taken] - at_s[refused] >= 0.3


@pytest.mark.fault("ack_lost")
@WIRES
async def test_a_lost_acknowledgement_of_a_running_command_is_adopted(
    cell: MakeCell, opcua: list[str]
) -> None:
    lost = of(fault="ack_lost", **RETRIEVE)
    async with cell(lost, lasting(1.2), opcua=opcua, request_timeout_s=SHORT_S) as site:
        await site.complete()
        crane = site.witness["asrs-1"]
        number = crane.sent[0]
        assert crane.answers(number) == [Running]
        assert crane.sent.count(number) == 1


@pytest.mark.fault("ack_lost")
async def test_a_lost_acknowledgement_of_a_command_that_has_ended_is_recorded(cell: MakeCell) -> None:
    async with cell(of(fault="ack_lost", **RETRIEVE), request_timeout_s=SHORT_S) as site:
        await site.complete()
        crane = site.witness["asrs-1"]
        number = crane.sent[0]
        assert crane.sent.count(number) == 1
        ends = [event for event in site.of(ev.CommandDone) if event.command_id == number]
        assert len(ends) == 1


@pytest.mark.fault("ack_late")
@WIRES
async def test_a_late_acknowledgement_is_waited_for(cell: MakeCell, opcua: list[str]) -> None:
    late = of(fault="ack_late", **RETRIEVE, delay_s=0.15)
    async with cell(late, lasting(0.3), opcua=opcua) as site:
        await site.complete()
        assert site.lost("asrs-1") == 0
        assert site.witness["asrs-1"].told == []


@pytest.mark.fault("ack_late")
async def test_an_acknowledgement_later_than_the_time_out_is_doubt_and_is_ignored_when_it_comes(
    cell: MakeCell,
) -> None:
    late = of(fault="ack_late", **RETRIEVE, delay_s=0.8)
    async with cell(late, lasting(1.0), request_timeout_s=SHORT_S) as site:
        await site.complete()
        crane = site.witness["asrs-1"]
        number = crane.sent[0]
        assert crane.sent.count(number) == 1
        assert set(crane.answers(number)) <= {Running, Done}
        assert site.lost("asrs-1") >= 1
        assert sum(event.command_id == number for event in site.of(ev.CommandAccepted)) <= 1


@pytest.mark.fault("ack_duplicated")
async def test_a_reply_that_comes_twice_is_taken_once_and_the_link_stays(cell: MakeCell) -> None:
    async with cell(of(fault="ack_duplicated", **RETRIEVE)) as site:
        await site.complete()
        number = site.witness["asrs-1"].sent[0]
        assert answered(site, number) == [Accepted()]
        assert site.lost("asrs-1") == 0


@pytest.mark.fault("end_lost")
@WIRES
async def test_an_end_that_is_not_reported_is_found_by_asking_when_the_time_is_up(
    cell: MakeCell, opcua: list[str]
) -> None:
    async with cell(of(fault="end_lost", **RETRIEVE), opcua=opcua, verb_timeout_s=0.3) as site:
        await site.complete()
        crane = site.witness["asrs-1"]
        number = crane.sent[0]
        assert crane.answers(number)[-1] is Done
        assert crane.sent.count(number) == 1
        assert site.lost("asrs-1") == 0


@pytest.mark.fault("end_lost")
async def test_an_end_that_is_not_reported_is_found_by_asking_after_the_next_connection(
    cell: MakeCell,
) -> None:
    async with cell(of(fault="end_lost", **RETRIEVE)) as site:
        site.submit()
        await site.struck("end_lost")
        site.arm("connection_reset", device="asrs-1", time_s=0)
        await site.until(lambda: site.of(ev.TaskCompleted))
        crane = site.witness["asrs-1"]
        assert crane.answers(crane.sent[0]) == [Done]


@pytest.mark.fault("end_duplicated")
@WIRES
async def test_an_end_that_is_reported_twice_counts_once_and_both_are_acknowledged(
    cell: MakeCell, opcua: list[str]
) -> None:
    async with cell(of(fault="end_duplicated", **RETRIEVE), opcua=opcua) as site:
        await site.complete()
        number = site.witness["asrs-1"].sent[0]

        def reports() -> int:
            return sum(isinstance(w, CommandResolved) and w.command_id == number for _, w in site.inputs)

        await site.until(lambda: reports() == 2)
        assert [event.command_id for event in site.of(ev.CommandDone)].count(number) == 1
        # A report that stands in the slot unacknowledged would keep the next end back.
        await site.until(lambda: len(site.of(ev.TripEnded)) == 1)
