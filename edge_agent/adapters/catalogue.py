"""The catalogue message: the item master of a site as JSON, in the form of the catalogue file."""

import json
from typing import Any, TypeVar

from pydantic import ValidationError

from edge_agent.adapters.field_errors import field_errors
from edge_agent.adapters.pick_task import EXCERPT_BYTES, Refused
from edge_agent.adapters.strict_json import JsonRefusedError, decode_object
from edge_agent.core.catalogue import build_catalogue
from edge_agent.domain.catalogue_form import CatalogueForm, ItemForm
from edge_agent.domain.events.common import FieldError
from edge_agent.domain.item import Catalogue
from edge_agent.domain.paths import KeyPath, dotted
from edge_agent.domain.section import Section

_NAMED = 5
Form = TypeVar("Form", bound=Section)


def parse_catalogue(payload: bytes, longest: int) -> Catalogue | Refused:
    """A catalogue as it came over the wire, of at most `longest` bytes.

    An unknown field is refused, unlike in a task: a misspelt need would be a check that is not done. Raises
    nothing, whatever the bytes. Long catalogues take seconds: call it in a thread.
    """
    try:
        document = decode_object(payload, longest)
    except JsonRefusedError as error:
        return Refused(error.code, str(error), (), None, _excerpt(payload))
    form = _form(document)
    if not isinstance(form, CatalogueForm):
        return _refused(form, payload)
    catalogue = build_catalogue(form)
    if isinstance(catalogue, Catalogue):
        return catalogue
    return _refused([FieldError(dotted(one.path), one.text) for one in catalogue], payload)


def _form(document: dict[str, Any]) -> CatalogueForm | list[FieldError]:
    """Item by item: the model of a whole catalogue would keep every other thread waiting."""
    items = document.get("items")
    one_by_one = items if isinstance(items, list) else []
    found: list[ItemForm] = []
    errors: list[FieldError] = []
    form = _checked(
        CatalogueForm, document | {"items": []} if isinstance(items, list) else document, (), errors
    )
    for index, item in enumerate(one_by_one):
        checked = _checked(ItemForm, item, ("items", index), errors)
        found += [checked] if checked is not None else []
    return errors if form is None or errors else form.model_copy(update={"items": tuple(found)})


def _checked(model: type[Form], value: object, where: KeyPath, errors: list[FieldError]) -> Form | None:
    try:
        # Through JSON again, where strict still takes a list for a tuple, but no text for a number.
        return model.model_validate_json(json.dumps(value), strict=True)
    except ValidationError as error:
        errors += field_errors(error, where)
        return None


def _refused(errors: list[FieldError], payload: bytes) -> Refused:
    named = ", ".join(error.path or "the message" for error in errors[:_NAMED])
    more = f" and {len(errors) - _NAMED} more" if len(errors) > _NAMED else ""
    return Refused(
        "invalid_fields", f"missing or wrong: {named}{more}", tuple(errors), None, _excerpt(payload)
    )


def _excerpt(payload: bytes) -> str:
    return payload[:EXCERPT_BYTES].decode("utf-8", "replace")
