"""Mistakes that were made on purpose: what became of each, and which rule of the agent caught it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from simulators.audit_oms import OmsLedger, Told

AT_THE_SCANNER = frozenset({"no_read", "wrong_tote"})
"""Faults that strike at a reading and make that the label is not read as it is."""
OF_THE_LABEL = frozenset({"unlabelled", "damaged_code", "lost_separator", "two_labels"})
"""The unit is what it should be; its label is not."""
OF_THE_UNIT = frozenset(
    {"wrong_item", "foreign_item", "wrong_lot", "expired", "short_dated", "duplicate_serial", "whole_pack"}
)
"""The unit is another than it should be, or is not fit."""
RELABELLED = frozenset({"swapped_label", "other_scanned"})
"""What is scanned for a unit is the label of another item."""
WEIGHT_ONLY = frozenset({"over_pick"}) | RELABELLED
"""No scan can see these; a weight can."""
OF_A_SCAN = frozenset({"scanned_twice", "old_code", "other_tote", "other_container"})
"""A person scans something else than what is asked for, or once too often."""
NOT_THERE = "not_there"
"""A person says that an item is not there, and it is. Nobody can tell."""
AT_THE_GRIPPER = OF_THE_LABEL | OF_THE_UNIT | WEIGHT_ONLY
_NEVER_RIGHT = AT_THE_GRIPPER - {"wrong_item"}
"""Kinds that are to be rejected whatever line they fit. A wrong item may be right for another line."""
SPOILED = "spoiled_code"
"""A code that was cut, joined or full of noise."""

OVERRIDABLE = frozenset({"wrong_lot", "short_dated"})
"""A supervisor may let these pass."""

READ_AGAIN = "read again"
"""The next trigger brought a good reading; no rule had to fire."""
NOT_USED = "not used"
"""Nothing more was done with it, and no rule was told: the task had ended, or a machine stood still."""
CLOCKS_S = 0.02


@dataclass(slots=True)
class Mistake:
    """One mistake. Times are Unix seconds."""

    kind: str
    subject: str
    """The unit or load that it is about."""
    where: str
    """The picker, or the scanner."""
    t: float
    ended_t: float | None = None
    """When the subject was let go, moved away or read."""
    read_again: bool = False
    missed: bool = False
    """The agent went on as if nothing were wrong."""
    hidden: bool = False
    """Neither scan nor weight could tell."""
    caught_by: str = ""
    """The rule that found it in its container."""
    scans: int = 0
    """Of a scan: so many are still to come that belong to it."""


class Mistakes:
    """All mistakes of a run, followed until each has ended."""

    def __init__(self) -> None:
        self.made: list[Mistake] = []
        self._open: defaultdict[str, list[Mistake]] = defaultdict(list)

    def make(self, kind: str, subject: str, where: str, t: float, *, hidden: bool = False) -> None:
        mistake = Mistake(kind, subject, where, t, hidden=hidden)
        self.made.append(mistake)
        self._open[subject].append(mistake)

    def slip(self, kind: str, scanner: str, t: float) -> None:
        """A person is about to scan what is not asked for, or once too often."""
        self.make(kind, scanner, scanner, t)
        self.made[-1].scans = 2 if kind == "scanned_twice" else 1

    def scanned(self, scanner: str, t: float) -> None:
        """A code comes. What was wrong with the scans before it is over."""
        for mistake in list(self._open.get(scanner, ())):
            if mistake.scans:
                mistake.scans -= 1
            else:
                mistake.ended_t = t
                self._open[scanner].remove(mistake)

    def believe(self, kind: str, subject: str, where: str, t: float) -> None:
        """A person's word that is not so, and that nobody can tell from one that is."""
        self.made.append(Mistake(kind, subject, where, t, t, missed=True, hidden=True))

    def read(self, subject: str, t: float) -> None:
        """Its label was read as it is: that ends what was wrong with a reading, not with the thing."""
        for mistake in self._open.get(subject, ()):
            if mistake.kind not in AT_THE_GRIPPER:
                mistake.read_again, mistake.ended_t = True, t
        self._open[subject] = [one for one in self._open[subject] if one.ended_t is None]

    def gone(self, subject: str, t: float) -> None:
        """It was put back or carried away."""
        for mistake in self._open.pop(subject, ()):
            mistake.ended_t = t

    def acted_on(self, subject: str, t: float) -> list[Mistake]:
        """The agent went on with it: the mistakes that it has missed."""
        missed = self._open.pop(subject, [])
        for mistake in missed:
            mistake.missed, mistake.ended_t = True, t
        return missed

    def catch(self, subject: str, rule: str) -> None:
        """What was missed at the placing was found in the container, before anything was confirmed."""
        for mistake in self.made:
            if mistake.subject == subject and mistake.missed:
                mistake.missed, mistake.caught_by = False, rule

    def is_mistake(self, unit: str, t: float) -> bool:
        """Whether that unit, or its label, was at fault then, whatever line it fits."""
        return any(
            one.subject == unit and one.kind in _NEVER_RIGHT and one.t <= t <= (one.ended_t or t)
            for one in self.made
        )

    def allow(self, subjects: Iterable[str]) -> None:
        """The agent went on with these because two persons had said so, after a rule had rejected them."""
        allowed = set(subjects)
        for mistake in self.made:
            if mistake.subject in allowed and mistake.kind in OVERRIDABLE:
                mistake.missed = False

    def forgive(self, kind: str, subjects: Iterable[str]) -> None:
        """Where it went, this kind of mistake was none."""
        harmless = set(subjects)
        self.made = [one for one in self.made if one.kind != kind or one.subject not in harmless]


@dataclass(frozen=True, slots=True)
class KindCounts:
    """One kind of mistake. `injected` = `caught` + `escaped`; what was hidden is counted beside them."""

    injected: int
    caught: int
    escaped: int
    by_rule: Mapping[str, int] = field(default_factory=dict)
    """Of those caught: by the rule that was told (V1 to V20), or by what else ended it."""
    hidden: int = 0
    """Placed or told, and neither a scan nor a weight could tell: no weight is known, or it is the same."""


def count_mistakes(mistakes: Mistakes, oms: OmsLedger, pickers: Mapping[str, str]) -> dict[str, KindCounts]:
    """The table by kind. `pickers` tells which picker each scanner of units looks at."""
    rejected: defaultdict[str, list[Told]] = defaultdict(list)
    for told in oms.told:
        if told.name == "unit_rejected":
            scanner = told.data["scanner"]
            rejected[scanner].append(told)
            rejected[pickers.get(scanner, "")].append(told)
    ended: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for mistake in mistakes.made:
        ended[mistake.kind][_end_of(mistake, rejected[mistake.where])] += 1
    return {kind: _counts(ends) for kind, ends in sorted(ended.items())}


_ESCAPED, _HIDDEN = "escaped", "hidden"


def _end_of(mistake: Mistake, rejected: list[Told]) -> str:
    if mistake.caught_by:
        return mistake.caught_by
    if mistake.missed:
        return _HIDDEN if mistake.hidden else _ESCAPED
    if mistake.read_again:
        return READ_AGAIN
    until = float("inf") if mistake.ended_t is None else mistake.ended_t + CLOCKS_S
    for told in rejected:
        if mistake.t - CLOCKS_S <= told.decided_t <= until:
            return str(told.data["rule"])
    return NOT_USED


def _counts(ends: Counter[str]) -> KindCounts:
    escaped, hidden = ends.pop(_ESCAPED, 0), ends.pop(_HIDDEN, 0)
    return KindCounts(ends.total() + escaped, ends.total(), escaped, dict(sorted(ends.items())), hidden)
