"""The broker campaign's certificates are taken and refused for the right reasons."""

import asyncio
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from simulators.campaigns.certificates import DAY, Authority, ServerFiles


async def shake_hands(files: ServerFiles, trusted: Path) -> None:
    """A real handshake with a server that has this certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.certificate, files.key)
    server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0, ssl=context)
    async with server:
        port = server.sockets[0].getsockname()[1]
        client = ssl.create_default_context(cafile=str(trusted))
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client)
        writer.close()
        await writer.wait_closed()


async def test_a_valid_certificate_is_taken(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    await shake_hands(authority.server("valid", expires=datetime.now(UTC) + DAY), authority.file)


async def test_an_expired_certificate_is_refused_as_expired(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    expired = authority.server("expired", expires=datetime.now(UTC) - DAY)
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
        await shake_hands(expired, authority.file)
