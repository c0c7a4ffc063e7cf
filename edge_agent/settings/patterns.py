"""Whether two patterns can match the same text, found exactly and with an example.

Regular expressions in the part that labels need: characters, classes, `\\d \\w \\s`, `.`, groups, `|` and
quantifiers. They become finite automata; a text that both accept is looked for in their product.
Characters are the printable ones of ASCII: no label has others.
"""

import re
from collections import deque
from dataclasses import dataclass, field

_ALPHABET = frozenset(map(chr, range(0x20, 0x7F)))
_DIGITS = frozenset("0123456789")
_WORD = frozenset(char for char in _ALPHABET if char.isalnum() or char == "_")
_CLASSES = {"d": _DIGITS, "w": _WORD, "s": frozenset(" ")}
_CLASSES |= {name.upper(): _ALPHABET - chars for name, chars in _CLASSES.items()}
_SPECIAL = frozenset("^$*+?{}[]\\|()")
_QUANTIFIER = re.compile(r"([*+?])|\{(\d*)(,?)(\d*)\}")
_MOST_REPEATS = 64


class UnsupportedPatternError(ValueError):
    """The pattern uses what is not looked into here (anchors, look-around, references, flags)."""


@dataclass(slots=True)
class _Automaton:
    """`steps[state]` are the characters (None: no character) and the state that they lead to."""

    steps: list[list[tuple[frozenset[str] | None, int]]] = field(default_factory=list)

    def state(self) -> int:
        self.steps.append([])
        return len(self.steps) - 1

    def join(self, origin: int, chars: frozenset[str] | None, target: int) -> None:
        self.steps[origin].append((chars, target))


class _Parser:
    """Recursive descent; each method adds its part behind `start` and gives the state where it ends."""

    def __init__(self, pattern: str) -> None:
        self.pattern = pattern
        self.position = 0
        self.automaton = _Automaton()

    def parse(self) -> tuple[_Automaton, int, int]:
        start = self.automaton.state()
        end = self._choice(start)
        if self.position < len(self.pattern):
            raise UnsupportedPatternError(self.pattern)
        return self.automaton, start, end

    def _next(self) -> str:
        return self.pattern[self.position : self.position + 1]

    def _take(self) -> str:
        char = self._next()
        if not char:
            raise UnsupportedPatternError(self.pattern)
        self.position += 1
        return char

    def _choice(self, start: int) -> int:
        end = self.automaton.state()
        self.automaton.join(self._sequence(start), None, end)
        while self._next() == "|":
            self._take()
            self.automaton.join(self._sequence(start), None, end)
        return end

    def _sequence(self, start: int) -> int:
        end = start
        while self._next() and self._next() not in "|)":
            end = self._repeated(end)
        return end

    def _repeated(self, start: int) -> int:
        begin = self.position
        # The first copy shows where the atom ends; the others are parsed from the same text again.
        end = self._atom(self._fork(start))
        behind_atom = self.position
        least, most = self._quantifier()
        behind = self.position
        if behind == behind_atom:
            self.automaton.join(start, None, self._fork_of(start))
            return end
        return self._copies(start, begin, behind, least, most)
