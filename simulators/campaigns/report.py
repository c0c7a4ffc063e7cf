"""What a campaign did and what the audits of its rounds found."""

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from simulators.audit import Audit
from simulators.demo.scene import Scene
from simulators.ledger import read_ledger


@dataclass
class Report:
    """The figures of a campaign as they grow. Every counter is by name."""

    campaign: str
    seed: int
    cycles: int = 0
    rounds: int = 0
    done: Counter[str] = field(default_factory=Counter)
    """What was done to the agent and to what is around it."""
    crash_points: Counter[str] = field(default_factory=Counter)
    """How often each point has killed the agent."""
    struck: Counter[str] = field(default_factory=Counter)
    """Faults that really struck, as the world ledgers tell: those of the mix, and those armed on the way."""
    reconciled: Counter[str] = field(default_factory=Counter)
    """What the devices answered about the commands that were in doubt."""
    totals: Counter[str] = field(default_factory=Counter)
    """Figures of all audits, added up; keys as in the demo's JSON, `group.figure`."""
    problems: list[str] = field(default_factory=list)

    @property
    def consistent(self) -> bool:
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        plain = {name: dict(f) if isinstance(f, Counter) else f for name, f in vars(self).items()}
        return plain | {"consistent": self.consistent}

    def add(self, name: str, scene: Scene, audit: Audit) -> None:
        """Take in the end of a round or case; `name` says which in the problems."""
        self.rounds += 1
        result = audit.to_json()
        for group in ("tasks", "units", "moves", "verification", "confirmations"):
            self.totals.update({f"{group}.{figure}": value for figure, value in result[group].items()})
        self.problems += [f"{name}: {problem}" for problem in audit.problems]
        self.reconciled.update(
            entry["answer"] for entry in log_entries(scene.agent.log, "command_reconciled")
        )
        self.struck.update(e.facts["fault"] for e in read_ledger(scene.world_ledger) if e.kind == "fault")

    def broke_off(self, name: str, error: Exception) -> None:
        """A round or case did not come to its end."""
        self.rounds += 1
        self.problems.append(f"{name}: {error}")


def log_entries(log: Path, event: str) -> list[dict[str, Any]]:
    """The lines of an agent's log that tell of this event; one that a kill cut off is left out."""
    with log.open(encoding="utf-8", errors="replace") as lines:
        named = [line for line in lines if f'"{event}"' in line and line.endswith("}\n")]
    return [json.loads(line) for line in named]
