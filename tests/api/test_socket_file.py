"""The socket in the file system: its mode, what is left of a dead agent, and a second agent."""

import socket
import stat
from pathlib import Path

import pytest

from edge_agent.adapters.api.socket_file import listen
from edge_agent.domain.site import Api
from edge_agent.errors import ConfigurationError


def test_the_socket_has_the_mode_of_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    with listen(Api(socket=str(path), mode="0600")):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_socket_that_a_dead_agent_left_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "api.sock"
    listen(Api(socket=str(path))).close()
    assert path.exists()
    with listen(Api(socket=str(path))), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_a_second_agent_is_told_that_another_one_answers(tmp_path: Path) -> None:
    settings = Api(socket=str(tmp_path / "api.sock"))
    with listen(settings), pytest.raises(ConfigurationError, match="another agent answers there"):
        listen(settings)
    assert Path(str(settings.socket)).exists()


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("file", {}, "is there and no socket"),
        ("no-folder/api.sock", {}, "cannot be made: No such file"),
        ("api.sock", {"group": "no-such-group"}, "there is no group 'no-such-group'"),
    ],
)
def test_what_cannot_be_is_named_with_its_setting(
    tmp_path: Path, name: str, changes: dict[str, str], said: str
) -> None:
    (tmp_path / "file").write_text("precious")
    with pytest.raises(ConfigurationError, match=r"api\.(socket|group): .*" + said):
        listen(Api(socket=str(tmp_path / name), **changes))
    assert (tmp_path / "file").read_text() == "precious"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
