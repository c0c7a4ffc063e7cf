"""From the item master as it is written down to the one that codes are compared with."""

from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.core.verification.gtin import to_gtin_14
from edge_agent.domain.catalogue_form import CatalogueForm, ItemForm
from edge_agent.domain.ids import Gtin
from edge_agent.domain.item import Catalogue, Item, Need, Weight
from edge_agent.domain.paths import KeyPath, dotted


@dataclass(frozen=True, slots=True)
class FormProblem:
    """Something wrong with the value at `path`: what, and what to do."""

    path: KeyPath
    text: str


def build_catalogue(form: CatalogueForm) -> Catalogue | list[FormProblem]:
    """The catalogue of a form, or every problem that is in it. Raises nothing."""
    if not form.items:
        return [FormProblem(("items",), "must have at least one entry")]
    if problems := [*_gtin_problems(form), *_weight_problems(form)]:
        return problems
    return Catalogue(form.revision, tuple(_item(item) for item in form.items))


def _item(form: ItemForm) -> Item:
    weight = None
    if form.weight_g is not None and form.weight_tolerance_g is not None:
        weight = Weight(form.weight_g, form.weight_tolerance_g)
    return Item(
        gtin=to_gtin_14(form.gtin),
        sku=form.sku,
        packs={to_gtin_14(pack.gtin): pack.units for pack in form.packs},
        needs=frozenset(Need(need) for need in form.needs),
        minimum_shelf_life_days=form.minimum_shelf_life_days,
        weight=weight,
    )


def _gtin_problems(form: CatalogueForm) -> Iterator[FormProblem]:
    first: dict[Gtin, str] = {}
    for path, text in _gtins(form):
        try:
            gtin = to_gtin_14(text)
        except ValueError as error:
            yield FormProblem(path, f"{text}: {error}; take it from the label")
            continue
        if gtin in first:
            yield FormProblem(path, f"{text} stands at {first[gtin]} already; a GTIN names one thing")
        first.setdefault(gtin, dotted(path))


def _gtins(form: CatalogueForm) -> Iterator[tuple[KeyPath, str]]:
    for index, item in enumerate(form.items):
        yield ("items", index, "gtin"), item.gtin
        for place, pack in enumerate(item.packs):
            yield ("items", index, "packs", place, "gtin"), pack.gtin


def _weight_problems(form: CatalogueForm) -> Iterator[FormProblem]:
    for index, item in enumerate(form.items):
        weight_g, tolerance_g = item.weight_g, item.weight_tolerance_g
        path = ("items", index, "weight_tolerance_g")
        if weight_g is None and tolerance_g is not None:
            yield FormProblem(path, "stands without weight_g; give both or none")
        elif weight_g is not None and tolerance_g is None:
            yield FormProblem(("items", index, "weight_g"), "needs weight_tolerance_g; give both or none")
        elif weight_g is not None and tolerance_g is not None and tolerance_g >= weight_g:
            yield FormProblem(path, f"must be less than weight_g ({weight_g:g}), not {tolerance_g:g}")
