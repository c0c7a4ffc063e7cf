"""Who is at the other end of a Unix socket: the kernel says it, nobody can claim it.

Source: unix(7), SO_PEERCRED.
"""

import grp
import os
import pwd
import socket
import struct
from dataclasses import dataclass
from enum import IntEnum

from edge_agent.domain.site import Access, Api

_UCRED = struct.Struct("3i")


class Role(IntEnum):
    """What a peer may do; each includes those before it."""

    OBSERVER = 0
    """May look."""
    OPERATOR = 1
    """May give orders."""
    SUPERVISOR = 2
    """May also approve what needs a second person."""


@dataclass(frozen=True, slots=True)
class Peer:
    """The user that a connection comes from."""

    uid: int
    actor: str
    """The user's name, or `uid:N` where the system knows none."""
    role: Role


def peer_of(connection: socket.socket, settings: Api) -> Peer:
    """The peer of a connected Unix socket."""
    size = _UCRED.size
    _, uid, gid = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    try:
        actor = pwd.getpwuid(uid).pw_name
    except KeyError:
        return Peer(uid, f"uid:{uid}", _role(f"uid:{uid}", [gid], settings))
    return Peer(uid, actor, _role(actor, os.getgrouplist(actor, gid), settings))


def role_of(user: str, settings: Api) -> Role | None:
    """The role of a user by name; None where the system knows no such user."""
    try:
        known = pwd.getpwnam(user)
    except KeyError:
        return None
    return _role(user, os.getgrouplist(user, known.pw_gid), settings)


def _role(user: str, groups: list[int], settings: Api) -> Role:
    if _is_among(settings.supervisors, user, groups):
        return Role.SUPERVISOR
    if settings.operators is None or _is_among(settings.operators, user, groups):
        return Role.OPERATOR
    return Role.OBSERVER


def _is_among(access: Access, user: str, groups: list[int]) -> bool:
    return user in access.users or any(_group_id(name) in groups for name in access.groups)


def _group_id(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None
