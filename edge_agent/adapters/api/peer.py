"""Who is at the other end of a Unix socket: the kernel says it, nobody can claim it.

Source: unix(7), SO_PEERCRED.
"""

import grp
import os
import pwd
import socket
import struct
from dataclasses import dataclass

from edge_agent.domain.decision import Actor, Role
from edge_agent.domain.site import Access, Api

_UCRED = struct.Struct("3i")


@dataclass(frozen=True, slots=True)
class Peer:
    """The user that a connection comes from."""

    uid: int
    name: str
    """The user's name, or `uid:N` where the system knows none."""
    role: Role | None
    """None: may look, and do nothing."""

    @property
    def actor(self) -> Actor | None:
        """As who the peer decides something; None for one who may not."""
        return Actor(self.name, self.role) if self.role is not None else None


def peer_of(connection: socket.socket, settings: Api) -> Peer:
    """The peer of a connected Unix socket."""
    size = _UCRED.size
    _, uid, gid = _UCRED.unpack(connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name, groups = f"uid:{uid}", [gid]
    else:
        groups = os.getgrouplist(name, gid)
    return Peer(uid, name, _role(name, groups, settings))


def person(name: str, settings: Api) -> Actor | None:
    """A user by name; None where the system knows no such user, or one who may not decide anything."""
    try:
        known = pwd.getpwnam(name)
    except KeyError:
        return None
    role = _role(name, os.getgrouplist(name, known.pw_gid), settings)
    return Actor(name, role) if role is not None else None


def _role(user: str, groups: list[int], settings: Api) -> Role | None:
    if _is_among(settings.supervisors, user, groups):
        return Role.SUPERVISOR
    if settings.operators is None or _is_among(settings.operators, user, groups):
        return Role.OPERATOR
    return None


def _is_among(access: Access, user: str, groups: list[int]) -> bool:
    return user in access.users or any(_group_id(name) in groups for name in access.groups)


def _group_id(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None
