"""Writing a model from the Hugging Face Hub to disk: as an ordinary run folder, or as one weights file."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from trm.errors import CheckpointError, UsageError, cannot_write
from trm.runs.checkpoint_folder import WEIGHTS
from trm.runs.history import read_history
from trm.runs.hub import METRICS_FILE, SUMMARY_FILE
from trm.runs.locate import Checkpoint
from trm.runs.names import is_run
from trm.runs.run_folder import RunFolder, check_free
from trm.storage.atomic import replaced_folder, write_bytes
from trm.storage.locks import RunLock
from trm.storage.untrusted_input import as_number

MOST_STEPS = 10**15
"""A larger number of steps makes no name of a checkpoint."""


def check_target(output: Path, replace: bool) -> None:
    """Refuse a target that would lose something. Call this before the download.

    Args:
        output: the run folder or weights file to write.
        replace: whether a run folder or file of that name may be replaced.

    Raises:
        UsageError: it exists, or is no run.
    """
    if is_weights_file(output):
        if output.exists() and not (replace and output.is_file()):
            advice = (
                "Choose another --output."
                if output.is_dir()
                else "Choose another --output, or replace it with --force."
            )
            raise UsageError(f"{output} exists. {advice}")
    elif not (output.is_dir() and is_run(output)):
        check_free(output)
    elif not replace:
        raise UsageError(f"{output} is a run already. Choose another --output, or replace it with --force.")
    elif RunLock(output).is_held():
        raise UsageError(f"{output} is in use by a training. Choose another --output.")


def is_weights_file(output: Path) -> bool:
    """Whether a name is that of a weights file rather than of a run folder."""
    return output.suffix == ".safetensors"


def write_pulled(checkpoint: Checkpoint, records: Mapping[str, Path], output: Path) -> None:
    """Write a model to a target that `check_target` has accepted. An earlier one is replaced in one step.

    Args:
        checkpoint: the weights.
        records: the files of the run that made them, by name; see `trm.runs.hub.download_records`.
        output: the run folder or weights file.

    Raises:
        CheckpointError: the records are malformed.
        TRMError: the target cannot be written.
    """
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        if is_weights_file(output):
            write_bytes(output, checkpoint.path.read_bytes())
            return
        with replaced_folder(output) as temporary:
            _write_run(temporary, checkpoint, records)
    except OSError as error:
        raise cannot_write(output, error) from error


def _write_run(folder: Path, checkpoint: Checkpoint, records: Mapping[str, Path]) -> None:
    run = RunFolder.create(folder, checkpoint.run)
    for name in (METRICS_FILE, SUMMARY_FILE):
        if name in records:
            shutil.copyfile(records[name], folder / name)
    try:
        history = read_history(folder)
    except CheckpointError as error:  # what comes from the Hub may be malformed
        raise CheckpointError(str(error).replace(str(folder), str(checkpoint.source))) from error
    known = as_number((history.summary or {}).get("steps")) or history.last("step") or 0
    step = int(min(max(known, 0), MOST_STEPS))
    state = {"pulled_from": checkpoint.source}
    run.mark("latest", run.save_checkpoint(step, {WEIGHTS: dict(checkpoint.tensors)}, state))
