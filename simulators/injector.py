"""Makes faults happen: one injector a device, which knows everything of it that can break."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from edge_agent.domain.command import FailureReason
from edge_agent.domain.device import Mode
from edge_agent.domain.ids import CommandId, Lpn, PointId
from simulators import gate as wire
from simulators.agenda import Action, Agenda
from simulators.clock import SimClock
from simulators.conveyor import Conveyor
from simulators.device_memory import DeviceMemory
from simulators.faults import catalogue as kinds
from simulators.faults.catalogue import AnyFault
from simulators.faults.conveyors import LaneBlocked, LoadLost, WrongPoint
from simulators.faults.mistakes import WrongTote
from simulators.faults.names import Fault
from simulators.faults.source import DeviceFaults
from simulators.faults.when import Moment
from simulators.gate import Gate
from simulators.ledger import Record
from simulators.machine import GivesUp, Machine
from simulators.mailbox import RegisterImage
from simulators.stream_server import ScannerServer
from simulators.world import World

STOPPED = {
    Fault.CRANE_FAULT: (Mode.FAULTED, 17),
    Fault.JAM: (Mode.FAULTED, 21),
    Fault.E_STOP: (Mode.E_STOPPED, 9),
}
"""The mode and the fault number that a machine shows when it has stopped."""
WRITTEN_ELSEWHERE = frozenset({Fault.ITEM_MISSING})
"""Faults that the physics write down themselves: they alone know what was hit."""
AT_ANY_LABEL = frozenset(Fault) - {Fault.WRONG_TOTE}
OFF_THE_LANES = frozenset(Fault) - {Fault.LANE_BLOCKED}


class Injector(Protocol):
    """One device and what can be done to it."""

    @property
    def faults(self) -> DeviceFaults:
        """The device, and what is armed for it."""
        ...

    def inflict(self, fault: AnyFault, command: CommandId | None = None) -> None:
        """Make the fault happen now."""
        ...

    def reset(self) -> None:
        """The operator acknowledges at the device what has stopped it; without effect where nothing has."""
        ...

    def restart(self, down_s: float, *, keep_memory: bool) -> None:
        """Switch the device off and, `down_s` real seconds later, on again."""
        ...


class MachineInjector:
    """Breaks a machine, its controller and its wire. Asked by the controller at every moment of a command."""

    def __init__(
        self,
        faults: DeviceFaults,
        memory: DeviceMemory,
        machine: Machine,
        gate: Gate,
        image: RegisterImage | None,
        *,
        record: Record,
        agenda: Agenda,
        clock: SimClock,
    ) -> None:
        """`agenda` is run on real time. `image` is the mailbox, where the device has one."""
        self.faults = faults
        self._memory = memory
        self._machine = machine
        self._gate = gate
        self._image = image
        self._record = record
        self._agenda = agenda
        self._clock = clock
        self._stops = 0
        memory.strike = self._strike

    def _strike(self, moment: Moment, command: CommandId, verb: str) -> Sequence[AnyFault]:
        possible = None if self._lane_of(command) is not None else OFF_THE_LANES
        struck = self.faults.strike(moment, command, verb, possible)
        for fault in struck:
            self.inflict(fault, command)
        return struck

    def inflict(self, fault: AnyFault, command: CommandId | None = None) -> None:
        if command is None:
            command = next(iter(self._memory.open_commands), None)
        if fault.fault in STOPPED and self._memory.mode is not Mode.READY:
            return  # it stands still already
        facts = fault.parameters
        if isinstance(fault, WrongPoint):
            facts |= self._divert(fault, command)
        if isinstance(fault, LaneBlocked):
            facts |= self._block(fault, command)
        self._write(fault, facts if command is None else {"command": command, **facts})
        self._break_wire(fault)
        self._break_display(fault)
        self._break_machine(fault, command)

    def _write(self, fault: AnyFault, facts: Mapping[str, object]) -> None:
        if fault.fault not in WRITTEN_ELSEWHERE:
            self._record("fault", {"device": self.faults.target.device, "fault": fault.fault, **facts})

    # ---- what breaks ---------------------------------------------------------------------------------

    def _break_wire(self, fault: AnyFault) -> None:
        gate = self._gate
        match fault:
            case kinds.ReplyGarbled():
                gate.spoil_next(wire.garbled)
            case kinds.ReplyTruncated():
                gate.spoil_next(wire.truncated)
            case kinds.AckDuplicated():
                gate.spoil_next(wire.doubled)
            case kinds.ConnectionReset():
                gate.reset()
            case kinds.AckLost() if self._image is None:
                gate.reset()
            case kinds.AckLate(delay_s=delay_s) if self._image is None:
                gate.delay(delay_s)
                self._memory.hide(self._clock.wall_s() + delay_s)
            case kinds.HalfOpen(silent_s=silent_s):
                gate.vanish(silent_s)
            case kinds.Hung(duration_s=duration_s):
                gate.hang()
                self._later(duration_s, gate.thaw)
                self._memory.hide(self._clock.wall_s() + duration_s)
            case kinds.Restart(down_s=down_s):
                self.restart(down_s, keep_memory=True)
            case kinds.MemoryLost(down_s=down_s):
                self.restart(down_s, keep_memory=False)

    def _break_display(self, fault: AnyFault) -> None:
        match fault:
            case kinds.StuckRegister() if self._image is not None:
                wall_s = self._clock.wall_s()
                self._image.stick(fault.register_, wall_s=wall_s)
                self._later(fault.duration_s, self._image.loosen)
                self._memory.hide(wall_s + fault.duration_s)
            case kinds.HeartbeatFrozen():
                self._memory.stop_pulse(self._clock.wall_s())
                self._later(fault.duration_s, self._memory.start_pulse)

    def _break_machine(self, fault: AnyFault, command: CommandId | None) -> None:
        match fault:
            case kinds.Slow():
                self._slow_down(fault)
            case LoadLost():
                self._lose(fault, command)
            case kinds.CraneFault() | kinds.Jam() | kinds.EStop():
                self._stop(fault, command)

    def _slow_down(self, fault: kinds.Slow) -> None:
        tempo, clock = self._memory.tempo, self._clock
        tempo.slow_down(fault.factor, clock.now_s())
        self._later(fault.duration_s / clock.speed, lambda: tempo.slow_down(1, clock.now_s()))

    def _lose(self, fault: LoadLost, command: CommandId | None) -> None:
        if command is not None and isinstance(self._machine, Conveyor):
            end = self._machine.lose(command)
            if end is not None and fault.ends == "failed":
                self._memory.give_up(end)

    def _divert(self, fault: WrongPoint, command: CommandId | None) -> dict[str, object]:
        if command is None or not isinstance(self._machine, Conveyor):
            return {}
        wanted = PointId(fault.point) if fault.point else None
        point = self._machine.divert(command, wanted, noticed=fault.says == "really")
        return {"point": point}

    def _lane_of(self, command: CommandId | None) -> PointId | None:
        machine = self._machine
        return machine.lane_of(command) if command is not None and isinstance(machine, Conveyor) else None

    def _block(self, fault: LaneBlocked, command: CommandId | None) -> dict[str, object]:
        belt, point = self._machine, self._lane_of(command)
        if command is None or point is None or not isinstance(belt, Conveyor):
            return {}
        self._memory.give_up(belt.block(command, FailureReason(fault.reason)))
        self._later(fault.duration_s / self._clock.speed, lambda: belt.clear(point))
        return {"point": point}

    def _stop(self, fault: kinds.CraneFault | kinds.Jam | kinds.EStop, command: CommandId | None) -> None:
        self._memory.tempo.halt(self._clock.now_s())
        self._memory.show(*STOPPED[fault.fault], wall_s=self._clock.wall_s())
        drops = not isinstance(fault, kinds.Jam) and fault.then != "finishes"
        if drops and command is not None and isinstance(self._machine, GivesUp):
            end = self._machine.give_up(command)
            if end is not None:
                self._memory.give_up(end)
        self._stops += 1
        if fault.reset_after_s is not None:
            stop = self._stops
            self._later(fault.reset_after_s / self._clock.speed, lambda: self._reset_after(stop))

    # ---- what mends it -------------------------------------------------------------------------------

    def _reset_after(self, stop: int) -> None:
        if stop == self._stops:  # nobody has reset it in the meantime and it stopped anew
            self.reset()

    def reset(self) -> None:
        self._memory.notice_arrivals()
        if self._memory.mode is not Mode.READY:
            self._record("operator_reset", {"device": self.faults.target.device})
            self._memory.tempo.go_on(self._clock.now_s())
            self._memory.show(Mode.READY, wall_s=self._clock.wall_s())

    def restart(self, down_s: float, *, keep_memory: bool) -> None:
        self._gate.go_down(down_s)
        if not keep_memory:
            self._memory.forget()
            if self._image is not None:
                self._image.forget()

    def _later(self, seconds: float, action: Action) -> None:
        self._agenda.at(self._clock.wall_s() + seconds, action)


class ScannerInjector:
    """Pulls a scanner's plug. What happens to a single reading, the scanner does to itself."""

    def __init__(self, faults: DeviceFaults, server: ScannerServer, world: World, *, record: Record) -> None:
        self.faults = faults
        self._server = server
        self._world = world
        self._record = record
        server.scanner.strike = self._strike

    def _strike(self, facts: Mapping[str, object]) -> Sequence[AnyFault]:
        mislabels = self._world.can_be_mislabelled(facts.get("load"))
        struck = self.faults.strike(Moment.READS, possible=None if mislabels else AT_ANY_LABEL)
        for fault in struck:
            self._break(fault, facts)
        return struck

    def inflict(self, fault: AnyFault, _command: CommandId | None = None) -> None:
        self._break(fault, {})

    def _break(self, fault: AnyFault, facts: Mapping[str, object]) -> None:
        line = {"device": self.faults.target.device, "fault": fault.fault, **fault.parameters, **facts}
        if isinstance(fault, WrongTote):
            line["says"] = self._world.relabel(Lpn(str(facts["load"])))
        self._record("fault", line)
        if isinstance(fault, kinds.Unplugged):
            self._server.unplug(fault.duration_s)

    def reset(self) -> None:
        """A scanner has nothing to reset."""

    def restart(self, down_s: float, *, keep_memory: bool) -> None:  # noqa: ARG002  it has no memory
        self._server.unplug(down_s)


class PersonInjector:
    """A person slips by themselves; from outside nothing can be done to them."""

    def __init__(self, faults: DeviceFaults) -> None:
        self.faults = faults

    def inflict(self, _fault: AnyFault, _command: CommandId | None = None) -> None:
        """No fault strikes a person at a time of its own."""

    def reset(self) -> None:
        """A person has nothing to reset."""

    def restart(self, down_s: float, *, keep_memory: bool) -> None:
        """A person is not switched off."""
