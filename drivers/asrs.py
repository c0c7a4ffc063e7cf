"""The AS/RS family."""

from collections.abc import Mapping
from types import MappingProxyType

from drivers.family import field_texts
from edge_agent.domain.command import Order, Retrieve, Store


class Asrs:
    """A crane, shuttle or mini-load: brings loads out of storage to its outfeed, and from its infeed back.

    A retrieve's report says from which location the load was taken, a store's where it now is.
    """

    verbs: Mapping[str, type[Order]] = MappingProxyType({"retrieve": Retrieve, "store": Store})

    def values(self, order: Order) -> Mapping[str, str]:
        return field_texts(order)

    def sought(self, order: Order) -> str:
        return field_texts(order)["load"]
