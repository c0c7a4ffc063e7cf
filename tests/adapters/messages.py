"""One good message of the OMS and ways to spoil it."""

import copy
import json
from typing import Any

from edge_agent.adapters.pick_task import Refused, parse_submit
from edge_agent.domain.site import Limits
from edge_agent.domain.task import PickTask

LIMITS = Limits()
LINE, SOURCE = ("lines", 0), ("lines", 0, "sources", 0)
Json = dict[str, Any]

TASK: Json = {
    "task_id": "T-1001",
    "revision": 1,
    "order_id": "#SO-77",
    "source": {"platform": "generic", "account": "dc1"},
    "priority": 50,
    "ship_by": "2026-11-22T16:00:00+01:00",
    "not_before": None,
    "destination": {"container_id": "OC-0001", "lane": "ship-1"},
    "policy": {"allow_partial": True, "verify": "each"},
    "lines": [
        {
            "line_id": "1",
            "sku": "MUG-BLUE",
            "gtin": "4006381333931",
            "quantity": 2,
            "uom": "each",
            "lot": None,
            "expiry_min": "2026-12-31",
            "serials": None,
            "serial_capture": False,
            "sources": [
                {"location": "A01-03-12", "container_id": "TOTE-0042", "quantity_available": 8, "rank": 1},
                {"location": "A01-07-02", "container_id": "TOTE-0107", "quantity_available": 3, "rank": 2},
            ],
        },
    ],
}


def encode(document: object) -> bytes:
    return json.dumps(document).encode()


def changed(*path: str | int, to: object) -> Json:
    """The good task with one value replaced."""
    task = copy.deepcopy(TASK)
    target: Any = task
    for part in path[:-1]:
        target = target[part]
    target[path[-1]] = to
    return task


def without(*path: str | int) -> Json:
    """The good task with one field missing."""
    task = copy.deepcopy(TASK)
    target: Any = task
    for part in path[:-1]:
        target = target[part]
    del target[path[-1]]
    return task


def with_second_line(**fields: object) -> Json:
    task = copy.deepcopy(TASK)
    task["lines"].append(copy.deepcopy(task["lines"][0]) | {"line_id": "2"} | fields)
    return task


def submit(document: object, limits: Limits = LIMITS) -> PickTask | Refused:
    return parse_submit(encode(document), limits)


def accepted(document: object) -> PickTask:
    task = submit(document)
    assert isinstance(task, PickTask), task
    return task
