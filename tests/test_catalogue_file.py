"""The catalogue file: the shipped example, and every kind of refusal with its words and its line."""

from pathlib import Path

import pytest

from edge_agent.domain.ids import Gtin
from edge_agent.domain.item import Need, Weight
from edge_agent.errors import ConfigurationError
from edge_agent.settings import load_site
from edge_agent.settings.catalogue import load_catalogue
from edge_agent.site_file import catalogue_of

EXAMPLE = Path(__file__).parents[1] / "config" / "catalogue.yaml"
TWICE = "stands at items[0].gtin already; a GTIN names one thing"
GOOD = 'revision: 1\nitems:\n  - {gtin: "04006381333931", sku: MUG}\n'


def refusals(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "catalogue.yaml"
    file.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_catalogue(file)
    return [problem.removeprefix(f"{tmp_path}/") for problem in caught.value.problems]


def test_the_shipped_example_is_a_catalogue() -> None:
    catalogue = load_catalogue(EXAMPLE)
    assert catalogue.revision == 1
    mug = catalogue.by_code[Gtin("14006381333938")]
    assert (mug.sku, mug.codes) == (
        "MUG-BLUE",
        {"04006381333931": 1, "14006381333938": 6, "24006381333935": 48},
    )
    assert mug.weight == Weight(310, 8)
    assert catalogue.by_code[Gtin("00000096385074")].needs == {Need.LOT, Need.EXPIRY}


def test_a_catalogue_may_be_json(tmp_path: Path) -> None:
    file = tmp_path / "catalogue.json"
    file.write_text(
        '{"revision": 3, "items": [{"gtin": "96385074", "sku": "CUP", "weight_g": 12.5,\n'
        '"weight_tolerance_g": 1}]}'
    )
    assert load_catalogue(file).items[0].weight == Weight(12.5, 1)


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", ["catalogue.yaml: the file is empty; config/catalogue.yaml is a complete example"]),
        (
            "- 1\n",
            ["catalogue.yaml:1: the file must hold keys and values, as config/catalogue.yaml does"],
        ),
        (
            "revision: 1\n",
            ["catalogue.yaml:1: items: is missing; add it"],
        ),
        ("revision: 1\nitems: []\n", ["catalogue.yaml:2: items: must have at least one entry"]),
        (
            GOOD.replace("revision: 1", "revision: 0"),
            ["catalogue.yaml:1: revision: must be more than 0, not 0"],
        ),
        (
            GOOD.replace('"04006381333931"', "4006381333931"),
            [
                "catalogue.yaml:3: items[0].gtin: must be a text, not 4006381333931; put it in quotes",
            ],
        ),
        (
            GOOD.replace("333931", "3"),
            [
                "catalogue.yaml:3: items[0].gtin: '040063813' has the wrong form; expected: ",
            ],
        ),
        (
            GOOD + '  - gtin: "96385074"\n    sku: CUP\n    need: [lot]\n    needs: [size]\n',
            [
                "catalogue.yaml:6: items[1].need: unknown key; did you mean 'needs'?",
                "catalogue.yaml:7: items[1].needs[0]: must be 'lot', 'expiry' or 'serial', not 'size'",
            ],
        ),
        (
            GOOD + '  - gtin: "4006381333931"\n    sku: MUG-2\n    weight_g: 10\n',
            [
                f"catalogue.yaml:4: items[1].gtin: 4006381333931 {TWICE}",
                "catalogue.yaml:6: items[1].weight_g: needs weight_tolerance_g; give both or none",
            ],
        ),
        (
            GOOD.replace("sku: MUG", "sku: MUG, packs: [{gtin: '14006381333938', units: 0}]"),
            ["catalogue.yaml:3: items[0].packs[0].units: must be 1 or more, not 0"],
        ),
    ],
)
def test_a_file_that_is_no_catalogue_is_refused(tmp_path: Path, text: str, problems: list[str]) -> None:
    found = refusals(tmp_path, text)
    assert len(found) == len(problems)
    for line, problem in zip(found, problems, strict=True):
        assert line == problem or (problem.endswith(" ") and line.startswith(problem))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"cannot be read: .*give the path of a catalogue file"):
        load_catalogue(tmp_path / "none.yaml")


def test_a_site_finds_its_catalogue_beside_its_file(tmp_path: Path) -> None:
    (tmp_path / "items.yaml").write_text(GOOD)
    site = load_site(EXAMPLE.with_name("demo.yaml"), {"EDGE_AGENT__CATALOGUE__FILE": "items.yaml"})
    assert catalogue_of(tmp_path / "site.yaml", site).revision == 1


def test_a_site_without_a_catalogue_has_an_empty_one() -> None:
    file = EXAMPLE.with_name("demo.yaml")
    assert catalogue_of(file, load_site(file, {})).revision == 0
