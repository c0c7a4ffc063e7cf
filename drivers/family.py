"""What a device family is: the orders that it understands and the texts that say them. No wire in it."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Protocol, runtime_checkable

from edge_agent.domain.command import Order


@runtime_checkable
class Family(Protocol):
    """A kind of machine. One plain class each; found by the entry point group `edge_agent.drivers`."""

    @property
    def verbs(self) -> Mapping[str, type[Order]]:
        """Every verb of the family, with the order that it says. A profile describes all of them."""
        ...

    def values(self, order: Order) -> Mapping[str, str]:
        """An order's fields by name, as the device is to read them. The profile orders them."""
        ...

    def sought(self, order: Order) -> str:
        """What the device is asked about when it has forgotten the order: the load, in its own words.
        Empty: what its gripper holds."""
        ...


def field_texts(order: Order) -> dict[str, str]:
    """The fields of an order as they are."""
    return {field.name: str(getattr(order, field.name)) for field in fields(order)}


def verb_of(family: Family, order: Order) -> str | None:
    """The family's verb for an order; None where it has no such verb."""
    return next((verb for verb, kind in family.verbs.items() if isinstance(order, kind)), None)
