"""Loading plugins one entry point at a time, so that a broken plugin affects nothing but itself."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pluggy

from trm import __version__, hookspecs
from trm.errors import PluginError, described
from trm.plugins.compatibility import unmet_requirement
from trm.plugins.included import files_of, forget, include_path
from trm.plugins.parts import Plugin, Problem, bad_name
from trm.plugins.references import with_references
from trm.specs import (
    API_VERSION,
    AnySpec,
    AugmentationSpec,
    BackendSpec,
    DatasetSpec,
    MetricSpec,
    MixerSpec,
    RendererSpec,
    TaskSpec,
)

GROUP = "trm"
"""The entry-point group of plugins."""

CORE = Plugin("trm", "trm", __version__)
"""The plugin that registers the built-in parts."""

HOOKS: dict[str, type[AnySpec]] = {
    "trm_register_tasks": TaskSpec,
    "trm_register_datasets": DatasetSpec,
    "trm_register_augmentations": AugmentationSpec,
    "trm_register_metrics": MetricSpec,
    "trm_register_renderers": RendererSpec,
    "trm_register_mixers": MixerSpec,
    "trm_register_backends": BackendSpec,
}


@dataclass
class Loaded:
    """What one plugin registers.

    Attributes:
        plugin: the plugin.
        specs: its specs; None if it was not loaded.
        problems: what is wrong with it.
    """

    plugin: Plugin
    specs: Sequence[AnySpec] | None = None
    problems: list[Problem] = field(default_factory=list)


def load_plugins(entry_points: Iterable[importlib.metadata.EntryPoint] | None = None) -> Iterator[Loaded]:
    """Load the built-in parts, then every plugin that `TRM_PLUGINS` allows, in the order of their names.

    Args:
        entry_points: default: those of all installed distributions.
    """
    manager = _manager()
    from trm.plugins import builtins

    yield Loaded(CORE, list(_collect(manager, builtins, CORE.name)))
    found = importlib.metadata.entry_points(group=GROUP) if entry_points is None else list(entry_points)
    wanted = _wanted()
    loaded = {CORE.name: CORE}
    for entry_point in sorted(found, key=_order):
        if wanted is not None and entry_point.name not in wanted:
            continue
        result = _load_one(manager, entry_point, loaded)
        if result.specs is not None:
            loaded[entry_point.name] = result.plugin
        yield result
    for name in sorted((wanted or set()) - {entry_point.name for entry_point in found}):
        unknown = Plugin(name, "no distribution", "installed")
        reason = "TRM_PLUGINS lists it, but no installed package has a plugin of that name."
        yield Loaded(unknown, None, [Problem(unknown, reason)])
    for path in include_path():
        yield from load_included(path)


def load_included(path: Path) -> Iterator[Loaded]:
    """Load the plugins in a folder or file of the include path anew, one by one.

    Args:
        path: absolute.
    """
    files = files_of(path)
    if not files:
        folder = Plugin(path.name, str(path), "", folder=str(path))
        missing = (
            "there is no such folder or file" if not path.exists() else "no function in it is called trm_register_tasks"
        )
        yield Loaded(folder, None, [Problem(folder, f"the include path names it, but {missing}.")])
        return
    manager = _manager()
    forget(files)
    for file in files:
        result = _guarded(manager, file.plugin, file.load, file.module)
        if result.specs is not None:
            hooks = bool(result.specs or result.problems) or bool(manager.get_hookcallers(sys.modules[file.module]))
            result.specs = [file.adapted(spec) for spec in result.specs]
            if not hooks:
                reason = "none of its functions is marked with @hookimpl from trm.hookspecs."
                result = Loaded(file.plugin, None, [Problem(file.plugin, reason)])
        yield result


def installed_twice() -> list[str]:
    """A sentence for each distribution with plugins that is installed in several places or versions.

    Python uses the first one on its path and ignores the others, even if that one is left over from an old version.
    """
    places: dict[str, dict[str, None]] = {}
    for distribution in importlib.metadata.distributions():
        if any(entry_point.group == GROUP for entry_point in distribution.entry_points):
            place = f"{distribution.version} in {Path(str(distribution.locate_file(''))).resolve()}"
            places.setdefault(distribution.name.lower().replace("_", "-"), {})[place] = None
    return [
        f"{name} is installed {len(found)} times: {', '.join(found)}. Python uses the first. "
        f"Repeat `pip uninstall {name}` until none is left, then install it once."
        for name, found in sorted(places.items())
        if len(found) > 1
    ]


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager("trm")
    manager.add_hookspecs(hookspecs)
    return manager


def _wanted() -> set[str] | None:
    """The names in `TRM_PLUGINS`; None if the variable is not set."""
    names = os.environ.get("TRM_PLUGINS")
    return None if names is None else {name.strip() for name in names.split(",") if name.strip()}


def _order(entry_point: importlib.metadata.EntryPoint) -> tuple[str, str]:
    return entry_point.name, (entry_point.dist.name.lower() if entry_point.dist else "")


def _load_one(
    manager: pluggy.PluginManager, entry_point: importlib.metadata.EntryPoint, loaded: dict[str, Plugin]
) -> Loaded:
    distribution = entry_point.dist
    plugin = Plugin(
        entry_point.name,
        distribution.name if distribution else "unknown distribution",
        distribution.version if distribution else "unknown version",
        entry_point.module,
    )
    rival = loaded.get(plugin.name)
    refusal = _same_name(rival) or _unmet((distribution and distribution.requires) or ())
    if refusal:
        return Loaded(plugin, None, [Problem(plugin, refusal, quiet=rival not in (None, CORE))])
    return _guarded(manager, plugin, entry_point.load, entry_point.name)


def _guarded(
    manager: pluggy.PluginManager, plugin: Plugin, load: Callable[[], ModuleType], registered_as: str
) -> Loaded:
    """Load a plugin; whatever it raises becomes a problem."""
    try:
        module = load()
        specs = list(_collect(manager, module, registered_as))
    except (KeyboardInterrupt, GeneratorExit):
        raise
    except BaseException as error:  # a plugin that calls sys.exit() must not end the command
        reason = str(error) if isinstance(error, PluginError) else f"{described(error)}."
        return Loaded(plugin, None, [Problem(plugin, reason, error=error)])
    return Loaded(plugin, specs, _unknown_hooks(manager, module, plugin))


def _same_name(other: Plugin | None) -> str | None:
    """Why a plugin is refused whose name is taken."""
    if other is None:
        return None
    if other is CORE:
        return f"{CORE.name!r} is the name of the built-in plugin. Rename the entry point."
    return (
        f"{other.distribution} {other.version} has a plugin of the same name, and only the distribution that comes first "
        "in alphabetical order is loaded. Uninstall one of the two."
    )


def _unmet(requirements: Iterable[str]) -> str | None:
    unmet = unmet_requirement(requirements, __version__)
    return unmet and f"it requires {unmet}, but this is trm {__version__}. Install compatible versions."


def collect_from(module: object, name: str) -> list[AnySpec]:
    """The specs that the hooks of a module or object return, those that tasks contain included.

    Raises:
        PluginError: it has no hook of `trm`, or a hook returned something invalid.
    """
    manager = _manager()
    specs = list(_collect(manager, module, name))
    if not manager.get_hookcallers(module):
        raise PluginError(f"{name} has no function that is marked with trm.hookspecs.hookimpl.")
    return specs


def _collect(manager: pluggy.PluginManager, module: object, name: str) -> Iterator[AnySpec]:
    """Register a module with pluggy and yield its checked specs; a failure unregisters the module."""
    manager.register(module, name=name)
    try:
        for hook, kind in HOOKS.items():
            for implementation in getattr(manager.hook, hook).get_hookimpls():
                if implementation.plugin is module:
                    for spec in _specs(implementation.function(), hook, kind):
                        yield from checked(spec)
    except BaseException:
        manager.unregister(module)
        raise


def _specs(result: Any, hook: str, kind: type[AnySpec]) -> Sequence[Any]:
    """The list that a hook returned."""
    if not isinstance(result, (list, tuple)):
        raise PluginError(f"{hook} returned {type(result).__name__}; expected a list of {kind.__name__}.")
    for spec in result:
        if not isinstance(spec, kind):
            raise PluginError(f"{hook} returned a list that contains {type(spec).__name__}; expected {kind.__name__}.")
    return result


def checked(spec: AnySpec) -> Iterator[AnySpec]:
    """A spec, and after a task's spec those that it contains.

    Raises:
        PluginError: a name, a reference or the contract version of one of them is invalid.
    """
    kind = type(spec).__name__
    spec = with_references(spec)
    if spec.api > API_VERSION:
        raise PluginError(
            f"{kind} {spec.name!r} needs plugin contract {spec.api}, but trm {__version__} offers {API_VERSION}. "
            "Upgrade trm."
        )
    problem = bad_name(spec)
    if problem is not None:
        raise PluginError(problem)
    if getattr(spec, "task", None) == "":
        raise PluginError(
            f"{kind} {spec.name!r} names no task. Set task to a task's name or to '*', or put the spec into a TaskSpec."
        )
    yield spec
    if isinstance(spec, TaskSpec):
        for part in spec.parts():
            yield from checked(part)


def _unknown_hooks(manager: pluggy.PluginManager, module: ModuleType, plugin: Plugin) -> list[Problem]:
    callers = manager.get_hookcallers(module) or []
    unknown = sorted(caller.name for caller in callers if not caller.has_spec())
    if not unknown:
        return []
    reason = f"it uses hooks that trm {__version__} does not have: {', '.join(unknown)}."
    return [Problem(plugin, reason, fatal=False)]
