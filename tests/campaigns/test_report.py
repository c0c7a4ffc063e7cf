"""What a campaign makes of its rounds: counted, judged and told."""

import json
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from simulators.campaigns.report import Report, log_entries
from simulators.campaigns.show import MUST_BE_0, report_table, show_report


def text_of(report: Report) -> str:
    out = StringIO()
    Console(width=120, file=out).print(report_table(report))
    return out.getvalue()


def test_a_report_without_problems_is_consistent_and_its_json_says_so(tmp_path: Path) -> None:
    report = Report("mixed", seed=3, cycles=2, rounds=1)
    report.done["broker killed"] += 2
    file = tmp_path / "report.json"
    assert show_report(report, file, Console(quiet=True))
    written = json.loads(file.read_text())
    assert written["consistent"] is True
    assert written["done"] == {"broker killed": 2}
    assert (written["campaign"], written["seed"], written["cycles"]) == ("mixed", 3, 2)


def test_a_round_that_broke_off_is_a_problem_with_its_name() -> None:
    report = Report("chaos", seed=1)
    report.broke_off("round 4", OSError("no agent"))
    assert not report.consistent
    assert report.problems == ["round 4: no agent"]


@pytest.mark.parametrize("figure", MUST_BE_0)
def test_the_table_shows_what_must_be_0(figure: str) -> None:
    report = Report("chaos", seed=1)
    report.totals[figure] = 7
    (row,) = [line for line in text_of(report).splitlines() if figure in line]
    assert row.split()[-2] == "7"


def test_crash_points_are_listed_where_any_has_killed() -> None:
    report = Report("chaos", seed=1)
    assert "after_commit" not in text_of(report)
    report.crash_points["before_puback"] += 1
    assert "killed at after_commit" in text_of(report)


def test_a_line_that_a_kill_cut_off_is_left_out(tmp_path: Path) -> None:
    log = tmp_path / "agent.log"
    line = json.dumps({"event": "command_reconciled", "answer": "Running"})
    log.write_text(f'{line}\nplain text\n{{"event": "other"}}\n{line}\n{line[:-9]}')
    assert [entry["answer"] for entry in log_entries(log, "command_reconciled")] == ["Running", "Running"]
