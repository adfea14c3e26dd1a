"""The code behind a plugin's specs: importing it, and finding the line of it that raised an error."""

from __future__ import annotations

import importlib
import importlib.resources
import linecache
import re
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trm.errors import PluginError, TRMError
from trm.plugins.parts import Plugin
from trm.plugins.registry import Registry
from trm.specs import Reference, TaskSpec

if TYPE_CHECKING:
    from types import FrameType

    from pydantic import BaseModel

REFERENCE = re.compile(r"(?P<module>[A-Za-z_][\w.]*):[A-Za-z_][\w.]*")

SHARED = frozenset({"trm", "torch", "numpy", "pydantic", "pydantic_core", "rich", "click", "pluggy", "safetensors"})
"""Packages that `trm` itself runs: a frame in them says nothing about a plugin that refers to them."""


def load(reference: Reference) -> Any:
    """Import what a ``"package.module:attribute"`` refers to; a function or class is returned as it is.

    Raises:
        PluginError: the reference is malformed, or its module or attribute cannot be imported.
    """
    if not isinstance(reference, str):
        return reference
    module_name, _, attribute = reference.partition(":")
    if not module_name or not attribute:
        raise PluginError(f"{reference!r} is not of the form 'package.module:attribute'.")
    try:
        target: Any = importlib.import_module(module_name)
        for part in attribute.split("."):
            target = getattr(target, part)
    except (ImportError, AttributeError) as error:
        raise PluginError(f"{reference!r} cannot be loaded: {error}.") from error
    return target


def config_class_of(spec: TaskSpec) -> type[BaseModel]:
    """The class of a task's settings.

    Raises:
        PluginError: the reference cannot be loaded, or is not a pydantic model.
    """
    from pydantic import BaseModel

    config_class = load(spec.config)
    if not (isinstance(config_class, type) and issubclass(config_class, BaseModel)):
        raise PluginError(f"The config of task {spec.name!r}, {spec.config}, is not a pydantic model.")
    return config_class


def file_of(reference: str) -> Path:
    """The path of the file that a ``"package:path/in/package"`` refers to, whether it exists or not.

    Raises:
        PluginError: the package cannot be imported.
    """
    package, _, name = reference.partition(":")
    try:
        return Path(str(importlib.resources.files(package).joinpath(name)))
    except (ImportError, ValueError) as error:
        raise PluginError(f"{reference!r} cannot be found: {error}.") from error


@dataclass(frozen=True)
class Blame:
    """The line of a plugin in which an error was raised.

    Attributes:
        plugin: the plugin.
        file: the path of the source file.
        line: the line number, counted from 1.
        source: the line itself; empty if the file cannot be read.
    """

    plugin: Plugin
    file: str
    line: int
    source: str

    @property
    def place(self) -> str:
        """The file, the line number and the line."""
        source = f" (`{self.source}`)" if self.source else ""
        return f"{self.file}, line {self.line}{source}"

    def __str__(self) -> str:
        return f"Plugin {self.plugin} failed in {self.place}"


def blame(error: BaseException, registry: Registry) -> Blame | None:
    """The innermost line of a plugin that an error passed through; None if it passed through no plugin.

    Args:
        error: an exception with its traceback. Its `__cause__`, and so on, is searched after the error itself.
        registry: the plugins, including those that failed to load.
    """
    owners = _owners(registry)
    for cause in _causes(error):
        frames = [(frame, line) for frame, line in traceback.walk_tb(cause.__traceback__)]
        for frame, line in reversed(frames):
            plugin = _owner(_module(frame), owners)
            if plugin is not None:
                file = frame.f_code.co_filename
                return Blame(plugin, file, line, linecache.getline(file, line, frame.f_globals).strip())
    return None


def message_with_place(error: TRMError, registry: Registry) -> str:
    """The message of an error, with the plugin's line if the core raised it because a plugin's code failed."""
    frames = list(traceback.walk_tb(error.__traceback__))
    raised_by_core = bool(frames) and _top(_module(frames[-1][0])) == "trm"
    blamed = blame(error.__cause__, registry) if error.__cause__ is not None and raised_by_core else None
    if blamed is None:
        return str(error)
    return f"{error} Raised in {blamed.place}." if str(blamed.plugin) in str(error) else f"{error} {blamed}."


def plugin_frames(error: BaseException, plugin: Plugin) -> list[str]:
    """The frames of a traceback that lie in a plugin's package, each as two lines: the place, and the source."""
    found = [
        traceback.FrameSummary(frame.f_code.co_filename, line, frame.f_code.co_name)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if _top(_module(frame)) == _top(plugin.module)
    ]
    if isinstance(error, SyntaxError) and error.filename:  # the file that cannot be compiled has no frame
        found.append(traceback.FrameSummary(error.filename, error.lineno or 0, "<module>"))
    return [text.rstrip("\n") for text in traceback.format_list(found)]


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__


def _owners(registry: Registry) -> dict[str, Plugin]:
    """The plugin of every module that an entry point or a spec refers to, and of the packages around it."""
    owners: dict[str, Plugin] = {}
    plugins = [*registry.plugins, *(problem.plugin for problem in registry.problems)]
    modules = [(plugin.module, plugin) for plugin in plugins]
    for entry in registry.entries:
        modules += [(module, entry.plugin) for module in _referenced_modules(entry.spec)]
    for module, plugin in modules:
        if not module or _top(module) in SHARED or _top(module) in sys.stdlib_module_names:
            continue
        while module:
            owners.setdefault(module, plugin)
            module = module.rpartition(".")[0]
    return owners


def _referenced_modules(spec: Any) -> Iterator[str]:
    for attribute in fields(spec):
        value = getattr(spec, attribute.name)
        match = REFERENCE.fullmatch(value) if isinstance(value, str) else None
        if match:
            yield match["module"]


def _owner(module: str, owners: dict[str, Plugin]) -> Plugin | None:
    while module:
        if module in owners:
            return owners[module]
        module = module.rpartition(".")[0]
    return None


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))


def _top(module: str) -> str:
    return module.partition(".")[0]
