"""Everything that the loaded plugins registered, by kind and name."""

from __future__ import annotations

import functools
import importlib.metadata
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from trm.errors import PluginError, UsageError, nearest
from trm.plugins.loading import CORE, GROUP, HOOKS, load_plugins
from trm.plugins.parts import Plugin, Problem, Registered, kind_of
from trm.specs import (
    ANY_TASK,
    AnySpec,
    AugmentationSpec,
    BackendSpec,
    DatasetSpec,
    MetricSpec,
    MixerSpec,
    RendererSpec,
    TaskPart,
    TaskSpec,
)

DEVICES_CALLED = {
    "gpu": ("cuda", "mps"),
    "nvidia": ("cuda",),
    "amd": ("cuda",),
    "rocm": ("cuda",),
    "hip": ("cuda",),
    "apple": ("mps",),
    "metal": ("mps",),
}
"""The devices that people mean by other names."""

Part = TypeVar("Part", DatasetSpec, AugmentationSpec, MetricSpec, RendererSpec)


@dataclass
class Registry:
    """What the loaded plugins registered.

    Two plugins may register one name: two tasks or two backends of that name, or two parts of one kind for one task. Then
    neither is used: a lookup by the name is an error that names both plugins.

    Attributes:
        plugins: the loaded plugins, the built-in one first.
        problems: what is wrong with the installed plugins.
        entries: every registered spec with its plugin.
    """

    plugins: list[Plugin] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    entries: list[Registered] = field(default_factory=list)

    def tasks(self) -> dict[str, Registered]:
        """The tasks by name, without names that two plugins registered."""
        return dict(sorted(_uncontested(self._claims(TaskSpec)).items()))

    def task(self, name: str) -> TaskSpec:
        """The task called `name`.

        Raises:
            UsageError: there is none. The message gives the nearest names and says how to install a task.
            PluginError: two plugins registered the name, or the plugin of that name failed to load.
        """
        spec: TaskSpec | None = _only(self._claims(TaskSpec), name, "task")
        if spec is not None:
            return spec
        for problem in self.problems:
            if problem.fatal and problem.plugin.name in (name, name.replace("-", "_")):
                raise PluginError(str(problem)) from problem.error
        task, colon, preset = name.partition(":")
        if colon and task in self.tasks():
            raise UsageError(f"{name!r} names the weights of a preset. Name the task {task!r} with --preset {preset}.")
        raise UsageError(
            f"There is no task {name!r}. {nearest(name, self.tasks())} Tasks come from plugins: install the package of the "
            "task with `pip install`, or name the folder of its file with --include-path; `trm list-tasks` then lists it. In "
            "Python, `trm.register` adds a task."
        )

    def backend(self, name: str) -> BackendSpec:
        """The backend called `name`.

        Raises:
            UsageError: there is none. The message gives the nearest names.
            PluginError: two plugins registered the name.
        """
        claims = self._claims(BackendSpec)
        spec: BackendSpec | None = _only(claims, name, "device")
        if spec is None:
            meant = [device for device in DEVICES_CALLED.get(name.lower(), ()) if device in claims]
            hint = f"Did you mean {' or '.join(map(repr, meant))}?" if meant else nearest(name, [*claims, "auto"])
            raise UsageError(f"There is no device {name!r}. {hint}")
        return spec

    def backends(self) -> list[BackendSpec]:
        """The backends in order of preference, without names that two plugins registered."""
        found: list[Any] = [entry.spec for entry in _uncontested(self._claims(BackendSpec)).values()]
        return sorted(found, key=lambda spec: -spec.priority)

    def mixer(self, name: str) -> MixerSpec:
        """The mixer called `name`.

        Raises:
            UsageError: there is none; the message gives the nearest names.
            PluginError: two plugins register the name.
        """
        claims = self._claims(MixerSpec)
        spec: MixerSpec | None = _only(claims, name, "mixer")
        if spec is None:
            raise UsageError(
                f"There is no mixer {name!r} for model.mixing. {nearest(name, claims)} If a plugin "
                "provides it, install that plugin; `trm doctor` lists the plugins and their problems."
            )
        return spec

    def parts(self, kind: type[Part], task: str) -> dict[str, Part]:
        """The datasets, augmentations, metrics or renderers of a task by name.

        Parts that belong to every task are included. Names that two plugins registered are not.
        """
        return {name: entry.spec for name, entry in self.entries_of(kind, task).items() if isinstance(entry.spec, kind)}

    def entries_of(self, kind: type[AnySpec], task: str) -> dict[str, Registered]:
        """The specs of a kind that a task can use, by name, each with its plugin."""
        return _uncontested(self._claims(kind, task))

    def part(self, kind: type[Part], task: str, name: str) -> Part:
        """One part of a task.

        Raises:
            UsageError: the task has no part of that name. The message gives the nearest names.
            PluginError: two plugins registered the name.
        """
        claims = self._claims(kind, task)
        spec: Part | None = _only(claims, name, kind_of(kind))
        if spec is None:
            raise UsageError(f"Task {task!r} has no {kind_of(kind)} {name!r}. {nearest(name, claims)}")
        return spec

    def owner(self, spec: AnySpec) -> Plugin:
        """The plugin that registered a spec."""
        return next(entry.plugin for entry in self.entries if entry.spec is spec)

    def add(self, plugin: Plugin, specs: Sequence[AnySpec]) -> None:
        """Register the specs of a plugin.

        A plugin that uses the name of a built-in part is refused as a whole. Any other name that is registered already is
        recorded as a problem.
        """
        for spec in specs:
            if any(rival.plugin == CORE for rival in self.rivals(spec)):
                reason = f"the {kind_of(spec)} {spec.name!r} is built in and cannot be replaced. Choose another name."
                self.problems.append(Problem(plugin, reason))
                return
        for spec in specs:
            self._note_rival(plugin, spec)
            self.entries.append(Registered(spec, plugin))
        self.plugins.append(plugin)

    def remove(self, entries: Sequence[Registered]) -> None:
        """Forget registered specs, and the plugins of which none is left."""
        removed = {id(entry) for entry in entries}
        self.entries = [entry for entry in self.entries if id(entry) not in removed]
        left = {id(entry.plugin) for entry in self.entries}
        gone = {id(entry.plugin) for entry in entries} - left
        self.plugins = [plugin for plugin in self.plugins if id(plugin) not in gone]

    def note_parts_without_task(self) -> None:
        """Record a problem for every part of a task that no plugin registered."""
        tasks = self._claims(TaskSpec)
        for entry in self.entries:
            task = getattr(entry.spec, "task", ANY_TASK)
            if task != ANY_TASK and task not in tasks:
                reason = (
                    f"its {kind_of(entry.spec)} {entry.spec.name!r} is for the task {task!r}, which no loaded plugin "
                    f"registers. {nearest(task, tasks)}"
                )
                self.problems.append(Problem(entry.plugin, reason, fatal=False))

    def _note_rival(self, plugin: Plugin, spec: AnySpec) -> None:
        task = getattr(spec, "task", "")
        if len(self._claims(TaskSpec).get(task, ())) > 1:  # the clash of the tasks is recorded already
            return
        what = f"the {kind_of(spec)} {spec.name!r}" + (f" of task {task!r}" if task else "")
        for rival in self.rivals(spec):
            if rival.plugin == plugin:
                reason = f"it registers {what} twice."
            else:
                reason = f"{what} is also registered by {rival.plugin}, so neither can be used. {_choice(plugin, rival.plugin)}"
            self.problems.append(Problem(plugin, reason, fatal=False, quiet=rival.plugin != plugin))

    def rivals(self, spec: AnySpec) -> list[Registered]:
        """The registered specs that cannot be told apart from `spec` by kind, task and name."""
        task = getattr(spec, "task", None)
        return [
            entry
            for entry in self.entries
            if type(entry.spec) is type(spec)
            and entry.spec.name == spec.name
            and (task == getattr(entry.spec, "task", None) or ANY_TASK in (task, getattr(entry.spec, "task", None)))
        ]

    def _claims(self, kind: type[AnySpec], task: str | None = None) -> dict[str, list[Registered]]:
        """The registered specs of a kind by name; with `task`, those of that task and of every task."""
        claims: dict[str, list[Registered]] = {}
        for entry in self.entries:
            if isinstance(entry.spec, kind) and (
                task is None or getattr(entry.spec, "task", ANY_TASK) in (task, ANY_TASK)
            ):
                claims.setdefault(entry.spec.name, []).append(entry)
        return claims


def _uncontested(claims: dict[str, list[Registered]]) -> dict[str, Registered]:
    return {name: entries[0] for name, entries in claims.items() if len(entries) == 1}


def _only(claims: dict[str, list[Registered]], name: str, word: str) -> Any:
    """The spec of a name, None if there is none."""
    entries = claims.get(name, [])
    if len(entries) > 1:
        plugins = list(dict.fromkeys(entry.plugin for entry in entries))
        named = " and by ".join(map(str, plugins))
        raise PluginError(f"The {word} {name!r} is registered by {named}. {_choice(*plugins)}")
    return entries[0].spec if entries else None


def _choice(*plugins: Plugin) -> str:
    """How to keep one of several plugins that register the same name."""
    if any(plugin.folder for plugin in plugins):
        return "Rename one of them, or include only the other."
    return "Uninstall one of the two, or choose with TRM_PLUGINS."


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
    registry.note_parts_without_task()
    if registry.problems and os.environ.get("TRM_STRICT_PLUGINS") == "1":
        raise PluginError("\n".join(str(problem) for problem in registry.problems))
    return registry


@functools.lru_cache(maxsize=1)
def get_registry() -> Registry:
    """The registry of this process, loaded once."""
    return load_registry()


__all__ = ["GROUP", "HOOKS", "Plugin", "Problem", "Registered", "Registry", "TaskPart", "get_registry", "load_registry"]
