"""The item master: from lines, from a catalogue, and what a catalogue must not say."""

import json
from typing import Any

import pytest

from edge_agent.core.catalogue import FormProblem, build_catalogue
from edge_agent.domain.catalogue_form import CatalogueForm
from edge_agent.domain.ids import Gtin, LineId
from edge_agent.domain.item import Catalogue, Item, Need, Weight
from edge_agent.domain.task import Line

MUG, SIX, CUP = Gtin("04006381333931"), Gtin("14006381333938"), Gtin("00000096385074")
MUG_FORM: dict[str, Any] = {
    "gtin": "4006381333931",
    "sku": "MUG",
    "packs": [{"gtin": SIX, "units": 6}],
    "needs": ["serial", "lot"],
    "minimum_shelf_life_days": 30,
    "weight_g": 310,
    "weight_tolerance_g": 8.5,
}
CUP_FORM: dict[str, Any] = {"gtin": "96385074", "sku": "CUP"}


def built(*items: dict[str, Any]) -> Catalogue | list[FormProblem]:
    form = {"revision": 7, "items": items}
    return build_catalogue(CatalogueForm.model_validate_json(json.dumps(form), strict=True))


def line(gtin: Gtin = MUG, **more: Any) -> Line:
    return Line(LineId("1"), "MUG", gtin, 2, (), **more)


def test_a_catalogue_holds_every_code_of_its_items() -> None:
    catalogue = built(MUG_FORM, CUP_FORM)
    assert isinstance(catalogue, Catalogue)
    mug = Item(MUG, "MUG", {SIX: 6}, frozenset({Need.LOT, Need.SERIAL}), 30, Weight(310, 8.5))
    assert catalogue == Catalogue(7, (mug, Item(CUP, "CUP")))
    assert catalogue.by_code == {MUG: mug, SIX: mug, CUP: Item(CUP, "CUP")}
    assert SIX in catalogue
    assert Gtin("00416000336108") not in catalogue
    assert mug.codes == {MUG: 1, SIX: 6}


def test_the_item_of_a_line_is_the_catalogues_by_any_of_its_codes() -> None:
    catalogue = built(MUG_FORM)
    assert isinstance(catalogue, Catalogue)
    assert catalogue.item_of(line(MUG)) is catalogue.item_of(line(SIX)) is catalogue.items[0]
    assert catalogue.item_of(line(CUP)) == Item(CUP, "MUG")


def test_without_a_catalogue_the_lines_alone_tell_what_an_item_needs() -> None:
    catalogue = Catalogue.of_lines([line(lot="L", serial_capture=True), line(CUP), line()])
    assert catalogue.revision == 0
    assert catalogue.items == (
        Item(MUG, "MUG", needs=frozenset({Need.LOT, Need.SERIAL})),
        Item(CUP, "MUG"),
    )
    assert Item.of_line(line(serials=("A", "B"))).needs == {Need.SERIAL}


def test_one_gtin_cannot_stand_for_two_items() -> None:
    with pytest.raises(ValueError, match="GTIN 04006381333931 stands for MUG and for OTHER"):
        Catalogue(1, (Item(MUG, "MUG"), Item(CUP, "OTHER", {MUG: 2})))


@pytest.mark.parametrize(
    ("items", "problems"),
    [
        (
            [MUG_FORM | {"gtin": "4006381333932"}],
            [
                (
                    ("items", 0, "gtin"),
                    "4006381333932: its check digit is 2, 1 would be right; take it from the label",
                )
            ],
        ),
        (
            [MUG_FORM, CUP_FORM | {"packs": [{"gtin": "04006381333931", "units": 2}]}],
            [
                (
                    ("items", 1, "packs", 0, "gtin"),
                    "04006381333931 stands at items[0].gtin already; a GTIN names one thing",
                )
            ],
        ),
        (
            [CUP_FORM | {"weight_g": 5}, MUG_FORM | {"weight_tolerance_g": 310}],
            [
                (("items", 0, "weight_g"), "needs weight_tolerance_g; give both or none"),
                (("items", 1, "weight_tolerance_g"), "must be less than weight_g (310), not 310"),
            ],
        ),
        (
            [CUP_FORM | {"weight_tolerance_g": 5}],
            [(("items", 0, "weight_tolerance_g"), "stands without weight_g; give both or none")],
        ),
    ],
)
def test_what_a_catalogue_must_not_say_is_named_with_its_place(
    items: list[dict[str, Any]], problems: list[tuple[tuple[str | int, ...], str]]
) -> None:
    assert built(*items) == [FormProblem(path, text) for path, text in problems]


def test_weights_add_up_with_their_tolerances() -> None:
    assert Weight(310, 8).times(2).plus(Weight(450, 5)) == Weight(1070, 21)
