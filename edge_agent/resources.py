"""Where the files are that ship with the agent: the example sites and the device profiles."""

from pathlib import Path

from edge_agent.errors import ConfigurationError

_HERE = Path(__file__).parent


def config_directory() -> Path:
    """The shipped `config` folder: inside the package when installed, beside it in a checkout.

    Raises `ConfigurationError` when the installation is incomplete.
    """
    for candidate in (_HERE / "config", _HERE.parent / "config"):
        if (candidate / "profiles").is_dir():
            return candidate
    raise ConfigurationError(f"{_HERE}: the shipped config folder is missing: install edge-agent again")


def profile_directories(site_file: Path) -> tuple[Path, ...]:
    """Where the profiles of a site are looked for: beside its file first, then the shipped ones."""
    return (site_file.parent / "profiles", config_directory() / "profiles")
