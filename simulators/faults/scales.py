"""Faults of scales. Each strikes when a scale is about to say what lies on it."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, PositiveInt

from simulators.faults.names import Fault
from simulators.faults.when import SCANNERS, Armed, Moment

SCALE = frozenset({"scale"})


class OfScale(Armed):
    """What happens to scales."""

    handshakes: ClassVar = SCANNERS
    families: ClassVar = SCALE
    moments: ClassVar = (Moment.READS,)


class ScaleMute(OfScale):
    """The scale is asked and says nothing."""

    fault: Literal[Fault.SCALE_MUTE] = Fault.SCALE_MUTE


class ScaleUnstable(OfScale):
    """Something shakes: the scale says that it does not come to rest."""

    fault: Literal[Fault.SCALE_UNSTABLE] = Fault.SCALE_UNSTABLE


class ScaleOffset(OfScale):
    """The scale has drifted, or something touches its pan: it says `offset_g` grams too much."""

    fault: Literal[Fault.SCALE_OFFSET] = Fault.SCALE_OFFSET
    offset_g: Annotated[float, Field(ge=-100_000, le=100_000)] = 50.0


class ScaleGarbage(OfScale):
    """`length` bytes of line noise come just before the weight, in the same frame."""

    fault: Literal[Fault.SCALE_GARBAGE] = Fault.SCALE_GARBAGE
    length: Annotated[PositiveInt, Field(le=4096)] = 8
