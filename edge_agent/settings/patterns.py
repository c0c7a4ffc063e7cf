"""Whether patterns can match the same text, found exactly and with an example.

Regular expressions in the part that labels need: characters, classes, `\\d \\w \\s`, `.`, groups, `|` and
quantifiers. They become finite automata; a text that all accept is looked for in their product.
Characters are the printable ones of ASCII: no label has others.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import TypeAlias

_ALPHABET = frozenset(map(chr, range(0x20, 0x7F)))
_WORD = frozenset(char for char in _ALPHABET if char.isalnum() or char == "_")
_CLASSES = {"d": frozenset("0123456789"), "w": _WORD, "s": frozenset(" ")}
_CLASSES |= {name.upper(): _ALPHABET - chars for name, chars in _CLASSES.items()}
_SPECIAL = frozenset("^$*+?{}\\|()")
_QUANTIFIER = re.compile(r"([*+?]|\{(\d+)(?:(,)(\d*))?\})\??(?!\+)")
_GROUP = re.compile(r"\((\?:|\?P<\w+>|(?!\?))")
_MOST_STATES = 400
_MOST_COMBINATIONS = 100_000

Chars: TypeAlias = frozenset[str]
States: TypeAlias = tuple[int, ...]


class UnsupportedPatternError(ValueError):
    """The pattern uses what is not looked into here: anchors inside, look-around, references, flags."""


@dataclass(frozen=True, slots=True)
class _Sequence:
    parts: "tuple[_Node, ...]"


@dataclass(frozen=True, slots=True)
class _Choice:
    options: "tuple[_Node, ...]"


@dataclass(frozen=True, slots=True)
class _Repeat:
    part: "_Node"
    least: int
    most: int | None


_Node: TypeAlias = Chars | _Sequence | _Choice | _Repeat


def shared_text(*patterns: str) -> str | None:
    """A short text that all the regular expressions match wholly; None: there is none.

    Raises `UnsupportedPatternError`.
    """
    automata = [_Automaton(pattern) for pattern in patterns]
    start, goal = tuple(one.start for one in automata), tuple(one.end for one in automata)
    texts = {start: ""}
    queue = deque([start])
    while queue and goal not in texts:
        states = queue.popleft()
        for following, char in _moves(automata, states):
            if following not in texts:
                texts[following] = texts[states] + char
                # What costs no character goes first, so that the example stays short.
                (queue.append if char else queue.appendleft)(following)
        if len(texts) > _MOST_COMBINATIONS:
            raise UnsupportedPatternError("the patterns are too large to compare")
    return texts.get(goal)


def glob_to_regex(pattern: str) -> str:
    """A shell pattern (`*`, `?`, `[...]`, `[!...]`, as `fnmatch` has them) as a regular expression."""
    return re.sub(r"\*|\?|\[!?\]?[^\]]*\]|.", _glob_part, pattern, flags=re.DOTALL)


def _glob_part(part: re.Match[str]) -> str:
    text = part[0]
    if text in ("*", "?"):
        return ".*" if text == "*" else "."
    if len(text) == 1:
        return re.escape(text)
    inner = text[1:-1].replace("\\", "\\\\")
    return f"[^{inner[1:]}]" if inner.startswith("!") else f"[{inner}]".replace("[^", r"[\^", 1)


class _Automaton:
    """Accepts what the pattern matches. `steps[state]`: characters (None: none is read), next state."""

    def __init__(self, pattern: str) -> None:
        self.steps: list[list[tuple[Chars | None, int]]] = []
        self.start = self._state()
        self.end = self._build(_Parser(pattern).parse(), self.start)

    def _state(self) -> int:
        if len(self.steps) == _MOST_STATES:
            raise UnsupportedPatternError("the pattern repeats too much")
        self.steps.append([])
        return len(self.steps) - 1

    def _join(self, origin: int, chars: Chars | None, target: int) -> int:
        self.steps[origin].append((chars, target))
        return target

    def _build(self, node: _Node, start: int) -> int:
        """Adds what the node matches behind `start`; gives the state where it ends."""
        match node:
            case _Sequence(parts):
                for part in parts:
                    start = self._build(part, start)
                return start
            case _Choice(options):
                end = self._state()
                for option in options:
                    self._join(self._build(option, start), None, end)
                return end
            case _Repeat():
                return self._repeat(node, start)
            case _:
                return self._join(start, node, self._state())

    def _repeat(self, node: _Repeat, start: int) -> int:
        for _ in range(node.least):
            start = self._build(node.part, start)
        if node.most is None:
            loop = self._join(start, None, self._state())
            self._join(self._build(node.part, loop), None, loop)
            return loop
        end = self._join(start, None, self._state())
        for _ in range(node.most - node.least):
            start = self._build(node.part, start)
            self._join(start, None, end)
        return end


class _Parser:
    """Recursive descent over one pattern."""

    def __init__(self, pattern: str) -> None:
        # Labels are matched whole, so anchors around the pattern add nothing.
        self._pattern = pattern.removeprefix("^").removesuffix("$")
        self._at = 0

    def parse(self) -> _Node:
        node = self._choice()
        if self._next:
            raise self._unsupported()
        return node

    @property
    def _next(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _take(self) -> str:
        if not self._next:
            raise self._unsupported()
        self._at += 1
        return self._pattern[self._at - 1]

    def _unsupported(self) -> UnsupportedPatternError:
        return UnsupportedPatternError(f"{self._pattern!r}, from position {self._at + 1}")

    def _choice(self) -> _Node:
        options = [self._sequence()]
        while self._next == "|":
            self._take()
            options.append(self._sequence())
        return options[0] if len(options) == 1 else _Choice(tuple(options))

    def _sequence(self) -> _Node:
        parts = []
        while self._next and self._next not in "|)":
            parts.append(self._repeated(self._atom()))
        return _Sequence(tuple(parts))

    def _repeated(self, atom: _Node) -> _Node:
        found = _QUANTIFIER.match(self._pattern, self._at)
        if not found:
            return atom
        self._at = found.end()
        if found[2] is None:
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[found[1]]
        else:
            least = int(found[2])
            most = least if not found[3] else int(found[4]) if found[4] else None
        return _Repeat(atom, least, most)

    def _atom(self) -> _Node:
        if group := _GROUP.match(self._pattern, self._at):
            self._at = group.end()
            node = self._choice()
            if self._take() != ")":
                raise self._unsupported()
            return node
        char = self._take()
        if char == "[":
            return self._class()
        if char == "\\":
            return self._escaped()
        if char in _SPECIAL:
            raise self._unsupported()
        return _ALPHABET if char == "." else frozenset(char)

    def _escaped(self) -> Chars:
        char = self._take()
        if char in _CLASSES:
            return _CLASSES[char]
        if char.isalnum():
            raise self._unsupported()
        return frozenset(char)

    def _class(self) -> Chars:
        negated = self._next == "^"
        if negated:
            self._take()
        chars: Chars = frozenset()
        first = True
        while first or self._next != "]":
            first = False
            chars |= self._class_part()
        self._take()
        return _ALPHABET - chars if negated else chars

    def _class_part(self) -> Chars:
        low = self._class_char()
        if self._next != "-" or self._pattern[self._at + 1 : self._at + 2] == "]":
            return low
        self._take()
        high = self._class_char()
        return frozenset(char for char in _ALPHABET if min(low) <= char <= max(high))

    def _class_char(self) -> Chars:
        char = self._take()
        return self._escaped() if char == "\\" else frozenset(char)


def _moves(automata: list[_Automaton], states: States) -> Iterator[tuple[States, str]]:
    """Where all get to together from their states, with the character that all of them read."""
    steps = [one.steps[state] for one, state in zip(automata, states, strict=True)]
    for index, ways in enumerate(steps):
        for chars, target in ways:
            if chars is None:
                yield (*states[:index], target, *states[index + 1 :]), ""
    reading = [[(chars, target) for chars, target in ways if chars is not None] for ways in steps]
    for choice in product(*reading):
        if common := frozenset.intersection(*(chars for chars, _ in choice)):
            # Letters and digits make the better example.
            char = min(common, key=lambda char: (not char.isalnum(), char))
            yield tuple(target for _, target in choice), char
