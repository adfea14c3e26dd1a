"""Plugins in plain Python files: the folders of `--include-path` and `TRM_INCLUDE_PATH`, and the files in them.

A file is loaded as a submodule of a package that exists in memory only, so that a file called `random.py` or `numpy.py`
takes no other module's place. References such as ``"my_task:build"`` to files of the folder are adapted to that package,
and ``import helper`` finds a file of the folder if nothing else has that name.
"""

from __future__ import annotations

import hashlib
import importlib
import importlib.abc
import importlib.machinery
import os
import re
import sys
import types
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from trm.errors import PluginError, UsageError
from trm.plugins.parts import Plugin

VARIABLE = "TRM_INCLUDE_PATH"
"""The environment variable with the folders and files, separated as in `PATH`. Child processes inherit it."""

PREFIX = "trm_included_"
HOOK = "trm_register_"
RESOURCES = ("weights", "shipped")
"""Fields of specs that name a file as ``"package:path/in/package"``."""

MODULES = ("sources",)
"""Fields of specs that name modules."""

_REFERENCE = re.compile(r"(?P<module>[A-Za-z_]\w*)(?P<rest>(?:\.\w+)*:[A-Za-z_][\w.]*)")
_RESOURCE = re.compile(r"(?P<module>[A-Za-z_]\w*):(?P<path>\S.*)")


class Siblings(importlib.abc.MetaPathFinder):
    """Lets files of an included folder import each other by their plain names, after all other finders.

    Attributes:
        folders: the included folders by the packages that stand for them.
    """

    def __init__(self) -> None:
        self.folders: dict[str, Path] = {}

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        package = _importing_package() if path is None else None
        if package not in self.folders or not has_module(self.folders[package], fullname):
            return None
        return importlib.machinery.ModuleSpec(fullname, _SameModule(f"{package}.{fullname}"))


def _importing_package() -> str | None:
    """The top-level package of the module whose import statement is being executed."""
    frame: types.FrameType | None = sys._getframe(2)
    while frame is not None:
        top = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if top not in ("importlib", "_frozen_importlib"):
            return top
        frame = frame.f_back
    return None


class _SameModule(importlib.abc.Loader):
    """Loads a module under a second name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        module = importlib.import_module(self.name)
        self.spec = module.__spec__
        return module

    def exec_module(self, module: types.ModuleType) -> None:
        module.__spec__ = self.spec  # which the import system has replaced by that of the second name


SIBLINGS = Siblings()


@dataclass(frozen=True)
class IncludedFile:
    """A file with a plugin.

    Attributes:
        path: the file, absolute.
    """

    path: Path

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def module(self) -> str:
        """The name under which the file is imported."""
        return f"{package_of(self.folder)}.{self.path.stem}"

    @property
    def plugin(self) -> Plugin:
        """The plugin: called like the file, with the file as its distribution and a digest as its version."""
        try:
            version = f"sha256:{hashlib.sha256(self.path.read_bytes()).hexdigest()[:12]}"
        except OSError:
            version = "unreadable"
        return Plugin(self.path.stem, str(self.path), version, self.module, str(self.folder))

    def load(self) -> types.ModuleType:
        """Import the file, and with it those of its folder that it imports."""
        if not self.path.stem.isidentifier():
            raise PluginError(f"{self.path.name} is not a valid module name. Rename it, as in my_task.py.")
        package = types.ModuleType(package_of(self.folder))
        package.__path__ = [str(self.folder)]
        sys.modules.setdefault(package.__name__, package)
        SIBLINGS.folders[package.__name__] = self.folder
        if SIBLINGS not in sys.meta_path:
            sys.meta_path.append(SIBLINGS)
        for name in [name for name, module in sys.modules.items() if _is_second_name(name, module)]:
            del sys.modules[name]  # another folder may have a module of that name
        importlib.invalidate_caches()
        return importlib.import_module(self.module)

    def adapted(self, spec: Any) -> Any:
        """A spec whose references to files of the folder name the package in memory, in the specs that it contains, too."""
        return replace(spec, **{item.name: self._adapted(item.name, getattr(spec, item.name)) for item in fields(spec)})

    def _adapted(self, name: str, value: Any) -> Any:
        if is_dataclass(value):
            return self.adapted(value)
        if isinstance(value, tuple):
            return tuple(self._adapted(name, item) for item in value)
        if not isinstance(value, str):
            return value
        package = package_of(self.folder)
        if name in RESOURCES:
            resource = _RESOURCE.fullmatch(value)
            return (
                f"{package}:{resource['path']}" if resource and has_module(self.folder, resource["module"]) else value
            )
        match = re.fullmatch(r"(?P<module>\w+)(?:\.\w+)*", value) if name in MODULES else _REFERENCE.fullmatch(value)
        own = match is not None and has_module(self.folder, match["module"]) and not self._is_on_path(match["module"])
        return f"{package}.{value}" if own else value

    def _is_on_path(self, module: str) -> bool:
        """Whether the folder is on `sys.path`, too, and one of its files was imported from there."""
        known = sys.modules.get(module)
        place = getattr(known, "__file__", None)
        return (
            known is not None and known.__name__ == module and bool(place) and self.folder in Path(str(place)).parents
        )


def package_of(folder: Path) -> str:
    """The name of the package in memory for a folder."""
    return PREFIX + hashlib.sha256(str(folder).encode()).hexdigest()[:12]


def has_module(folder: Path, name: str) -> bool:
    """Whether a folder has a module or package of a name."""
    return (folder / f"{name}.py").is_file() or (folder / name / "__init__.py").is_file()


def include_path() -> list[Path]:
    """The folders and files of `TRM_INCLUDE_PATH`, each once, absolute."""
    given = [Path(part).expanduser() for part in os.environ.get(VARIABLE, "").split(os.pathsep) if part.strip()]
    return list(dict.fromkeys(Path(os.path.abspath(path)) for path in given))


def with_included(paths: Sequence[Path]) -> str:
    """The value of `TRM_INCLUDE_PATH` with further paths in front.

    Raises:
        UsageError: one does not exist, or is no Python file.
    """
    for path in paths:
        if not path.exists():
            raise UsageError(f"There is no folder or file {path} to include.")
        if path.is_file() and path.suffix != ".py":
            raise UsageError(f"{path} is not a Python file. Include a .py file, or the folder that it is in.")
    own = [Path(os.path.abspath(path.expanduser())) for path in paths]
    return os.pathsep.join(map(str, dict.fromkeys([*own, *include_path()])))


def files_of(path: Path) -> list[IncludedFile]:
    """The files with plugins that an entry of the include path names: itself, or those directly in it, by name.

    Only files with a function `trm_register_...` are plugins, so that other scripts of the folder are not run. A file that
    cannot be parsed counts if it has that word.
    """
    candidates = [path] if path.is_file() else sorted(path.glob("*.py"))
    return [IncludedFile(file) for file in candidates if _has_hooks(file)]


def forget(files: Sequence[IncludedFile]) -> None:
    """Remove what was imported from the folders of some files, so that an edit is seen when they are loaded again."""
    packages = {package_of(file.folder) for file in files}
    for name, module in list(sys.modules.items()):
        if {name.partition(".")[0], str(getattr(module, "__name__", "")).partition(".")[0]} & packages:
            del sys.modules[name]


def _is_second_name(name: str, module: types.ModuleType) -> bool:
    """Whether a module of an included folder is known under its plain name."""
    return not name.startswith(PREFIX) and str(getattr(module, "__name__", "")).startswith(PREFIX)


def _has_hooks(path: Path) -> bool:
    try:
        content = path.read_bytes()
    except OSError:
        return False
    if HOOK.encode() not in content:
        return False
    import ast  # takes a few milliseconds, which commands without an include path save

    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True  # loading it tells what is wrong
    return any(isinstance(node, ast.FunctionDef) and node.name.startswith(HOOK) for node in tree.body)
