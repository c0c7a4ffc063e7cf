"""The soak campaign's samples as a picture."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulators.campaigns.samples import Sample

Value = Callable[[Sample], float | None]
PANELS: Sequence[tuple[str, Sequence[tuple[str, Value]]]] = (
    ("memory, MiB", (("resident", lambda s: s.rss_mb),)),
    ("count", (("descriptors", lambda s: s.descriptors), ("threads", lambda s: s.threads))),
    ("disk, MiB", (("journal", lambda s: s.journal_mb), ("write-ahead log", lambda s: s.wal_mb))),
    ("tasks", (("open", lambda s: s.open_tasks),)),
    (
        "99th percentile, ms",
        (
            ("task to first command", lambda s: s.task_to_first_command_p99_ms),
            ("scan to confirmation", lambda s: s.scan_to_confirmation_p99_ms),
        ),
    ),
)
SIZE_IN = (9, 12)


def draw(samples: Sequence[Sample], warm_up_s: float, title: str, file: Path) -> None:
    """Draw every figure over time into `file`; its suffix says the format (svg, png). Raises OSError."""
    figure = Figure(figsize=SIZE_IN, layout="constrained")
    figure.suptitle(title)
    rows = figure.subplots(len(PANELS) + 1, sharex=True)
    minutes = [sample.t_s / 60 for sample in samples]
    for axes, (unit, curves) in zip(rows, PANELS, strict=False):
        for name, value in curves:
            points = [value(sample) for sample in samples]
            axes.plot(minutes, [float("nan") if y is None else y for y in points], label=name)
        _finish(axes, unit, warm_up_s)
    rows[-1].plot(minutes[1:], _load(samples), label="processor")
    _finish(rows[-1], "% of a core", warm_up_s)
    rows[-1].set_xlabel("minutes")
    figure.savefig(file)


def _finish(axes: Axes, unit: str, warm_up_s: float) -> None:
    axes.axvspan(0, warm_up_s / 60, alpha=0.1, color="grey")
    axes.set_ylabel(unit)
    axes.set_ylim(bottom=0)
    axes.legend(loc="upper right", fontsize="small")


def _load(samples: Sequence[Sample]) -> list[float]:
    """Processor time between each two samples, in per cent of one core."""
    return [
        100 * (later.cpu_s - earlier.cpu_s) / (later.t_s - earlier.t_s)
        for earlier, later in pairwise(samples)
    ]
