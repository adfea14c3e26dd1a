"""Distributions as pip leaves them on disk: a module or package, and its metadata."""

from __future__ import annotations

import contextlib
import importlib
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from trm.cli.main import main
from trm.plugins.registry import Registry, get_registry


def install(
    folder: Path,
    name: str,
    files: str | Mapping[str, str],
    *,
    version: str = "9.9",
    entry_point: str | None = None,
    requires: str = "",
) -> None:
    """Write a distribution with a plugin.

    Args:
        folder: a folder that is on the import path.
        name: the name of the distribution and of its module.
        files: the source of the module, or the sources of a package's modules by file name.
        version: the distribution's version.
        entry_point: the name of the entry point. Default: `name`.
        requires: a requirement in the metadata.
    """
    module = name.replace("-", "_")
    if isinstance(files, str):
        (folder / f"{module}.py").write_text(files)
    else:
        (folder / module).mkdir()
        for file, source in files.items():
            (folder / module / file).write_text(source)
    info = folder / f"{module}-{version}.dist-info"
    info.mkdir()
    requirement = f"Requires-Dist: {requires}\n" if requires else ""
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requirement}")
    (info / "entry_points.txt").write_text(f"[trm]\n{entry_point or name} = {module}\n")


def uninstall(folder: Path, name: str) -> None:
    """Remove what `install` wrote."""
    module = name.replace("-", "_")
    for path in folder.glob(f"{module}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@dataclass
class Site:
    """A folder of distributions on the import path of this process."""

    folder: Path
    capture: pytest.CaptureFixture[str]

    def install(self, name: str, files: str | Mapping[str, str], **options: str) -> None:
        install(self.folder, name, files, **options)
        self.forget()

    def uninstall(self, name: str) -> None:
        uninstall(self.folder, name)
        self.forget()

    def registry(self) -> Registry:
        """What the installed plugins register, these distributions included."""
        return get_registry()

    def trm(self, *arguments: str) -> Ran:
        """Run a command in this process, as after a fresh start."""
        self.forget()
        self.capture.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        captured = self.capture.readouterr()
        return Ran(int(ended.value.code or 0), captured.out, captured.err)

    def forget(self) -> None:
        """Forget the loaded plugins, and the modules of these distributions."""
        get_registry.cache_clear()
        importlib.invalidate_caches()
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", "") or "").startswith(str(self.folder)):
                del sys.modules[name]


@dataclass(frozen=True)
class Ran:
    """The exit code of a command and what it printed."""

    code: int
    stdout: str
    stderr: str


@contextlib.contextmanager
def site_folder(folder: Path, monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[str]) -> Iterator[Site]:
    """A `Site`; afterwards this process has its plugins as before."""
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("TRM_CACHE", str(folder / "cache"))
    for name in ("TRM_PLUGINS", "TRM_STRICT_PLUGINS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # an edit within a second must not find stale bytecode
    site = Site(folder, capture)
    try:
        yield site
    finally:
        site.forget()
