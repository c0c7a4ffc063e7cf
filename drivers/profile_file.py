"""Profiles and other models as files: YAML in, a model out, with the file and line in every complaint."""

import difflib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML, Node
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, SequenceNode

from drivers.profile import Profile
from edge_agent.errors import ConfigurationError

Model = TypeVar("Model", bound=BaseModel)

SUFFIX = ".yaml"
_ADVICE = {
    "extra_forbidden": ("unknown key", "remove it"),
    "missing": ("is missing", "add it"),
}


def load_profile(path: Path) -> Profile:
    """Read one profile.

    Raises `ConfigurationError` with one line for each problem: `file:line: key: what: what to do`.
    """
    return load_model(path, Profile, "write a profile, see config/profiles")


def load_model(path: Path, model: type[Model], when_empty: str) -> Model:
    """Read one YAML file as a model. `when_empty` says what to do about a file that holds no keys.

    Raises `ConfigurationError` with one line for each problem: `file:line: key: what: what to do`.
    """
    text = _read(path)
    try:
        tree = YAML(typ="safe", pure=True).compose(text)
        data = YAML(typ="safe", pure=True).load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ConfigurationError(f"{path}:{line}: not YAML: {error.problem}: correct this line") from error
    except YAMLError as error:
        raise ConfigurationError(f"{path}:1: not YAML: {error}: correct the file") from error
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path}:1: holds no keys: {when_empty}")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise ConfigurationError(*_complaints(path, tree, error, model)) from error


def find_profile(name: str, directories: Iterable[Path]) -> Profile:
    """The profile of this name, from the first directory that has it. Raises `ConfigurationError`."""
    searched = list(directories)
    for directory in searched:
        path = directory / f"{name}{SUFFIX}"
        if path.is_file():
            profile = load_profile(path)
            if profile.name != name:
                raise ConfigurationError(
                    f"{path}: name: is {profile.name!r}: make it {name!r}, like the file's name"
                )
            return profile
    known = sorted({file.stem for directory in searched for file in directory.glob(f"*{SUFFIX}")})
    places = ", ".join(str(directory) for directory in searched)
    raise ConfigurationError(f"no profile {name!r} in {places}: {_did_you_mean(name, known, 'write one')}")


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8: save it as UTF-8") from error
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}: check the path") from error


def _complaints(path: Path, tree: Node, error: ValidationError, model: type[BaseModel]) -> list[str]:
    lines = []
    for problem in error.errors():
        where = problem["loc"]
        what, advice = _ADVICE.get(
            problem["type"], (problem["msg"].removeprefix("Value error, "), "correct it")
        )
        if problem["type"] == "extra_forbidden":
            advice = _did_you_mean(str(where[-1]), _known_keys(model, where[:-1]), advice)
        key = ".".join(str(step) for step in where)
        lines.append(": ".join(filter(None, (f"{path}:{_line_of(tree, where)}", key, what, advice))))
    return lines


def _line_of(tree: Node, where: Sequence[int | str]) -> int:
    """The line of the deepest part of `where` that the file has, counted from 1."""
    node, line = tree, tree.start_mark.line
    for step in where:
        if isinstance(node, MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == str(step)), None)
            if pair is None:
                continue  # the step names a kind of part, or a key that is missing
            line, node = pair[0].start_mark.line, pair[1]
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = node.start_mark.line
    return int(line) + 1


def _known_keys(root: type[BaseModel], where: Sequence[int | str]) -> list[str]:
    """The keys that the model has at this place; none where a dictionary of names stands in between."""
    model: Any = root
    for step in where:
        field = getattr(model, "model_fields", {}).get(step)
        kinds = getattr(field.annotation, "__args__", (field.annotation,)) if field else ()
        model = next((kind for kind in kinds if hasattr(kind, "model_fields")), None)
    return list(getattr(model, "model_fields", {}))


def _did_you_mean(word: str, known: Sequence[str], otherwise: str) -> str:
    close = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {close[0]!r}?" if close else otherwise
