"""A cancellation must not get lost."""

import asyncio


def raise_if_cancelled() -> None:
    """Raise `CancelledError` where the present task has been cancelled and somebody swallowed that.

    A TaskGroup that is cancelled in the moment in which one of its tasks fails raises the failure alone
    (CPython before 3.13, gh-116720). Whoever handles failures and goes on asks here first.

    Needs a group whose body is still waiting when a task of it fails: one that is already leaving its
    block leaves a cancellation behind that nobody has asked for (same issue).
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError
