"""What is told of a device beside its status."""

from drivers.fake import FakeDevice
from edge_agent.domain.command import Done
from edge_agent.domain.device import AnswerIgnored, CommandEnded, Mode
from edge_agent.domain.ids import CommandId
from edge_agent.runtime.backoff import Backoff
from edge_agent.runtime.supervisor import DeviceSupervisor
from tests.runtime.inbox import Inbox
from tests.runtime.supervised import DEVICE, command, supervised


async def test_ends_that_come_twice_or_of_commands_that_are_not_open_are_ignored_and_counted() -> None:
    device = FakeDevice(DEVICE, ending=None)
    remarked: list[int] = []
    inbox = Inbox()
    supervisor = DeviceSupervisor(device, inbox.put, remarked=lambda: remarked.append(1))
    async with supervised(supervisor):
        await inbox.ready()
        supervisor.submit(command())
        await inbox.until(lambda: device.taken != [])
        device.finish(CommandId(1))
        assert device._feed is not None
        for number in (1, 1, 99):
            device._feed.put(CommandEnded(CommandId(number), Done(), 7))
        await inbox.until(lambda: supervisor.remarks.ignored_ends == 3)
        device._feed.put(AnswerIgnored())
        await inbox.until(lambda: supervisor.remarks.ignored_answers == 1)
    assert len(remarked) >= 4
    assert supervisor.remarks.view(Mode.READY)["ignored"] == {"ends": 3, "answers": 1}


async def test_why_a_device_cannot_be_reached_is_told_while_it_cannot() -> None:
    device = FakeDevice(DEVICE)
    device.reachable = False
    remarked: list[str] = []
    inbox = Inbox()
    supervisor = DeviceSupervisor(
        device, inbox.put, Backoff(0.001, 0.002), lambda: remarked.append(supervisor.remarks.trouble)
    )
    async with supervised(supervisor):
        await supervisor.settled.wait()
        assert supervisor.remarks.view(Mode.DISCONNECTED)["detail"] == "asrs-1: link lost: not reachable"
        assert supervisor.remarks.view(Mode.READY)["detail"] is None
        device.reachable = True
        await inbox.ready()
        assert supervisor.remarks.view(Mode.DISCONNECTED)["detail"] is None
    assert remarked[0] == "asrs-1: link lost: not reachable"
