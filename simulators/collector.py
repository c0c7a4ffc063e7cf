"""The garbage collector, held back where it costs a lot and finds nothing.

An OPC UA server's standard nodes are several hundred thousand objects that live as long as the server.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_off() -> Iterator[None]:
    """For building address spaces: with the collector on it takes three times as long."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def all_so_far_kept() -> Iterator[None]:
    """For running with address spaces: visiting them would stop every device for a tenth of a second."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
