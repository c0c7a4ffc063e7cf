"""Who is at the other end of a socket, and what the site file lets them do."""

import getpass
import grp
import os
import socket

import pytest

from edge_agent.adapters.api.peer import peer_of, person
from edge_agent.domain.decision import Role
from edge_agent.domain.site import Access, Api

ME = getpass.getuser()
MY_GROUP = grp.getgrgid(os.getgid()).gr_name
NOBODY = Access()


@pytest.mark.parametrize(
    ("settings", "role"),
    [
        (Api(), Role.OPERATOR),
        (Api(operators=NOBODY), None),
        (Api(operators=Access(users=(ME,))), Role.OPERATOR),
        (Api(operators=Access(groups=(MY_GROUP,))), Role.OPERATOR),
        (Api(operators=Access(groups=("no-such-group",))), None),
        (Api(supervisors=Access(users=(ME,))), Role.SUPERVISOR),
        (Api(operators=NOBODY, supervisors=Access(groups=(MY_GROUP,))), Role.SUPERVISOR),
    ],
)
def test_a_peer_is_named_by_the_kernel_and_its_role_by_the_site_file(
    settings: Api, role: Role | None
) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        peer = peer_of(ours, settings)
    assert (peer.uid, peer.name, peer.role) == (os.getuid(), ME, role)
    known = person(ME, settings)
    assert (known.role if known is not None else None) == role


def test_a_name_that_the_system_does_not_know_is_nobody() -> None:
    assert person("no-such-user", Api()) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_a_user_without_a_name_is_known_by_its_number() -> None:
    with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as client:
        listening.bind("")  # a free abstract name
        listening.listen()
        os.seteuid(54_321)
        try:
            client.connect(listening.getsockname())
        finally:
            os.seteuid(0)
        connection, _ = listening.accept()
        with connection:
            peer = peer_of(connection, Api(operators=Access(users=("uid:54321",))))
    assert (peer.uid, peer.name, peer.role) == (54_321, "uid:54321", Role.OPERATOR)
