"""A cancellation must arrive, whatever a library makes of it.

Both libraries of ours wait for answers in ways of their own. Cancelled in the very moment of an answer, one
loses the cancellation and the other raises a kind of its own. A task that waits for such a task would then
wait for ever, or die of an error that is none.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def heeding_cancellation() -> Iterator[None]:
    """What is awaited in here ends with a plain `CancelledError` where its task is cancelled meanwhile.

    `asyncio.wait_for` before Python 3.12 returns the answer and forgets the cancellation (gh-86296); pymodbus
    uses it, and asyncua for its subscriptions. asyncua's requests raise a subclass,
    `wait_for2.CancelledWithResultError`; TaskGroup and `timeout` look for `CancelledError` alone.
    """
    task = asyncio.current_task()
    before = task.cancelling() if task is not None else 0  # whoever closes is often cancelled already
    try:
        yield
    except asyncio.CancelledError as error:
        if type(error) is asyncio.CancelledError:
            raise
        raise asyncio.CancelledError from error
    if task is not None and task.cancelling() > before:
        raise asyncio.CancelledError
