"""The live picture of a running demo, for a terminal; plain lines where there is none."""

from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from simulators.demo.watch import Picture

_COLOURS = {"ready": "green", "held": "yellow", "online": "green", "starting": "yellow"}
_DEVICES_A_COLUMN = 6


class View:
    """Draws the picture. `tasks` and `units` are what the demo will submit in all."""

    def __init__(self, title: str, tasks: int, units: int) -> None:
        self._title = title
        self._progress = Progress(
            TextColumn("{task.description:>6}"),
            BarColumn(bar_width=46),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        self._tasks = self._progress.add_task("tasks", total=tasks)
        self._units = self._progress.add_task("units", total=units)

    def draw(self, picture: Picture) -> RenderableType:
        """The whole picture as it stands."""
        self._progress.update(self._tasks, completed=len(picture.ended))
        self._progress.update(self._units, completed=picture.units)
        body = Group(
            self._progress,
            Text(f"{picture.units_a_minute():6.0f} units a minute   {picture.events} confirmations"),
            Columns(self._devices(picture), padding=(0, 3)),
            _trouble(picture),
        )
        return Panel(body, title=self._title, subtitle=f"agent {picture.agent}", padding=(0, 1))

    def line(self, picture: Picture) -> str:
        """The same in one line, for a log."""
        return (
            f"tasks {len(picture.ended)}/{self._total(self._tasks)}  "
            f"units {picture.units}/{self._total(self._units)}  held {len(picture.held)}  "
            f"exceptions {picture.exceptions.total()}  {picture.units_a_minute():.0f} units/min"
        )

    def _total(self, row: object) -> int:
        return next(int(task.total or 0) for task in self._progress.tasks if task.id == row)

    def _devices(self, picture: Picture) -> list[Table]:
        devices = sorted(picture.devices.items())
        columns = []
        for first in range(0, len(devices), _DEVICES_A_COLUMN):
            table = Table.grid(padding=(0, 2))
            for name, state in devices[first : first + _DEVICES_A_COLUMN]:
                table.add_row(name, Text(state, style=_COLOURS.get(state, "red")))
            columns.append(table)
        return columns


def _trouble(picture: Picture) -> RenderableType:
    rows = [f"{kind} {number}" for kind, number in picture.exceptions.most_common()]
    rejected = [f"{rule} {number}" for rule, number in picture.rejected_scans.most_common()]
    lines = Text()
    lines.append("exceptions: " + (", ".join(rows) or "none") + "\n")
    lines.append("scans refused: " + (", ".join(rejected) or "none"))
    for task_id, reason in list(picture.held.items())[:3]:
        lines.append(f"\nheld {task_id}: {reason}", style="yellow")
    return lines
