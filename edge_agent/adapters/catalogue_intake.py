"""Catalogue messages, read beside the event loop: a long one takes seconds."""

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Protocol

from edge_agent.adapters.catalogue import parse_catalogue
from edge_agent.adapters.pick_task import Refused
from edge_agent.domain.inputs import CatalogueOffered, Input, MessageRefused
from edge_agent.domain.item import Catalogue


class Put(Protocol):
    """Hands an input to the loop, with what is to be done once it is durable."""

    def __call__(self, what: Input, on_durable: Callable[[], None]) -> None: ...


class CatalogueIntake:
    """Takes what comes on the catalogue's topic, one message after the other.

    The message is retained, so that every new connection brings it again: what was taken last is not read a
    second time.
    """

    def __init__(self, put: Put, longest_bytes: int) -> None:
        self._put = put
        self._longest = longest_bytes
        self._waiting: asyncio.Queue[tuple[bytes, Callable[[], None]]] = asyncio.Queue()
        self._taken = b""

    def read(self, payload: bytes, acknowledge: Callable[[], None]) -> None:
        """Take one message; its PUBACK goes out when what follows from it is durable (invariant 2)."""
        self._waiting.put_nowait((payload, acknowledge))

    async def run(self) -> None:
        """Read for ever."""
        while True:
            payload, acknowledge = await self._waiting.get()
            digest = sha256(payload).digest()
            if digest == self._taken or not payload:  # nothing: the retained message was removed
                acknowledge()
                continue
            found = await asyncio.to_thread(parse_catalogue, payload, self._longest)
            self._put(_input(found), self._when_durable(digest, acknowledge))

    def _when_durable(self, digest: bytes, acknowledge: Callable[[], None]) -> Callable[[], None]:
        def durable() -> None:
            self._taken = digest
            acknowledge()

        return durable


def _input(found: Catalogue | Refused) -> Input:
    if isinstance(found, Catalogue):
        return CatalogueOffered(found)
    return MessageRefused("catalogue", found.code, found.message, found.fields, found.task_id, found.excerpt)
