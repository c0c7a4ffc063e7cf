"""From a file and the environment to a checked site."""

from collections.abc import Mapping
from pathlib import Path

from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from edge_agent.settings.checks import FindProfile, check_site
from edge_agent.settings.document import read_document
from edge_agent.settings.environment import apply_environment
from edge_agent.settings.validation import validated


def load_site(file: Path, environ: Mapping[str, str], find_profile: FindProfile | None = None) -> Site:
    """The site of a YAML file, with what the environment says above it (`EDGE_AGENT__SECTION__KEY`).

    `find_profile` gives the profile of a name and raises `ConfigurationError` where it cannot; without it
    nothing is checked that needs profiles. Raises `ConfigurationError` with every problem that was found,
    each as `file:line: key: what; what to do`.
    """
    document = read_document(file)
    problems = apply_environment(document, environ)
    site, wrong = validated(document, Site)
    if site is not None:
        wrong += check_site(site, find_profile)
    problems = document.lines(wrong) + problems
    if site is None or problems:
        raise ConfigurationError(*problems)
    return site
