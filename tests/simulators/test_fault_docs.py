"""The reference of the faults names every fault, every parameter and its default."""

import re

import pytest

from simulators.faults.catalogue import CATALOGUE
from simulators.faults.names import Fault
from simulators.faults.when import Armed, Moment
from tests.simulators.floor import CONFIG

PAGE = (CONFIG.parent / "docs" / "reference" / "faults.md").read_text("utf-8")
_ROWS = [row for row in PAGE.splitlines() if re.match(r"\| `\w+`", row)]
ROWS = {row.split("`")[1]: row for row in reversed(_ROWS)}
"""The first row of a name: the tables of faults come before that of the control socket."""


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_a_row_with_its_parameters_and_defaults(fault: Fault) -> None:
    row = ROWS[fault.value]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert len(cells) == 3
    assert all(cells)
    for name, field in CATALOGUE[fault].model_fields.items():
        if name in ("fault", *Armed.model_fields):
            continue
        assert f"`{field.alias or name}`" in cells[0], row
        default = field.default
        if default is not None:
            told = f"{default:g}" if isinstance(default, int | float) else f"`{default}`"
            assert told in cells[0], row


def test_every_key_and_moment_of_arming_is_explained() -> None:
    for name in Armed.model_fields:
        assert f"`{name}`" in PAGE
    for moment in Moment:
        if moment not in (Moment.STOCK, Moment.GRIPS, Moment.ACTS, Moment.READS):
            assert moment.value in ROWS
