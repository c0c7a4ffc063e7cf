"""GS1's own test vectors, all of them, where EDGE_AGENT_GS1_VECTORS names their file (JSON).

There are no exceptions: what GS1 takes is taken and means the same, what GS1 refuses is refused.
"""

import json
import os
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from edge_agent.core.verification.barcode import (
    Invalid,
    ItemCode,
    SiteLabels,
    read_item,
    read_typed_item,
)
from edge_agent.core.verification.digital_link import parse_link
from edge_agent.core.verification.element_strings import ElementStringError
from edge_agent.core.verification.gtin import expand_upc_e, to_gtin_14, to_sscc
from edge_agent.domain.ids import Gtin
from edge_agent.domain.site import Labels

Vector: TypeAlias = dict[str, Any]

TODAY = date(2026, 11, 22)
NO_LABELS = SiteLabels(Labels(tote="T", container="C", location="L"))
PATH = os.environ.get("EDGE_AGENT_GS1_VECTORS")
ALL: list[Vector] = json.loads(Path(PATH).read_text("utf-8")) if PATH else []
BY_FAMILY = {
    "associations": 32,
    "bare_gtin": 15,
    "bare_sscc": 2,
    "dl_uri": 73,
    "generate_scan_data": 7,
    "linter_csum": 3,
    "linter_date_nonzero_day": 3,
    "linter_expiry": 22,
    "linter_lot_charset": 11,
    "linters": 18,
    "parse_bracketed": 18,
    "parse_bracketed_as_scan": 7,
    "process_ai_data": 39,
    "process_scan_data": 42,
    "upc_e": 6,
}


def read_scan(vector: Vector) -> ItemCode | None:
    reading = read_item(vector["input"].encode(), NO_LABELS, aim=True, today=TODAY)
    return reading if isinstance(reading, ItemCode) else None


def read_link(vector: Vector) -> ItemCode | None:
    """By the strict rule where the vector asks for it; scans are read by the other."""
    short = vector.get("options", {}).get("permit_zero_suppressed_gtin", False)
    try:
        elements = parse_link(vector["input"], TODAY, short_gtins=short)
    except ElementStringError:
        return None
    scanned = read_scan({"input": f"]Q1{vector['input']}"})
    assert scanned is not None
    assert scanned.elements == elements
    return scanned


def read_printed(vector: Vector) -> ItemCode | None:
    reading = read_typed_item(vector["input"], TODAY)
    return reading if isinstance(reading, ItemCode) else None


def read_gtin(vector: Vector) -> ItemCode | None:
    # Eight digits are said to be a GTIN-8 here; a scan without an identifier could be a UPC-E as well.
    symbol = "]E4" if len(vector["input"]) == 8 else ""
    scan = (symbol + vector["input"]).encode()
    reading = read_item(scan, NO_LABELS, aim=bool(symbol), today=TODAY)
    try:
        gtin = to_gtin_14(vector["input"])
    except ValueError:
        assert isinstance(reading, Invalid)
        return None
    assert isinstance(reading, ItemCode)
    assert reading.gtin == gtin
    return reading


def read_sscc(vector: Vector) -> ItemCode | None:
    code = read_scan({"input": f"]C100{vector['input']}"})
    try:
        to_sscc(vector["input"])
    except ValueError:
        assert code is None
    return code


def read_upc_e(vector: Vector) -> ItemCode | None:
    assert expand_upc_e(vector["input"]) == vector["expect"]["gtin12"]
    return read_scan({"input": f"]E0{vector['input']}"})


READERS: dict[str, Callable[[Vector], ItemCode | None]] = {
    "scan": read_scan,
    "dl_uri": read_link,
    "bracketed": read_printed,
    "gtin": read_gtin,
    "sscc": read_sscc,
    "upc_e": read_upc_e,
}


def vectors() -> list[Any]:
    """All as test parameters; one that is skipped by name where there is no file."""
    if not PATH:
        reason = "GS1 vectors: EDGE_AGENT_GS1_VECTORS does not name their file"
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason=reason))]
    return [pytest.param(vector, id=vector["id"]) for vector in ALL]


@pytest.mark.parametrize("vector", vectors())
def test_a_code_is_judged_and_taken_apart_as_gs1_does(vector: Vector) -> None:
    code = READERS[vector["kind"]](vector)
    expected = vector["expect"]
    # `gs1: False` is a good symbol without GS1 data: nothing that could be an item.
    assert (code is not None) == (expected["ok"] and expected.get("gs1", True))
    if code is None:
        return
    if "ais" in expected:
        assert [[element.ai, element.value] for element in code.elements] == expected["ais"]
        assert code.lot == expected.get("lot")
        assert code.serial == expected.get("serial")
    if "associations_ok" in expected:
        assert (code.unmet_need is None) == expected["associations_ok"]
    if "expiry_yymmdd" in expected:
        assert code.expiry is not None
        day = expected["expiry_yymmdd"]
        assert code.expiry.strftime("%y%m%d")[: 4 if day.endswith("00") else 6] == day.removesuffix("00")
    assert code.gtin == expected.get("gtin14")
    assert code.value("00") == expected.get("sscc")
    assert code.gtin is None or to_gtin_14(code.gtin) == Gtin(code.gtin)


@pytest.mark.skipif(not PATH, reason="GS1 vectors: EDGE_AGENT_GS1_VECTORS does not name their file")
def test_there_are_as_many_vectors_in_each_family_as_were_counted(capsys: pytest.CaptureFixture[str]) -> None:
    counts = Counter(vector["family"] for vector in ALL)
    with capsys.disabled():
        print("\nGS1 vectors by family:", ", ".join(f"{name} {counts[name]}" for name in sorted(counts)))
    assert counts == BY_FAMILY
    assert len(ALL) == sum(BY_FAMILY.values()) == 298
