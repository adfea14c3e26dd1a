"""A run is a folder: `config.json`, `metrics.jsonl`, `checkpoints/step_N/`, the markers `latest` and `best`, `summary.json`."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from torch import Tensor

from trm.config import RunConfig
from trm.errors import TRMError, UsageError
from trm.training.files import sha256, sync_directory, write_bytes, write_json

MARKERS = ("latest", "best")


class RunFolder:
    """Writes one run. Everything is replaced in one step, so a killed process leaves whole files only."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path, config: RunConfig) -> RunFolder:
        """A new run folder.

        Raises:
            UsageError: it holds something already.
            TRMError: it can't be written.
        """
        check_free(path)
        try:
            (path / "checkpoints").mkdir(parents=True)
            write_json(path / "config.json", config.model_dump(mode="json"))
        except OSError as error:
            raise TRMError(
                f"The run folder {path} can't be written: {error.strerror}. Choose another --output."
            ) from error
        return cls(path)

    def append_metrics(self, record: dict[str, Any]) -> None:
        """Add one line to `metrics.jsonl`."""
        with open(self.path / "metrics.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")

    def drop_metrics_after(self, step: int) -> None:
        """Forget the lines of steps that a resumed run will do again, and a last line that was cut off."""
        path = self.path / "metrics.jsonl"
        if not path.exists():
            return
        kept = [line for line in path.read_text(encoding="utf-8").splitlines() if _step_of(line) <= step]
        write_bytes(path, "".join(line + "\n" for line in kept).encode())

    def save_checkpoint(self, step: int, files: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> Path:
        """Write `checkpoints/step_N`: safetensors files by name, `training.json`, and the checksums of all of them.

        Raises:
            TRMError: it can't be written; what was saved before is untouched.
        """
        target = self.path / "checkpoints" / f"step_{step}"
        temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            shutil.rmtree(temporary, ignore_errors=True)
            temporary.mkdir(parents=True)
            for name, tensors in files.items():
                save_file({key: value.contiguous() for key, value in tensors.items()}, temporary / name)
            write_json(temporary / "training.json", state)
            checksums = {file.name: sha256(file) for file in sorted(temporary.iterdir())}
            write_json(temporary / "checksums.json", checksums)
            for file in temporary.iterdir():
                _sync_file(file)
            if target.exists():
                shutil.rmtree(target)
            os.replace(temporary, target)
            sync_directory(target.parent)
        except OSError as error:
            shutil.rmtree(temporary, ignore_errors=True)
            raise TRMError(
                f"The checkpoint of step {step} can't be written to {target}: {error.strerror}. {self._last_good()}"
            ) from error
        self.mark("latest", target)
        return target

    def mark(self, marker: str, checkpoint: Path) -> None:
        """Point `latest` or `best` at a checkpoint."""
        write_bytes(self.path / marker, f"checkpoints/{checkpoint.name}\n".encode())

    def marked(self, marker: str) -> Path | None:
        """The checkpoint that a marker points at."""
        path = self.path / marker
        return self.path / path.read_text(encoding="utf-8").strip() if path.exists() else None

    def prune(self, keep: int) -> None:
        """Remove all checkpoints but the newest `keep` and the marked ones."""
        checkpoints = sorted((self.path / "checkpoints").glob("step_*"), key=step_number)
        marked = {self.marked(marker) for marker in MARKERS}
        for old in checkpoints[:-keep]:
            if old not in marked:
                shutil.rmtree(old, ignore_errors=True)

    def write_summary(self, summary: dict[str, Any]) -> None:
        """Write `summary.json`."""
        write_json(self.path / "summary.json", summary)

    def _last_good(self) -> str:
        latest = self.marked("latest")
        return f"The last good checkpoint is {latest}." if latest else "There is no earlier checkpoint."


def check_free(path: Path) -> None:
    """A `UsageError` where `path` can't become a new run folder."""
    if path.is_file():
        raise UsageError(f"The output {path} is a file. Choose a folder that doesn't exist yet.")
    if path.exists() and any(path.iterdir()):
        hint = f"Continue that run with --resume {path}, or choose" if (path / "config.json").exists() else "Choose"
        raise UsageError(f"The output folder {path} exists and isn't empty. {hint} another --output.")
    parent = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not os.access(parent, os.W_OK):
        raise UsageError(f"The output folder {path} can't be written: {parent} is read-only. Choose another --output.")


def step_number(path: Path) -> int:
    """N of `step_N`, or -1."""
    number = path.name.removeprefix("step_")
    return int(number) if number.isdigit() else -1


def _step_of(line: str) -> float:
    try:
        return float(json.loads(line)["step"])
    except (ValueError, KeyError, TypeError):
        return float("inf")


def _sync_file(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())
