"""The catalogue message: the item master of a site as JSON, in the form of the catalogue file."""

import json

from pydantic import ValidationError

from edge_agent.adapters.field_errors import field_errors
from edge_agent.adapters.pick_task import EXCERPT_BYTES, Refused
from edge_agent.adapters.strict_json import JsonRefusedError, decode_object
from edge_agent.core.catalogue import build_catalogue
from edge_agent.domain.catalogue_form import CatalogueForm
from edge_agent.domain.events.common import FieldError
from edge_agent.domain.item import Catalogue
from edge_agent.domain.paths import dotted

LONGEST_BYTES = 16 * 1024 * 1024
"""Some fifty thousand items; a longer message is refused unread."""
_NAMED = 5


def parse_catalogue(payload: bytes, longest: int = LONGEST_BYTES) -> Catalogue | Refused:
    """A catalogue as it came over the wire.

    An unknown field is refused, unlike in a task: a misspelt need would be a check that is not done. Raises
    nothing, whatever the bytes.
    """
    try:
        document = decode_object(payload, longest)
    except JsonRefusedError as error:
        return Refused(error.code, str(error), (), None, _excerpt(payload))
    try:
        # Through JSON again, where strict still takes a list for a tuple, but no text for a number.
        form = CatalogueForm.model_validate_json(json.dumps(document), strict=True)
    except ValidationError as error:
        return _refused(field_errors(error), payload)
    catalogue = build_catalogue(form)
    if isinstance(catalogue, Catalogue):
        return catalogue
    return _refused([FieldError(dotted(one.path), one.text) for one in catalogue], payload)


def _refused(errors: list[FieldError], payload: bytes) -> Refused:
    named = ", ".join(error.path or "the message" for error in errors[:_NAMED])
    more = f" and {len(errors) - _NAMED} more" if len(errors) > _NAMED else ""
    return Refused(
        "invalid_fields", f"missing or wrong: {named}{more}", tuple(errors), None, _excerpt(payload)
    )


def _excerpt(payload: bytes) -> str:
    return payload[:EXCERPT_BYTES].decode("utf-8", "replace")
