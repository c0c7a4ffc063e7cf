"""The C library's heap, which keeps what was once needed."""

import ctypes


def give_back() -> None:
    """Return to the system what the heap holds and nobody uses: after a peak (a snapshot, a page of events on
    its way to the archive) its pages would stay with the process for good.

    Takes milliseconds and blocks no other thread's Python. Does nothing where the C library is not glibc
    (malloc_trim(3)).
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
