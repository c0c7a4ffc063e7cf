"""Does something grow? A straight line through samples, and the limit that its slope must keep."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

Point = tuple[float, float]
"""Seconds and a value."""
FEWEST = 5


@dataclass(frozen=True, slots=True)
class Trend:
    """How a figure went after the warm-up. `per_hour` None: too few samples to tell."""

    figure: str
    first: float
    last: float
    highest: float
    per_hour: float | None
    limit_per_hour: float

    @property
    def holds(self) -> bool:
        """It is known to grow by less than its limit."""
        return self.per_hour is not None and self.per_hour <= self.limit_per_hour

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"holds": self.holds}


def trend(figure: str, points: Sequence[Point], limit_per_hour: float) -> Trend:
    """Fit the points, which are in order of time. At least one is needed, `FEWEST` for a slope."""
    values = [value for _, value in points]
    per_hour = slope(points) * 3600 if len(points) >= FEWEST else None
    return Trend(figure, values[0], values[-1], max(values), per_hour, limit_per_hour)


def slope(points: Sequence[Point]) -> float:
    """The median of the slopes of all pairs, which a few outliers do not move.

    Source: P. K. Sen, Estimates of the regression coefficient based on Kendall's tau (1968).
    """
    return median(
        (later[1] - earlier[1]) / (later[0] - earlier[0])
        for number, earlier in enumerate(points)
        for later in points[number + 1 :]
    )
