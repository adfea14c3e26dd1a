"""Following a tutorial to the letter: its marked blocks are written, applied and run in the order in which they stand.

A block is preceded by a comment that says what a reader does with it: `run`, or `file`, `append` or `edit` with a path.
"""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path

BLOCK = re.compile(r"(?:<!-- (\w+)(?:: (\S+))? -->\n)?```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """One fenced block; `action` is empty for what is only shown."""

    action: str
    path: str
    language: str
    text: str


def read_blocks(page: Path) -> list[Block]:
    return [Block(action or "", path or "", language, text) for action, path, language, text in _found(page)]


def _found(page: Path) -> list[tuple[str, str, str, str]]:
    return BLOCK.findall(page.read_text(encoding="utf-8"))


def written(blocks: list[Block]) -> dict[str, str]:
    """The files that the `file` blocks make, before anything is appended or edited."""
    files: dict[str, str] = {}
    for block in blocks:
        if block.action == "file":
            files[block.path] = files.get(block.path, "") + block.text
    return files


def apply_edit(text: str, edit: str) -> str:
    """A diff without line numbers: its old lines must stand in the text exactly once."""
    lines = edit.splitlines()
    old = "\n".join(line[1:] for line in lines if not line.startswith("+"))
    new = "\n".join(line[1:] for line in lines if not line.startswith("-"))
    assert text.count(old) == 1, f"{old!r} stands in the file {text.count(old)} times"
    return text.replace(old, new)


class Reader:
    """Somebody who follows the text in a folder of their own, with an environment in which `trm` is installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        self.output: list[str] = []
        environment = folder / "environment"
        venv.create(environment, with_pip=False, symlinks=True)
        site = Path(sysconfig.get_path("purelib", vars={"base": str(environment)}))
        (site / "outer.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
        for command in ("pip", "trm"):
            script = environment / "bin" / command
            script.write_text(f'#!/bin/sh\nexec python -m {command} "$@"\n')
            script.chmod(0o755)
        self.environment = {
            name: value for name, value in os.environ.items() if name not in ("TRM_PLUGINS", "PYTHONPATH")
        } | {
            "PATH": f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "TRM_CACHE": str(folder / "cache"),
            "PIP_NO_INDEX": "1",
            "PIP_NO_BUILD_ISOLATION": "0",  # pip reads this as "isolation: no", so hatchling is taken from here
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def follow(self, block: Block) -> None:
        if block.action == "run":
            for line in block.text.splitlines():
                self._run(line)
            return
        target = self.folder / block.path
        before = target.read_text(encoding="utf-8") if target.exists() else ""
        after = apply_edit(before, block.text) if block.action == "edit" else before + block.text
        target.write_text(after, encoding="utf-8")

    def _run(self, line: str) -> None:
        result = subprocess.run(
            ["sh", "-c", line],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=500,
            stdin=subprocess.DEVNULL,
        )
        assert result.returncode == 0, f"{line}\n{result.stdout}\n{result.stderr}"
        self.output.append(f"$ {line}\n{result.stdout}")

    def said(self, command: str) -> str:
        """What the last run of a command printed."""
        found = [text for text in self.output if text.startswith(f"$ {command}")]
        assert found, f"the tutorial does not run {command!r}"
        return found[-1]
