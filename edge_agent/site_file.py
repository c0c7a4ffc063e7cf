"""A site file with everything that belongs to it: the settings and the profiles of its devices."""

from collections.abc import Mapping
from pathlib import Path

from drivers.profile import Profile
from drivers.registry import find_profile
from edge_agent.domain.site import Site
from edge_agent.resources import profile_directories
from edge_agent.settings import load_site


def load(path: Path, environ: Mapping[str, str]) -> tuple[Site, dict[str, Profile]]:
    """The site and its profiles by name. Raises `ConfigurationError` that names every problem."""
    directories = profile_directories(path)
    profiles: dict[str, Profile] = {}

    def find(name: str) -> Profile:
        if name not in profiles:
            profiles[name] = find_profile(name, directories)
        return profiles[name]

    return load_site(path, environ, find), profiles
