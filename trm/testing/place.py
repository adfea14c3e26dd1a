"""The line of a plugin that raised an error."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import linecache
import traceback
from dataclasses import dataclass
from pathlib import Path

from trm.plugins.registry import GROUP, get_registry


@dataclass(frozen=True)
class Place:
    """A line of source code."""

    file: str
    line: int

    def __str__(self) -> str:
        """The file, relative to the current folder if it is inside, with the line and its source code."""
        path = Path(self.file)
        shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
        return f"{shown}, line {self.line} (`{linecache.getline(self.file, self.line).strip()}`)"


def plugin_place(error: BaseException) -> Place | None:
    """The innermost line of the traceback that belongs to a plugin, or None."""
    modules = _plugin_modules()
    for frame, line in reversed(list(traceback.walk_tb(error.__traceback__))):
        if frame.f_globals.get("__name__", "").partition(".")[0] in modules:
            return Place(frame.f_code.co_filename, line)
    return None


def _plugin_modules() -> set[str]:
    """Top-level modules of the plugins: those of their entry points and of the references in their specs."""
    modules = {entry_point.module for entry_point in importlib.metadata.entry_points(group=GROUP)}
    for entry in get_registry().entries:
        values = (getattr(entry.spec, field.name) for field in dataclasses.fields(entry.spec))
        modules |= {value.partition(":")[0] for value in values if isinstance(value, str) and ":" in value}
    return {module.partition(".")[0] for module in modules} - {"trm"}
