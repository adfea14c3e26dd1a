"""Checkpoint folders: which one to read, and whether its files are undamaged."""

from __future__ import annotations

from pathlib import Path

from trm.config import RunConfig
from trm.errors import CheckpointError, quoted, reason
from trm.runs.names import is_run, missing_run
from trm.runs.run_folder import RunFolder, step_number
from trm.storage.atomic import sha256
from trm.storage.untrusted_input import check_file, read_json, read_text

WEIGHTS = "model.safetensors"
AVERAGE = "ema.safetensors"
OPTIMIZER = "optimizer.safetensors"


def checkpoint_folder(path: Path) -> Path:
    """The `step_N` folder that `path` refers to: itself, or the latest one of a run folder."""
    if step_number(path) >= 0:
        return path
    return _by_preference(path)[0]


def newest_good(run: Path) -> tuple[Path, list[str]]:
    """The checkpoint to resume from: the latest one or, if that is damaged, the newest undamaged one.

    Returns:
        The checkpoint, and the problems of those that were skipped.

    Raises:
        CheckpointError: all are damaged.
    """
    problems: list[str] = []
    for folder in _by_preference(run):
        try:
            verify(folder)
            return folder, problems
        except CheckpointError as error:
            problems.append(str(error))
    raise CheckpointError(f"All checkpoints of {run} are damaged. {problems[0]}")


def _by_preference(run: Path) -> list[Path]:
    """The checkpoints of a run: `latest` first, then from new to old."""
    folder = RunFolder(run)
    found = folder.checkpoints()[::-1]
    if not found:
        raise CheckpointError(f"The run {run} has no checkpoint yet." if is_run(run) else missing_run(run))
    latest = folder.marked("latest")
    return sorted(found, key=lambda path: path != latest)


def verify_or_name_another(folder: Path) -> set[str]:
    """Same as `verify`, but the error names an undamaged checkpoint of the run if there is one."""
    try:
        return verify(folder)
    except CheckpointError as error:
        try:
            good, _ = newest_good(folder.parent.parent)
        except CheckpointError:
            raise error from None
        raise CheckpointError(f"{error} {good} is undamaged.") from error


def read_run_config(folder: Path) -> RunConfig:
    """Read the `config.json` of a run folder.

    Raises:
        CheckpointError: it is missing or damaged.
    """
    path = folder / "config.json"
    try:
        return RunConfig.model_validate_json(read_text(path))
    except (FileNotFoundError, NotADirectoryError):
        raise CheckpointError(missing_run(folder)) from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"Cannot read {path}: {reason(error)}.") from error


def verify(folder: Path) -> set[str]:
    """Check the files of a checkpoint against its checksums.

    Returns:
        The names of the files.

    Raises:
        CheckpointError: a file, or the list of files, is missing or damaged.
    """
    path = folder / "checksums.json"
    try:
        checksums = read_json(path)
    except FileNotFoundError:
        raise CheckpointError(f"The checkpoint {folder} is incomplete: it has no checksums.json.") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"Cannot read {path}: {reason(error)}.") from error
    if not isinstance(checksums, dict) or WEIGHTS not in checksums:
        raise CheckpointError(f"Cannot read {path}: it does not list the checkpoint's files.")
    for name, digest in checksums.items():
        if name != Path(name).name or not Path(name).name:
            raise CheckpointError(f"{path} names {quoted(name)}, which is not a file of a checkpoint.")
        if _digest(folder / name) != digest:
            raise CheckpointError(f"{folder / name} is damaged: its checksum differs from the saved one.")
    return set(checksums)


def can_resume(folder: Path) -> bool:
    """Whether an undamaged checkpoint holds the state of a training, and not weights alone, as `trm pull` writes them."""
    return (folder / OPTIMIZER).exists()


def _digest(path: Path) -> str:
    try:
        check_file(path)
        return sha256(path)
    except FileNotFoundError:
        raise CheckpointError(f"The checkpoint {path.parent} is incomplete: {path.name} is missing.") from None
    except OSError as error:
        raise CheckpointError(f"Cannot read {path}: {reason(error)}.") from error
