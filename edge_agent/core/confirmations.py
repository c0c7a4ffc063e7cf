"""Which journal events the OMS is told, and in which words (contract, "Events").

A confirmation is a projection of one recorded event: `confirmation(recorded)` gives its name, subject and
data, and nothing else is needed for it. `is_confirmed` decides at commit time which events get a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import singledispatch
from typing import Any

from edge_agent.domain import events as ev
from edge_agent.domain.ids import TaskId

Data = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Confirmation:
    """One message to the OMS: the last part of the CloudEvent's type, its subject and its data."""

    name: str
    task_id: TaskId | None
    data: Data


_NAMES: dict[type, str] = {
    ev.TaskAccepted: "task_accepted",
    ev.TaskReplaced: "task_accepted",
    ev.TaskRejected: "task_rejected",
    ev.TaskStarted: "task_started",
    ev.EtaChanged: "eta_changed",
    ev.ToteRetrieved: "tote_retrieved",
    ev.UnitVerified: "unit_verified",
    ev.ScanRejected: "unit_rejected",
    ev.RuleOverridden: "rule_overridden",
    ev.LinePicked: "line_picked",
    ev.LineShort: "line_short",
    ev.LineCancelled: "line_cancelled",
    ev.ExceptionRaised: "exception_raised",
    ev.ExceptionResolved: "exception_resolved",
    ev.UnitPlaced: "inventory_changed",
    ev.UnitLost: "inventory_changed",
    ev.ReplenishmentRequested: "replenishment_requested",
    ev.StockFoundShort: "inventory_changed",
    ev.TaskCompleted: "task_completed",
    ev.TaskCancelled: "task_cancelled",
}


def is_confirmed(event: ev.Event) -> bool:
    """True where the OMS is told of this event."""
    return type(event) in _NAMES


def confirmation(event: ev.Event) -> Confirmation:
    """The message that an event is told in. Raises KeyError for one that is not told."""
    name = _NAMES[type(event)]
    return Confirmation(name, getattr(event, "task_id", None), _data(event))


@singledispatch
def _data(event: ev.Event) -> Data:
    raise KeyError(type(event).__name__)


def _unit(unit: ev.PickedUnit) -> Data:
    expiry = unit.expiry.isoformat() if unit.expiry else None
    said = {"gtin": unit.gtin, "lot": unit.lot, "expiry": expiry, "serial": unit.serial}
    return said | ({"units": unit.units} if unit.units > 1 else {})


def _line(result: ev.LineResult) -> Data:
    return {
        "line_id": result.line_id,
        "ordered": result.ordered,
        "picked": result.picked,
        "short": result.short,
        "cancelled": result.cancelled,
    }


def _fields(fields: tuple[ev.FieldError, ...]) -> list[Data]:
    return [{"path": field.path, "problem": field.problem} for field in fields]


def _passed_through(attributes: Mapping[str, Any]) -> Data:
    return {"attributes": dict(attributes)} if attributes else {}


@_data.register
def _(event: ev.TaskAccepted) -> Data:
    task = event.task
    lines = [
        {"line_id": line.line_id, "sku": line.sku, "gtin": line.gtin, "ordered": line.quantity}
        | _passed_through(line.attributes)
        for line in task.lines
    ]
    told = {
        "task_id": task.task_id,
        "revision": task.revision,
        "order_id": task.order_id,
        "lines": lines,
    }
    dropped = {"dropped_fields": list(task.dropped)} if task.dropped else {}
    return told | dropped | _passed_through(task.attributes)


@_data.register
def _(event: ev.TaskReplaced) -> Data:
    return _data(ev.TaskAccepted(event.task, event.digest)) | {"replaced": True}


@_data.register
def _(event: ev.TaskRejected) -> Data:
    return {
        "task_id": event.task_id,
        "revision": event.revision,
        "message_type": event.message_type,
        "code": event.code,
        "message": event.message,
        "fields": _fields(event.fields),
    }


@_data.register
def _(event: ev.TaskStarted) -> Data:
    return {
        "task_id": event.task_id,
        "station": event.station_id,
        "put_position": event.put_point,
        "eta": event.eta.isoformat(),
    }


@_data.register
def _(event: ev.EtaChanged) -> Data:
    return {
        "task_id": event.task_id,
        "eta": event.eta.isoformat(),
        "earlier_eta": event.earlier_eta.isoformat(),
    }


@_data.register
def _(event: ev.ToteRetrieved) -> Data:
    return {
        "task_id": event.task_id,
        "container": event.container,
        "location": event.location,
        "point": event.point,
        "station": event.station_id,
        "device_time": event.device_time.isoformat() if event.device_time else None,
        "eta": event.eta.isoformat(),
    }


@_data.register
def _(event: ev.UnitVerified) -> Data:
    return (
        {
            "task_id": event.task_id,
            "line_id": event.line_id,
            "rule": "V3" if event.unit.units == 1 else "V4",
            "scanner": event.scanner,
        }
        | _by_people(event)
        | _unit(event.unit)
    )


def _by_people(event: ev.UnitVerified) -> Data:
    """What the scan alone does not say."""
    typed: Data = {"typed": True} if event.typed else {}
    overrides = [_override(override) for override in event.overrides]
    return typed | ({"overrides": overrides} if overrides else {})


def _override(override: ev.Override) -> Data:
    return {
        "rule": override.rule,
        "name": override.name,
        "value": override.value,
        "actor": override.actor,
        "approver": override.approver,
        "reason": override.reason,
    }


@_data.register
def _(event: ev.RuleOverridden) -> Data:
    return {
        "task_id": event.task_id,
        "line_id": event.line_id,
        "station": event.station_id,
        "exception_id": event.exception_id,
        "gtin": event.override.gtin,
        "scanned": event.scanned,
        "scanned_hex": event.data_hex,
    } | _override(event.override)


@_data.register
def _(event: ev.ScanRejected) -> Data:
    return {
        "task_id": event.task_id,
        "line_id": event.line_id,
        "station": event.station_id,
        "scanner": event.scanner,
        "target": event.target.value,
        "rule": event.rule,
        "name": event.name,
        "expected": event.expected,
        "scanned": event.scanned,
    }


@_data.register
def _(event: ev.LinePicked) -> Data:
    return {
        "task_id": event.task_id,
        "line_id": event.line_id,
        "sku": event.sku,
        "gtin": event.gtin,
        "ordered": event.ordered,
        "picked": event.picked,
        "units": [_unit(unit) for unit in event.units],
    }


@_data.register
def _(event: ev.LineShort) -> Data:
    return {
        "task_id": event.task_id,
        "line_id": event.line_id,
        "sku": event.sku,
        "gtin": event.gtin,
        "ordered": event.ordered,
        "picked": event.picked,
        "short": event.short,
        "reason": event.reason.value,
        "next_action": event.next_action,
        "units": [_unit(unit) for unit in event.units],
    }


@_data.register
def _(event: ev.LineCancelled) -> Data:
    return {"task_id": event.task_id, "line_id": event.line_id, "cancelled": event.cancelled}


@_data.register
def _(event: ev.ExceptionRaised) -> Data:
    return {
        "task_id": event.task_id,
        "line_id": event.line_id,
        "exception_id": event.exception_id,
        "kind": event.kind.value,
        "where": event.where,
        "detail": event.detail,
        "options": list(event.options),
        "held": event.held is not None,
        "affected_tasks": list(event.affected),
    }


@_data.register
def _(event: ev.ExceptionResolved) -> Data:
    return {
        "task_id": event.task_id,
        "line_id": event.line_id,
        "exception_id": event.exception_id,
        "action": event.action,
        "actor": event.actor,
        "reason": event.reason,
        "approver": event.approver,
        "arguments": dict(event.arguments),
    }


@_data.register
def _(event: ev.UnitLost) -> Data:
    unknown = {"gtin": None, "lot": None, "expiry": None, "serial": None}
    return {
        "task_id": event.task_id,
        "line_id": event.line_id,
        "location": event.location,
        "container": event.tote,
        "to_container": None,
        "delta": -1,
        "reason": "damaged" if event.damaged else "lost",
    } | (_unit(event.unit) if event.unit else unknown)


@_data.register
def _(event: ev.ReplenishmentRequested) -> Data:
    return {
        "task_id": event.task_id,
        "line_id": event.line_id,
        "sku": event.sku,
        "gtin": event.gtin,
        "quantity": event.quantity,
        "containers": list(event.totes),
    }


@_data.register
def _(event: ev.UnitPlaced) -> Data:
    return {
        "task_id": event.task_id,
        "line_id": event.line_id,
        "location": event.location,
        "container": event.tote,
        "to_container": event.container,
        "delta": -event.unit.units,
        "reason": "picked",
    } | _unit(event.unit)


@_data.register
def _(event: ev.StockFoundShort) -> Data:
    return {
        "task_id": event.task_id,
        "line_id": event.line_id,
        "location": event.location,
        "container": event.tote,
        "to_container": None,
        "delta": event.found - event.expected,
        "counted": event.found,
        "reason": "found_short",
    } | _unit(ev.PickedUnit(event.gtin))


def _ended(event: ev.TaskCompleted | ev.TaskCancelled) -> Data:
    return {
        "task_id": event.task_id,
        "revision": event.revision,
        "order_id": event.order_id,
        "lines": [_line(line) for line in event.lines],
    } | _passed_through(event.attributes)


_data.register(ev.TaskCompleted)(_ended)


@_data.register
def _(event: ev.TaskCancelled) -> Data:
    return _ended(event) | {"reason": event.reason}


CONFIRMED: Mapping[type, str] = _NAMES
"""Every event type that is told, with the name that it is told under."""
