"""The item master as it is written down: in the catalogue file (YAML) and in the catalogue message (JSON).

What the fields mean together (check digits, one GTIN for two items) is checked in `core.catalogue`.
"""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from edge_agent.domain.section import Section

GtinText = Annotated[str, Field(pattern=r"^([0-9]{8}|[0-9]{12,14})$")]


class PackForm(Section):
    """A pack of the item, in which it is scanned as well."""

    gtin: GtinText
    """The pack's own GTIN: 8, 12, 13 or 14 digits, in quotes."""
    units: Annotated[int, Field(ge=1, le=100_000)]
    """How many units it holds, whatever smaller packs stand between them."""


class ItemForm(Section):
    """One item."""

    gtin: GtinText
    """The GTIN of one unit: 8, 12, 13 or 14 digits, in quotes."""
    sku: str = Field(pattern=r"^[!-~]([ -~]{0,62}[!-~])?$")
    """The site's own name of the item: up to 64 printable ASCII characters."""
    packs: tuple[PackForm, ...] = ()
    """The packs of the item, each with a GTIN of its own."""
    needs: tuple[Literal["lot", "expiry", "serial"], ...] = ()
    """What every code of the item must say: `lot`, `expiry`, `serial`."""
    minimum_shelf_life_days: Annotated[int, Field(ge=0, le=36_500)] = 0
    """A unit whose last day is nearer than this is short-dated (V11)."""
    weight_g: PositiveFloat | None = None
    """What one unit weighs, in grams; together with `weight_tolerance_g`."""
    weight_tolerance_g: PositiveFloat | None = None
    """How far one unit may be off, in grams; less than `weight_g`."""


class CatalogueForm(Section):
    """The items of a site."""

    revision: PositiveInt
    """A whole number that grows with each change; a higher revision replaces the whole catalogue."""
    items: tuple[ItemForm, ...]
    """The items, one at least, each GTIN once."""
