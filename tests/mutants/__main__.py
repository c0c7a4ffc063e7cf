"""Plants every mutant and runs the tests that must notice it.

    python -m tests.mutants [--json FILE] [--only NAME ...]

First all those tests run on the source as it is: there they must pass. Then each mutant gets a copy of the
source of its own, two at a time. Exit code 0 where every mutant was caught by every test that it names.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.mutants.catalogue import MUTANTS
from tests.mutants.mutant import Mutant, MutantError

ROOT = Path(__file__).parents[2]
PARTS = ("edge_agent", "drivers", "simulators", "tests", "config", "pyproject.toml")
AT_A_TIME = 2
PATIENCE_S, MUTANT_PATIENCE_S = 60, 8
"""How long one test may take; with a mutant it may wait for ever, and is then taken as failed."""


@dataclass(frozen=True)
class Verdict:
    """What became of one mutant."""

    mutant: str
    invariant: int
    caught_by: tuple[str, ...]
    missed_by: tuple[str, ...]
    seen: str
    """The first failure, in one line."""
    seconds: float


@dataclass(frozen=True)
class Run:
    """One run of pytest: which tests failed and how, which passed."""

    failed: dict[str, str]
    passed: frozenset[str]
    output: str


def run_tests(tree: Path, tests: Iterable[str], patience_s: int) -> Run:
    """Run tests of a tree in a process of its own. A test that does not run counts neither way."""
    report = tree / "report.xml"
    command = [
        *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
        *(f"--timeout={patience_s}", f"--basetemp={tree / 'tmp'}", f"--junitxml={report}"),
        *sorted(set(tests)),
    ]
    done = subprocess.run(
        command,
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    failed: dict[str, str] = {}
    passed: set[str] = set()
    for case in ET.parse(report).iter("testcase") if report.exists() else ():
        name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name', '').partition('[')[0]}"
        failure = case.find("failure")
        if failure is not None:
            failed[name] = failure.get("message", "").partition("\n")[0]
        elif len(case) == 0:
            passed.add(name)
    return Run(failed, frozenset(passed - failed.keys()), done.stdout)


def copied(source: Path, to: Path) -> Path:
    """A copy of what the tests need."""
    to.mkdir()
    for part in PARTS:
        if (source / part).is_dir():
            shutil.copytree(source / part, to / part, symlinks=True)
        else:
            shutil.copy2(source / part, to / part)
    return to


def judge(mutant: Mutant, clean: Path, folder: Path) -> Verdict:
    """Plant one mutant in a copy of the clean tree and run its tests. Raises `MutantError`."""
    began_s = time.monotonic()
    tree = copied(clean, folder / mutant.name)
    mutant.plant(tree)
    run = run_tests(tree, mutant.caught_by, MUTANT_PATIENCE_S)
    caught = tuple(test for test in mutant.caught_by if test in run.failed)
    missed = tuple(test for test in mutant.caught_by if test not in run.failed)
    seen = next(iter(run.failed.values()), run.output.strip().rpartition("\n")[2])
    shutil.rmtree(tree)
    return Verdict(mutant.name, mutant.invariant, caught, missed, seen, round(time.monotonic() - began_s, 1))


def campaign(mutants: Sequence[Mutant], console: Console) -> list[Verdict]:
    """Judge them all. Raises `MutantError` where one does not fit, or where a test fails without any."""
    for mutant in mutants:
        mutant.mutated((ROOT / mutant.file).read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        clean = copied(ROOT, Path(folder) / "clean")
        tests = {test for mutant in mutants for test in mutant.caught_by}
        run = run_tests(clean, tests, PATIENCE_S)
        if missing := sorted(tests - run.passed):
            raise MutantError(f"on the source as it is these do not pass: {missing}\n{run.output[-4000:]}")
        console.print(f"{len(tests)} tests pass on the source as it is")
        with ThreadPoolExecutor(AT_A_TIME) as pool:
            return list(pool.map(lambda mutant: judge(mutant, clean, Path(folder)), mutants))


def table(verdicts: Sequence[Verdict]) -> Table:
    """A row a mutant."""
    columns = Table("mutant", "invariant", "caught by", "s")
    for verdict in verdicts:
        missed = [f"NOT by {test}" for test in verdict.missed_by]
        by = "\n".join([*(test.partition("::")[2] for test in verdict.caught_by), *missed])
        columns.add_row(verdict.mutant, str(verdict.invariant), by, f"{verdict.seconds:.1f}")
    return columns


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--json", type=Path, help="write the verdicts there")
    parser.add_argument("--only", nargs="+", help="these mutants alone")
    options = parser.parse_args()
    chosen = [mutant for mutant in MUTANTS if not options.only or mutant.name in options.only]
    console = Console(width=150)
    began_s = time.monotonic()
    try:
        verdicts = campaign(chosen, console)
    except MutantError as error:
        console.print(str(error), style="red", markup=False)
        return 1
    console.print(table(verdicts))
    missed = [verdict for verdict in verdicts if verdict.missed_by]
    for verdict in missed:
        console.print(f"{verdict.mutant}: {verdict.seen}", style="red", markup=False)
    seconds = time.monotonic() - began_s
    console.print(f"{len(verdicts) - len(missed)} of {len(verdicts)} caught in {seconds:.0f} s")
    if options.json:
        options.json.write_text(
            json.dumps([asdict(verdict) for verdict in verdicts], indent=1) + "\n", "utf-8"
        )
    return 1 if missed or not verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
