"""A YAML file that remembers where everything stands."""

import math
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.scalarbool import ScalarBoolean

from edge_agent.domain.paths import KeyPath, dotted
from edge_agent.errors import ConfigurationError

_DEEPEST = 16


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with the setting at `path`: what, and what to do."""

    path: KeyPath
    text: str


@dataclass(slots=True)
class Document:
    """The data of a file as plain values, and the lines and environment variables that they came from."""

    file: Path
    tree: CommentedMap
    data: dict[str, Any]
    overridden: dict[KeyPath, str] = field(default_factory=dict)
    """Settings that the environment has set, with the variable's name."""

    def lines(self, problems: list[Problem]) -> list[str]:
        """The problems as `file:line: key: what; what to do`, in the order of the file."""
        ordered = sorted(problems, key=lambda problem: self._line(problem.path))
        return list(dict.fromkeys(self._shown(problem) for problem in ordered))

    def _shown(self, problem: Problem) -> str:
        variable = self._variable(problem.path)
        where = f"environment: {variable}" if variable else f"{self.file}:{self._line(problem.path)}"
        return ": ".join(part for part in (where, dotted(problem.path), problem.text) if part)

    def _variable(self, path: KeyPath) -> str | None:
        prefixes = (path[:length] for length in range(len(path), 0, -1))
        return next((self.overridden[prefix] for prefix in prefixes if prefix in self.overridden), None)

    def _line(self, path: KeyPath) -> int:
        """The line of the setting, or of what is nearest above it."""
        node: Any = self.tree
        line = 1
        for part in path:
            if isinstance(node, CommentedMap):
                key = next((key for key in node if str(key) == part), None)
                if key not in (node.lc.data or ()):
                    break
                line, node = node.lc.key(key)[0] + 1, node[key]
            elif isinstance(node, CommentedSeq) and isinstance(part, int) and part < len(node):
                line, node = node.lc.item(part)[0] + 1, node[part]
            else:
                break
        return line


def read_document(file: Path, kind: str = "site file", example: str = "config/demo.yaml") -> Document:
    """A file of that kind. Raises `ConfigurationError` for one that cannot be read or is no YAML mapping."""
    tree = _parsed(file, _text(file, kind))
    if tree is None:
        raise ConfigurationError(f"{file}: the file is empty; {example} is a complete example")
    if not isinstance(tree, CommentedMap):
        raise ConfigurationError(f"{file}:1: the file must hold keys and values, as {example} does")
    problems: list[Problem] = []
    document = Document(file, tree, {})
    document.data = plain(tree, (), problems)
    if problems:
        raise ConfigurationError(*document.lines(problems))
    return document


def _text(file: Path, kind: str) -> str:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"{file}: cannot be read: {error.strerror}; give the path of a {kind}"
        ) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        byte = data[error.start]
        raise ConfigurationError(
            f"{file}:{line}: byte 0x{byte:02X} is not UTF-8; save the file as UTF-8"
        ) from error


def _parsed(file: Path, text: str) -> Any:
    try:
        return YAML(typ="rt", pure=True).load(text)
    except DuplicateKeyError as error:
        raise ConfigurationError(f"{file}:{_line_of(error)}: {_duplicate(error, text)}") from error
    except MarkedYAMLError as error:
        problem = str(error.problem or error.context)
        advice = "; indent with spaces" if "'\\t'" in problem else ""
        raise ConfigurationError(f"{file}:{_line_of(error)}: not YAML: {problem}{advice}") from error
    except YAMLError as error:
        raise ConfigurationError(f"{file}: not YAML: {str(error).splitlines()[0]}") from error


def _line_of(error: MarkedYAMLError) -> int:
    mark = error.problem_mark or error.context_mark
    return mark.line + 1 if mark else 1


def _duplicate(error: DuplicateKeyError, text: str) -> str:
    key = text.splitlines()[_line_of(error) - 1][error.problem_mark.column :].partition(":")[0].strip()
    return f"{key}: the key stands twice in one section; keep one"


def plain(node: Any, path: KeyPath, problems: list[Problem]) -> Any:
    """The value without ruamel's wrappers; what JSON could not say either is a problem."""
    if len(path) > _DEEPEST:
        problems.append(Problem(path[:1], f"nested deeper than {_DEEPEST} levels; no setting is"))
        return None
    match node:
        case dict():
            return {str(key): plain(value, (*path, str(key)), problems) for key, value in node.items()}
        case list():
            return [plain(value, (*path, index), problems) for index, value in enumerate(node)]
        case ScalarBoolean():
            return bool(node)
        case None | bool():
            return node
        case int():
            return int(node)
        case float():
            if not math.isfinite(node):
                problems.append(Problem(path, "must be a finite number"))
            return float(node)
        case str() | date():
            return str(node)
        case _:
            problems.append(Problem(path, "YAML tags have no meaning here; write the plain value"))
            return None
