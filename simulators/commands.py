"""What an instrument on a byte stream understands: its commands, cut out of whatever arrives."""

from collections.abc import Callable, Iterator, Mapping

from drivers.scanner_wire import wire_bytes

Act = Callable[[float], None]
"""What a command does at a moment."""


class Commands:
    """The commands of one profile. They may come in pieces; what is none is dropped, byte by byte."""

    def __init__(self, acts: Mapping[str, Act]) -> None:
        longest_first = sorted(acts.items(), key=lambda act: -len(act[0]))
        self._texts = {wire_bytes(text): act for text, act in longest_first if text}
        self._received = b""

    def take(self, data: bytes) -> Iterator[Act]:
        """The commands that the data completes, in order."""
        self._received += data
        while self._received:
            found = next((text for text in self._texts if self._received.startswith(text)), None)
            if found is not None:
                self._received = self._received[len(found) :]
                yield self._texts[found]
            elif any(text.startswith(self._received) for text in self._texts):
                return
            else:
                self._received = self._received[1:]

    def forget(self) -> None:
        """The line was closed: half a command goes with it."""
        self._received = b""
