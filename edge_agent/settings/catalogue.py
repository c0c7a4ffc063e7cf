"""The catalogue file: the item master of a site, read and checked as a whole."""

from pathlib import Path

from edge_agent.core.catalogue import build_catalogue
from edge_agent.domain.catalogue_form import CatalogueForm
from edge_agent.domain.item import Catalogue
from edge_agent.errors import ConfigurationError
from edge_agent.settings.document import Problem, read_document
from edge_agent.settings.validation import validated


def load_catalogue(file: Path) -> Catalogue:
    """The catalogue of a YAML (or JSON) file.

    Raises `ConfigurationError` with every problem that was found, each as `file:line: key: what; what to do`.
    """
    document = read_document(file, "catalogue file", "config/catalogue.yaml")
    form, problems = validated(document, CatalogueForm)
    if form is None:
        raise ConfigurationError(*document.lines(problems))
    catalogue = build_catalogue(form)
    if isinstance(catalogue, Catalogue):
        return catalogue
    raise ConfigurationError(*document.lines([Problem(problem.path, problem.text) for problem in catalogue]))
