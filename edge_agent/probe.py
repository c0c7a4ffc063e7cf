"""`check --probe` reaches for every device and the broker, and writes nothing to any of them; `check --scan`
waits for a known barcode at one scanner."""

import asyncio
import secrets
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from drivers.commissioning import diagnose, only_no_reads
from drivers.profile import Profile
from drivers.registry import build_device, build_scanner
from drivers.scanner_wire import ScannerWire
from edge_agent.adapters.mqtt import reach
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError, EdgeAgentError
from edge_agent.ports import Device, Scanner

TIMEOUT_S = 10.0
TRIGGER_S = 2.0
"""How often a scanner is triggered while the known barcode has not come."""
QUIET_S = 0.3
"""A line that is silent for so long has sent all of its scan."""


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
    if profile.is_scanner:
        device = build_scanner(device_id, settings, profile)
    else:
        device = build_device(device_id, settings, profile)
    try:
        status = await device.connect()
        return f"{status.mode.value} at {settings.address}"
    finally:
        await device.close()


# ---- the known barcode ---------------------------------------------------------------------------------


async def probe_scan(
    site: Site, profiles: Mapping[str, Profile], device_id: DeviceId, wait_s: float
) -> list[Found]:
    """Wait for the known barcode at a scanner and compare what came in with what was printed.

    Raises `ConfigurationError` when the site has no such scanner.
    """
    wire = _scanner_wire(site, profiles, device_id)
    listener = _Listener()
    settings = site.devices[device_id]
    scanner = build_scanner(device_id, settings, profiles[settings.profile], listener.hear)
    problems: list[str] = []
    try:
        await scanner.connect()
        await listener.listen(scanner, wire, wait_s)
        problems = diagnose(bytes(listener.heard), wire)
    except* EdgeAgentError as errors:
        problems = [str(error) for error in errors.exceptions]
    finally:
        await scanner.close()
    if problems:
        return [Found(device_id, False, problem) for problem in problems]
    through = "the AIM identifier and the separator" if wire.aim else "the separator"
    return [Found(device_id, True, f"{through} came through")]


def _scanner_wire(site: Site, profiles: Mapping[str, Profile], device_id: DeviceId) -> ScannerWire:
    found = site.devices.get(device_id)
    wire = profiles[found.profile].scanner if found else None
    if wire is None:
        wires = {name: profiles[device.profile].scanner for name, device in site.devices.items()}
        known = ", ".join(name for name, scanner in wires.items() if scanner)
        raise ConfigurationError(f"--scan {device_id}: no such scanner in the site file: use one of {known}")
    return wire


class _Listener:
    """Gathers what one scan brings."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self._arrived = asyncio.Event()

    def hear(self, data: bytes) -> None:
        self.heard += data
        self._arrived.set()

    async def listen(self, scanner: Scanner, wire: ScannerWire, wait_s: float) -> None:
        """Return when a scan has come in, or time is up."""
        async with asyncio.TaskGroup() as tasks:
            observing = tasks.create_task(self._observe(scanner), name="observe")
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._scan(scanner, wire)
            observing.cancel()

    async def _observe(self, scanner: Scanner) -> None:
        async for _ in scanner.observations():
            pass

    async def _scan(self, scanner: Scanner, wire: ScannerWire) -> None:
        while only_no_reads(bytes(self.heard), wire):
            self.heard.clear()
            await scanner.trigger()
            with suppress(TimeoutError):
                async with asyncio.timeout(TRIGGER_S):
                    await self._more_than_no_reads(wire)

    async def _more_than_no_reads(self, wire: ScannerWire) -> None:
        while only_no_reads(bytes(self.heard), wire):
            await self._arrived.wait()
            while self._arrived.is_set():
                self._arrived.clear()
                await asyncio.sleep(QUIET_S)
