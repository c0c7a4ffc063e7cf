"""The conveyor family."""

from collections.abc import Mapping
from types import MappingProxyType

from drivers.family import field_texts
from edge_agent.domain.command import Order, Transfer


class Conveyor:
    """A conveyor whose controller tracks its loads: carries them from point to point, several at a time.

    A transfer's report says at which point the load now is.
    """

    verbs: Mapping[str, type[Order]] = MappingProxyType({"transfer": Transfer})

    def values(self, order: Order) -> Mapping[str, str]:
        return field_texts(order)

    def sought(self, order: Order) -> str:
        return field_texts(order)["load"]
