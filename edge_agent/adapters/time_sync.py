"""Whether the kernel's clock follows a time server.

Source: adjtimex(2) and <linux/timex.h>. NTP, chrony, PTP and systemd-timesyncd all tell the kernel how well
they keep its clock. Asking changes nothing and takes no privilege; a container or a unit whose system call
filter forbids the question gets `unknown`.
"""

import ctypes

from edge_agent.domain.time import ClockSync

_STA_UNSYNC = 0x0040
_TIME_ERROR = 5


class _Timeval(ctypes.Structure):
    _fields_ = [("tv_sec", ctypes.c_long), ("tv_usec", ctypes.c_long)]


class _Timex(ctypes.Structure):
    """`struct timex`. `modes` 0 only asks."""

    _fields_ = [
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("time", _Timeval),
        ("tick", ctypes.c_long),
        ("ppsfreq", ctypes.c_long),
        ("jitter", ctypes.c_long),
        ("shift", ctypes.c_int),
        ("stabil", ctypes.c_long),
        ("jitcnt", ctypes.c_long),
        ("calcnt", ctypes.c_long),
        ("errcnt", ctypes.c_long),
        ("stbcnt", ctypes.c_long),
        ("tai", ctypes.c_int),
        ("reserved", ctypes.c_int * 11),
    ]


def kernel_clock_sync() -> ClockSync:
    """Ask the kernel. Returns at once; never raises."""
    state, answer = _ask()
    return read_answer(state, answer.status)


def _ask() -> tuple[int, _Timex]:
    answer = _Timex()
    adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)
    if adjtimex is None:  # not Linux
        return -1, answer
    return int(adjtimex(ctypes.byref(answer))), answer


def read_answer(state: int, status: int) -> ClockSync:
    """What the result and the status bits of adjtimex(2) say."""
    if state < 0:
        return ClockSync.UNKNOWN
    if state == _TIME_ERROR or status & _STA_UNSYNC:
        return ClockSync.UNSYNCHRONISED
    return ClockSync.SYNCHRONISED
