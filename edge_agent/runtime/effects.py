"""What is done about events once they are durable: commands to devices, triggers, signals, confirmations."""

from collections.abc import Mapping, Sequence

from edge_agent.domain import events as ev
from edge_agent.domain.events import Recorded
from edge_agent.domain.ids import DeviceId, TaskId
from edge_agent.ports import Outlet
from edge_agent.runtime.scanner_supervisor import ScannerSupervisor
from edge_agent.runtime.supervisor import DeviceSupervisor


class Effects:
    """Carries out committed events. Called by the loop, after the commit and never before (invariant 1)."""

    def __init__(
        self,
        devices: Mapping[DeviceId, DeviceSupervisor],
        scanners: Mapping[DeviceId, ScannerSupervisor],
        outlet: Outlet,
    ) -> None:
        self._devices = devices
        self._scanners = scanners
        self._outlet = outlet

    def __call__(self, records: Sequence[Recorded]) -> None:
        tasks: dict[TaskId, None] = {}
        for recorded in records:
            self._on_floor(recorded.event)
            tasks.update(dict.fromkeys(_tasks_of(recorded.event)))
            if isinstance(recorded.event, ev.DeviceChanged):
                self._outlet.device_changed(recorded.event.device_id)
        for task_id in tasks:
            self._outlet.task_changed(task_id)
        self._outlet.agent_changed()
        if any(recorded.confirmation is not None for recorded in records):
            self._outlet.wake()

    def _on_floor(self, event: ev.Event) -> None:
        match event:
            case ev.CommandOrdered(command):
                self._devices[command.device_id].submit(command)
            case ev.CommandDone(command_id) | ev.CommandFailed(command_id):
                for device in self._devices.values():  # whose it was is forgotten; most ended by its report
                    device.forget(command_id)
            case ev.ScanRequested(scanner=scanner):
                self._scanners[scanner].trigger()
            case ev.UnitVerified(scanner=scanner) | ev.ContainerVerified(scanner=scanner):
                self._scanners[scanner].feedback(good=True)
            case ev.TotePresented(scanner=scanner):
                self._scanners[scanner].feedback(good=True)
            case ev.ScanRejected(scanner=scanner) if scanner in self._scanners:
                self._scanners[scanner].feedback(good=False)
            case _:
                pass


def _tasks_of(event: ev.Event) -> tuple[TaskId, ...]:
    """The open tasks whose published state may have changed."""
    match event:
        case ev.TaskRejected():
            return ()
        case ev.TripPlanned(lines=lines):
            return tuple(ref.task_id for ref in lines)
        case ev.TripJoined(line=line):
            return (line.task_id,)
        case ev.ExceptionRaised(affected=affected) if affected:
            return affected
    task_id = getattr(event, "task_id", None)
    return (task_id,) if task_id is not None else ()
