"""Locating weights: a run folder, a checkpoint, a weights file, a task's shipped weights or a model on the Hugging Face Hub
becomes one `Checkpoint`."""

from __future__ import annotations

import hashlib
import importlib.resources
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trm.config import RunConfig
from trm.errors import CheckpointError, UsageError, nearest
from trm.model import TinyRecursiveModel
from trm.plugins.included import VARIABLE, include_path
from trm.plugins.registry import get_registry
from trm.runs.building import build_model
from trm.runs.checkpoint_folder import (
    AVERAGE,
    WEIGHTS,
    checkpoint_folder,
    read_run_config,
    verify_or_name_another,
)
from trm.runs.history import training_seconds
from trm.runs.hub import HubReference, download_weights, is_hub_reference
from trm.runs.names import checkpoint_path, is_run
from trm.runs.run_folder import MARKERS, RunFolder, step_number
from trm.runs.tensors import read_tensors
from trm.runs.weights_file import read_weights_metadata
from trm.specs import TaskSpec

EVALUATIONS = "evaluations"


@dataclass(frozen=True)
class Checkpoint:
    """Verified weights with everything that is known about where they come from.

    Attributes:
        run: the configuration of the run that made them.
        tensors: the model's state by name. The averaged weights, if the run kept an average.
        path: the run folder, `step_N` folder or weights file that they were read from.
        step: the optimizer step at which they were saved; None for a weights file.
        card: the model card of a weights file; empty otherwise.
        folder: the run folder; None for a weights file.
        source: the model on the Hub, at the commit that was read, as in ``hf://owner/name@<hash>``; None for weights from
            this machine.
    """

    run: RunConfig
    tensors: Mapping[str, Tensor] = field(repr=False)
    path: Path
    step: int | None = None
    card: Mapping[str, Any] = field(default_factory=dict, repr=False)
    folder: Path | None = None
    source: str | None = None

    @property
    def name(self) -> str:
        """What to call the weights: the model on the Hub at its commit, or their path."""
        return self.source or str(self.path)

    def model(self) -> TinyRecursiveModel:
        """Build the model with these weights, in evaluation mode, on the CPU.

        Raises:
            CheckpointError: the weights do not fit their configuration.
        """
        return build_model(self.run.model, self.tensors, self.path).eval()

    @property
    def kind(self) -> str:
        """Which of the run's checkpoints this is: "latest", "best", "latest and best" or "earlier"; or "weights file"."""
        if self.folder is None or self.step is None:
            return "weights file"
        run = RunFolder(self.folder)
        marks = [name for name in MARKERS if (found := run.marked(name)) and step_number(found) == self.step]
        return " and ".join(marks) or "earlier"

    @property
    def fingerprint(self) -> str:
        """12 hexadecimal digits, equal for the same weights wherever they are stored."""
        digest = hashlib.sha256()
        for name, tensor in sorted(self.tensors.items()):
            digest.update(f"{name} {tensor.dtype} {list(tensor.shape)}".encode())
            digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
        return digest.hexdigest()[:12]

    def minutes(self) -> float | None:
        """Minutes of training up to this step; None where the run kept no record of it."""
        seconds = training_seconds(self.folder, self.step) if self.folder and self.step is not None else None
        return None if seconds is None else round(seconds / 60, 1)

    def evaluation_folder(self, name: str) -> Path:
        """The default folder for the files of an evaluation called `name`."""
        if self.source is not None:
            return Path(EVALUATIONS) / f"{HubReference.parse(self.source).repository.replace('/', '--')}-{name}"
        if self.folder is None:
            return Path(EVALUATIONS) / f"{self.path.stem}-{name}"
        return self.folder / EVALUATIONS / f"step_{self.step}-{name}"


def locate(what: str | Path, task: str | None = None) -> Checkpoint:
    """Find, verify and read weights. Every command and `trm.load` go through this function.

    Args:
        what: a run folder (its latest checkpoint), one of its checkpoints (`RUN/best`, `RUN/step_N` or the folder), a
            weights file, the name of a task (`sudoku`) or of a task's preset (`sudoku:hard`) that ships weights, or a model
            on the Hugging Face Hub (`hf://owner/name` or `hf://owner/name@revision`).
        task: the task that the weights must belong to. Default: any.

    Raises:
        CheckpointError: the weights are missing, damaged, or belong to another task.
        UsageError: the task ships weights, but not for that preset; or the Hub has no such model for this user.
        TRMError: a download failed.
    """
    checkpoint = _from_hub(str(what)) if is_hub_reference(what) else _read(_path_of(str(what)))
    if task is not None and checkpoint.run.task != task:
        raise CheckpointError(f"The checkpoint {what} belongs to task {checkpoint.run.task!r}, not {task!r}.")
    return checkpoint


def task_spec(run: RunConfig) -> TaskSpec:
    """The task of a run.

    Raises:
        UsageError: the run names no task, or one that is not installed. If a plain file defined it, the message says what to
            include.
        PluginError: two plugins registered the task.
    """
    if run.task is None:
        raise UsageError(
            "This run names no task. Import a checkpoint again with --task; evaluate a run on a custom dataset with the "
            "script that made it."
        )
    try:
        return get_registry().task(run.task)
    except UsageError as error:
        if run.include_path is None or Path(run.include_path) in include_path():
            raise
        raise UsageError(
            f"The task {run.task!r} of this run is defined by a file in {run.include_path}. Add --include-path "
            f"{shlex.quote(run.include_path)}, or set {VARIABLE}."
        ) from error


def shipped_weights(task: str) -> dict[str, Path]:
    """The files of the weights that a task ships, by preset, the default first.

    Raises:
        CheckpointError: a preset names a file that is missing from its package.
        UsageError: there is no such task.
    """
    registry = get_registry()
    spec = registry.task(task)
    found = {}
    for preset in spec.presets:
        if preset.weights:
            package, _, name = preset.weights.partition(":")
            path = Path(str(importlib.resources.files(package).joinpath(name)))
            if not path.exists():
                raise CheckpointError(
                    f"The weights of {task}:{preset.name} are missing: there is no file {path}. Reinstall "
                    f"{registry.owner(spec).distribution}."
                )
            found[preset.name] = path
    return found


def _path_of(what: str) -> Path:
    path = Path(what)
    task, _, preset = what.partition(":")
    # A run folder may be named after a task; any other folder of that name is not meant.
    if path.is_file() or is_run(path) or task not in get_registry().tasks():
        return checkpoint_path(path)
    shipped = shipped_weights(task)
    if not shipped:
        raise CheckpointError(f"Task {task!r} ships no weights. Train some with: trm train {task}")
    if preset and preset not in shipped:
        raise UsageError(f"Task {task!r} ships no weights for a preset {preset!r}. {nearest(preset, shipped)}")
    return shipped[preset] if preset else next(iter(shipped.values()))


def _from_hub(what: str) -> Checkpoint:
    found = download_weights(HubReference.parse(what))
    try:
        return replace(_read(found.path), source=str(found.reference))
    except CheckpointError as error:
        raise CheckpointError(f"Cannot use the weights of {found.reference}. {error}") from error


def _read(path: Path) -> Checkpoint:
    if path.is_file():
        tensors = read_tensors(path)
        run, card = read_weights_metadata(path)
        return Checkpoint(run, tensors, path, card=card)
    folder = checkpoint_folder(path)
    files = verify_or_name_another(folder)
    tensors = read_tensors(folder / WEIGHTS)
    if AVERAGE in files:
        tensors |= read_tensors(folder / AVERAGE)
    run_folder = folder.parent.parent
    return Checkpoint(read_run_config(run_folder), tensors, path, step_number(folder), folder=run_folder)
