"""How a link says what is wrong with the other side, so that a person knows where to look."""

HUNG = "the connection stands and nothing is answered: the device hangs, or something on the way swallows it"
"""TCP is accepted, by the device's own network card at least; its program says nothing."""


def dead(where: str, reason: str) -> str:
    """Not even TCP is accepted: refused, unreachable, or no answer at all."""
    return f"{where} takes no connection ({reason}): it is switched off, away, or elsewhere"
