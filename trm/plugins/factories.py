"""Calling a plugin's factory with what its signature asks for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def call_factory(factory: Callable[..., Any], config: Any, description: Callable[[], Any]) -> Any:
    """Call the factory of a metric, a renderer or an augmentation.

    Args:
        factory: called with the task's configuration, and with `description=` if it has a parameter of that name.
        config: the task's configuration.
        description: gives the task's description; called only where the factory asks for it.
    """
    if "description" in inspect.signature(factory).parameters:
        return factory(config, description=description())
    return factory(config)
