"""Memory that nobody uses goes back to the system."""

import os
import platform
from pathlib import Path

import pytest

from edge_agent.adapters.heap import give_back

MB = 1 << 20


def resident_mb() -> float:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / MB


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be told to")
def test_what_a_peak_has_left_behind_is_given_back() -> None:
    peak = [bytearray(8_000) for _ in range(8_000)]
    kept = peak[::40]  # so that no end of the heap is free
    del peak
    before_mb = resident_mb()
    give_back()
    assert resident_mb() < before_mb - 20
    assert len(kept) == 200
