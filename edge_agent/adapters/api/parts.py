"""What the endpoints are made of."""

from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from edge_agent.adapters.api.bridge import Bridge
from edge_agent.adapters.api.timeline import History
from edge_agent.core.view import View
from edge_agent.domain.ids import DeviceId
from edge_agent.domain.site import Site


@dataclass(frozen=True, slots=True)
class Parts:
    """Given to every group of endpoints."""

    site: Site
    bridge: Bridge
    history: History
    device_view: Callable[[DeviceId], View]
    """A device as it is published. To be called in the agent's loop."""
    stopping: Event = field(default_factory=Event)
    """Set when the API ends: whoever waits for something to happen is answered with how it stands."""
