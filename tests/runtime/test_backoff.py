"""Waits between tries: doubling, jittered, bounded."""

from edge_agent.runtime.backoff import Backoff


def test_waits_double_up_to_their_bound_and_begin_anew_after_a_success() -> None:
    backoff = Backoff(first_s=1.0, limit_s=5.0, random=lambda: 0.0)
    assert [backoff.next_s() for _ in range(5)] == [1.0, 2.0, 4.0, 5.0, 5.0]
    backoff.reset()
    assert backoff.next_s() == 1.0


def test_jitter_takes_off_up_to_half_and_never_more() -> None:
    assert Backoff(first_s=1.0, random=lambda: 1.0).next_s() == 0.5
