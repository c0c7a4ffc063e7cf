"""The benchmarks still run."""

from pathlib import Path

from benchmarks.startup import measure


def test_a_start_on_an_empty_journal_can_be_measured(tmp_path: Path) -> None:
    found = measure(f"sqlite:///{tmp_path / 'empty.db'}")
    assert {name for name, figure in found.items() if figure > 0} == {"import_s", "start_s", "max_rss_mb"}
