"""One event of each kind that the OMS is told, as docs/reference/mqtt.md shows them."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

from edge_agent.adapters.cloudevents import CloudEvents
from edge_agent.adapters.pick_task import parse_submit
from edge_agent.core.confirmations import CONFIRMED
from edge_agent.domain import events as ev
from edge_agent.domain.events import ExceptionKind, PickedUnit, Recorded, ScanTarget, SourceReason
from edge_agent.domain.ids import (
    DeviceId,
    ExceptionId,
    Gtin,
    LineId,
    LocationId,
    Lpn,
    PointId,
    StationId,
    TaskId,
)
from edge_agent.domain.site import Limits
from edge_agent.domain.task import PickTask

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TASK, LINE, STATION = TaskId("T-1001"), LineId("1"), StationId("st1")
SKU, GTIN = "MUG-BLUE", Gtin("04006381333931")
TOTE, PLACE, CONTAINER = Lpn("TOTE-0042"), LocationId("A01-03-12"), Lpn("OC-0001")
SCANNER = DeviceId("st1-item-scan")
UNIT = PickedUnit(GTIN, "L20431", date(2030, 5, 31), None)

LET_PASS = ev.Override("V10", "wrong_lot", GTIN, "L20999", "anna", "sue", "the customer takes it")
SCANNED = b"]C101" + GTIN.encode() + b"10L20999"


def pick_task(message: str) -> PickTask:
    """The task of a submit message. Fails where intake refuses it."""
    task = parse_submit(message.encode(), Limits())
    assert isinstance(task, PickTask), task
    return task


def examples(task: PickTask) -> list[ev.Event]:
    """One event for every name that is told. `TaskReplaced` is told as `task_accepted`, `UnitLost` as
    `inventory_changed`."""
    full = ev.LineResult(LINE, 2, 2, 0, 0)
    cancelled = ev.LineResult(LINE, 2, 1, 0, 1)
    return [
        ev.TaskAccepted(task, "digest"),
        ev.TaskRejected(
            "submit",
            "unknown_to_site",
            "the task names what this site does not have",
            (ev.FieldError("destination.lane", "no lane 'moon-1' here; there is ship-1, express-1"),),
            TASK,
            1,
        ),
        ev.TaskStarted(TASK, STATION, PointId("st1-put-1"), NOON + MINUTE),
        ev.EtaChanged(TASK, NOON + 3 * MINUTE, NOON + MINUTE),
        ev.ToteRetrieved(TASK, TOTE, PLACE, PointId("asrs-1-out"), STATION, NOON, NOON + MINUTE),
        ev.UnitVerified(STATION, TASK, LINE, SCANNER, UNIT),
        ev.ScanRejected(
            STATION, TASK, LINE, SCANNER, ScanTarget.ITEM, "V5", "wrong_item", GTIN, "09520000000011"
        ),
        ev.RuleOverridden(
            STATION, TASK, LINE, ExceptionId("X-8"), LET_PASS, f"]C101{GTIN}10L20999", SCANNED.hex()
        ),
        ev.UnitPlaced(STATION, TASK, LINE, UNIT, TOTE, PLACE, CONTAINER),
        ev.LinePicked(TASK, LINE, SKU, GTIN, 2, 2, (UNIT, UNIT)),
        ev.LineShort(TASK, LINE, SKU, GTIN, 2, 1, 1, SourceReason.ITEM_MISSING, "close_line", (UNIT,)),
        ev.LineCancelled(TASK, LINE, 1),
        ev.ExceptionRaised(
            ExceptionId("X-7"),
            ExceptionKind.SHORT,
            "tote TOTE-0042",
            "item_missing in TOTE-0042, 1 of 2 still to pick",
            ("next_source",),
            None,
            TASK,
            LINE,
        ),
        ev.ExceptionResolved(ExceptionId("X-7"), "next_source", "agent", "settled by policy", TASK, LINE),
        ev.ReplenishmentRequested(TASK, LINE, SKU, GTIN, 1, (TOTE,)),
        ev.TaskCompleted(TASK, 1, "SO-77", (full,)),
        ev.TaskCancelled(TASK, 1, "SO-77", "order changed", (cancelled,)),
    ]


def shown(event: ev.Event, number: int) -> dict[str, Any]:
    """The CloudEvent of an event."""
    recorded = Recorded(number, NOON, 0.0, event, number)
    message: dict[str, Any] = json.loads(CloudEvents("demo", "gw1").encode(recorded))
    return message


def by_name(task: PickTask) -> dict[str, dict[str, Any]]:
    """The CloudEvents by the last part of their type."""
    return {CONFIRMED[type(event)]: shown(event, 120 + n) for n, event in enumerate(examples(task))}
