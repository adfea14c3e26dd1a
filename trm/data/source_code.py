"""A digest of the source code behind a function, so that cached results are not used after an edit."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from trm.plugins.included import PREFIX


def source_digest(functions: Iterable[Callable[..., Any]]) -> str:
    """A digest of every Python file of the top-level packages that contain the functions.

    The helpers that a function calls are usually in its own package, so an edit anywhere in the package counts. Files other
    than ``*.py``, and code in other packages or in `trm` itself, do not count.

    Returns:
        64 hexadecimal digits. Files that cannot be read are omitted, as are functions defined interactively.
    """
    digest = hashlib.sha256()
    packages = {_module(function).partition(".")[0] for function in functions}
    for package in sorted(packages - {"trm"}):
        for name, path in _files(package):
            try:
                content = path.read_bytes()
            except OSError:
                continue
            digest.update(f"{package}/{name} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def module_digest(names: Iterable[str]) -> str:
    """A digest of the source code of modules, which does not depend on the line endings of their files.

    Returns:
        64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name in sorted(names):
        spec = importlib.util.find_spec(name)
        content = Path(spec.origin).read_bytes() if spec is not None and spec.origin else b""
        content = content.replace(b"\r\n", b"\n")
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def _module(function: Callable[..., Any]) -> str:
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__module__", None) or "")


def _files(package: str) -> Iterator[tuple[str, Path]]:
    """The Python files of an imported package or module, each with its path inside the package, in a fixed order."""
    module = sys.modules.get(package)
    if module is None:
        return
    folders = [Path(folder) for folder in getattr(module, "__path__", ())]
    for folder in folders:
        for path in sorted(_of_included(folder) if package.startswith(PREFIX) else folder.rglob("*.py")):
            yield path.relative_to(folder).as_posix(), path
    if not folders and getattr(module, "__file__", None):
        path = Path(str(module.__file__))
        yield path.name, path


def _of_included(folder: Path) -> Iterator[Path]:
    """The Python files of an included folder and of the packages in it. Other folders may be large, such as environments."""
    yield from folder.glob("*.py")
    for package in folder.glob("*/__init__.py"):
        yield from package.parent.rglob("*.py")
