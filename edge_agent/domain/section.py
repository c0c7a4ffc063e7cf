"""The base of every part of a configuration file."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of a configuration file: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)
