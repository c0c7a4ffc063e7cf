"""Plays a demo from beginning to end: live view, audit, verdict."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.live import Live

from edge_agent.domain.site import Site
from simulators.audit import Audit
from simulators.audit_table import summary_table
from simulators.demo.broker import broker_for
from simulators.demo.processes import ChildFailedError
from simulators.demo.scene import Scene, SceneOptions
from simulators.demo.view import View
from simulators.demo.watch import Watch
from simulators.tasks import build_tasks

REFRESH_S = 0.25
LINE_EVERY_S = 5.0
PROBLEMS_SHOWN = 20


@dataclass(frozen=True)
class DemoOptions:
    scene: SceneOptions
    json_file: Path | None = None
    broker: str = "auto"
    """auto, mosquitto or amqtt."""
    keep: Path | None = None
    """Folder for ledgers, journal and logs; without it they go when the demo was consistent."""


async def run_demo(site: Site, options: DemoOptions, console: Console, stop: asyncio.Event) -> bool:
    """Play the demo until it is over or `stop` is set. True where the OMS's ledger and the world's agree.

    Raises `ChildFailedError` when a process fails, `ConfigurationError` when there is no broker.
    """
    folder = _folder(options.keep)
    broker = partial(broker_for, wanted=options.broker)
    scene = Scene(site, options.scene, folder, broker)
    console.print(
        f"broker: {scene.broker.name} (MQTT {scene.broker.protocol}) on port {scene.port}; "
        f"{options.scene.tasks} tasks, seed {options.scene.seed}, faults {options.scene.faults}, "
        f"{options.scene.speed:g} times real speed"
    )
    consistent = False
    try:
        await _play(site, scene, console, stop)
        result = await asyncio.to_thread(scene.audit)
        show(result, options.json_file, console)
        consistent = result.consistent
    finally:
        if consistent and options.keep is None:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            console.print(f"ledgers, journal and logs: {folder}")
    return consistent


def _folder(keep: Path | None) -> Path:
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="edge-agent-demo-"))
    keep.mkdir(parents=True, exist_ok=True)
    return keep


async def _play(site: Site, scene: Scene, console: Console, stop: asyncio.Event) -> None:
    tasks = build_tasks(site, scene.options.seed, scene.options.tasks, now=datetime.now(UTC))
    units = sum(line["quantity"] for task in tasks for line in task["lines"])
    watch = Watch(site.topic_root, scene.port, scene.broker.protocol)
    view = View("edge-agent demo", len(tasks), units)
    try:
        with console.status("starting broker, simulated devices and agent"):
            await scene.start()
        watch.start()
        with _shown(view, watch, console) as refresh:
            await _until_over(scene, refresh, stop)
    finally:
        watch.stop()
        with console.status("stopping"):
            await scene.stop()


async def _until_over(scene: Scene, refresh: "Refresh", stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as tasks:
        over = tasks.create_task(scene.oms.wait(), name="oms")
        stopped = tasks.create_task(stop.wait(), name="stop")
        while not (over.done() or stopped.done()):
            await asyncio.wait([over, stopped], timeout=REFRESH_S, return_when=asyncio.FIRST_COMPLETED)
            refresh.now()
            for child in (scene.agent, scene.simulators):
                child.must_run()
        over.cancel()
        stopped.cancel()
    if stop.is_set():
        raise ChildFailedError("stopped before the end: nothing was audited")
    if scene.oms.returncode != 0:
        raise ChildFailedError(f"oms ended with code {scene.oms.returncode}{scene.oms.tail()}")


class Refresh:
    """Redraws the live picture, or prints a line now and then where there is no terminal."""

    def __init__(self, view: View, watch: Watch, console: Console, live: Live | None) -> None:
        self._view, self._watch, self._console, self._live = view, watch, console, live
        self._next_line = 0.0

    def now(self) -> None:
        picture = self._watch.picture
        if self._live is not None:
            self._live.update(self._view.draw(picture), refresh=True)
            return
        moment = asyncio.get_running_loop().time()
        if moment >= self._next_line:
            self._next_line = moment + LINE_EVERY_S
            self._console.print(self._view.line(picture))


@contextmanager
def _shown(view: View, watch: Watch, console: Console) -> Iterator[Refresh]:
    if not console.is_terminal:
        yield Refresh(view, watch, console, None)
        return
    with Live(view.draw(watch.picture), console=console, auto_refresh=False) as live:
        yield Refresh(view, watch, console, live)


def show(result: Audit, json_file: Path | None, console: Console) -> None:
    """Print the audit's table, its problems and the verdict; write its JSON where asked."""
    console.print(summary_table(result))
    for problem in result.problems[:PROBLEMS_SHOWN]:
        console.print(f"[red]problem[/red] {problem}", highlight=False)
    if len(result.problems) > PROBLEMS_SHOWN:
        console.print(f"... and {len(result.problems) - PROBLEMS_SHOWN} more")
    if result.consistent:
        console.print("[green]consistent: true[/green]  what the OMS was told is what the world did")
    else:
        console.print("[red]consistent: false[/red]")
    if json_file is not None:
        json_file.write_text(json.dumps(result.to_json(), indent=2) + "\n", "utf-8")
        console.print(f"written: {json_file}")
