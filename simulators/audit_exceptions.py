"""Exceptions: how many were raised, and who settled them, as the OMS was told."""

from collections.abc import Mapping
from dataclasses import dataclass

from simulators.audit_oms import OmsLedger

MACHINE, OMS = "agent", "oms"
"""Who settles exceptions beside people: the agent by its policy, the OMS by a cancel."""


@dataclass(slots=True)
class ExceptionCounts:
    """One kind of exception. What is in neither of the others is still open, or was ended by a cancel."""

    raised: int = 0
    by_machine: int = 0
    by_person: int = 0


def count_exceptions(oms: OmsLedger) -> Mapping[str, ExceptionCounts]:
    """By kind, in the order of their names."""
    kinds: dict[str, str] = {}
    counts: dict[str, ExceptionCounts] = {}
    for told in oms.told:
        match told.name:
            case "exception_raised":
                kind = kinds[told.data["exception_id"]] = told.data["kind"]
                counts.setdefault(kind, ExceptionCounts()).raised += 1
            case "exception_resolved" if kind := kinds.get(told.data["exception_id"], ""):
                actor = told.data.get("actor", OMS)
                counts[kind].by_machine += actor == MACHINE
                counts[kind].by_person += actor not in (MACHINE, OMS)
    return dict(sorted(counts.items()))
