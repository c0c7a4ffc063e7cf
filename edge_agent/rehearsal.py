"""The agent without links: its core, loop and supervisors on devices, a clock and an OMS that are given.

What is left out is what costs real time: sockets, the broker and the disk. Campaigns judge decisions with it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from drivers.profile import Profile
from edge_agent.adapters.cloudevents import CloudEvents
from edge_agent.adapters.memory_journal import MemoryJournal
from edge_agent.adapters.pick_task import Refused, content_digest, parse_cancel, parse_submit
from edge_agent.app import plant
from edge_agent.core.options import options
from edge_agent.core.state import State
from edge_agent.core.view import held_tasks
from edge_agent.core.wait import Wait
from edge_agent.core.why import why
from edge_agent.domain.decision import Option
from edge_agent.domain.events import ExceptionRaised, Recorded
from edge_agent.domain.ids import DeviceId, TaskId
from edge_agent.domain.inputs import (
    CancelSubmitted,
    CatalogueOffered,
    ExceptionAnswered,
    Input,
    Started,
    TaskSubmitted,
)
from edge_agent.domain.site import Site
from edge_agent.ports import Clock, Device, Scanner
from edge_agent.runtime.effects import Effects
from edge_agent.runtime.loop import Loop
from edge_agent.runtime.scanner_supervisor import ScannerSupervisor
from edge_agent.runtime.supervisor import DeviceSupervisor
from edge_agent.site_file import catalogue_of

Hear = Callable[[bytes], None]
"""Takes a confirmation, a CloudEvent, once it is in the journal."""


class RehearsedAgent:
    """One agent. Its journal is in memory and goes with it."""

    def __init__(
        self,
        site: Site,
        profiles: Mapping[str, Profile],
        devices: Sequence[Device],
        scanners: Sequence[Scanner],
        clock: Clock,
        hear: Hear,
    ) -> None:
        """The site's catalogue file, if it names one, is read. Raises `ConfigurationError` for a bad one."""
        self._site = site
        self._clock = clock
        self._hear = hear
        self.watch: Callable[[Sequence[Recorded]], None] = lambda _: None
        """Called with every commit, when it has been acted on."""
        self._encoder = CloudEvents(site.site, site.gateway)
        self._state = State(plant(site, profiles))
        self._catalogue = catalogue_of(Path(), site)
        self._devices = {one.device_id: DeviceSupervisor(one, self._put) for one in devices}
        self._scanners = {one.device_id: ScannerSupervisor(one, self._put) for one in scanners}
        self._effects = Effects(self._devices, self._scanners, NoOutlet())
        self._loop = Loop(self._state, MemoryJournal(), clock, self._act)

    async def run(self) -> None:
        """Work until cancelled."""
        self._put(Started("rehearsal"))
        self._put(CatalogueOffered(self._catalogue))
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._loop.run(), name="loop")
            for name, device in self._devices.items():
                tasks.create_task(device.run(), name=name)
            for name, scanner in self._scanners.items():
                tasks.create_task(scanner.run(), name=name)

    def submit(self, payload: bytes) -> None:
        """A pick task as the OMS writes it. Raises ValueError where its form is refused."""
        task = parse_submit(payload, self._site.limits)
        if isinstance(task, Refused):
            raise ValueError(f"{task.code}: {task.message}")
        self._put(TaskSubmitted(task, content_digest(task)))

    def cancel(self, payload: bytes) -> None:
        """A cancel as the OMS writes it. Raises ValueError where its form is refused."""
        request = parse_cancel(payload, self._site.limits)
        if isinstance(request, Refused):
            raise ValueError(f"{request.code}: {request.message}")
        self._put(CancelSubmitted(request))

    def answer(self, answer: ExceptionAnswered) -> None:
        """A person settles an exception."""
        self._put(answer)

    def exceptions(self) -> list[tuple[ExceptionRaised, tuple[Option, ...]]]:
        """What is open, the oldest first, with the answers that it allows."""
        return [(raised, options(self._state, raised)) for raised in self._state.exceptions.values()]

    def put(self, what: Input) -> None:
        """Anything else that may come from outside."""
        self._put(what)

    def why(self) -> dict[TaskId, list[Wait]]:
        """What every open task waits for."""
        now = self._clock.now()
        return {task_id: why(self._state, task_id, now) for task_id in self._state.tasks}

    def held(self) -> list[TaskId]:
        """Open tasks that wait for a person."""
        return list(held_tasks(self._state, self._clock.now()))

    def _put(self, what: Input, on_durable: Callable[[], None] | None = None) -> None:
        self._loop.put(what, on_durable)

    def _act(self, records: Sequence[Recorded]) -> None:
        self._effects(records)
        for recorded in records:
            if recorded.confirmation is not None:
                self._hear(self._encoder.encode(recorded))
        self.watch(records)


class NoOutlet:
    """There are no retained states to keep; confirmations are handed over as they come."""

    def wake(self) -> None: ...

    def task_changed(self, task_id: TaskId) -> None: ...

    def device_changed(self, device_id: DeviceId) -> None: ...

    def agent_changed(self) -> None: ...
