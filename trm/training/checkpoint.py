"""Reading runs, checkpoints and shipped weights, each with a sentence for what can be wrong with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from trm.config import RunConfig, TRMConfig
from trm.errors import CheckpointError
from trm.model import TinyRecursiveModel
from trm.training.files import sha256, write_bytes
from trm.training.run_folder import RunFolder, step_number

METADATA_KEY = "trm_run"


@dataclass
class LoadedModel:
    """A model with its evaluated (averaged) weights, and the run that it came from."""

    model: TinyRecursiveModel
    run: RunConfig
    path: Path
    step: int | None


def load_model(path: Path, structure_of: TRMConfig | None = None) -> LoadedModel:
    """Load a run folder (its latest checkpoint), one `step_N` folder of it, or a single file of shipped weights.

    Args:
        path: the run, the checkpoint or the file.
        structure_of: build the model with this configuration's length and structure instead of the saved one's. Only
            `relational` weights, which contain no size, can be moved like this.

    Raises:
        CheckpointError: nothing is there, a file is damaged, or the weights don't fit the configuration.
    """
    path = Path(path)
    if not path.exists():
        raise CheckpointError(f"There is no checkpoint {path}.")
    if path.is_file():
        run, tensors = _read_weights_file(path)
        step = None
    else:
        folder = checkpoint_folder(path)
        _verify_or_name_another(folder)
        run = read_run_config(folder.parent.parent)
        tensors = read_tensors(folder / "model.safetensors")
        if (folder / "ema.safetensors").exists():
            tensors |= read_tensors(folder / "ema.safetensors")
        step = step_number(folder)
    config = structure_of or run.model
    model = TinyRecursiveModel(config)
    load_tensors(model, tensors, path)
    return LoadedModel(model.eval(), run.model_copy(update={"model": config}), path, step)


def checkpoint_folder(path: Path) -> Path:
    """The `step_N` folder that `path` stands for: itself, or the latest one of a run folder."""
    if step_number(path) >= 0:
        return path
    return _by_preference(path)[0]


def newest_good(run: Path) -> tuple[Path, list[str]]:
    """The checkpoint to go on from: the latest one, or where that is damaged the newest whole one.

    Returns:
        The checkpoint, and what is wrong with those that were passed over.

    Raises:
        CheckpointError: none is whole.
    """
    problems: list[str] = []
    for folder in _by_preference(run):
        try:
            verify(folder)
            return folder, problems
        except CheckpointError as error:
            problems.append(str(error))
    raise CheckpointError(f"No checkpoint of {run} is whole. {problems[0]}")


def _by_preference(run: Path) -> list[Path]:
    """The checkpoints of a run, `latest` first, then the newest."""
    folder = RunFolder(run)
    found = folder.checkpoints()[::-1]
    if not found:
        raise CheckpointError(f"{run} is not a run folder with a checkpoint: it has no checkpoints/step_N.")
    latest = folder.marked("latest")
    return sorted(found, key=lambda path: path != latest)


def _verify_or_name_another(folder: Path) -> None:
    try:
        verify(folder)
    except CheckpointError as error:
        try:
            good, _ = newest_good(folder.parent.parent)
        except CheckpointError:
            raise error from None
        raise CheckpointError(f"{error} {good} is whole.") from error


def read_run_config(folder: Path) -> RunConfig:
    """The `config.json` of a run folder."""
    path = folder / "config.json"
    try:
        return RunConfig.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{folder} is not a run folder: it has no config.json.") from None
    except (ValidationError, ValueError) as error:
        raise CheckpointError(f"{path} can't be read: {_first_line(error)}") from error


def verify(folder: Path) -> None:
    """Check the files of a checkpoint against the checksums saved with them."""
    path = folder / "checksums.json"
    try:
        checksums = json.loads(path.read_text(encoding="utf-8"))
        names = {str(name): str(digest) for name, digest in checksums.items()}
    except FileNotFoundError:
        raise CheckpointError(f"The checkpoint {folder} is not complete: it has no checksums.json.") from None
    except (ValueError, AttributeError) as error:
        raise CheckpointError(f"{path} can't be read: {error}.") from error
    for name, digest in names.items():
        file = folder / Path(name).name
        if not file.exists():
            raise CheckpointError(f"The checkpoint {folder} is not complete: {name} is missing.")
        if sha256(file) != digest:
            raise CheckpointError(f"{file} is damaged: its checksum is not the one saved with it.")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file."""
    try:
        return load_file(path)
    except FileNotFoundError:
        raise CheckpointError(f"The checkpoint has no {path.name}: {path.parent} is not complete.") from None
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged or no safetensors file: {_first_line(error)}") from error


def load_tensors(model: TinyRecursiveModel, tensors: dict[str, Tensor], path: Path) -> None:
    """Copy tensors into a model, naming what is missing, unknown or of another shape."""
    own = model.state_dict()
    for name, value in own.items():
        if name not in tensors:
            raise CheckpointError(f"{path} does not fit its configuration: {name} is missing.")
        if tensors[name].shape != value.shape:
            raise CheckpointError(
                f"{path} does not fit its configuration: {name} is {list(tensors[name].shape)}, "
                f"expected {list(value.shape)}."
            )
    unknown = sorted(set(tensors) - set(own))
    if unknown:
        raise CheckpointError(f"{path} does not fit its configuration: {unknown[0]} is unknown to it.")
    model.load_state_dict(tensors)


def save_weights_file(loaded: LoadedModel, path: Path, card: dict[str, Any] | None = None) -> None:
    """Write a model as one safetensors file with its run in the metadata: the form that plugins ship.

    The file appears in one step, and everybody may read it whom the user's own files are open to.

    Args:
        loaded: the model and its run.
        path: the file.
        card: the model card: data, seed, minutes, machine, accuracy.
    """
    run = json.dumps(loaded.run.model_dump(mode="json"))
    metadata = {METADATA_KEY: run, "card": json.dumps(card or {})}
    tensors = {name: value.contiguous() for name, value in loaded.model.state_dict().items()}
    write_bytes(path, save(tensors, metadata))


def read_card(path: Path) -> dict[str, Any]:
    """The model card of a file of shipped weights; empty where it has none.

    Raises:
        CheckpointError: it can't be read.
    """
    try:
        with safe_open(path, "pt") as file:
            card = json.loads((file.metadata() or {}).get("card", "{}"))
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"The model card in {path} can't be read: {_first_line(error)}") from error
    if not isinstance(card, dict):
        raise CheckpointError(f"The model card in {path} can't be read: it is no JSON object.")
    return card


def _read_weights_file(path: Path) -> tuple[RunConfig, dict[str, Tensor]]:
    tensors = read_tensors(path)
    with safe_open(path, "pt") as file:
        text = (file.metadata() or {}).get(METADATA_KEY)
    if text is None:
        raise CheckpointError(
            f"{path} has weights but no configuration. Weights written by trm have one; others go through "
            "`trm import-checkpoint`."
        )
    try:
        return RunConfig.model_validate_json(text), tensors
    except ValidationError as error:
        raise CheckpointError(f"The configuration in {path} can't be read: {_first_line(error)}") from error


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
