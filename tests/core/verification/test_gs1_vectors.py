"""GS1's own test vectors, where EDGE_AGENT_GS1_VECTORS names their file (JSON).

Links and codes that hold no GS1 data are left out: this agent reads neither as an item.
"""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from edge_agent.core.verification.barcode import ItemCode, SiteLabels, read_item
from edge_agent.core.verification.gtin import expand_upc_e, to_gtin_14
from edge_agent.domain.site import Labels

TODAY = date(2026, 11, 22)
PATH = os.environ.get("EDGE_AGENT_GS1_VECTORS")
ALL: list[dict[str, Any]] = json.loads(Path(PATH).read_text("utf-8")) if PATH else []
CORE = [vector for vector in ALL if vector["tier"] in ("core", "association")]


def vectors(*kinds: str) -> list[Any]:
    """Those of the kinds as test parameters; one that is skipped by name where there is no file."""
    if not PATH:
        reason = "GS1 vectors: EDGE_AGENT_GS1_VECTORS does not name their file"
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=reason))]
    return [pytest.param(vector, id=vector["id"]) for vector in CORE if vector["kind"] in kinds]


@pytest.mark.parametrize("vector", vectors("scan"))
def test_a_scan_is_judged_and_taken_apart_as_gs1_does(vector: dict[str, Any]) -> None:
    reading = read_item(vector["input"].encode(), SiteLabels(Labels()), aim=True, today=TODAY)
    expected = vector["expect"]
    if vector["input"].startswith(("]Q1", "]d1")):
        assert not isinstance(reading, ItemCode)
        return
    assert isinstance(reading, ItemCode) == expected["ok"], reading
    if isinstance(reading, ItemCode):
        assert [[element.ai, element.value] for element in reading.elements] == expected["ais"]
        assert reading.lot == expected.get("lot")
        assert reading.serial == expected.get("serial")
        assert reading.gtin == expected.get("gtin14")


@pytest.mark.parametrize("vector", vectors("gtin"))
def test_a_bare_gtin_is_judged_as_gs1_does(vector: dict[str, Any]) -> None:
    if vector["expect"]["ok"]:
        assert to_gtin_14(vector["input"]) == vector["expect"]["gtin14"]
    else:
        with pytest.raises(ValueError, match="check digit"):
            to_gtin_14(vector["input"])


@pytest.mark.parametrize("vector", vectors("upc_e"))
def test_a_upc_e_is_expanded_as_gs1_does(vector: dict[str, Any]) -> None:
    assert expand_upc_e(vector["input"]) == vector["expect"]["gtin12"]
