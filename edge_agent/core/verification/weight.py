"""V18 and the second evidence: what a label says it weighs, and what a scale says. Pure; nothing raises.

A weight never counts units. A right label on a wrong item is an error that no scan can see; a scale can,
where the item master knows what one unit weighs.

Source: GS1 General Specifications 3.6.2 (trade measures 31nn, 32nn, 35nn), 4.13.2 (a GTIN that starts with 9
needs its measure).
"""

from collections.abc import Iterable

from edge_agent.core.verification.barcode import ItemCode
from edge_agent.core.verification.rules import Rule
from edge_agent.core.verification.verdicts import NOTHING, Passed, Rejected, Verdict
from edge_agent.domain.item import Item, Weight

_GRAMS = {"310": 1000.0, "320": 453.59237, "356": 31.1034768}
"""Net weight in kilograms, pounds and troy ounces -> grams in one of them."""
_MEASURES = ("30", "31", "32", "35", "36", "8001")
_VARIABLE_MEASURE = "9"
_ROUNDING_G = 1e-6
"""What the sums of binary fractions may be off."""


def label_weight_g(code: ItemCode) -> float | None:
    """The net weight that a code states, in grams."""
    for element in code.elements:
        if grams := _GRAMS.get(element.ai[:3]):
            return int(element.value) * grams / float(10 ** int(element.ai[3]))
    return None


def label_weight_verdict(code: ItemCode, expected: Weight | None) -> Rejected | None:
    """V18: a stated weight agrees with the item's, and a variable measure item states its measure.

    None: no objection. `expected` is that of everything the code stands for.
    """
    measured = any(element.ai.startswith(_MEASURES) for element in code.elements)
    if code.gtin is not None and code.gtin.startswith(_VARIABLE_MEASURE) and not measured:
        return Rejected(Rule.LABEL_WEIGHT, "a weight or another measure", NOTHING)
    stated_g = label_weight_g(code)
    if expected is None or stated_g is None or _agrees(stated_g, expected):
        return None
    return Rejected(Rule.LABEL_WEIGHT, _shown(expected), f"{stated_g:g} g")


def verify_weight(measured_g: float, expected: Weight | None) -> Verdict | None:
    """The second evidence for what is in the gripper; None: nothing to compare with."""
    if expected is None:
        return None
    if _agrees(measured_g, expected):
        return Passed(Rule.WEIGHT_DISAGREES)
    return Rejected(Rule.WEIGHT_DISAGREES, _shown(expected), f"{measured_g:g} g")


def weight_lost(expected: Weight) -> Rejected:
    """V18: a picker that weighs did not say what it weighed, so that the second evidence is missing."""
    return Rejected(Rule.WEIGHT_DISAGREES, _shown(expected), NOTHING)


def verify_container_weight(
    measured_g: float, container: Weight | None, contents: Iterable[tuple[Item, int]]
) -> Verdict | None:
    """The second evidence for a container on a scale; None: nothing to compare with.

    `container` is the empty one, or the full one as last weighed with the scale's tolerance; `contents` what
    came in since, in units of each item. There is nothing to compare either where all tolerances together
    would hide the lightest unit; a weight beyond them disagrees all the same.
    """
    total, lightest_g = container, float("inf")
    for item, units in contents:
        if total is None or item.weight is None:
            return None
        if units:
            total = total.plus(item.weight.times(units))
            lightest_g = min(lightest_g, item.weight.weight_g)
    if total is None:
        return None
    verdict = verify_weight(measured_g, total)
    hidden = lightest_g <= 2 * total.tolerance_g
    return None if hidden and isinstance(verdict, Passed) else verdict


def _agrees(weight_g: float, expected: Weight) -> bool:
    return abs(weight_g - expected.weight_g) <= expected.tolerance_g + _ROUNDING_G


def _shown(expected: Weight) -> str:
    return f"{expected.weight_g:g} g within {expected.tolerance_g:g} g"
