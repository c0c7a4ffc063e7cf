"""No fault of the catalogue is without a test that arms it and sees what the agent does about it."""

import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import tests.faults
from simulators.faults.names import Fault


def marked(test: object) -> Iterator[str]:
    """The faults that a test is marked with, itself or one of its parameters."""
    for mark in getattr(test, "pytestmark", []):
        if mark.name == "fault":
            yield mark.args[0]
        elif mark.name == "parametrize":
            params = (param for param in mark.args[1] if hasattr(param, "marks"))
            yield from (inner.args[0] for param in params for inner in param.marks if inner.name == "fault")


def covered() -> set[str]:
    found: set[str] = set()
    for module in pkgutil.iter_modules(tests.faults.__path__, "tests.faults."):
        members = vars(importlib.import_module(module.name))
        found.update(
            name for key, test in members.items() if key.startswith("test_") for name in marked(test)
        )
    return found


def test_every_fault_of_the_catalogue_has_a_test_of_its_own() -> None:
    assert covered() == set(Fault)


def test_the_marks_of_a_test_and_of_its_parameters_are_found() -> None:
    @pytest.mark.fault("jam")
    @pytest.mark.parametrize("name", [pytest.param(1, marks=pytest.mark.fault("hung")), 2])
    def example(name: int) -> None: ...

    assert set(marked(example)) == {"jam", "hung"}
