"""Tasks and lines: was every one told of to its end, and does what was told of its lines add up?"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator

from simulators.audit_findings import FindingKind, Findings, Identity, gtin14
from simulators.audit_oms import ENDS, OmsLedger, TaskStory, Told
from simulators.audit_records import Grip
from simulators.oms_book import Json, TaskStatus

LINE_ENDS = ("line_picked", "line_short")
"""The events that end a line and list its units."""


def check_tasks(oms: OmsLedger, placed: dict[str, list[Grip]], findings: Findings) -> None:
    """Look through the story of every submitted task. `placed` is by order container."""
    held = oms.book.held()
    for story in oms.stories.values():
        container = oms.task(story.task_id)["destination"]["container_id"]
        check = _TaskCheck(oms, story, placed.get(container, []), findings)
        check.intake(is_held=story.task_id in held)
        check.revisions()
        check.lines()
        check.end()


class _TaskCheck:
    """One task: what was ordered, what was told of it, and the units in its container."""

    def __init__(self, oms: OmsLedger, story: TaskStory, placed: list[Grip], findings: Findings) -> None:
        self._story = story
        self._status = oms.book.tasks[story.task_id].status
        self._ordered = oms.lines(story.task_id)
        self._findings = findings
        self._units: dict[str, Counter[Identity]] = defaultdict(Counter)
        """The units in the container, by GTIN."""
        for grip in placed:
            self._units[grip.unit.identity.gtin][grip.unit.identity] += 1

    # ---- the task ------------------------------------------------------------------------------------

    def intake(self, *, is_held: bool) -> None:
        """It was accepted or rejected, it has ended or is held, and it was started if it was worked on."""
        told, task = self._story.told, f"task {self._story.task_id}"
        if "task_accepted" not in told and self._status is not TaskStatus.REJECTED:
            self._missing(f"{task} was submitted and neither accepted nor rejected")
        elif self._status is TaskStatus.OPEN and not is_held:
            self._missing(f"{task} neither ended nor is it held")
        if self._story.is_cancelled and not (is_held or self._is_answered("cancel", None)):
            self._missing(f"{task} was cancelled and neither ended so nor was the cancel rejected")
        if self._units and "task_started" not in told:
            self._missing(f"{task} has units in its container and was never told to have started")

    def revisions(self) -> None:
        """Every higher revision was answered, and one that was taken leaves what had begun as it was."""
        task, (first, *higher) = f"task {self._story.task_id}", self._story.revisions
        for revision in higher:
            if not self._is_answered("submit", revision):
                self._missing(f"{task} revision {revision} was neither accepted nor rejected")
        holds = first
        for told in sorted(self._told("task_accepted"), key=lambda told: told.sequence):
            revision = told.data.get("revision", first)
            if revision not in self._story.revisions:
                self._wrong(f"{told} tells of revision {revision} of {task}, which was never submitted")
                continue
            for line_id in self._begun_before(told) if revision != holds else ():
                before, after = (_line_of(self._story.revisions[one], line_id) for one in (holds, revision))
                if before != after:
                    self._wrong(f"{self._line(line_id)} had begun when {told} changed it")
            holds = revision

    def _begun_before(self, told: Told) -> Iterator[str]:
        """Lines of which the OMS had been told that something was done for them."""
        begun = (one for one in self._told("inventory_changed", *LINE_ENDS) if one.sequence < told.sequence)
        yield from dict.fromkeys(one.data["line_id"] for one in begun)

    def _is_answered(self, message_type: str, revision: int | None) -> bool:
        """A revision or, without one, a cancel was taken or refused."""
        answers = self._told("task_accepted" if revision is not None else "task_cancelled")
        if any(revision in (None, told.data.get("revision")) for told in answers):
            return True
        refusals = (told.data for told in self._told("task_rejected"))
        return any(
            data.get("message_type") == message_type and revision in (None, data.get("revision"))
            for data in refusals
        )

    def end(self) -> None:
        """What the end of the task says of each line is what was ordered, told before and done."""
        ends = [
            told for name in ("task_completed", "task_cancelled") for told in self._story.told.get(name, ())
        ]
        if len(ends) > 1:
            self._wrong(f"task {self._story.task_id} ended more than once: {', '.join(map(str, ends))}")
        if not ends or ENDS.get(self._status) != ends[-1].name:
            return
        results = {result["line_id"]: result for result in ends[-1].data["lines"]}
        for line_id in self._ordered.keys() - results.keys():
            self._missing(f"{ends[-1]} says nothing of {self._line(line_id)}")
        for line_id, result in results.items():
            if line_id in self._ordered:
                self._check_result(line_id, result)
            else:
                self._wrong(f"{ends[-1]} tells of {self._line(line_id)}, which was never ordered")
        self._check_counts(results)

    def _check_result(self, line_id: str, result: Json) -> None:
        line, quantity = self._line(line_id), self._ordered[line_id]["quantity"]
        parts = result["picked"] + result["short"] + result["cancelled"]
        if result["ordered"] != quantity:
            self._wrong(f"{line}: {quantity} were ordered, its end says {result['ordered']}")
        if result["ordered"] != parts:
            self._wrong(f"{line}: ordered {result['ordered']} is not picked + short + cancelled = {parts}")
        if result["picked"] == quantity and not self._told_of(line_id, "line_picked"):
            self._missing(f"{line} was picked and no line_picked tells of it")
        if result["short"] and not self._told_of(line_id, "line_short"):
            self._missing(f"{line} is short by {result['short']} and no line_short tells of it")
        for told in self._told_of(line_id, *LINE_ENDS):
            if told.data["picked"] != result["picked"]:
                self._wrong(f"{line}: {told} says {told.data['picked']} picked, its end {result['picked']}")

    def _check_counts(self, results: dict[str, Json]) -> None:
        for gtin, line_ids in self._by_gtin().items():
            told = sum(results[line_id]["picked"] for line_id in line_ids if line_id in results)
            if told != (done := self._units[gtin].total()):
                self._wrong(f"{self._line(*line_ids)}: {told} told as picked at the end, {done} were placed")

    # ---- its lines -----------------------------------------------------------------------------------

    def lines(self) -> None:
        """Every line is told to have ended once, in the right words, with the units that were placed."""
        for told in self._told(*LINE_ENDS):
            if told.data["line_id"] in self._ordered:
                self._check_line(told)
            else:
                self._wrong(f"{told} tells of {self._line(told.data['line_id'])}, which was never ordered")
        for line_id in self._ordered:
            if len(ends := self._told_of(line_id, *LINE_ENDS)) > 1:
                self._wrong(f"{self._line(line_id)} ended more than once: {', '.join(map(str, ends))}")
        for gtin, line_ids in self._by_gtin().items():
            self._check_units(gtin, line_ids)

    def _check_line(self, told: Told) -> None:
        data, line = told.data, self._ordered[told.data["line_id"]]
        short = data["short"] if told.name == "line_short" else 0
        where = f"{self._line(data['line_id'])}: {told}"
        if data["ordered"] != line["quantity"] or data["picked"] + short != data["ordered"]:
            numbers = f"{data['picked']} picked and {short} short of {data['ordered']}"
            self._wrong(f"{where} says {numbers}; {line['quantity']} were ordered")
        if len(data["units"]) != data["picked"]:
            self._wrong(f"{where} says {data['picked']} picked and lists {len(data['units'])} units")
        if gtin14(data["gtin"]) != gtin14(line["gtin"]) or data["sku"] != line["sku"]:
            self._wrong(
                f"{where} says {data['sku']} {data['gtin']}; {line['sku']} {line['gtin']} was ordered"
            )

    def _check_units(self, gtin: str, line_ids: list[str]) -> None:
        ends = [told for line_id in line_ids for told in self._told_of(line_id, *LINE_ENDS)]
        listed = Counter(Identity.of(unit) for told in ends for unit in told.data["units"])
        where = self._line(*line_ids)
        for unit in (listed - self._units[gtin]).elements():
            self._wrong(f"{where}: a unit {unit} is told as picked and is not in the container")
        if len(ends) >= len(line_ids):
            for unit in (self._units[gtin] - listed).elements():
                self._wrong(f"{where}: a unit {unit} is in the container and not among those told as picked")

    # ---- helpers -------------------------------------------------------------------------------------

    def _by_gtin(self) -> dict[str, list[str]]:
        """Two lines may order the same item; nobody can tell their units apart."""
        lines: dict[str, list[str]] = defaultdict(list)
        for line_id, line in self._ordered.items():
            lines[gtin14(line["gtin"])].append(line_id)
        return lines

    def _told(self, *names: str) -> Iterable[Told]:
        return (told for name in names for told in self._story.told.get(name, ()))

    def _told_of(self, line_id: str, *names: str) -> list[Told]:
        return [told for told in self._told(*names) if told.data["line_id"] == line_id]

    def _line(self, *line_ids: str) -> str:
        return f"line {' and '.join(line_ids)} of task {self._story.task_id}"

    def _missing(self, text: str) -> None:
        self._findings.add(FindingKind.MISSING, text)

    def _wrong(self, text: str) -> None:
        self._findings.add(FindingKind.WRONG, text)


def _line_of(task: Json, line_id: str) -> Json | None:
    return next((line for line in task["lines"] if line["line_id"] == line_id), None)
