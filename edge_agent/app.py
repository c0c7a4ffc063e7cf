"""The composition root: builds the parts, starts them in order, stops them in order.

Start: journal (replayed) -> local API -> loop -> devices (each reconciles what was open) -> broker. Ready is
said when the journal is replayed and every device has been synchronised or found unreachable. Stop: orders
end first, then the local API, then the loop; what is committed is still told, the journal is closed last.
"""

import asyncio
import os
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from drivers.profile import Profile
from drivers.registry import build_device, build_scanner
from edge_agent import __version__
from edge_agent.adapters.api.bridge import Bridge
from edge_agent.adapters.api.parts import Parts
from edge_agent.adapters.api.server import ApiServer
from edge_agent.adapters.api.timeline import History
from edge_agent.adapters.clock import SystemClock
from edge_agent.adapters.cloudevents import CloudEvents
from edge_agent.adapters.heap import give_back
from edge_agent.adapters.intake import Intake
from edge_agent.adapters.journal import SqlJournal
from edge_agent.adapters.mqtt import MqttLink
from edge_agent.adapters.notify import Notifier
from edge_agent.adapters.snapshot_codec import SnapshotCodec
from edge_agent.adapters.time_sync import kernel_clock_sync
from edge_agent.core.moves import moving, open_commands
from edge_agent.core.state import Plant, State
from edge_agent.core.view import agent_view, device_view, held_tasks, task_view
from edge_agent.domain.ids import DeviceId, TaskId
from edge_agent.domain.inputs import Drain, Input, Started, Tick
from edge_agent.domain.item import Catalogue
from edge_agent.domain.site import Site
from edge_agent.domain.topics import Topics, agent_state
from edge_agent.errors import ConfigurationError
from edge_agent.ports import Journal
from edge_agent.runtime.clock_watch import ClockWatch
from edge_agent.runtime.disk import DiskWatch
from edge_agent.runtime.effects import Effects
from edge_agent.runtime.housekeeping import Housekeeping
from edge_agent.runtime.loop import Loop
from edge_agent.runtime.publisher import CURSOR, Publisher
from edge_agent.runtime.retained import CLEARED_CURSOR, Views
from edge_agent.runtime.scanner_supervisor import ScannerSupervisor
from edge_agent.runtime.snapshots import Snapshots
from edge_agent.runtime.supervisor import DeviceSupervisor

log = structlog.get_logger(__name__)

DRAIN_TIMEOUT_S = 5.0
"""How long a stop waits for the broker to take what is already committed; the rest goes out next time."""


@dataclass
class Signals:
    """What a person or systemd tells the process."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)
    """Finish what is under way, and end."""
    hurry: asyncio.Event = field(default_factory=asyncio.Event)
    """Do not wait for moves any longer."""
    on_drain: Callable[[], None] | None = None
    """Begin or end draining without stopping."""


class Agent:
    """One gateway's agent, put together from its site file."""

    def __init__(
        self,
        site: Site,
        profiles: Mapping[str, Profile],
        clock: SystemClock | None = None,
        catalogue: Catalogue | None = None,
    ) -> None:
        """Raises `ConfigurationError` where a device cannot be built."""
        self._site = site
        self._clock = clock or SystemClock()
        self._state = State(plant(site, profiles, catalogue or Catalogue()))
        self._devices: dict[DeviceId, DeviceSupervisor] = {}
        self._scanners: dict[DeviceId, ScannerSupervisor] = {}
        self._loop: Loop
        for device_id, settings in site.devices.items():
            profile = profiles[settings.profile]
            if profile.is_scanner:
                scanner = build_scanner(device_id, settings, profile)
                self._scanners[device_id] = ScannerSupervisor(
                    scanner, self._put, remarked=partial(self._remarked, device_id)
                )
            else:
                device = build_device(device_id, settings, profile)
                self._devices[device_id] = DeviceSupervisor(
                    device, self._put, remarked=partial(self._remarked, device_id)
                )
        self._intake = Intake(site, self._put, lambda after: self._publisher.tell_again(after))
        self._link = MqttLink(
            site.broker,
            client_id=site.broker.client_id or f"edge-agent-{site.site}-{site.gateway}",
            subscriptions=self._intake.topics,
            on_message=self._intake.on_message,
            will_topic=Topics(site.topic_root).agent_state,
            will_payload=agent_state("offline", None),
        )
        self._notifier = Notifier.from_environment(os.environ)

    async def run(self, signals: Signals) -> None:
        """Run until told to stop. Raises `JournalError` when the journal cannot be read or written."""
        async with AsyncExitStack() as parts:
            journal = await SqlJournal.open(self._site.journal.url)
            parts.push_async_callback(journal.close)
            await self._recover(journal)
            self._api = self._api_server()
            parts.push_async_callback(self._api.stop)
            async with asyncio.TaskGroup() as tasks:
                await self._live(tasks, journal, signals)

    # ---- start ---------------------------------------------------------------------------------------

    async def _recover(self, journal: Journal) -> None:
        views = Views(
            self._task_view,
            self._device_view,
            self._open_tasks,
            lambda: agent_view(self._state),
            lambda read: self._loop.when_durable(read),
            lambda: held_tasks(self._state, self._clock.now()),
        )
        encoder = CloudEvents(self._site.site, self._site.gateway)
        self._publisher = Publisher(self._link, journal, self._clock, self._site, encoder, views)
        effects = Effects(self._devices, self._scanners, self._publisher)
        self._snapshots = Snapshots(journal, SnapshotCodec(), self._site.journal.snapshot_every_events)
        self._loop = Loop(self._state, journal, self._clock, effects, self._snapshots)
        self._clock.resume(await self._loop.replay())
        if missing := self._state.foreign_to_site():
            raise ConfigurationError(
                f"the journal holds open work for {', '.join(missing)}, which the site file does not have: "
                "put it back until that work has ended"
            )
        doubtful = list(open_commands(self._state))
        for command, accepted in doubtful:
            self._devices[command.device_id].recover(command, accepted=accepted)
        log.info(
            "journal_replayed",
            open_tasks=len(self._state.tasks),
            ended_tasks=len(self._state.ended),
            commands_to_reconcile=len(doubtful),
        )
        self._loop.put(Started(__version__))
        self._publisher.agent_state("online")

    async def _live(self, tasks: asyncio.TaskGroup, journal: SqlJournal, signals: Signals) -> None:
        if self._site.api.socket is not None:
            self._api.start()  # before anything moves: there may be another agent on it
        loop = tasks.create_task(self._loop.run(), name="loop")
        kept: dict[DeviceId, DeviceSupervisor | ScannerSupervisor] = {**self._devices, **self._scanners}
        supervisors = [tasks.create_task(one.run(), name=device_id) for device_id, one in kept.items()]
        broker = tasks.create_task(self._link.run(), name="broker")
        publisher = tasks.create_task(self._publisher.run(), name="publisher")
        watchdog = tasks.create_task(self._feed_watchdog(), name="watchdog")
        keeping = [
            tasks.create_task(self._snapshots.run(), name="snapshots"),
            tasks.create_task(self._housekeeping(journal).run(), name="housekeeping"),
            tasks.create_task(self._disk_watch(journal).run(), name="disk"),
            tasks.create_task(self._tick(), name="etas"),
            tasks.create_task(ClockWatch(self._clock, kernel_clock_sync, self._put).run(), name="clock"),
        ]
        for one in kept.values():
            await one.settled.wait()
        self._notifier.ready(f"{self._site.site}/{self._site.gateway}: working")
        log.info("ready", site=self._site.site, gateway=self._site.gateway, version=__version__)
        signals.on_drain = self._toggle_drain
        await signals.stop.wait()
        await self._finish_moves(signals)
        await self._api.stop()
        await _end(*supervisors, watchdog, *keeping)
        self._loop.stop()
        await loop
        await self._loop.last_snapshot()
        await self._publisher.drain(DRAIN_TIMEOUT_S)
        await _end(publisher)
        await self._link.stop()
        await broker

    def _api_server(self) -> ApiServer:
        history = History(self._site.journal.url)
        return ApiServer(Parts(self._site, Bridge(self._loop, self._clock), history, self._device_view))

    def _housekeeping(self, journal: SqlJournal) -> Housekeeping:
        broker = self._site.broker
        cursors = (CURSOR,) if broker.protocol == "5" else (CURSOR, CLEARED_CURSOR)
        keep_days = self._site.journal.archive_after_days
        return Housekeeping(journal, self._clock, keep_days, cursors, give_back)

    def _disk_watch(self, journal: SqlJournal) -> DiskWatch:
        return DiskWatch(journal.free_bytes, self._site.limits.disk_reserve_mb, self._put)

    # ---- stop ----------------------------------------------------------------------------------------

    async def _finish_moves(self, signals: Signals) -> None:
        """Order nothing new and wait for the moves under way, up to a limit. A second signal hurries.

        What is still open then is no loss: it is journalled, and reconciled after the next start.
        """
        log.info("stopping", moving=len(moving(self._state)))
        self._notifier.stopping()
        self._drain(True)
        waits = [  # no TaskGroup: the first of the two ends the other
            asyncio.create_task(self._moves_ended(), name="moves"),
            asyncio.create_task(signals.hurry.wait(), name="hurry"),
        ]
        limit_s = self._site.policies.shutdown_wait_s
        await asyncio.wait(waits, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        await _end(*waits)
        if left := moving(self._state):
            log.warning("stopped_while_moving", commands=[command.command_id for command in left])

    async def _moves_ended(self) -> None:
        while moving(self._state):
            await self._loop.turned()

    def _drain(self, on: bool) -> None:
        self._loop.put(Drain(on))
        self._publisher.agent_state("draining" if on else "online")

    def _toggle_drain(self) -> None:
        self._drain(not self._state.draining)

    # ---- while it runs -------------------------------------------------------------------------------

    def _put(self, what: Input, on_durable: Callable[[], None] | None = None) -> None:
        self._loop.put(what, on_durable)

    def _remarked(self, device_id: DeviceId) -> None:
        self._loop.when_durable(lambda: self._publisher.device_changed(device_id))

    async def _feed_watchdog(self) -> None:
        """Tell systemd that we live, as long as the loop really turns."""
        interval_s = self._notifier.watchdog_interval_s
        while interval_s is not None:
            turns = self._loop.turns
            self._loop.put(Tick())
            await asyncio.sleep(interval_s / 2)
            if self._loop.turns > turns:
                self._notifier.watchdog()

    async def _tick(self) -> None:
        """Have the ends of the tasks looked at, whether anything happens or not."""
        while True:
            await asyncio.sleep(self._site.policies.eta_interval_s)
            self._loop.put(Tick())

    def _task_view(self, task_id: TaskId) -> dict[str, object] | None:
        return task_view(self._state, task_id, self._clock.now())

    def _device_view(self, device_id: DeviceId) -> dict[str, object]:
        supervisor = self._devices.get(device_id) or self._scanners[device_id]
        mode = self._state.devices[device_id].status.mode
        return device_view(self._state, device_id) | supervisor.remarks.view(mode)

    def _open_tasks(self) -> list[TaskId]:
        return list(self._state.tasks)


def plant(site: Site, profiles: Mapping[str, Profile], catalogue: Catalogue) -> Plant:
    """What the core has to know of a site, of its devices' profiles and of its items."""
    used = {device_id: profiles[device.profile] for device_id, device in site.devices.items()}
    return Plant(
        site,
        max_open={device_id: profile.max_open for device_id, profile in used.items()},
        aim={device_id: profile.scanner.aim for device_id, profile in used.items() if profile.scanner},
        catalogue=catalogue,
        persons=frozenset(device_id for device_id, profile in used.items() if profile.is_person),
    )


async def _end(*tasks: asyncio.Task[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
