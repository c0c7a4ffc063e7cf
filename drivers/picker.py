"""The picker family."""

from collections.abc import Mapping
from types import MappingProxyType

from drivers.family import field_texts
from edge_agent.domain.command import Order, Pick, Place, PutBack


class Picker:
    """A picker that works in two steps: grips a unit and shows it to the scanner, then places it or puts it
    back. An operator's station is the same family with a person behind it.

    A pick that finds no unit fails with `item_missing` and leaves the gripper empty.
    """

    verbs: Mapping[str, type[Order]] = MappingProxyType({"pick": Pick, "place": Place, "put_back": PutBack})

    def values(self, order: Order) -> Mapping[str, str]:
        return field_texts(order)

    def sought(self, order: Order) -> str:  # noqa: ARG002 - the gripper holds one unit, whatever the order
        return ""
