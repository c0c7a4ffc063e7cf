"""What a simulated person needs of the local API: HTTP/1.1 on a Unix socket, one request a connection.

Written from docs/reference/api.md alone: the agent's own client shares its code with what is judged here.
"""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge_agent.errors import EdgeAgentError

ANSWER_LIMIT_S = 30.0


class ApiAwayError(EdgeAgentError):
    """The agent does not answer on its socket: which one, and why."""


class LocalApi:
    """One agent, by its socket. Every method raises `ApiAwayError`, also where the agent says that it cannot
    answer now; what it refuses comes back as problem details."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def get(self, target: str) -> Mapping[str, Any]:
        """The answer, or the problem details, of `/v1/` and what follows it."""
        return await self._ask("GET", target, b"")

    async def post(self, target: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._ask("POST", target, json.dumps(body).encode())

    async def _ask(self, method: str, target: str, body: bytes) -> Mapping[str, Any]:
        head = f"{method} /v1/{target} HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                head_of_answer, _, content = (await self._talk(head.encode() + body)).partition(b"\r\n\r\n")
            answer: Mapping[str, Any] = json.loads(content)
        except (OSError, ValueError) as error:
            raise ApiAwayError(f"{self._path}: {error}") from error
        if head_of_answer.startswith(b"HTTP/1.1 5"):
            raise ApiAwayError(f"{self._path}: {answer.get('detail')}")
        return answer

    async def _talk(self, request: bytes) -> bytes:
        reader, writer = await asyncio.open_unix_connection(self._path)
        try:
            writer.write(request)
            return await reader.read()
        finally:
            writer.close()
