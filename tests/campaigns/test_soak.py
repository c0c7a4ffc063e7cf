"""The soak campaign's judgement: what grows, by how much, and what is left out of it."""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from simulators.audit import Lags
from simulators.audit_scans import Lag
from simulators.ledger import Ledger
from simulators.oms_book import Json

pytest.importorskip("matplotlib", reason="the soak extra is not installed")
pytest.importorskip("psutil", reason="the soak extra is not installed")

from simulators.campaigns.plot import draw
from simulators.campaigns.samples import AgentGoneError, OmsTail, Probe, Sample
from simulators.campaigns.show_soak import soak_table
from simulators.campaigns.soak import GROWTH_LIMITS, SoakOptions, SoakReport, with_latencies
from simulators.campaigns.trend import slope, trend

Change = Callable[[float], dict[str, float]]
WARM_UP_S = 600.0


def sample(t_s: float, **changes: float) -> Sample:
    level = Sample(
        t=1000.0 + t_s,
        t_s=t_s,
        rss_mb=120.0,
        descriptors=31,
        threads=5,
        cpu_s=t_s / 5,
        journal_mb=4.0,
        wal_mb=3.0,
        archive_mb=t_s / 100,
        open_tasks=10,
        ended_tasks=int(t_s),
    )
    return dataclasses.replace(level, **changes)


def report(changing: Change = lambda _: {}) -> SoakReport:
    made = SoakReport(seed=1, hours=0.5, rate_per_h=3600, speed=60, warm_up_s=WARM_UP_S)
    made.samples = [sample(t_s, **changing(t_s)) for t_s in range(0, 1800, 30)]
    return made


def test_what_stays_level_holds_and_what_came_before_the_warm_up_does_not_count() -> None:
    steep = report(lambda t_s: {"rss_mb": min(60 + t_s / 10, 120.0)})
    assert steep.holds
    assert {one.figure for one in steep.trends} == set(GROWTH_LIMITS)


@pytest.mark.parametrize("figure", GROWTH_LIMITS)
def test_what_grows_by_more_than_its_limit_does_not_hold(figure: str) -> None:
    per_hour = 1.5 * GROWTH_LIMITS[figure]
    growing = report(lambda t_s: {figure: 10 + per_hour * t_s / 3600})
    (broken,) = [one for one in growing.trends if not one.holds]
    assert broken.figure == figure
    assert broken.per_hour == pytest.approx(per_hour)
    assert not growing.holds


def test_a_few_peaks_are_no_growth() -> None:
    peaks = report(lambda t_s: {"rss_mb": 200.0 if t_s in (900, 1500, 1770) else 120.0})
    assert peaks.holds


def test_too_few_samples_prove_nothing() -> None:
    short = report()
    short.samples = short.samples[:22]
    assert short.trends[0].per_hour is None
    assert not short.holds


def test_a_problem_does_not_hold() -> None:
    broken = report()
    broken.problems.append("agent ended with code 1")
    assert not broken.holds


def test_the_slope_is_that_of_a_straight_line() -> None:
    assert slope([(t_s, 3 + 0.5 * t_s) for t_s in range(10)]) == pytest.approx(0.5)


def test_a_trend_tells_first_last_and_highest() -> None:
    told = trend("rss_mb", [(0, 1), (1, 5), (2, 2), (3, 2), (4, 2)], 1.0).to_json()
    assert (told["first"], told["last"], told["highest"], told["holds"]) == (1, 2, 5, True)


def test_latencies_go_to_the_sample_that_follows_them() -> None:
    samples = [sample(10), sample(20), sample(30)]
    lags = Lags([Lag(1005, 0.1), Lag(1008, 0.3)], [Lag(1025, 0.2), Lag(1031, 9.0)])
    first, second, third = with_latencies(samples, lags)
    assert (first.task_to_first_command_p99_ms, first.scan_to_confirmation_p99_ms) == (300, None)
    assert second.task_to_first_command_p99_ms is None
    assert third.scan_to_confirmation_p99_ms == 200


def test_the_warm_up_lasts_until_the_agent_has_forgotten_its_first_tasks() -> None:
    short = SoakOptions(Path("demo.yaml"), hours=0.5, rate_per_h=3600)
    assert short.tasks == 1800
    assert short.warm_up_s == 500
    assert dataclasses.replace(short, hours=4).warm_up_s == 3600


def test_a_probe_sees_this_process_and_its_files(tmp_path: Path) -> None:
    for name, size in (("journal.db", 1), ("journal.db-wal", 2), ("journal-archive-2026-11.db", 3)):
        (tmp_path / name).write_bytes(b"x" * size * 1024 * 1024)
    (tmp_path / "oms.jsonl").touch()
    seen = Probe(os.getpid(), tmp_path / "journal.db").sample(OmsTail(tmp_path / "oms.jsonl"), 1.5)
    assert (seen.t_s, seen.journal_mb, seen.wal_mb, seen.archive_mb) == (1.5, 1, 2, 3)
    assert seen.rss_mb > 10
    assert seen.descriptors > 2


def test_a_process_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AgentGoneError, match="process 99999999 has ended"):
        Probe(99_999_999, tmp_path / "journal.db")


def test_the_ledgers_tail_is_followed_line_by_line(tmp_path: Path) -> None:
    def event(number: int, name: str, **data: object) -> Json:
        return {"id": f"gw1-{number}", "sequence": number, "type": f"warehouse.pick.{name}.v1", "data": data}

    file = tmp_path / "oms.jsonl"
    with Ledger(file) as ledger:
        tail = OmsTail(file)
        assert tail.follow() == (0, 0)
        for task in ("T-1", "T-2"):
            ledger.write("submitted", {"task": {"task_id": task, "lines": []}})
        assert tail.follow() == (2, 0)
        ledger.write("event", {"event": event(1, "task_completed", task_id="T-1", lines=[])})
        with file.open("ab") as other:
            other.write(b'{"t": 1.0, "ki')
        assert tail.follow() == (1, 1)


def test_the_plot_is_a_picture_and_the_table_names_every_figure(tmp_path: Path) -> None:
    shown = report()
    draw(shown.samples, shown.warm_up_s, "soak", tmp_path / "soak.svg")
    assert (tmp_path / "soak.svg").read_text().startswith("<?xml")
    assert soak_table(shown).row_count == len(GROWTH_LIMITS)
