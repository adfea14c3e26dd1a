"""`trm.register` and `trm.include`: parts that a notebook, a script or a plain file defines, without a package."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from trm.errors import PluginError, UsageError
from trm.plugins.included import VARIABLE, with_included
from trm.plugins.loading import checked, collect_from, load_included
from trm.plugins.parts import Plugin, Registered, kind_of
from trm.plugins.registry import Registry, get_registry
from trm.specs import ANY_TASK, AnySpec, DatasetSpec, TaskSpec

SESSION = "this session"
"""The distribution of what was registered by a call."""


def register(*parts: AnySpec | object) -> None:
    """Register tasks and other parts for the rest of this process, as an installed plugin does.

    A part with the name of one that was registered by a call replaces it, so that a cell of a notebook can be run again. A
    run of such a task names the task, but does not contain it: register the task again before you load the run elsewhere.
    The commands know installed plugins only.

    Args:
        *parts: specs from `trm.specs`, whose functions and classes can be given as themselves, or modules and objects with
            hooks, see `trm.hookspecs`.

    Raises:
        UsageError: an installed plugin has a part of that name, or a dataset asks for a cache but its code is not in a file.
        PluginError: a spec is invalid.
    """
    registry = get_registry()
    for part in parts:
        if isinstance(part, AnySpec):
            _add(registry, list(checked(part)))
        else:
            _add(registry, collect_from(part, getattr(part, "__name__", type(part).__name__)))


def include(*paths: str | Path) -> None:
    """Load plugins from plain Python files, as `--include-path` does; processes that this one starts load them, too.

    The code in these files is executed. Call it again after an edit: what a file registered before is replaced.

    Args:
        *paths: folders, whose files with a function `trm_register_...` are loaded, or single files.

    Raises:
        UsageError: a folder or file does not exist.
        PluginError: a file cannot be loaded, or a folder has no plugin.
    """
    value = with_included([Path(path) for path in paths])
    registry = get_registry()
    for path in paths:
        for loaded in load_included(Path(os.path.abspath(Path(path).expanduser()))):
            same = [entry for entry in registry.entries if entry.plugin.distribution == loaded.plugin.distribution]
            registry.remove(same)
            registry.problems = [
                problem for problem in registry.problems if problem.plugin.distribution != loaded.plugin.distribution
            ]
            if loaded.specs is None:
                raise PluginError(str(loaded.problems[0])) from loaded.problems[0].error
            registry.problems += loaded.problems
            registry.add(loaded.plugin, loaded.specs)
    os.environ[VARIABLE] = value


def _add(registry: Registry, specs: list[AnySpec]) -> None:
    """Register the specs of one part, all or none."""
    tasks = {spec.name for spec in specs if isinstance(spec, TaskSpec)}
    replaced = [
        entry for entry in registry.entries if _from_call(entry) and getattr(entry.spec, "task", ANY_TASK) in tasks
    ]
    for spec in specs:
        _check_cache(spec)
        task = getattr(spec, "task", ANY_TASK)
        if task != ANY_TASK and task not in tasks:
            registry.task(task)  # raises an error that lists the nearest names
        for rival in registry.rivals(spec):
            if not _from_call(rival):
                raise UsageError(
                    f"The {kind_of(spec)} {spec.name!r} is registered by plugin {rival.plugin}. Choose another name."
                )
            replaced.append(rival)
    registry.remove(replaced)
    registry.add(Plugin(specs[0].name if specs else "", SESSION, "unversioned", _module_of(specs)), specs)


def _from_call(entry: Registered) -> bool:
    return entry.plugin.distribution == SESSION


def _module_of(specs: list[AnySpec]) -> str:
    """The module of the first reference in specs, to which errors in the code are attributed."""
    for spec in specs:
        for name in ("describe", "build", "factory"):
            reference = getattr(spec, name, None)
            if isinstance(reference, str):
                return reference.partition(":")[0]
    return ""


def _check_cache(spec: AnySpec) -> None:
    if not isinstance(spec, DatasetSpec) or not spec.cache or not isinstance(spec.build, str):
        return
    module = sys.modules.get(spec.build.partition(":")[0])
    if module is not None and getattr(module, "__file__", None) is None:
        raise UsageError(
            f"Dataset {spec.name!r} has cache=True, but its code is in no file, so that an edit could not be noticed. Remove "
            "cache=True, or move the code to a module."
        )
