"""The API's socket in the file system: made, protected, and removed again.

A file that is left of an agent which was killed is replaced; one on which somebody answers never is.
"""

import errno
import grp
import os
import socket
import stat
from pathlib import Path

from edge_agent.domain.site import Api
from edge_agent.errors import ConfigurationError

BACKLOG = 64
_ANSWER_LIMIT_S = 1.0


def listen(settings: Api) -> socket.socket:
    """A listening socket at the path of the settings, with their mode and group.

    Raises `ConfigurationError` where somebody answers on it, something else stands there, or it cannot be
    made.
    """
    path = Path(settings.socket or "")
    _remove_stale(path)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        _bind(listening, path, settings)
    except OSError as error:
        listening.close()
        advice = "make its folder, and let the agent's user write there"
        raise ConfigurationError(f"api.socket: {path} cannot be made: {error.strerror}: {advice}") from error
    except BaseException:  # whatever it was: no socket is left behind that nobody answers on
        listening.close()
        path.unlink(missing_ok=True)
        raise
    return listening


def _bind(listening: socket.socket, path: Path, settings: Api) -> None:
    listening.setblocking(False)
    before = os.umask(0o177)  # nobody else gets in before the mode is set
    try:
        listening.bind(str(path))
    finally:
        os.umask(before)
    if settings.group is not None:
        _give_to(path, settings.group)
    path.chmod(int(settings.mode, 8))
    listening.listen(BACKLOG)


def _give_to(path: Path, group: str) -> None:
    try:
        os.chown(path, -1, grp.getgrnam(group).gr_gid)
    except KeyError:
        raise ConfigurationError(
            f"api.group: there is no group {group!r}: make it, or name another"
        ) from None
    except PermissionError as error:
        advice = "make the agent's user a member of it"
        raise ConfigurationError(f"api.group: {group}: {error.strerror}: {advice}") from error


def _remove_stale(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    except OSError as error:
        raise ConfigurationError(f"api.socket: {path}: {error.strerror}: name another path") from error
    if not stat.S_ISSOCK(mode):
        raise ConfigurationError(
            f"api.socket: {path} is there and no socket: remove it, or name another path"
        )
    if _answers(path):
        raise ConfigurationError(
            f"api.socket: {path}: another agent answers there: stop it, or give this one a path of its own"
        )
    path.unlink(missing_ok=True)


def _answers(path: Path) -> bool:
    """Only a refused connection proves that nobody has it any more."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(_ANSWER_LIMIT_S)
        problem = asking.connect_ex(str(path))
    return problem not in (errno.ECONNREFUSED, errno.ENOENT)
