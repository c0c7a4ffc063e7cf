"""What is done about committed events: who is told of which."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from edge_agent.core.confirmations import is_confirmed
from edge_agent.domain import events as ev
from edge_agent.domain.device import DeviceStatus, Mode
from edge_agent.domain.events import Recorded, ScanTarget
from edge_agent.domain.ids import CommandId, DeviceId, TaskId
from edge_agent.runtime.effects import Effects
from tests.core.agent import MUG, Agent, a_line, a_task, an_agent, ean

T0 = datetime(2026, 11, 22, tzinfo=UTC)
ITEM_SCANNER = DeviceId("st1-item-scan")


@dataclass
class Notebook:
    """Everything that is asked of the parts around the loop, in order."""

    done: list[tuple[str, object]] = field(default_factory=list)

    def wake(self) -> None:
        self.done.append(("wake", None))

    def task_changed(self, task_id: TaskId) -> None:
        self.done.append(("task", task_id))

    def device_changed(self, device_id: DeviceId) -> None:
        self.done.append(("device", device_id))

    def agent_changed(self) -> None: ...

    def submit(self, command: object) -> None:
        self.done.append(("submit", command))

    def forget(self, command_id: CommandId) -> None:
        self.done.append(("forget", command_id))

    def trigger(self) -> None:
        self.done.append(("trigger", None))

    def feedback(self, good: bool) -> None:
        self.done.append(("feedback", good))


def effects_of(agent: Agent, events: Sequence[ev.Event]) -> list[tuple[str, object]]:
    notebook = Notebook()
    parts = dict.fromkeys(agent.plant.site.devices, notebook)
    scanners = {name: part for name, part in parts.items() if name.endswith("scan")}
    records = [
        Recorded(n, T0, 0.0, event, n if is_confirmed(event) else None) for n, event in enumerate(events, 1)
    ]
    Effects(parts, scanners, notebook)(records)  # type: ignore[arg-type]
    return notebook.done


def test_every_command_is_handed_over_once_and_the_task_is_told_once() -> None:
    agent = an_agent()
    done = effects_of(agent, agent.submit(a_task()))
    assert [what for name, what in done if name == "submit"] == agent.open_commands()
    assert [what for name, what in done if name == "task"] == ["T-1"]
    assert done[-1] == ("wake", None)


def test_a_scan_that_is_requested_triggers_its_scanner() -> None:
    agent = an_agent()
    request = ev.ScanRequested("st1", ITEM_SCANNER, ScanTarget.ITEM, 1, 2.0)
    assert effects_of(agent, [request]) == [("trigger", None)]


def test_the_verdict_is_shown_at_the_scanner() -> None:
    for code, good in ((ean(MUG), True), (b"]E00012345678905", False)):
        agent = an_agent()
        agent.submit(a_task())
        agent.run(until=lambda agent: agent.scan_steps(ScanTarget.ITEM))
        done = effects_of(agent, agent.scan(code))
        assert ("feedback", good) in done


def test_a_rejection_by_a_machine_that_is_no_scanner_shows_nothing() -> None:
    rejected = ev.ScanRejected("st1", None, None, "asrs-1", ScanTarget.TOTE, "V1", "wrong_location", "A", "B")
    assert effects_of(an_agent(), [rejected]) == [("wake", None)]


def test_events_that_the_oms_is_not_told_wake_no_publisher() -> None:
    agent = an_agent()
    changed = ev.DeviceChanged("asrs-1", DeviceStatus(Mode.HELD), T0)
    assert effects_of(agent, [changed]) == [("device", "asrs-1")]


def test_every_task_whose_line_gets_a_tote_is_told_as_changed() -> None:
    agent = an_agent()
    lines = (ev.LineRef("T-1", "1"), ev.LineRef("T-2", "1"))
    planned = ev.TripPlanned("trip-1", "TOTE-0001", "A02-01-01", "asrs-2", "st1", lines)
    joined = ev.TripJoined("trip-1", ev.LineRef("T-3", "1"))
    assert effects_of(agent, [planned, joined]) == [("task", "T-1"), ("task", "T-2"), ("task", "T-3")]


def test_every_task_that_an_exception_affects_is_told_as_changed() -> None:
    agent = an_agent()
    raised = ev.ExceptionRaised(
        "X-1",
        ev.ExceptionKind.COMMAND_FAILED,
        "st1",
        "jam",
        (),
        ev.HeldUnit("st1"),
        "T-1",
        "1",
        ("T-1", "T-2"),
    )
    assert effects_of(agent, [raised]) == [("task", "T-1"), ("task", "T-2"), ("wake", None)]


def test_a_rejected_message_changes_the_state_of_no_task() -> None:
    agent = an_agent(ready=False)
    agent.submit(a_task())
    events = agent.submit(a_task("T-1", a_line(quantity=2)))
    assert effects_of(agent, events) == [("wake", None)]
