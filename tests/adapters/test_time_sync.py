"""Whether the kernel's clock follows a time server."""

import time
from collections.abc import Callable

import pytest

from edge_agent.adapters import time_sync
from edge_agent.adapters.time_sync import kernel_clock_sync, read_answer
from edge_agent.domain.time import ClockSync
from tests.runtime.test_clock_watch import HandSync

readers = pytest.mark.parametrize("read", [kernel_clock_sync, HandSync()], ids=["kernel", "by hand"])


@readers
def test_an_answer_comes_at_once_and_is_one_of_three(read: Callable[[], ClockSync]) -> None:
    began_s = time.monotonic()
    answers = [read() for _ in range(100)]
    assert time.monotonic() - began_s < 1.0
    assert set(answers) <= set(ClockSync)
    assert len(set(answers)) == 1, "asking changes nothing"


def test_the_kernels_answer_is_read_where_it_stands() -> None:
    """A wrong layout would show here: the kernel writes its clock and its tick into the same structure."""
    state, answer = time_sync._ask()
    if state < 0:
        pytest.skip("this system does not let us ask")
    assert abs(answer.time.tv_sec - time.time()) < 2
    assert 9_000 <= answer.tick <= 11_000
    assert read_answer(state, answer.status) is kernel_clock_sync()


@pytest.mark.parametrize(
    ("state", "status", "sync"),
    [
        (0, 0x2001, ClockSync.SYNCHRONISED),  # TIME_OK; STA_PLL, STA_NANO
        (1, 0x0001, ClockSync.SYNCHRONISED),  # TIME_INS: a leap second is announced
        (5, 0x0040, ClockSync.UNSYNCHRONISED),
        (0, 0x0040, ClockSync.UNSYNCHRONISED),
        (5, 0x0000, ClockSync.UNSYNCHRONISED),
        (-1, 0x0000, ClockSync.UNKNOWN),  # not permitted
    ],
)
def test_the_result_and_the_status_bits_say_which(state: int, status: int, sync: ClockSync) -> None:
    assert read_answer(state, status) is sync
