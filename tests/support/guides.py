"""Follow a how-to guide without pip: its files are written, its packages are made visible, its commands are run."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.support.tutorial import Block, apply_edit, read_blocks


class Follower:
    """Follow the marked blocks of a guide in a folder.

    `pip install` is skipped: each package that the guide writes gets the metadata that an installation would write.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages: list[Path] = []
        self.output: dict[str, str] = {}
        programs = folder / "bin"
        programs.mkdir()
        for name, command in (("trm", f"{sys.executable} -m trm"), ("python", sys.executable)):
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
            program.chmod(0o755)

    def follow(self, page: Path) -> None:
        for block in read_blocks(page):
            if block.action in ("file", "append"):
                self._write(block)
            elif block.action == "edit":
                target = self.folder / block.path
                target.write_text(apply_edit(target.read_text(encoding="utf-8"), block.text), encoding="utf-8")
            elif block.action == "run":
                for line in block.text.splitlines():
                    self._run(line)

    def _write(self, block: Block) -> None:
        target = self.folder / block.path
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("a" if block.action == "append" else "w", encoding="utf-8") as file:
            file.write(block.text)
        if target.name == "pyproject.toml":
            self.packages.append(target.parent)
            _write_metadata(target)

    def _make_visible(self, package: Path) -> None:
        """Make a package with a `src` folder visible, which a command of the guide wrote."""
        if (package / "src").is_dir():
            self.packages += [package, package / "src"]
            _write_metadata(package / "pyproject.toml")

    def _run(self, line: str) -> None:
        if line.startswith("pip install"):
            self._make_visible(self.folder / line.split()[-1])
            return
        paths = [*map(str, self.packages), os.environ.get("PYTHONPATH", "")]
        environment = os.environ | {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
        }
        result = subprocess.run(
            ["sh", "-c", line], cwd=self.folder, env=environment, capture_output=True, text=True, timeout=300
        )
        assert result.returncode == 0, f"{line}\n{result.stdout}\n{result.stderr}"
        self.output[line] = result.stdout


def _write_metadata(project: Path) -> None:
    """The `dist-info` folder of a package: its name, its version and its entry points."""
    text = project.read_text(encoding="utf-8")
    (name,) = re.findall(r'^name = "(.*)"$', text, re.MULTILINE)
    (version,) = re.findall(r'^version = "(.*)"$', text, re.MULTILINE)
    (entry_points,) = re.findall(r"^\[project\.entry-points\.trm\]\n((?:.+\n)+)", text, re.MULTILINE)
    info = project.parent / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text("[trm]\n" + entry_points.replace('"', ""))
