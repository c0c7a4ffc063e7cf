"""A campaign in small: real processes, a few disturbances, an audit."""

import asyncio
import os
from pathlib import Path

from edge_agent.site_file import load
from simulators.campaigns.mixed import Mixture
from simulators.campaigns.report import Report
from simulators.campaigns.rounds import Campaign, CampaignOptions
from tests.e2e.scenes import DEMO


async def test_a_few_mixed_disturbances_end_consistent(tmp_path: Path) -> None:
    site, _ = await asyncio.to_thread(load, DEMO, {})
    report = Report("mixed", seed=4)
    changes: list[int] = []
    campaign = Campaign(
        site,
        CampaignOptions(DEMO, cycles=2, seed=4, speed=80.0, tasks=5),
        tmp_path,
        report,
        Mixture(site, report).strike,
        lambda: changes.append(report.cycles),
    )
    await campaign.run()
    assert report.problems == []
    assert (report.cycles, report.totals["tasks.submitted"]) == (2, 5 * report.rounds)
    assert changes[0] == 1
    assert not await asyncio.to_thread(os.listdir, tmp_path), "a consistent round leaves nothing behind"


async def test_a_round_whose_processes_fail_is_a_problem_and_three_of_them_end_the_campaign(
    tmp_path: Path,
) -> None:
    site, _ = await asyncio.to_thread(load, DEMO, {})
    report = Report("mixed", seed=1)

    async def strike(scene: object) -> bool:
        raise AssertionError("the scene does not get that far")

    options = CampaignOptions(tmp_path / "no-such-site.yaml", cycles=1, seed=1, tasks=1)
    await Campaign(site, options, tmp_path, report, strike, lambda: None).run()
    assert report.rounds == 3, "it gives up after three"
    assert all("ended with code" in problem for problem in report.problems)
