"""`check --probe`: reaches for every device and the broker, and writes nothing to any of them."""

import asyncio
import secrets
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass

from drivers.profile import Handshake, Profile
from drivers.registry import build_device, build_scanner
from edge_agent.adapters.mqtt import reach
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.site import Site
from edge_agent.errors import EdgeAgentError
from edge_agent.ports import Device, Scanner

TIMEOUT_S = 10.0


@dataclass(frozen=True, slots=True)
class Found:
    """What a probe of one thing gave."""

    name: str
    good: bool
    text: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.good else 'FAIL'} {self.name}: {self.text}"


async def probe_site(site: Site, profiles: Mapping[str, Profile]) -> list[Found]:
    """Try everything side by side; the answers come in the order of the site file, the broker last."""
    tries = [_tried(device_id, _probe_device(site, profiles, device_id)) for device_id in site.devices]
    tries.append(_tried("broker", reach(site.broker, f"edge-agent-probe-{secrets.token_hex(4)}")))
    return list(await asyncio.gather(*tries))


async def _tried(name: str, probe: Awaitable[str]) -> Found:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return Found(name, True, await probe)
    except TimeoutError:
        return Found(name, False, f"no answer in {TIMEOUT_S:.0f} s: check the address and the cable")
    except (EdgeAgentError, OSError) as error:
        return Found(name, False, str(error))


async def _probe_device(site: Site, profiles: Mapping[str, Profile], device_id: DeviceId) -> str:
    settings = site.devices[device_id]
    profile = profiles[settings.profile]
    device: Device | Scanner
    if profile.handshake is Handshake.SCANNER:
        device = build_scanner(device_id, settings, profile)
    else:
        device = build_device(device_id, settings, profile)
    try:
        status = await device.connect()
        return f"{status.mode.value} at {settings.address}"
    finally:
        await device.close()
