"""Puts a whole simulated site on real sockets and pseudo terminals, in one process."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from drivers.profile import Profile
from edge_agent.domain.site import Site
from edge_agent.errors import ConfigurationError
from simulators.clock import SimClock
from simulators.control import ControlServer
from simulators.faults import AnyFault
from simulators.ledger import Ledger
from simulators.site import SimulatedSite, build_site

TICK_S = 0.005
"""Real seconds between two steps. A command starts when it arrives, so this only delays what ends."""


async def serve(
    site: Site,
    profiles: Mapping[str, Profile],
    *,
    ledger: Path,
    faults: Sequence[AnyFault],
    seed: int,
    speed: float,
    control: Path | None = None,
    ready: Callable[[], None] | None = None,
    stop: asyncio.Event,
) -> None:
    """Run the simulated devices of a site until `stop` is set, then write where everything is.

    `speed` is how many simulated seconds pass in a real one. `control` is the path of the control socket, if
    there is to be one. `ready` is called once every address listens.
    Raises `ConfigurationError` when the site cannot be simulated, an address is taken, or the ledger already
    holds the story of another world.
    """
    with _new_ledger(ledger) as book:
        simulated = build_site(
            site,
            profiles,
            record=book.write,
            faults=faults,
            seed=seed,
            clock=SimClock(speed),
            epoch=int(time.time()) & 0xFFFF_FFFF,
        )
        async with AsyncExitStack() as started:
            for server in simulated.servers:
                started.push_async_callback(server.stop)
                await server.start()
            if control is not None:
                desk = ControlServer(control, simulated.faults)
                started.push_async_callback(desk.stop)
                await desk.start()
            async with asyncio.TaskGroup() as group:
                lines = [
                    group.create_task(scanner.run(), name="simulated scanner line")
                    for scanner in simulated.scanners
                ]
                lines += [
                    group.create_task(operator.run(), name="simulated operator")
                    for operator in simulated.operators
                ]
                if ready is not None:
                    ready()
                await _tick(simulated, stop)
                for line in lines:
                    line.cancel()
        simulated.world.write_end()


async def _tick(simulated: SimulatedSite, stop: asyncio.Event) -> None:
    while not stop.is_set():
        simulated.faults.step()
        for server in simulated.servers:
            await server.step()
        await asyncio.sleep(TICK_S)


def _new_ledger(path: Path) -> Ledger:
    if path.exists() and path.stat().st_size:
        raise ConfigurationError(
            f"{path}: this ledger tells of another run, and a world begins anew; name another file"
        )
    return Ledger(path)
