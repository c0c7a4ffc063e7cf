"""Ten thousand spoilt byte streams for each framing and each transport: no crash, no wrong verdict."""

import asyncio
import random
import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
import pytest_asyncio

from drivers.deframer import Deframer
from drivers.links.autoid import AutoIdFormatError, read_scan_result
from drivers.links.hid import INPUT_EVENT
from drivers.scanner_wire import ScannerWire
from edge_agent.core.verification.barcode import SiteLabels
from edge_agent.core.verification.items import ItemExpectation, verify_item
from edge_agent.core.verification.labels import verify_tote
from edge_agent.core.verification.verdicts import ItemPassed, Passed
from edge_agent.domain.device import Observation, ScanFailed, ScanRead
from edge_agent.domain.ids import Gtin, Lpn
from edge_agent.domain.item import Need
from edge_agent.domain.site import Labels
from tests.drivers.fuzz import TAGGED, TOTE, framed, streams
from tests.drivers.keyboard import as_bytes, typed
from tests.drivers.rigs import PROFILES, shipped
from tests.drivers.scanner_rigs import KeyboardRig, ScannerRig, make_rig
from tests.drivers.waiting import following

COUNT = 10_000
SEED = 20_261_122
LAST = ScanRead(b"]C0TOTE-9999")
"""Scanned after all the others."""
MUG = ItemExpectation(
    Gtin("04006381333931"), 1, set(), lot="Lot-a7", serials=("Ser-B9",), needs=frozenset({Need.SERIAL})
)
WHAT_WAS_PRINTED = re.compile(rb"(?:0104006381333931|10Lot-a7(?:\x1d|$)|21Ser-B9(?:\x1d|$)|\x1d)+")
LABELS = SiteLabels(Labels())
TODAY = date(2026, 11, 22)

SHIPPED = {
    (wire.terminators, wire.prefix, wire.separator): (path.stem, wire)
    for path in sorted(PROFILES.glob("scanner-*.yaml"))
    if (wire := shipped(path.stem).scanner) is not None and wire.autoid is None
}
FRAMINGS = dict(SHIPPED.values()) | {
    "codes apart": ScannerWire(),
    "without AIM": ScannerWire(aim=False),
    "several codes": ScannerWire(prefix=r"\x02", terminator=r"\x03", separator=";", shortest=4, longest=80),
}


def judge(code: bytes, *, aim: bool) -> None:
    """What passes says what was printed, and nothing else."""
    body = code[3:] if aim else code
    if isinstance(verify_item(code, MUG, LABELS, aim=aim, today=TODAY), ItemPassed):
        assert WHAT_WAS_PRINTED.fullmatch(body), code
    if isinstance(verify_tote(code, Lpn("TOTE-0001"), LABELS, aim=aim), Passed):
        assert body == TOTE, code


@pytest.mark.parametrize("name", FRAMINGS)
def test_no_stream_breaks_a_framing_or_makes_a_wrong_code_pass(name: str) -> None:
    wire = FRAMINGS[name]
    deframer = Deframer(wire)
    good = ScanRead(TAGGED[0] if wire.aim else TAGGED[0][3:])
    end = wire.terminators[0] + framed(TAGGED[0], wire)
    codes: set[bytes] = set()
    for stream in streams(wire, COUNT, SEED):
        *found, last = deframer.feed(stream + end)
        assert last == good  # whatever came before: the terminator ends it, and the next code comes through
        for seen in found:
            codes.update((seen.data, *seen.more) if isinstance(seen, ScanRead) else ())
    assert len(codes) > 1_000
    for code in codes:
        judge(code, aim=wire.aim)


# ---- transports ----------------------------------------------------------------------------------------


@pytest_asyncio.fixture(params=["tcp", "tcp-listen", "serial", "socket", "rfc2217", "hid"])
async def rig(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[ScannerRig]:
    rig = make_rig(request.param, tmp_path)
    await rig.plug_in()
    await rig.scanner.connect()
    yield rig
    await rig.close()


@pytest.fixture(scope="module")
def spoilt() -> tuple[bytes, list[ScanRead | ScanFailed]]:
    """All streams behind one another, and the codes that stand in them."""
    wire = FRAMINGS["scanner-plain"]
    sent = b"".join([*streams(wire, COUNT, SEED), b"\r\n", LAST.data, b"\r\n"])
    return sent, Deframer(wire).feed(sent)


@pytest.fixture(scope="module")
def keystrokes() -> bytes:
    """Events of every kind, code and value, between strokes that a scanner could have made."""
    rng = random.Random(SEED)
    strokes = [as_bytes(typed(code + b"\r")) for code in (b"]C0A", b"]d201", b"\r")]
    events = bytearray()
    for _ in range(COUNT):
        events += rng.choice(strokes)
        for _ in range(rng.randint(0, 4)):
            kind, code, value = rng.choice((0, 1, 1, 4, 17)), rng.randrange(256), rng.randint(-1, 3)
            events += INPUT_EVENT.pack(0, 0, kind, code, value)
    all_up = b"".join(INPUT_EVENT.pack(0, 0, 1, code, 0) for code in range(256))
    return bytes(events) + all_up + as_bytes(typed(b"\r" + LAST.data + b"\r"))


async def test_no_stream_breaks_a_transport_and_what_comes_out_is_what_was_sent(
    rig: ScannerRig, spoilt: tuple[bytes, list[ScanRead | ScanFailed]], keystrokes: bytes
) -> None:
    sent, expected = (keystrokes, None) if isinstance(rig, KeyboardRig) else spoilt
    found: list[Observation] = []
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(rig.send_raw(sent))
        observations = rig.scanner.observations()
        while not found or found[-1] != LAST:
            found.append(await following(observations))
    assert expected is None or found == expected
    assert len(found) > 500


def test_no_scan_result_of_an_autoid_reader_breaks_anything() -> None:
    rng = random.Random(SEED)
    good = bytes.fromhex("080000000a000000") + b"RAW:STRING" + bytes.fromhex("0200000009000000") + TOTE
    good += bytes(8) + bytes.fromhex("03000000") + b"]C0"
    deframer = Deframer(ScannerWire())
    refused = 0
    for _ in range(COUNT):
        body = bytearray(good)
        for _ in range(rng.randint(1, 3)):
            body[rng.randrange(len(body))] = rng.randrange(256)
        try:
            found = read_scan_result(bytes(body[: rng.choice((len(body), rng.randrange(len(body))))]))
        except AutoIdFormatError:
            refused += 1
            continue
        seen = deframer.frame(found.symbology + found.data)
        assert seen is None or isinstance(seen, ScanRead | ScanFailed)
        if isinstance(seen, ScanRead):
            judge(seen.data, aim=True)
    assert 1_000 < refused < COUNT
