"""What a mutant is, and how it is planted."""

from dataclasses import dataclass
from pathlib import Path

LOOP, SUPERVISOR = "edge_agent/runtime/loop.py", "edge_agent/runtime/supervisor.py"
PUBLISHER, RETAINED = "edge_agent/runtime/publisher.py", "edge_agent/runtime/retained.py"
DECIDE, CORE = "edge_agent/core/decide", "edge_agent/core"
ADAPTERS = "edge_agent/adapters"


class MutantError(Exception):
    """A mutant does not fit the source any more: the text that it replaces is not there exactly once."""


@dataclass(frozen=True)
class Mutant:
    """One change of one file that breaks one invariant (docs/explanation/architecture.md)."""

    name: str
    invariant: int
    breaks: str
    """What the agent does wrong with it, in words."""
    file: str
    old: str
    new: str
    caught_by: tuple[str, ...]
    """Tests, each of which must fail with it: `path::name`, without parameters."""

    def mutated(self, source: str) -> str:
        """The source with the change. Raises `MutantError`."""
        count = source.count(self.old)
        if count != 1:
            raise MutantError(
                f"mutant {self.name}: its text occurs {count} times in {self.file}, not once: "
                "adapt it to the source as it is now"
            )
        return source.replace(self.old, self.new)

    def plant(self, tree: Path) -> None:
        """Change the file in a copy of the source. Raises `MutantError`."""
        file = tree / self.file
        file.write_text(self.mutated(file.read_text("utf-8")), "utf-8")
        for compiled in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
            compiled.unlink()  # Python takes a file of the same second and size for unchanged


def tests_of(file: str, *names: str) -> tuple[str, ...]:
    """Tests of one file below `tests/`, as pytest names them."""
    return tuple(f"tests/{file}::{name}" for name in names)
