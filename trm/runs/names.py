"""What people write for runs and checkpoints, and what they may have meant."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trm.errors import CheckpointError, nearest
from trm.plugins.registry import get_registry
from trm.runs.run_folder import MARKERS, RunFolder, step_number

FOLDER = "checkpoints"


def is_run(path: Path) -> bool:
    """Whether a folder has a run's `config.json`."""
    return (path / "config.json").is_file()


def checkpoint_path(path: Path) -> Path:
    """The run folder, `step_N` folder or file that a path means.

    `RUN/best`, `RUN/latest` and `RUN/step_N` mean folders in `RUN/checkpoints`; `RUN/checkpoints` means `RUN`.

    Raises:
        CheckpointError: the run has no such checkpoint, or the path is one file out of many of a run.
    """
    parent = path.parent
    if path.name == FOLDER and is_run(parent):
        return parent
    if path.name in MARKERS and is_run(parent):
        marked = RunFolder(parent).marked(path.name)
        if marked is None:
            raise CheckpointError(
                f"The run {parent} has no {path.name} checkpoint. {_checkpoints_of(parent, path.name)}"
            )
        return marked
    if step_number(path) >= 0 and not path.exists() and is_run(parent):
        return _existing(parent / FOLDER / path.name)
    if path.is_file() and (is_run(parent) or (step_number(parent) >= 0 and is_run(parent.parent.parent))):
        raise CheckpointError(f"{path} is one of the files of {parent}. Give that folder instead.")
    return path if path.exists() else _existing(path)


def names_weights(what: str) -> bool:
    """Whether a text is a path, perhaps a mistyped one, of a run, a checkpoint or a weights file, rather than a name."""
    path = Path(what)
    return len(path.parts) > 1 or path.suffix == ".safetensors" or path.is_dir()


def missing_run(path: Path) -> str:
    """The message for a path that should be a run folder and has no `config.json`."""
    owner = next((folder for folder in path.parents if is_run(folder)), None)
    if owner is not None:
        return f"{path} is not a run folder. Give the run: {owner}"
    if not path.exists():
        return f"There is no run folder {path}. {nearest(str(path), _runs_in(path.parent))}"
    inside = sorted(_runs_in(path))
    if inside:
        return f"{path} is not a run folder, but has runs in it. {nearest('', inside)}"
    return f"{path} is not a run folder: it has no config.json."


def _existing(path: Path) -> Path:
    """The path, which must exist."""
    if path.exists():
        return path
    run = path.parent.parent if path.parent.name == FOLDER else path.parent
    if is_run(run):
        raise CheckpointError(f"The run {run} has no checkpoint {path.name}. {_checkpoints_of(run, path.name)}")
    known = [*_runs_in(path.parent), *map(str, path.parent.glob("*.safetensors")), *_shipped()]
    raise CheckpointError(f"There is no checkpoint {path}. {nearest(str(path), known)}")


def _checkpoints_of(run: Path, name: str) -> str:
    return nearest(name, [path.name for path in RunFolder(run).checkpoints()])


def _runs_in(folder: Path) -> list[str]:
    """The run folders in a folder."""
    try:
        return [str(path) for path in folder.iterdir() if is_run(path)]
    except OSError:
        return []


def _shipped() -> Iterable[str]:
    """The names of the weights that tasks ship."""
    for name, entry in get_registry().tasks().items():
        shipping = [preset.name for preset in getattr(entry.spec, "presets", ()) if preset.weights]
        if shipping:
            yield from (name, *(f"{name}:{preset}" for preset in shipping))
