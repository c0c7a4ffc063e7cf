"""Scenarios: named sets of armed faults, in YAML files. The mixes of the command line are such files."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from drivers.profile_file import load_model
from edge_agent.errors import ConfigurationError
from edge_agent.resources import config_directory
from simulators.faults.catalogue import AnyFault

NONE = "none"


class Scenario(BaseModel):
    """What goes wrong in a run of the simulators."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    description: str
    faults: tuple[AnyFault, ...] = ()


def load_scenario(path: Path) -> Scenario:
    """Read a scenario. Raises `ConfigurationError`, a line for each problem: file, line, key, what to do."""
    return load_model(path, Scenario, "write a scenario, see config/scenarios")


def named_mix(name: str) -> tuple[AnyFault, ...]:
    """The faults of a shipped scenario; `none` has none. Raises `ConfigurationError` for an unknown name."""
    if name == NONE:
        return ()
    folder = config_directory() / "scenarios"
    path = folder / f"{name}.yaml"
    if not path.is_file():
        known = ", ".join((NONE, *sorted(file.stem for file in folder.glob("*.yaml"))))
        raise ConfigurationError(f"faults: there is no mix {name!r}; choose one of {known}")
    return load_scenario(path).faults
