"""Finding, loading and looking up plugins: entry point by entry point, so that a broken one stops nothing but itself."""

from __future__ import annotations

import functools
import importlib.metadata
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, TypeVar

import pluggy

from trm import __version__, hookspecs
from trm.errors import PluginError, UsageError, nearest
from trm.plugins.compatibility import unmet_requirement
from trm.specs import (
    ANY_TASK,
    API_VERSION,
    AnySpec,
    AugmentationSpec,
    BackendSpec,
    DatasetSpec,
    MetricSpec,
    RendererSpec,
    TaskPart,
    TaskSpec,
)

GROUP = "trm"
HOOKS: dict[str, type[AnySpec]] = {
    "trm_register_tasks": TaskSpec,
    "trm_register_datasets": DatasetSpec,
    "trm_register_augmentations": AugmentationSpec,
    "trm_register_metrics": MetricSpec,
    "trm_register_renderers": RendererSpec,
    "trm_register_backends": BackendSpec,
}
Part = TypeVar("Part", DatasetSpec, AugmentationSpec, MetricSpec, RendererSpec)


@dataclass(frozen=True)
class Plugin:
    """A plugin as its metadata names it."""

    name: str
    distribution: str
    version: str

    def __str__(self) -> str:
        return f"{self.name!r} of {self.distribution} {self.version}"


@dataclass(frozen=True)
class Problem:
    """Something wrong with a plugin. A `fatal` one means that the plugin was left out."""

    plugin: Plugin
    reason: str
    fatal: bool = True

    def __str__(self) -> str:
        verb = "was not loaded" if self.fatal else "has a problem"
        return f"Plugin {self.plugin} {verb}: {self.reason}"


@dataclass(frozen=True)
class Registered:
    """A spec together with the plugin that brought it."""

    spec: AnySpec
    plugin: Plugin


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
                raise PluginError(str(problem))
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
    """Load the built-in parts, then every plugin that `TRM_PLUGINS` allows, recording each failure.

    Raises:
        PluginError: a plugin failed and `TRM_STRICT_PLUGINS` is 1.
    """
    registry = Registry()
    manager = pluggy.PluginManager("trm")
    manager.add_hookspecs(hookspecs)
    from trm.plugins import builtins

    registry.add(Plugin("trm", "trm", __version__), list(_collect(manager, builtins, "trm")))
    if entry_points is None:
        entry_points = importlib.metadata.entry_points(group=GROUP)
    for entry_point in _selected(sorted(entry_points, key=lambda entry: entry.name), registry):
        _load_one(manager, registry, entry_point)
    if registry.problems and os.environ.get("TRM_STRICT_PLUGINS") == "1":
        raise PluginError("\n".join(str(problem) for problem in registry.problems))
    return registry


@functools.lru_cache(maxsize=1)
def get_registry() -> Registry:
    """The registry of this process, loaded once."""
    return load_registry()


def _selected(
    entry_points: Iterable[importlib.metadata.EntryPoint], registry: Registry
) -> Iterator[importlib.metadata.EntryPoint]:
    """The entry points that `TRM_PLUGINS` allows; unset, all of them."""
    wanted = os.environ.get("TRM_PLUGINS")
    names = None if wanted is None else {name.strip() for name in wanted.split(",") if name.strip()}
    for entry_point in entry_points:
        if names is None or entry_point.name in names:
            yield entry_point
            if names is not None:
                names.discard(entry_point.name)
    for name in sorted(names or ()):
        unknown = Plugin(name, "no distribution", "installed")
        registry.problems.append(Problem(unknown, "TRM_PLUGINS names it, but no installed package brings it."))


def _load_one(manager: pluggy.PluginManager, registry: Registry, entry_point: importlib.metadata.EntryPoint) -> None:
    distribution = entry_point.dist
    plugin = Plugin(
        entry_point.name,
        distribution.name if distribution else "unknown distribution",
        distribution.version if distribution else "unknown version",
    )
    same_name = [other for other in registry.plugins if other.name == plugin.name]
    if same_name:
        reason = f"a plugin of this name is already loaded from {same_name[0].distribution} {same_name[0].version}."
        registry.problems.append(Problem(plugin, reason))
        return
    unmet = unmet_requirement((distribution and distribution.requires) or (), __version__)
    if unmet:
        reason = f"it needs {unmet}, and this is trm {__version__}. Install versions that belong together."
        registry.problems.append(Problem(plugin, reason))
        return
    try:
        module = entry_point.load()
        specs = list(_collect(manager, module, entry_point.name))
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # a plugin that calls sys.exit() must not take the command line with it
        registry.problems.append(Problem(plugin, _one_line(error)))
        return
    registry.add(plugin, specs)
    unknown = _unknown_hooks(manager, module)
    if unknown:
        reason = f"it uses hooks that trm {__version__} does not have: {', '.join(unknown)}."
        registry.problems.append(Problem(plugin, reason, fatal=False))


def _collect(manager: pluggy.PluginManager, module: ModuleType, name: str) -> Iterator[AnySpec]:
    """Register a module with pluggy and yield its specs, checked; a failure unregisters it again."""
    manager.register(module, name=name)
    try:
        for hook, kind in HOOKS.items():
            for implementation in getattr(manager.hook, hook).get_hookimpls():
                if implementation.plugin is module:
                    yield from _checked(implementation.function(), hook, kind)
    except BaseException:
        manager.unregister(module)
        raise


def _checked(result: Any, hook: str, kind: type[AnySpec]) -> Sequence[Any]:
    if not isinstance(result, (list, tuple)):
        raise PluginError(f"{hook} returned {type(result).__name__}, not a list of {kind.__name__}.")
    for spec in result:
        if not isinstance(spec, kind):
            raise PluginError(f"{hook} returned a list with {type(spec).__name__} in it, not {kind.__name__}.")
        if spec.api > API_VERSION:
            raise PluginError(
                f"{kind.__name__} {spec.name!r} needs plugin contract {spec.api}, trm {__version__} offers "
                f"{API_VERSION}. Upgrade trm."
            )
    return result


def _unknown_hooks(manager: pluggy.PluginManager, module: ModuleType) -> list[str]:
    callers = manager.get_hookcallers(module) or []
    return sorted(caller.name for caller in callers if not caller.has_spec())


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split()) or "no message"
    return text if isinstance(error, PluginError) else f"{type(error).__name__}: {text}"


__all__ = ["GROUP", "HOOKS", "Plugin", "Problem", "Registered", "Registry", "TaskPart", "get_registry", "load_registry"]
