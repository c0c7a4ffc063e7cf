"""What the core must know of the plant that no journal says: the site file, and what the profiles tell."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge_agent.core.verification.barcode import SiteLabels
from edge_agent.domain.ids import DeviceId, StationId
from edge_agent.domain.site import Site


@dataclass(frozen=True)
class Plant:
    """What the core must know of the site that no journal says."""

    site: Site
    max_open: Mapping[DeviceId, int]
    """How many commands each machine takes at once (from its profile)."""
    aim: Mapping[DeviceId, bool] = field(default_factory=dict)
    """Which scanners send AIM identifiers (from their profiles)."""
    persons: frozenset[DeviceId] = frozenset()
    """Devices that are a person (from their profiles)."""
    untriggered: frozenset[DeviceId] = frozenset()
    """Scanners that nobody can trigger (from their profiles): what they read was not asked for."""
    labels: SiteLabels = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "labels", SiteLabels(self.site.labels))

    def sends_aim(self, scanner: DeviceId, data: bytes) -> bool:
        """Whether the scan should begin with an AIM identifier. What comes over the local API does or does
        not, as the person's own scanner is set."""
        return data.startswith(b"]") if scanner in self.persons else self.aim.get(scanner, True)

    def has_operator(self, station_id: StationId) -> bool:
        """Whether a person works at the station instead of a machine."""
        station = self.site.stations.get(station_id)
        return station is not None and station.picker in self.persons
