"""The built-in device backends, and the choice among all that are registered."""

from trm.devices.backend import Backend
from trm.devices.select import get_backend

__all__ = ["Backend", "get_backend"]
