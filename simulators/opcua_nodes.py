"""The standard OPC UA nodes, built once a process and shared by all its servers.

asyncua builds its six thousand standard nodes for every server anew: half a second and 30 MB each, of which a
device touches about a hundred.
"""

import asyncio
import gc
from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

from asyncua import ua
from asyncua.server.address_space import AddressSpace, NodeData, NodeManagementService
from asyncua.server.internal_server import InternalServer
from asyncua.server.internal_session import InternalSession
from asyncua.server.standard_address_space import standard_address_space

fill_address_space: Callable[[NodeManagementService], None] = standard_address_space.fill_address_space


class SharedNodesServer(InternalServer):
    """An asyncua server core that copies a standard node when it first touches it.

    When it stops it closes every session. asyncua keeps one whose connection broke until its time-out, with
    its tasks, also after the server has gone.
    """

    def __init__(self) -> None:
        super().__init__()
        self._sessions: set[InternalSession] = set()

    def register_external_session(self, session: InternalSession) -> None:
        super().register_external_session(session)
        self._sessions.add(session)

    def unregister_external_session(self, session: InternalSession) -> None:
        super().unregister_external_session(session)
        self._sessions.discard(session)

    async def stop(self) -> None:
        for session in list(self._sessions):
            await session.close_session()
        await super().stop()

    async def load_standard_address_space(self, _shelf_file: Path | None = None) -> None:
        standard = await asyncio.to_thread(_standard_nodes)
        # asyncua's own shelf puts a lazy mapping into the same place; it has no public way in.
        self.aspace._nodes = _CopiedNodes(standard)  # noqa: SLF001


class _CopiedNodes(dict[ua.NodeId, NodeData]):
    """A server's own nodes, in front of the standard ones."""

    def __init__(self, standard: AddressSpace) -> None:
        super().__init__()
        self._standard = standard

    def __missing__(self, node_id: ua.NodeId) -> NodeData:
        node = self[node_id] = deepcopy(self._standard[node_id])
        return node

    def __contains__(self, node_id: object) -> bool:
        return super().__contains__(node_id) or (isinstance(node_id, ua.NodeId) and node_id in self._standard)

    def get(self, node_id: ua.NodeId, default: Any = None) -> Any:
        try:
            return self[node_id]
        except KeyError:
            return default


@cache
def _standard_nodes() -> AddressSpace:
    """Build them with the garbage collector off and put them out of its sight: they live as long as the
    process, and visiting them would stop every device for a tenth of a second, again and again."""
    nodes = AddressSpace()
    was_on = gc.isenabled()
    gc.disable()
    try:
        fill_address_space(NodeManagementService(nodes))
        gc.freeze()
    finally:
        if was_on:
            gc.enable()
    return nodes
