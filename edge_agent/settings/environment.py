"""Settings from the environment: `EDGE_AGENT__BROKER__URL=...` stands above `broker: {url: ...}`."""

from collections.abc import Iterable, Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from edge_agent.domain.paths import KeyPath
from edge_agent.domain.site import Site
from edge_agent.settings.document import Document, plain
from edge_agent.settings.schema import as_model, bare, did_you_mean, type_at, type_below

PREFIX = "EDGE_AGENT__"


class _UnknownSettingError(Exception):
    """The variable names nothing; the text says what could be meant."""


def apply_environment(document: Document, environ: Mapping[str, str]) -> list[str]:
    """Put the variables' values into the document; gives the problems with their names and values.

    A name is the setting's path with double underscores between the parts. Case does not matter, and an
    underscore stands for a dash or a dot: `EDGE_AGENT__DEVICES__CONVEYOR_1__ADDRESS`.
    """
    problems = []
    for variable, text in sorted(environ.items()):
        if not variable.startswith(PREFIX):
            continue
        try:
            path = _path(variable.removeprefix(PREFIX).split("__"), document.data)
            _put(document.data, path, _value(text, path))
        except _UnknownSettingError as error:
            problems.append(f"environment: {variable}: {error}")
        except YAMLError:
            problems.append(f"environment: {variable}: {text!r} is not YAML; put texts in quotes")
        else:
            document.overridden[path] = variable
    return problems


def _path(parts: list[str], data: Any) -> KeyPath:
    path: KeyPath = ()
    kind: Any = Site
    for part in parts:
        key = _key(part, kind, data)
        path, kind, data = (*path, key), type_below(kind, key), _inside(data, key)
    return path


def _key(part: str, kind: Any, data: Any) -> str | int:
    """The key that the part of a name stands for: a field, or an entry that the file has already."""
    model = as_model(kind)
    if model is None and isinstance(data, list):
        if part.isdecimal() and int(part) < len(data):
            return int(part)
        raise _UnknownSettingError(f"no entry '{part}'; the list has {len(data)}, counted from 0")
    names = list(model.model_fields) if model else list(data) if isinstance(data, dict) else []
    matching = [name for name in names if _folded(name) == _folded(part)]
    if len(matching) > 1:
        raise _UnknownSettingError(f"'{part}' fits {' and '.join(matching)}; set it in the file")
    if not matching:
        advice = did_you_mean(_folded(part), map(_folded, names))
        raise _UnknownSettingError(f"unknown setting '{part.lower()}'; {advice}")
    return matching[0]


def _folded(name: str) -> str:
    return name.lower().replace("-", "_").replace(".", "_")


def _inside(data: Any, key: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(str(key))
    return data[key] if isinstance(data, list) and isinstance(key, int) else None


def _value(text: str, path: KeyPath) -> Any:
    """Texts are taken as they are, so that no YAML rule changes an address; all else is read as YAML."""
    if bare(type_at(Site, path)) is str and text not in ("", "null", "~"):
        return text
    return plain(YAML(typ="safe", pure=True).load(text), path, [])


def _put(data: Any, path: Iterable[str | int], value: Any) -> None:
    *above, last = path
    for part in above:
        if isinstance(data, dict) and not isinstance(data.get(str(part)), dict | list):
            data[str(part)] = {}
        data = data[part]
    data[last] = value
