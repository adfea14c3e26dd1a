"""The run folder: `config.json`, `metrics.jsonl`, `checkpoints/step_N/`, the markers `latest` and `best`, `summary.json`."""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trm.config import RunConfig
from trm.errors import TRMError, UsageError
from trm.storage.atomic import restore_folders, sync_file, write_bytes, write_json
from trm.storage.locks import RunLock
from trm.storage.untrusted_input import parse_json, read_json, read_text

if TYPE_CHECKING:
    from torch import Tensor

MARKERS = ("latest", "best")
LONGEST_MARKER = 1024
STAGES = "stages"
"""The folder in a run for the runs of the earlier stages, by preset. They are created first, the run itself last."""


class RunFolder:
    """Writes one run. Files are replaced atomically, so that a killed process leaves no partial file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lock = RunLock(path)

    @classmethod
    def create(cls, path: Path, config: RunConfig) -> RunFolder:
        """Create a run folder.

        Raises:
            UsageError: it is not empty.
            TRMError: it cannot be written.
        """
        check_free(path)
        with _writing(path):
            (path / "checkpoints").mkdir(parents=True, exist_ok=True)
        run = cls(path)
        run.write_config(config)
        return run

    def write_config(self, config: RunConfig) -> None:
        """Write `config.json`.

        Raises:
            TRMError: it cannot be written.
        """
        path = self.path / "config.json"
        with _writing(path):
            write_json(path, config.model_dump(mode="json"))

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder for this process, and remove what a killed process left half-written.

        Raises:
            UsageError: another process is writing it, or it does not exist.
            TRMError: it cannot be written.
        """
        if not self.path.is_dir():
            raise UsageError(f"There is no run folder {self.path}.")
        with self.lock:
            if self.lock.held_once:
                self._clean()
            yield

    def append_metrics(self, record: dict[str, Any]) -> None:
        """Append a line to `metrics.jsonl`; numbers that are not finite become null.

        Raises:
            TRMError: it cannot be written.
        """
        path = self.path / "metrics.jsonl"
        with _writing(path), open(path, "a", encoding="utf-8") as file:
            file.write(json.dumps(_finite(record), allow_nan=False) + "\n")

    def drop_metrics_after(self, step: int, scores_too: bool = False) -> None:
        """Remove the metrics of steps that a resumed run repeats, and an incomplete last line.

        Args:
            step: the last step that is not repeated.
            scores_too: whether the evaluation at that step is repeated.
        """
        path = self.path / "metrics.jsonl"
        if not path.exists():
            return
        kept = []
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            number, is_score = _step_of(line)
            if number < step or (number == step and not (is_score and scores_too)):
                kept.append(line + "\n")
        with _writing(path):
            write_bytes(path, "".join(kept).encode())

    def save_checkpoint(self, step: int, files: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> Path:
        """Write `checkpoints/step_N`: safetensors files by name, `training.json`, and the checksums of all of them.

        Raises:
            TRMError: it cannot be written; earlier checkpoints are untouched.
        """
        from trm.runs.writing import write_checkpoint  # needs torch, which those who only read runs do without

        target = self.path / "checkpoints" / f"step_{step}"
        with _writing(target):
            if (self.path / "metrics.jsonl").exists():  # its lines up to this step must survive a power failure, too
                sync_file(self.path / "metrics.jsonl")
            write_checkpoint(target, files, state)
        return target

    def save_batch(self, step: int, tensors: Mapping[str, Tensor]) -> Path:
        """Write a batch that made training fail at `step`, for inspection.

        Raises:
            TRMError: it cannot be written.
        """
        from safetensors.torch import save  # imports torch

        path = self.path / f"not_finite_step_{step}.safetensors"
        with _writing(path):
            write_bytes(path, save({name: tensor.cpu().contiguous() for name, tensor in tensors.items()}))
        return path

    def mark(self, marker: str, checkpoint: Path) -> None:
        """Point `latest` or `best` at a checkpoint.

        Raises:
            TRMError: it cannot be written.
        """
        with _writing(self.path / marker):
            write_bytes(self.path / marker, f"checkpoints/{checkpoint.name}\n".encode())

    def marked(self, marker: str) -> Path | None:
        """The checkpoint that a marker points at; None if the marker or the checkpoint is missing."""
        try:
            name = read_text(self.path / marker, LONGEST_MARKER).strip()
        except (OSError, ValueError):
            return None
        checkpoint = self.path / "checkpoints" / Path(name).name
        return checkpoint if step_number(checkpoint) >= 0 and checkpoint.is_dir() else None

    def checkpoints(self) -> list[Path]:
        """All checkpoints in the order of their steps."""
        found = (path for path in (self.path / "checkpoints").glob("*step_*") if step_number(path) >= 0)
        return sorted(found, key=step_number)

    def prune(self, keep: int) -> None:
        """Remove all checkpoints but the newest `keep` and the marked ones.

        Checkpoints after `latest` belong to a training that was resumed from an earlier step, and do not count.
        """
        marked = [self.marked(marker) for marker in MARKERS]
        newest = marked[0]
        ours = [path for path in self.checkpoints() if newest is None or step_number(path) <= step_number(newest)]
        for old in ours[:-keep]:
            if old not in marked:
                shutil.rmtree(old, ignore_errors=True)

    def stage(self, preset: str) -> Path:
        """The run folder of the earlier stage that trained a preset."""
        return self.path / STAGES / preset

    def read_summary(self) -> dict[str, Any] | None:
        """The content of `summary.json`; None if it is missing or damaged, as for an unfinished run."""
        try:
            summary = read_json(self.path / "summary.json")
        except (OSError, ValueError):
            return None
        return summary if isinstance(summary, dict) else None

    def drop_summary(self) -> None:
        """Remove `summary.json`: the run goes on.

        Raises:
            TRMError: it cannot be removed.
        """
        path = self.path / "summary.json"
        with _writing(path):
            path.unlink(missing_ok=True)

    def write_summary(self, summary: dict[str, Any]) -> None:
        """Write `summary.json`.

        Raises:
            TRMError: it cannot be written.
        """
        path = self.path / "summary.json"
        with _writing(path):
            write_json(path, summary)

    def _clean(self) -> None:
        """Remove or restore what a killed process left half-written."""
        checkpoints = self.path / "checkpoints"
        restore_folders(checkpoints)
        for left in [*checkpoints.glob(".*.tmp"), *self.path.glob(".*.tmp")]:
            if left.is_dir():
                shutil.rmtree(left, ignore_errors=True)
            else:
                left.unlink(missing_ok=True)


class ReadOnlyRun(RunFolder):
    """The run folder for every process but the first, which alone writes it."""

    @classmethod
    def create(cls, path: Path, config: RunConfig) -> ReadOnlyRun:
        return cls(path)

    def write_config(self, config: RunConfig) -> None:
        pass

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        yield

    def append_metrics(self, record: dict[str, Any]) -> None:
        pass

    def drop_metrics_after(self, step: int, scores_too: bool = False) -> None:
        pass

    def save_checkpoint(self, step: int, files: dict[str, dict[str, Tensor]], state: dict[str, Any]) -> Path:
        return self.path / "checkpoints" / f"step_{step}"

    def save_batch(self, step: int, tensors: Mapping[str, Tensor]) -> Path:
        return self.path / f"not_finite_step_{step}.safetensors"

    def mark(self, marker: str, checkpoint: Path) -> None:
        pass

    def prune(self, keep: int) -> None:
        pass

    def drop_summary(self) -> None:
        pass

    def write_summary(self, summary: dict[str, Any]) -> None:
        pass


def check_free(path: Path) -> None:
    """Raise `UsageError` if `path` cannot become a new run folder."""
    if path.is_file():
        raise UsageError(f"The output {path} is a file. Choose a folder that does not exist yet.")
    if path.exists() and not all(map(_is_begun, path.iterdir())):
        hint = f"Resume that run with --resume {path}, or choose" if (path / "config.json").exists() else "Choose"
        raise UsageError(f"The output folder {path} is not empty. {hint} another --output.")
    parent = next(folder for folder in (path, *path.absolute().parents) if folder.exists())
    if not parent.is_dir():
        raise UsageError(f"Cannot write the output folder {path}: {parent} is a file. Choose another --output.")
    if not os.access(parent, os.W_OK):
        raise UsageError(f"Cannot write the output folder {path}: {parent} is read-only. Choose another --output.")


def _is_begun(entry: Path) -> bool:
    """Whether an entry of a folder may be there before its `config.json`: a process was killed while it created the run."""
    if entry.name == "checkpoints":
        return entry.is_dir() and not any(entry.iterdir())
    return entry.name == STAGES or re.fullmatch(r"\.config\.json\.[0-9]+\.tmp", entry.name) is not None


def step_number(path: Path) -> int:
    """N of `step_N`, or of the `.step_N.old` (`step_N.old` in trm 0.1.0) that is being replaced; -1 for another name."""
    match = re.fullmatch(r"(?=step|.*old)\.?step_([0-9]{1,18})(\.old)?", path.name)
    return int(match[1]) if match else -1


@contextlib.contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Turn an `OSError` into a `TRMError` that names the path."""
    try:
        yield
    except OSError as error:
        raise TRMError(f"Cannot write {path}: {error.strerror}.") from error


def _step_of(line: str) -> tuple[float, bool]:
    """The step of a line of metrics, infinite if it is malformed, and whether the line is an evaluation."""
    try:
        record = parse_json(line)
        return float(record["step"]), "test" in record
    except (ValueError, KeyError, TypeError, OverflowError):
        return math.inf, False


def _finite(value: Any) -> Any:
    """Replace numbers that JSON cannot represent by None."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def free_folder(stem: str) -> Path:
    """The first of `runs/STEM-1`, `runs/STEM-2`, ... that does not exist."""
    return next(path for path in numbered_folders(stem) if not path.exists())


def numbered_folders(stem: str) -> Iterator[Path]:
    """`runs/STEM-1`, `runs/STEM-2`, and so on."""
    return (Path("runs") / f"{stem}-{number}" for number in itertools.count(1))
