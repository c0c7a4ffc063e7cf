"""One device that takes a command and never answers slows no other."""

import asyncio
from dataclasses import replace

import pytest

from drivers.fake import FakeDevice
from edge_agent.domain.command import Command, Done
from edge_agent.domain.ids import DeviceId
from tests.runtime.supervised import command, running


async def test_a_mute_device_keeps_no_other_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    mute, lively = FakeDevice(DeviceId("asrs-1")), FakeDevice(DeviceId("asrs-2"))
    asked = asyncio.Event()

    async def never(_: Command) -> None:
        asked.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(mute, "send", never)
    async with running(mute) as (first, first_inbox), running(lively) as (second, second_inbox):
        await first_inbox.ready()
        await second_inbox.ready()
        first.submit(command(1))
        await asked.wait()
        for number in range(2, 7):
            second.submit(replace(command(number), device_id=lively.device_id))
            assert isinstance(await second_inbox.resolved(number), Done)
    assert [taken.command_id for taken in lively.taken] == [2, 3, 4, 5, 6]
