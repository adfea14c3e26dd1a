"""Plugins, their problems, and the specs that they registered."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from trm.specs import AnySpec, TaskSpec

TASK_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*")
PART_NAME = re.compile(r"\w[\w.+-]*")
RESERVED = {"backend": {"auto"}}
"""Names that mean something else on the command line, by kind."""


@dataclass(frozen=True)
class Plugin:
    """A plugin as its distribution's metadata describes it.

    Attributes:
        name: the name of its entry point.
        distribution: the name of the distribution that has the entry point.
        version: the distribution's version.
        module: the module that the entry point refers to; empty for a plugin without an entry point.
        folder: the included folder of a plugin that is a plain file, whose distribution is the path of the file; empty for
            an installed plugin.
    """

    name: str
    distribution: str
    version: str
    module: str = field(default="", compare=False)
    folder: str = field(default="", compare=False)

    def __str__(self) -> str:
        if self.folder:
            return f"{self.name!r} in {self.distribution}"
        return f"{self.name!r} of {self.distribution} {self.version}"


@dataclass(frozen=True)
class Problem:
    """Something that is wrong with a plugin.

    Attributes:
        plugin: the plugin.
        reason: one or two sentences that say what is wrong and how to fix it.
        fatal: whether the plugin was not loaded.
        quiet: whether only the commands that list plugins report it, as when two plugins use the same name.
        error: the exception with its traceback, if the plugin raised one.
    """

    plugin: Plugin
    reason: str
    fatal: bool = True
    quiet: bool = False
    error: BaseException | None = field(default=None, compare=False)

    def __str__(self) -> str:
        verb = "was not loaded" if self.fatal else "has a problem"
        return f"Plugin {self.plugin} {verb}: {self.reason}"


@dataclass(frozen=True)
class Registered:
    """A spec together with the plugin that registered it."""

    spec: AnySpec
    plugin: Plugin


def kind_of(spec: AnySpec | type[AnySpec]) -> str:
    """What a message calls the kind of a spec: "task", "dataset", "metric", "backend", ..."""
    spec_class = spec if isinstance(spec, type) else type(spec)
    return spec_class.__name__.removesuffix("Spec").lower()


def bad_name(spec: AnySpec) -> str | None:
    """Why the name of a spec, or of one of a task's presets, is invalid; None if all are valid."""
    kind = kind_of(spec)
    if isinstance(spec, TaskSpec) and not TASK_NAME.fullmatch(spec.name):
        return f"The task name {spec.name!r} is invalid. Use lower-case letters, digits, '-' and '_', with '/' between parts."
    if spec.name in RESERVED.get(kind, ()):
        return f"The {kind} name {spec.name!r} is reserved. Choose another name."
    names = [(kind, spec.name)] if not isinstance(spec, TaskSpec) else [("preset", item.name) for item in spec.presets]
    for what, name in names:
        if not PART_NAME.fullmatch(name):
            return f"The {what} name {name!r} is invalid. Use letters, digits, '-', '_', '.' and '+'."
    return None
