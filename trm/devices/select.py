"""Choosing a backend by name."""

from __future__ import annotations

from trm.devices.backend import Backend
from trm.errors import UsageError
from trm.plugins.code import load
from trm.plugins.registry import get_registry
from trm.specs import BackendSpec


def get_backend(name: str = "auto") -> Backend:
    """The backend called `name`.

    Args:
        name: "auto" (the available one of the highest priority), "cpu", "cuda", "cuda:1", "mps", or a plugin's backend.

    Raises:
        UsageError: there is no such backend, or its device is not available.
    """
    registry = get_registry()
    if name == "auto":
        for spec in registry.backends():
            backend = make_backend(spec)
            if backend.unavailable() is None:
                return backend
    kind, _, index = name.partition(":")
    spec = registry.backend(kind)
    if index and not index.isdigit():
        raise UsageError(f"Device {name!r}: expected a number after the colon, as in {kind}:0.")
    chosen = make_backend(spec, int(index) if index else None)
    reason = chosen.unavailable()
    if reason is not None:
        raise UsageError(f"Device {name!r} is not available: {reason}. Try --device auto.")
    return chosen


def make_backend(spec: BackendSpec, index: int | None = None) -> Backend:
    """Create a registered backend, whether its device is available or not.

    Args:
        spec: the backend.
        index: number of the device. Default: the backend's own default.
    """
    factory = load(spec.factory)
    backend: Backend = factory() if index is None else factory(index)
    return backend
