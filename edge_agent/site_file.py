"""A site file with everything that belongs to it: the settings and the profiles of its devices."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from drivers.profile import Profile
from drivers.registry import build_device, build_scanner, find_profile
from edge_agent.domain.item import Catalogue
from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from edge_agent.resources import profile_directories
from edge_agent.settings import load_site
from edge_agent.settings.catalogue import load_catalogue


def load(path: Path, environ: Mapping[str, str]) -> tuple[Site, dict[str, Profile]]:
    """The site and its profiles by name. Raises `ConfigurationError` that names every problem."""
    directories = profile_directories(path)
    profiles: dict[str, Profile] = {}

    def find(name: str) -> Profile:
        if name not in profiles:
            profiles[name] = find_profile(name, directories)
        return profiles[name]

    site = load_site(path, environ, find)
    if problems := list(_unbuildable(site, profiles)):
        raise ConfigurationError(*(f"{path}: {problem}" for problem in problems))
    return site, profiles


def catalogue_of(path: Path, site: Site) -> Catalogue:
    """The item master of a site that was read from `path`. Raises as `load_catalogue`."""
    file = site.catalogue.file
    return load_catalogue(path.parent / file) if file is not None else Catalogue()


def _unbuildable(site: Site, profiles: Mapping[str, Profile]) -> Iterator[str]:
    """What keeps a driver from being put together: a missing verb, a family that nobody has installed."""
    for device_id, settings in site.devices.items():
        profile = profiles[settings.profile]
        build = build_scanner if profile.is_scanner else build_device
        try:
            build(device_id, settings, profile)
        except ConfigurationError as error:
            yield from error.problems
