"""The journal's file below SQL: every page ends with a seal, so that any changed byte is found.

The chain covers what the events say. A seal covers the rest as well: headers, indexes, free space. SQLite
leaves 16 bytes at the end of each page to us ("reserved bytes", sqlite.org/fileformat.html 1.3.4) and never
looks at them. In WAL mode pages get into the file by a checkpoint alone; the one writing connection
makes its checkpoints itself, and seals what each has written before the write-ahead log is used again: until
then a crash does no harm, for the log is applied once more.
"""

import os
import struct
import time
from collections.abc import Iterable
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

from edge_agent.adapters.journal_schema import APPLICATION_ID

PAGE_BYTES = 4096
SEAL_BYTES = 16

_WAL_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_RESERVED_AT = 20
"""Where a database's header says how many bytes at the end of each page are not SQLite's."""
_RETRIES = 3
_RETRY_S = 0.1

_kept_open: dict[tuple[int, int], int] = {}


def create(path: Path) -> None:
    """Make an empty database with room for seals, in WAL mode, that can give free pages back.

    SQL has no word for the room, so the first page is written by hand. Raises OSError.
    """
    page = bytearray(PAGE_BYTES)
    page[0:16] = b"SQLite format 3\0"
    struct.pack_into(">H6B", page, 16, PAGE_BYTES, 2, 2, SEAL_BYTES, 64, 32, 32)  # 2, 2: WAL
    struct.pack_into(">II", page, 24, 1, 1)  # change counter, pages
    struct.pack_into(">I", page, 44, 4)  # schema format
    struct.pack_into(">II", page, 52, 1, 1)  # largest root page (auto-vacuum), UTF-8
    struct.pack_into(">II", page, 64, 1, APPLICATION_ID)  # incremental vacuum
    struct.pack_into(">I", page, 92, 1)  # the change counter for which the page count holds
    struct.pack_into(">BHHHB", page, 100, 0x0D, 0, 0, PAGE_BYTES - SEAL_BYTES, 0)  # a table without rows
    page[-SEAL_BYTES:] = _seal(1, page)
    draft = path.with_name(path.name + ".new")
    with draft.open("wb") as file:
        file.write(page)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path)


def has_room(path: Path) -> bool:
    """Whether a database keeps room for seals."""
    with path.open("rb") as file:
        header = file.read(_RESERVED_AT + 1)
    return len(header) > _RESERVED_AT and header[_RESERVED_AT] == SEAL_BYTES


def sync_folder(path: Path) -> None:
    """Make a file's new name durable."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def seal_all(path: Path) -> None:
    """Seal every page of a database that no connection of this process is open on."""
    file = os.open(path, os.O_RDWR)
    try:
        seal(file, range(1, _page_count(file) + 1))
    finally:
        os.close(file)


def seal(file: int, numbers: Iterable[int]) -> None:
    """Seal these pages as they stand in the file, durably. Raises OSError."""
    count = _page_count(file)
    for number in numbers:
        if number <= count:
            page = _read(file, number)
            os.pwrite(file, _seal(number, page), number * PAGE_BYTES - SEAL_BYTES)
    os.fsync(file)


def log_of(path: Path) -> Path:
    """The write-ahead log of a database."""
    return path.with_name(path.name + "-wal")


def log_bytes(path: Path) -> int:
    """The length of the write-ahead log; 0 where there is none."""
    try:
        return log_of(path).stat().st_size
    except FileNotFoundError:
        return 0


def pages_in_log(path: Path) -> set[int]:
    """The pages that the write-ahead log beside a database holds a newer version of."""
    try:
        log = log_of(path).read_bytes()
    except FileNotFoundError:
        return set()
    salts = log[16:24]
    frame_bytes = _FRAME_HEADER_BYTES + PAGE_BYTES
    frames = range(_WAL_HEADER_BYTES, len(log) - frame_bytes + 1, frame_bytes)
    # Frames with other salts are left from before the log was used anew.
    return {int.from_bytes(log[at : at + 4], "big") for at in frames if log[at + 8 : at + 16] == salts}


def damaged_pages(path: Path) -> list[int]:
    """The numbers of the pages that are not as they were sealed. The agent may be at work meanwhile.

    Raises OSError where the file cannot be read.
    """
    file = _open_for_good(path)
    suspects = [number for number in range(1, _page_count(file) + 1) if not _is_sealed(file, number)]
    for _ in range(_RETRIES):
        if not suspects or not log_bytes(path):
            break
        # What the log holds anew counts from there; and the agent may just be about to seal the page.
        time.sleep(_RETRY_S)
        logged = pages_in_log(path)
        suspects = [n for n in suspects if n not in logged and not _is_sealed(file, n)]
    # A file that is no multiple of the page size was cut, or something was appended.
    rest = os.fstat(file).st_size % PAGE_BYTES
    return [*suspects, _page_count(file) + 1] if rest else suspects


def _open_for_good(path: Path) -> int:
    """Opened once and never closed: closing any descriptor of a file ends all POSIX locks that this process
    has on it, those of SQLite's connections too (sqlite.org/howtocorrupt.html, 2.2)."""
    stat = path.stat()
    key = (stat.st_dev, stat.st_ino)
    if key not in _kept_open:
        _kept_open[key] = os.open(path, os.O_RDONLY)
    return _kept_open[key]


def _page_count(file: int) -> int:
    return os.fstat(file).st_size // PAGE_BYTES


def _read(file: int, number: int) -> bytes:
    return os.pread(file, PAGE_BYTES, (number - 1) * PAGE_BYTES)


def _is_sealed(file: int, number: int) -> bool:
    page = _read(file, number)
    return not page or page[-SEAL_BYTES:] == _seal(number, page)


def _seal(number: int, page: bytes | bytearray) -> bytes:
    # With its number, so that a page that was written to another's place is found as well.
    salt = number.to_bytes(8, "big")
    return blake2b(memoryview(page)[:-SEAL_BYTES], digest_size=SEAL_BYTES, salt=salt).digest()


def remove(path: Path) -> None:
    """Remove a database and what SQLite keeps beside it."""
    for file in (path, log_of(path), path.with_name(path.name + "-shm")):
        with suppress(FileNotFoundError):
            file.unlink()
