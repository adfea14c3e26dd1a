"""Everything that the loaded plugins registered, by kind and name."""

from __future__ import annotations

import functools
import importlib.metadata
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from trm.errors import PluginError, UsageError, nearest
from trm.plugins.loading import GROUP, HOOKS, load_plugins
from trm.plugins.parts import Plugin, Problem, Registered
from trm.specs import (
    ANY_TASK,
    AnySpec,
    AugmentationSpec,
    BackendSpec,
    DatasetSpec,
    MetricSpec,
    RendererSpec,
    TaskPart,
    TaskSpec,
)

Part = TypeVar("Part", DatasetSpec, AugmentationSpec, MetricSpec, RendererSpec)


@dataclass
class Registry:
    """What the loaded plugins registered."""

    plugins: list[Plugin] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    entries: list[Registered] = field(default_factory=list)

    def tasks(self) -> dict[str, Registered]:
        """The tasks by name, without those that two plugins claim."""
        claims = self._claims(TaskSpec)
        return {name: owners[0] for name, owners in sorted(claims.items()) if len(owners) == 1}

    def task(self, name: str) -> TaskSpec:
        """The task called `name`.

        Raises:
            UsageError: there is none; the message gives the nearest names and what to install.
            PluginError: two plugins claim the name, or the plugin of that name failed to load.
        """
        spec = self._unique(TaskSpec, name, "task")
        if spec is not None:
            return spec
        for problem in self.problems:
            if problem.fatal and problem.plugin.name == name:
                raise PluginError(str(problem)) from problem.error
        hint = nearest(name, self.tasks())
        raise UsageError(
            f"There is no task {name!r}. {hint} Tasks come from plugins: `pip install` the one that brings it, "
            "then `trm list-tasks` shows it."
        )

    def backend(self, name: str) -> BackendSpec:
        """The backend called `name`, or a `UsageError` with the nearest names."""
        spec = self._unique(BackendSpec, name, "device")
        if spec is None:
            raise UsageError(f"There is no device {name!r}. {nearest(name, [*self._claims(BackendSpec), 'auto'])}")
        return spec

    def backends(self) -> list[BackendSpec]:
        """All backends, the preferred one first."""
        found = [entry.spec for entry in self.entries if isinstance(entry.spec, BackendSpec)]
        return sorted(found, key=lambda spec: -spec.priority)

    def parts(self, kind: type[Part], task: str) -> dict[str, Part]:
        """The datasets, augmentations, metrics or renderers of a task by name, those for every task included."""
        return {
            entry.spec.name: entry.spec
            for entry in self.entries
            if isinstance(entry.spec, kind) and entry.spec.task in (task, ANY_TASK)
        }

    def part(self, kind: type[Part], task: str, name: str) -> Part:
        """One part of a task, or a `UsageError` with the nearest names."""
        known = self.parts(kind, task)
        if name not in known:
            word = kind.__name__.removesuffix("Spec").lower()
            raise UsageError(f"Task {task!r} has no {word} {name!r}. {nearest(name, known)}")
        return known[name]

    def owner(self, spec: AnySpec) -> Plugin:
        """The plugin that registered a spec."""
        return next(entry.plugin for entry in self.entries if entry.spec is spec)

    def add(self, plugin: Plugin, specs: Sequence[AnySpec]) -> None:
        """Register what a plugin brought, noting every name that is taken already."""
        for spec in specs:
            other = self._owner_of_same_name(spec)
            if other is not None:
                kind = type(spec).__name__.removesuffix("Spec").lower()
                reason = f"the {kind} {spec.name!r} is also registered by {other.plugin}; uninstall one of the two."
                self.problems.append(Problem(plugin, reason, fatal=False))
            self.entries.append(Registered(spec, plugin))
        self.plugins.append(plugin)

    def _owner_of_same_name(self, spec: AnySpec) -> Registered | None:
        for entry in self.entries:
            same_kind = type(entry.spec) is type(spec) and entry.spec.name == spec.name
            if same_kind and getattr(entry.spec, "task", None) == getattr(spec, "task", None):
                return entry
        return None

    def _claims(self, kind: type[AnySpec]) -> dict[str, list[Registered]]:
        claims: dict[str, list[Registered]] = {}
        for entry in self.entries:
            if isinstance(entry.spec, kind):
                claims.setdefault(entry.spec.name, []).append(entry)
        return claims

    def _unique(self, kind: type[Any], name: str, word: str) -> Any:
        owners = self._claims(kind).get(name, [])
        if len(owners) > 1:
            names = " and by ".join(str(owner.plugin) for owner in owners)
            raise PluginError(
                f"The {word} {name!r} is registered by {names}. Uninstall one of them, or choose with TRM_PLUGINS."
            )
        return owners[0].spec if owners else None


def load_registry(entry_points: Iterable[importlib.metadata.EntryPoint] | None = None) -> Registry:
    """Load the built-in parts and every plugin that `TRM_PLUGINS` allows, recording each failure.

    Args:
        entry_points: default: those of all installed distributions.

    Raises:
        PluginError: a plugin has a problem and `TRM_STRICT_PLUGINS` is 1.
    """
    registry = Registry()
    for loaded in load_plugins(entry_points):
        registry.problems.extend(loaded.problems)
        if loaded.specs is not None:
            registry.add(loaded.plugin, loaded.specs)
    if registry.problems and os.environ.get("TRM_STRICT_PLUGINS") == "1":
        raise PluginError("\n".join(str(problem) for problem in registry.problems))
    return registry


@functools.lru_cache(maxsize=1)
def get_registry() -> Registry:
    """The registry of this process, loaded once."""
    return load_registry()


__all__ = ["GROUP", "HOOKS", "Plugin", "Problem", "Registered", "Registry", "TaskPart", "get_registry", "load_registry"]
