"""The mutants fit the source as it is, and docs/explanation/how-we-test.md lists them all."""

import pytest

from tests.docs.markdown import DOCS, ROOT, Page, unquoted
from tests.docs.test_documents import resolves
from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant, MutantError

each = pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)


@each
def test_a_mutant_fits_its_file_and_still_compiles(mutant: Mutant) -> None:
    source = (ROOT / mutant.file).read_text("utf-8")
    mutated = mutant.mutated(source)
    assert mutated != source
    compile(mutated, mutant.file, "exec")


@each
def test_a_mutant_names_tests_that_exist(mutant: Mutant) -> None:
    assert mutant.caught_by
    assert all(resolves(test) for test in mutant.caught_by), mutant.caught_by


def test_every_mutant_is_listed_with_what_catches_it() -> None:
    rows = Page(DOCS / "explanation" / "how-we-test.md").rows("Mutants")
    listed = [(unquoted(name), int(number), breaks) for name, number, breaks, _ in rows]
    assert listed == [(mutant.name, mutant.invariant, mutant.breaks) for mutant in MUTANTS]
    shown = [[unquoted(test) for test in row[3].split(", ")] for row in rows]
    assert shown == [list(mutant.caught_by) for mutant in MUTANTS]


def test_no_two_mutants_have_one_name_and_every_invariant_has_one() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert {mutant.invariant for mutant in MUTANTS} == set(range(1, 13))


@pytest.mark.parametrize("source", ["nothing of it", "a = 1\na = 1\n"], ids=["gone", "twice"])
def test_a_mutant_that_does_not_fit_any_more_says_so(source: str) -> None:
    mutant = Mutant("stale", 1, "", "some/file.py", "a = 1\n", "a = 2\n", ("tests/x.py::test_x",))
    with pytest.raises(MutantError, match=r"mutant stale: .* in some/file.py, not once"):
        mutant.mutated(source)
