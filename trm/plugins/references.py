"""Functions and classes in specs, as the ``"module:attribute"`` by which everything else refers to them."""

from __future__ import annotations

import sys
from dataclasses import fields, replace
from typing import Any, TypeVar

from trm.errors import PluginError
from trm.specs import AnySpec

SpecT = TypeVar("SpecT", bound=AnySpec)


def with_references(spec: SpecT) -> SpecT:
    """A spec in which functions and classes are replaced by references, in the specs that it contains as well.

    Raises:
        PluginError: one of them cannot be referred to, because it is not at the top level of a module.
    """
    changed = {}
    for attribute in fields(spec):
        value = getattr(spec, attribute.name)
        new = _with_references(value, f"{type(spec).__name__} {spec.name!r}: {attribute.name}")
        if new is not value:
            changed[attribute.name] = new
    return replace(spec, **changed) if changed else spec


def reference_to(target: Any, place: str) -> str:
    """The reference to a function or class.

    Args:
        target: the function or class.
        place: where it was given, for the message of an error.

    Raises:
        PluginError: it is not at the top level of a module, as a lambda or a function inside a function is not.
    """
    module, name = getattr(target, "__module__", None) or "", getattr(target, "__qualname__", "")
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        found = getattr(found, part, None)
    if found is None or found is not target:
        raise PluginError(
            f"{place} is {name or repr(target)!r}, which cannot be found by its name in module {module!r}. Use a function or "
            "class that is defined at the top level of a module or notebook."
        )
    return f"{module}:{name}"


def _with_references(value: Any, place: str) -> Any:
    if isinstance(value, AnySpec):
        return with_references(value)
    if isinstance(value, tuple):
        new = tuple(_with_references(item, place) for item in value)
        return new if any(one is not other for one, other in zip(new, value, strict=True)) else value
    return reference_to(value, place) if callable(value) else value
