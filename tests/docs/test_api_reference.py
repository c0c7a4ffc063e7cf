"""docs/reference/api.md lists what the OpenAPI document has."""

import json

from tests.docs.markdown import DOCS, Page, unquoted

OPENAPI = json.loads((DOCS / "reference" / "openapi.json").read_text("utf-8"))


def test_every_endpoint_is_listed_and_no_other() -> None:
    made = {(method.upper(), path) for path, methods in OPENAPI["paths"].items() for method in methods}
    rows = Page(DOCS / "reference" / "api.md").rows("Endpoints")
    assert {(row[0], unquoted(row[1])) for row in rows} == made
    assert len(rows) == len(made)


def test_whatever_the_document_refers_to_is_in_it() -> None:
    text = json.dumps(OPENAPI)
    names = {part.split('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert names <= OPENAPI["components"]["schemas"].keys()
    assert "#/$defs" not in text
