"""The write-ahead log as a killed agent leaves it: is something lost in the middle of it?

SQLite applies a log up to the first frame that does not fit its checksum and forgets the rest. That is right
for a commit that was cut short, which is the last thing in a log. It is not right for damage before that:
commits that were acknowledged would be gone without a word. Each commit is on the disk before the next one
begins, so frames of a later commit behind a damaged one tell the two cases apart.

Source: sqlite.org/fileformat2.html, 4 (the WAL file format).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge_agent.adapters.journal_pages import PAGE_BYTES, log_of

_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_FRAME_BYTES = _FRAME_HEADER_BYTES + PAGE_BYTES
_WORDS_LOW_FIRST = 0x377F0682
_WORD = 0xFFFF_FFFF

_Sums = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Frame:
    intact: bool
    """It fits the checksum of the frame in front of it, and its own."""
    commits: bool
    """The last frame of a commit."""


def damage_in_log(path: Path) -> str | None:
    """What is wrong with the log of a journal that nobody writes to just now: a commit that others follow is
    not as it was written. Damage to the last commit alone looks like one that was cut short, and is None.

    Raises OSError where the log is there and cannot be read.
    """
    at = _damaged_at(path)
    if at is None:
        return None
    return f"its write-ahead log was changed behind byte {at}, and what came after that is lost"


def _damaged_at(path: Path) -> int | None:
    try:
        log = log_of(path).read_bytes()
    except FileNotFoundError:
        return None
    bad: int | None = None
    commit_ended = False
    for number, frame in enumerate(_frames(log)):
        if bad is None:
            if not frame.intact:
                bad, commit_ended = number, frame.commits
        elif frame.intact and commit_ended:
            return max(0, _HEADER_BYTES + (bad - 1) * _FRAME_BYTES)
        else:
            commit_ended |= frame.intact and frame.commits
    return None


def _frames(log: bytes) -> Iterator[_Frame]:
    """The header, as a frame that commits nothing, and the frames."""
    if len(log) < _HEADER_BYTES:
        return
    order = "<" if log[:4] == _WORDS_LOW_FIRST.to_bytes(4, "big") else ">"
    before: _Sums = struct.unpack(">II", log[24:32])
    yield _Frame(_sums(log[:24], order, (0, 0)) == before, commits=False)
    salts = log[16:24]
    for at in range(_HEADER_BYTES, len(log) - _FRAME_BYTES + 1, _FRAME_BYTES):
        head, page = log[at : at + _FRAME_HEADER_BYTES], log[at + _FRAME_HEADER_BYTES : at + _FRAME_BYTES]
        sums: _Sums = struct.unpack(">II", head[16:24])
        fits = _sums(page, order, _sums(head[:8], order, before)) == sums
        yield _Frame(fits and head[8:16] == salts, commits=head[4:8] != b"\0\0\0\0")
        before, salts = sums, head[8:16]


def _sums(data: bytes, order: str, start: _Sums) -> _Sums:
    words: Sequence[int] = struct.unpack(f"{order}{len(data) // 4}I", data)
    first, second = start
    for index in range(0, len(words), 2):
        first = (first + words[index] + second) & _WORD
        second = (second + words[index + 1] + first) & _WORD
    return first, second
