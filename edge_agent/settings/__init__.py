"""The site file: read, overridden from the environment, typed, and checked as a whole.

Everything that can be found wrong without starting is found here, all of it at once, each problem with its
file, line and key, and with what to do.
"""

from edge_agent.settings.checks import DeviceProfile, FindProfile
from edge_agent.settings.loading import load_site

__all__ = ["DeviceProfile", "FindProfile", "load_site"]
