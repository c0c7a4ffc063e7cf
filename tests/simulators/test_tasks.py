"""The generated pick tasks: repeatable, within the stock record, and as varied as real ones."""

import re
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from edge_agent.domain.site import Limits, Site
from edge_agent.errors import ConfigurationError
from simulators.catalogue import build_stock
from simulators.tasks import Task, build_tasks
from tests.simulators.floor import small_site

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
SEED = 7


@pytest.fixture(scope="module")
def demo_site() -> Site:
    path = Path(__file__).parents[2] / "config" / "demo.yaml"
    return Site.model_validate(YAML(typ="safe").load(path))


@pytest.fixture(scope="module")
def tasks(demo_site: Site) -> list[Task]:
    return build_tasks(demo_site, SEED, 100, now=NOW)


def lines_of(tasks: list[Task]) -> list[Task]:
    return [line for task in tasks for line in task["lines"]]


def test_the_same_seed_gives_the_same_tasks_and_another_seed_others(
    demo_site: Site, tasks: list[Task]
) -> None:
    assert build_tasks(demo_site, SEED, 100, now=NOW) == tasks
    assert build_tasks(demo_site, SEED + 1, 100, now=NOW) != tasks


def test_fewer_tasks_are_the_first_of_more(demo_site: Site, tasks: list[Task]) -> None:
    assert build_tasks(demo_site, SEED, 20, now=NOW) == tasks[:20]


def test_a_hundred_tasks_have_about_two_hundred_lines_and_four_hundred_units(tasks: list[Task]) -> None:
    assert 170 <= len(lines_of(tasks)) <= 230
    assert 340 <= sum(line["quantity"] for line in lines_of(tasks)) <= 460
    assert {len(task["lines"]) for task in tasks} == {1, 2, 3, 4}
    assert {line["quantity"] for line in lines_of(tasks)} == {1, 2, 3, 4}


def test_ids_and_containers_are_unique_and_labelled_as_the_site_says(
    demo_site: Site, tasks: list[Task]
) -> None:
    containers = [task["destination"]["container_id"] for task in tasks]
    assert len(set(containers)) == len({task["task_id"] for task in tasks}) == len(tasks)
    assert all(re.fullmatch(demo_site.labels.container, container) for container in containers)


def test_lanes_priorities_and_ship_by_times_vary(demo_site: Site, tasks: list[Task]) -> None:
    assert {task["destination"]["lane"] for task in tasks} == set(demo_site.lanes)
    assert len({task["priority"] for task in tasks}) == 3
    due = [datetime.fromisoformat(task["ship_by"]) for task in tasks if task["ship_by"]]
    assert 10 <= len(due) <= 60
    assert all(moment > NOW and moment.tzinfo is not None for moment in due)


def test_every_source_is_a_tote_of_the_stock_record_that_holds_the_item(
    demo_site: Site, tasks: list[Task]
) -> None:
    stock = build_stock(demo_site, SEED)
    for line in lines_of(tasks):
        assert line["gtin"].zfill(14) == stock.by_sku[line["sku"]].gtin
        assert [source["rank"] for source in line["sources"]] == list(range(1, len(line["sources"]) + 1))
        for source in line["sources"]:
            assert stock.by_tote[source["container_id"]].location == source["location"]
            assert 0 < source["quantity_available"] <= stock.totes_with[line["sku"]][source["container_id"]]
        assert sum(source["quantity_available"] for source in line["sources"]) >= line["quantity"]


def test_some_lines_have_one_source_and_some_have_more(tasks: list[Task]) -> None:
    sources = Counter(len(line["sources"]) for line in lines_of(tasks))
    assert sources.keys() == {1, 2, 3}
    assert min(sources.values()) > 20


def test_an_item_comes_up_once_in_a_task(tasks: list[Task]) -> None:
    for task in tasks:
        skus = [line["sku"] for line in task["lines"]]
        assert len(skus) == len(set(skus))


def test_gtins_come_with_13_and_with_14_digits(tasks: list[Task]) -> None:
    lengths = Counter(len(line["gtin"]) for line in lines_of(tasks))
    assert lengths.keys() == {13, 14}
    assert min(lengths.values()) > 20


def test_some_lines_share_a_tote(tasks: list[Task]) -> None:
    best = [[line["sources"][0]["container_id"] for line in task["lines"]] for task in tasks]
    assert sum(len(set(totes)) < len(totes) for totes in best) >= 10


def test_all_tasks_together_ask_for_what_the_stock_record_holds_and_no_more() -> None:
    site = small_site()
    held = Counter(unit.sku for unit in build_stock(site, SEED).units)
    enough = next(count for count in range(len(held) * 20, 0, -1) if can_build(site, count))
    asked = Counter[str]()
    for line in lines_of(build_tasks(site, SEED, enough, now=NOW)):
        asked[line["sku"]] += line["quantity"]
    assert asked == held


def can_build(site: Site, count: int) -> bool:
    try:
        return len(build_tasks(site, SEED, count, now=NOW)) == count
    except ConfigurationError:
        return False


def test_a_stock_that_is_used_up_is_said_so() -> None:
    with pytest.raises(ConfigurationError, match=r"the stock is used up at task \d+; ask for fewer tasks"):
        build_tasks(small_site(), SEED, 1000, now=NOW)


def test_the_tasks_keep_the_sites_limits(tasks: list[Task]) -> None:
    limits = Limits()
    assert all(len(task["lines"]) <= limits.lines_per_task for task in tasks)
    assert all(line["quantity"] <= limits.quantity_per_line for line in lines_of(tasks))
