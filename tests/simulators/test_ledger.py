"""The ledger file: what is written comes back, and a kill loses nothing but the line it cut."""

from pathlib import Path

import pytest

from edge_agent.errors import ConfigurationError
from simulators.ledger import Entry, Ledger, LedgerError, read_ledger


def test_lines_come_back_as_they_were_written(tmp_path: Path) -> None:
    path = tmp_path / "world.jsonl"
    with Ledger(path, unix_time=lambda: 12.3456789) as ledger:
        ledger.write("scanned", {"scanner": "s1", "data": "]d2…\x1d21", "from": None})
    assert list(read_ledger(path)) == [
        Entry(12.345679, "scanned", {"scanner": "s1", "data": "]d2…\x1d21", "from": None})
    ]


def test_each_line_is_readable_before_the_ledger_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "world.jsonl"
    with Ledger(path) as ledger:
        for number in range(3):
            ledger.write("load", {"number": number})
            assert len(list(read_ledger(path))) == number + 1


def test_opening_again_appends(tmp_path: Path) -> None:
    path = tmp_path / "oms.jsonl"
    for kind in ("first", "second"):
        with Ledger(path) as ledger:
            ledger.write(kind, {})
    assert [entry.kind for entry in read_ledger(path)] == ["first", "second"]


@pytest.mark.parametrize("torn", [b'{"t":1,"ki', b'{"t":1,"kind":"x","data":"' + b"y" * 10_000])
def test_a_line_cut_off_by_a_kill_is_left_out_and_the_next_stands_by_itself(
    tmp_path: Path, torn: bytes
) -> None:
    path = tmp_path / "world.jsonl"
    with Ledger(path) as ledger:
        ledger.write("whole", {})
    with path.open("ab") as file:
        file.write(torn)
    assert [entry.kind for entry in read_ledger(path)] == ["whole"]
    with Ledger(path) as ledger:
        ledger.write("after", {})
    assert [entry.kind for entry in read_ledger(path)] == ["whole", "after"]


def test_a_file_of_nothing_but_a_torn_line_starts_anew(tmp_path: Path) -> None:
    path = tmp_path / "world.jsonl"
    path.write_bytes(b'{"t"')
    with Ledger(path) as ledger:
        ledger.write("first", {})
    assert [entry.kind for entry in read_ledger(path)] == ["first"]


@pytest.mark.parametrize("line", ["not json", "[]", '{"t":1}', '{"kind":"x"}', '{"t":"noon","kind":"x"}'])
def test_a_line_that_is_none_is_named_with_its_file_and_number(tmp_path: Path, line: str) -> None:
    path = tmp_path / "world.jsonl"
    path.write_text(f'{{"t":1,"kind":"x"}}\n{line}\n')
    with pytest.raises(LedgerError, match=r"world\.jsonl:2: not a ledger line") as caught:
        list(read_ledger(path))
    assert caught.value.line == 2


def test_a_ledger_that_cannot_be_written_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="name another file"):
        Ledger(tmp_path / "nowhere" / "world.jsonl")
