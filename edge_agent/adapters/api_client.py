"""Asks a running agent over its local API. Blocking: for the command line and for tests."""

import json
import socket
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from edge_agent.errors import EdgeAgentError

TIMEOUT_S = 30.0
_PREFIX = "/v1"


class AgentUnreachableError(EdgeAgentError):
    """Nobody answers on the agent's socket, or we may not speak to it: which one, and what to do."""


class AgentRefusedError(EdgeAgentError):
    """The agent says no: what is wrong, every wrong field, what to do. `problem` is its whole answer."""

    def __init__(self, problem: dict[str, Any]) -> None:
        fields = "".join(f"; {field['path']}: {field['problem']}" for field in problem.get("fields", ()))
        super().__init__(f"{problem['detail']}{fields}: {problem['advice']}")
        self.problem = problem


class ApiClient:
    """One agent, by its socket. Every call raises `AgentUnreachableError` or `AgentRefusedError`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self, *where: str, **query: Any) -> Any:
        """`where` is the path behind `/v1`, part by part; None in the query is left out."""
        given = {name: value for name, value in query.items() if value is not None}
        return self._ask("GET", where, query=given)

    def post(self, *where: str, body: bytes | dict[str, Any]) -> Any:
        return self._ask("POST", where, body=body if isinstance(body, bytes) else json.dumps(body).encode())

    def delete(self, *where: str, **query: Any) -> Any:
        return self._ask("DELETE", where, query=query)

    def _ask(
        self,
        method: str,
        where: tuple[str, ...],
        body: bytes | None = None,
        query: dict[str, Any] | None = None,
    ) -> Any:
        target = "/".join((_PREFIX, *(quote(part, safe="") for part in where)))
        if query:
            target += f"?{urlencode(query, doseq=True)}"
        connection = _UnixConnection(self._path)
        try:
            with suppress(BrokenPipeError):  # it may have answered before it had read everything
                connection.request(method, target, body, {"Content-Type": "application/json"} if body else {})
            response = connection.getresponse()
            status, text = response.status, response.read()
        except (OSError, HTTPException) as error:
            raise self._unreachable(error) from error
        finally:
            connection.close()
        answer = self._decoded(text)
        if status >= 400:
            raise AgentRefusedError(answer)
        return answer

    def _decoded(self, text: bytes) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise AgentUnreachableError(
                f"{self._path}: what answers there is no edge-agent: name its socket with --socket"
            ) from error

    def _unreachable(self, error: OSError | HTTPException) -> AgentUnreachableError:
        match error:
            case FileNotFoundError() | ConnectionRefusedError():
                text = "no agent answers there: start it, or name its socket (api.socket) with --socket"
            case PermissionError():
                text = (
                    "you may not speak to this agent: have yourself put into the socket's group (api.group)"
                )
            case TimeoutError():
                text = f"no answer within {TIMEOUT_S:g} s: look at the agent's log"
            case _:
                text = f"the agent hung up ({error}): try again, then look at its log"
        return AgentUnreachableError(f"{self._path}: {text}")


class _UnixConnection(HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))
