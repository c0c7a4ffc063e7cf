"""The cell that the fault tests run in; a test that is marked with a fault must have seen it strike."""

from collections.abc import Callable, Iterator

import pytest

from drivers.profile import Profile
from simulators.faults import AnyFault
from tests.faults.cell import Cell
from tests.simulators.floor import shipped_profiles

MakeCell = Callable[..., Cell]


@pytest.fixture(scope="session")
def profiles() -> dict[str, Profile]:
    return shipped_profiles()


@pytest.fixture
def cell(request: pytest.FixtureRequest, profiles: dict[str, Profile]) -> Iterator[MakeCell]:
    """`async with cell(fault, ..., opcua=["asrs-1"]) as site`: the small site with faults armed."""
    made: list[Cell] = []

    def make(*armed: AnyFault, **options: object) -> Cell:
        made.append(Cell({**profiles, **options.pop("profiles", {})}, *armed, **options))
        return made[-1]

    yield make
    for marker in request.node.iter_markers("fault"):
        (name,) = marker.args
        assert any(one.strikes(name) for one in made), f"{name} has not struck"
