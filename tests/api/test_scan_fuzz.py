"""The local API as a scanner's transport: whatever is posted as a scan, only what was printed can pass."""

import base64
import json
import random
from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from drivers.scanner_wire import ScannerWire
from edge_agent.adapters.api.stations import LONGEST_SCAN, ScanForm
from edge_agent.adapters.api_client import AgentRefusedError
from edge_agent.adapters.strict_json import JsonRefusedError, decode_object
from tests.api.rig import ApiRig
from tests.api.test_stations import at_station
from tests.core.floor import tote
from tests.drivers.fuzz import streams
from tests.drivers.test_scanner_fuzz import COUNT, SEED, judge

LIMIT = 4 * LONGEST_SCAN
SENT = 200
"""Of them go over the socket to an agent; there each takes milliseconds."""


def bodies() -> Iterator[bytes]:
    """Scans as text and byte for byte, some of them broken as JSON."""
    rng = random.Random(SEED)
    for stream in streams(ScannerWire(), COUNT, SEED):
        code = stream.rstrip(b"\r\n")
        form = (
            {"data": code.decode("latin-1")}
            if rng.random() < 0.5
            else {"base64": base64.b64encode(code).decode()}
        )
        body = bytearray(json.dumps(form).encode())
        if rng.random() < 0.2:
            body[rng.randrange(len(body))] = rng.randrange(256)
        yield bytes(body)


def code_of(body: bytes) -> bytes | None:
    """The code that the API takes from a body; None: it refuses it with its reasons."""
    try:
        return ScanForm.model_validate(decode_object(body, LIMIT)).code
    except (JsonRefusedError, ValidationError):
        return None


def test_no_body_breaks_the_form_or_makes_a_wrong_code_pass() -> None:
    codes = [code for body in bodies() if (code := code_of(body)) is not None]
    assert COUNT / 2 < len(codes) < COUNT
    for code in codes:
        judge(code, aim=code.startswith(b"]"))


async def verdict(rig: ApiRig, body: bytes) -> object:
    """What became of the scan; the status where the body is refused."""
    try:
        return (await rig.post("stations", "st1", "scans", body=body))["verdict"]
    except AgentRefusedError as refused:
        return refused.problem["status"]


async def test_what_an_agent_is_posted_moves_no_prompt_but_for_the_label_that_it_asks_for(
    tmp_path: Path,
) -> None:
    async with at_station(tmp_path) as rig:
        for body, _ in zip(bodies(), range(SENT), strict=False):
            if (code_of(body) or b"").endswith(tote(1).encode()):
                continue  # the right one, whatever kind of symbol it says that it is
            assert await verdict(rig, body) != "passed", body
        prompt = (await rig.get("stations", "st1"))["prompt"]
        assert prompt["code"] == "scan_tote"
