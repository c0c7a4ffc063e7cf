"""The scanner's physics, with time pushed by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from drivers.profile import Handshake, Profile
from edge_agent.domain.ids import DeviceId, Lpn
from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from simulators.catalogue import Stock, Symbology
from simulators.clock import SimClock
from simulators.faults import AnyFault, DeviceFaults, FaultSource, Target
from simulators.faults.catalogue import NoRead
from simulators.injector import ScannerInjector
from simulators.machine import Pace
from simulators.scanner import NUMBER_LENGTH, Reading, Scanner, Seen, load_label, unit_label
from simulators.stream_server import ListeningLine, ScannerServer
from simulators.world import World
from tests.simulators.bench import of
from tests.simulators.floor import Notes

NAME = DeviceId("scan")
TOTE = load_label(Lpn("TOTE-0001"))
LONG_S = 100.0
NEVER_READS = NoRead(rate=1.0)


class Bench:
    """A scanner and what the test holds in front of it."""

    def __init__(self, profile: Profile, world: World, notes: Notes, *armed: AnyFault) -> None:
        self.held: Seen | None = TOTE
        self.scanner = Scanner(NAME, profile, lambda: self.held, 0.15, Pace(1, NAME), record=notes)
        self.server = ScannerServer(self.scanner, ListeningLine("127.0.0.1", 0), SimClock())
        target = Target(NAME, "scanner", Handshake.SCANNER)
        ScannerInjector(DeviceFaults(FaultSource(armed, 1), target), self.server, world, record=notes)

    def readings(self, sent: bytes = b"TRG\r\n") -> list[Reading]:
        self.scanner.receive(sent, 0.0)
        return self.scanner.step(LONG_S)

    def read(self, sent: bytes = b"TRG\r\n") -> Reading | None:
        return next(iter(self.readings(sent)), None)

    def frame(self) -> bytes:
        (reading,) = self.readings()
        return reading.frame


Make = Callable[..., Bench]


@pytest.fixture
def make(profiles: dict[str, Profile], site: Site, notes: Notes) -> Make:
    world = World(site, (), (), Notes())

    def make_bench(*armed: AnyFault, **wire: Any) -> Bench:
        plain = profiles["scanner-plain"]
        assert plain.scanner is not None
        changed = plain.model_copy(update={"scanner": plain.scanner.model_copy(update=wire)})
        return Bench(changed, world, notes, *armed)

    return make_bench


def test_a_trigger_makes_one_read_after_the_scan_time(make: Make) -> None:
    bench = make()
    assert bench.scanner.step(LONG_S) == []
    bench.scanner.receive(b"TRG\r\n", 0.0)
    assert bench.scanner.step(0.12) == []
    (reading,) = bench.scanner.step(0.18)
    assert reading.frame == b"]C0TOTE-0001\r\n"
    assert bench.scanner.step(LONG_S) == []


def test_a_second_trigger_during_a_read_is_the_same_read(make: Make) -> None:
    bench = make()
    assert bench.read(b"TRG\r\nTRG\r\n") is not None
    assert bench.scanner.step(LONG_S) == []


def test_a_units_label_goes_out_byte_for_byte(make: Make, stock: Stock) -> None:
    unit = next(unit for unit in stock.units if stock.by_sku[unit.sku].symbology is Symbology.GS1_DATAMATRIX)
    bench = make()
    bench.held = unit_label(unit)
    assert bench.frame() == unit.barcode + b"\r\n"
    assert b"\x1d" in unit.barcode


def test_the_profile_frames_the_code(make: Make) -> None:
    assert make(prefix=r"\x02", terminator=r"\x03", aim=False).frame() == b"\x02TOTE-0001\x03"


def test_nothing_in_front_is_a_no_read(make: Make) -> None:
    bench = make()
    bench.held = None
    assert bench.frame() == b"NOREAD\r\n"


def test_a_scanner_without_a_no_read_text_stays_silent(make: Make) -> None:
    bench = make(no_read="")
    bench.held = None
    assert bench.read() is None


def test_an_injected_no_read_names_what_it_could_not_read(make: Make, notes: Notes) -> None:
    reading = make(NEVER_READS).read()
    assert reading is not None
    assert reading.frame == b"NOREAD\r\n"
    assert notes.of("fault") == [{"device": NAME, "fault": "no_read", "load": "TOTE-0001"}]
    assert reading.facts == {"data": "NOREAD", "load": "TOTE-0001"}


def test_an_empty_place_is_no_fault(make: Make, notes: Notes) -> None:
    bench = make(NEVER_READS)
    bench.held = None
    bench.read()
    assert notes.of("fault") == []


def test_a_read_has_happened_only_once_it_was_sent(make: Make, notes: Notes) -> None:
    bench = make()
    reading = bench.read()
    assert notes.lines == []
    assert reading is not None
    bench.scanner.sent(reading)
    assert notes.lines == [("scanned", {"scanner": NAME, "data": "]C0TOTE-0001", "load": "TOTE-0001"})]


def test_the_agents_verdict_is_written_down(make: Make, notes: Notes) -> None:
    make().read(b"GOOD\r\nBAD\r\n")
    assert notes.of("feedback") == [{"scanner": NAME, "good": True}, {"scanner": NAME, "good": False}]


def test_commands_may_come_in_pieces_and_among_noise(make: Make) -> None:
    bench = make()
    for piece in (b"??T", b"R", b"G\r", b"\n!"):
        assert bench.scanner.step(LONG_S) == []
        bench.scanner.receive(piece, 0.0)
    assert bench.scanner.step(LONG_S) != []


def test_half_a_command_goes_with_the_line(make: Make) -> None:
    bench = make()
    bench.scanner.receive(b"TRG", 0.0)
    bench.scanner.hung_up()
    assert bench.read(b"\r\n") is None


def test_a_scanner_without_a_trigger_reads_whatever_newly_comes_in_front(make: Make) -> None:
    bench = make(trigger="")
    bench.held = None
    assert bench.scanner.step(0.0) == []
    bench.held = TOTE
    assert bench.scanner.step(1.0) == []
    assert bench.scanner.step(2.0) != []
    assert bench.scanner.step(LONG_S) == []


def test_a_profile_without_a_scanner_section_is_an_error(
    profiles: dict[str, Profile], world: World, notes: Notes
) -> None:
    with pytest.raises(
        ConfigurationError, match="asrs-modbus: a simulated scanner needs a section 'scanner'"
    ):
        Bench(profiles["asrs-modbus"], world, notes)


# ---- faults of a reading -----------------------------------------------------------------------------


def sent(bench: Bench) -> list[bytes]:
    return [reading.frame for reading in bench.readings()]


def test_a_double_read_is_two_frames(make: Make) -> None:
    assert sent(make(of(fault="double_read"))) == [b"]C0TOTE-0001\r\n"] * 2


def test_a_code_that_is_cut_comes_in_two_frames_neither_of_which_is_the_code(
    make: Make, stock: Stock
) -> None:
    bench = make(of(fault="code_cut", rate=1.0))
    labels = [TOTE, *(unit_label(unit) for unit in stock.units[:50])]
    for bench.held in labels:
        pieces = [frame.removesuffix(b"\r\n") for frame in sent(bench)]
        assert len(pieces) == 2
        assert b"".join(pieces) == bench.held.label
        assert len(pieces[0]) < NUMBER_LENGTH


def test_two_codes_run_together_stand_in_one_frame(make: Make) -> None:
    assert sent(make(of(fault="codes_joined"))) == [b"]C0TOTE-0001]C0TOTE-0001\r\n"]


def test_garbage_comes_in_front_of_the_code_and_in_front_of_a_prefix(make: Make) -> None:
    (frame,) = sent(make(of(fault="garbage_bytes", length=5)))
    assert frame[5:] == b"]C0TOTE-0001\r\n"
    assert all(byte >= 0x80 for byte in frame[:5])
    (framed,) = sent(make(of(fault="garbage_bytes", length=5), prefix=r"\x02"))
    assert framed[5:] == b"\x02]C0TOTE-0001\r\n"


@pytest.mark.parametrize(
    ("fault", "prefix", "spoiled"),
    [
        ("code_cut", "", True),
        ("codes_joined", "", True),
        ("garbage_bytes", "", True),
        ("garbage_bytes", r"\x02", False),
        ("double_read", "", False),
    ],
)
def test_a_reading_that_nobody_can_take_for_the_label_is_written_down_as_spoiled(
    make: Make, notes: Notes, fault: str, prefix: str, spoiled: bool
) -> None:
    bench = make(of(fault=fault), prefix=prefix)
    for reading in bench.readings():
        bench.scanner.sent(reading)
    assert {line.get("spoiled", False) for line in notes.of("scanned")} == {spoiled}
    parameters = {"length": 8} if fault == "garbage_bytes" else {}
    assert notes.of("fault") == [{"device": NAME, "fault": fault, "load": "TOTE-0001", **parameters}]


def test_a_scanner_that_is_unplugged_in_mid_read_sends_nothing(make: Make) -> None:
    assert sent(make(of(fault="unplugged"))) == []


def test_nothing_strikes_where_nothing_stands_in_front_of_the_scanner(make: Make, notes: Notes) -> None:
    bench = make(NEVER_READS)
    bench.held = None
    bench.readings()
    assert notes.of("fault") == []
