"""Reading runs, checkpoints and shipped weights, each with a sentence for what can be wrong with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save
from torch import Tensor

from trm.config import RunConfig, TRMConfig
from trm.errors import CheckpointError
from trm.errors import quoted, reason
from trm.storage.untrusted_input import check_file, parse_json, read_json, read_text
from trm.model import TinyRecursiveModel
from trm.storage.atomic import sha256, write_bytes
from trm.runs.run_folder import RunFolder, step_number

METADATA_KEY = "trm_run"
WEIGHTS = "model.safetensors"
FLOATS = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
MOST_TABLES = 2**27
"""Bytes that a model may take for tables which are not in its file: of angles, of groups, of symbols."""


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
        files = _verify_or_name_another(folder)
        run = read_run_config(folder.parent.parent)
        tensors = read_tensors(folder / WEIGHTS)
        if "ema.safetensors" in files:
            tensors |= read_tensors(folder / "ema.safetensors")
        step = step_number(folder)
    config = structure_of or run.model
    model = build_model(config, tensors, path)
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


def _verify_or_name_another(folder: Path) -> set[str]:
    try:
        return verify(folder)
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
        return RunConfig.model_validate_json(read_text(path))
    except FileNotFoundError:
        raise CheckpointError(f"{folder} is not a run folder: it has no config.json.") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} can't be read: {reason(error)}.") from error


def verify(folder: Path) -> set[str]:
    """Check the files of a checkpoint against the checksums saved with them.

    Returns:
        The names of the files.

    Raises:
        CheckpointError: one is missing or damaged, or the list of them is.
    """
    path = folder / "checksums.json"
    try:
        checksums = read_json(path)
    except FileNotFoundError:
        raise CheckpointError(f"The checkpoint {folder} is not complete: it has no checksums.json.") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} can't be read: {reason(error)}.") from error
    if not isinstance(checksums, dict) or WEIGHTS not in checksums:
        raise CheckpointError(f"{path} can't be read: it does not list the checkpoint's files.")
    for name, digest in checksums.items():
        if name != Path(name).name or not Path(name).name:
            raise CheckpointError(f"{path} names {quoted(name)}, which is no file of a checkpoint.")
        if _digest(folder / name) != digest:
            raise CheckpointError(f"{folder / name} is damaged: its checksum is not the one saved with it.")
    return set(checksums)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors of a safetensors file."""
    try:
        check_file(path)
        return load_file(path)
    except FileNotFoundError:
        raise CheckpointError(f"The checkpoint has no {path.name}: {path.parent} is not complete.") from None
    except Exception as error:  # the library raises kinds of its own, of Python's and of torch's
        raise CheckpointError(f"{path} is damaged or no safetensors file: {reason(error)}.") from error


def planned_shapes(config: TRMConfig, source: Path) -> dict[str, torch.Size]:
    """The names and shapes of a configuration's weights, found without taking memory for them.

    Raises:
        CheckpointError: no such model can be built, or its tables beside the weights would take `MOST_TABLES` bytes.
    """
    model = _planned(config, source)
    weights = model.state_dict()
    tables = sum(buffer.nbytes for name, buffer in model.named_buffers() if name not in weights)
    if tables > MOST_TABLES:
        raise CheckpointError(
            f"{source}: a model of this configuration needs {tables / 2**30:.1f} GiB beside its weights, more than is taken."
        )
    return {name: value.shape for name, value in weights.items()}


def _planned(config: TRMConfig, source: Path) -> TinyRecursiveModel:
    """A model without memory for its numbers. An ordinary one has them: without, torch imports for a second."""
    try:
        with torch.device("cpu" if _is_ordinary(config) else "meta"):
            return TinyRecursiveModel(config)
    except (RuntimeError, ValueError, OverflowError) as error:
        raise CheckpointError(f"{source}: no model of this configuration can be built: {reason(error)}.") from error


def _is_ordinary(config: TRMConfig) -> bool:
    """Whether a model can't take more than some hundred megabytes, however its settings are combined."""
    structure = config.structure
    return (
        max(config.hidden_dim, config.mlp_multiple_of) <= 512
        and config.context_length + config.puzzle_tokens <= 1024
        and max(config.num_layers, config.num_layers_high or 0) <= 4
        and config.vocab_size <= 1024
        and config.mlp_ratio <= 4
        and config.num_puzzles * config.puzzle_width <= 2**22
        and len(structure.relations) <= 4
        and len(structure.neighbours) <= 16
    )


def build_model(config: TRMConfig, tensors: Mapping[str, Tensor], path: Path) -> TinyRecursiveModel:
    """A model with weights that were compared with its configuration before any memory was taken for it.

    Raises:
        CheckpointError: they don't fit.
    """
    check_tensors(planned_shapes(config, path), tensors, path)
    model = TinyRecursiveModel(config)
    model.load_state_dict(tensors)
    return model


def load_tensors(model: TinyRecursiveModel, tensors: Mapping[str, Tensor], path: Path) -> None:
    """Copy tensors into a model, naming what is missing, unknown or of another shape."""
    check_tensors({name: value.shape for name, value in model.state_dict().items()}, tensors, path)
    model.load_state_dict(tensors)


def check_tensors(planned: Mapping[str, torch.Size], tensors: Mapping[str, Tensor], path: Path) -> None:
    """See that there is a tensor of finite numbers for each of the planned weights, of its shape, and no other.

    Raises:
        CheckpointError: that is not so.
    """
    for name, shape in planned.items():
        if name not in tensors:
            raise CheckpointError(f"{path} does not fit its configuration: {name} is missing.")
        value = tensors[name]
        if value.shape != shape:
            raise CheckpointError(
                f"{path} does not fit its configuration: {name} is {list(value.shape)}, expected {list(shape)}."
            )
        if value.dtype not in FLOATS or not bool(value.isfinite().all()):
            raise CheckpointError(f"{path} is damaged: {name} has values that are no finite numbers.")
    unknown = sorted(set(tensors) - set(planned))
    if unknown:
        raise CheckpointError(f"{path} does not fit its configuration: {unknown[0]} is unknown to it.")


def save_weights_file(loaded: LoadedModel, path: Path, card: dict[str, Any] | None = None) -> None:
    """Write a model as one safetensors file with its run in the metadata: the form that plugins ship.

    The file appears in one step, and everybody may read it whom the user's own files are open to.

    Args:
        loaded: the model and its run.
        path: the file.
        card: the model card: data, seed, minutes, machine, accuracy.
    """
    init = loaded.run.init and Path(loaded.run.init).name  # the folders of this machine mean nothing to others
    run = json.dumps(loaded.run.model_copy(update={"init": init}).model_dump(mode="json"))
    metadata = {METADATA_KEY: run, "card": json.dumps(card or {})}
    tensors = {name: value.contiguous() for name, value in loaded.model.state_dict().items()}
    write_bytes(path, save(tensors, metadata))


def read_card(path: Path) -> dict[str, Any]:
    """The model card of a file of shipped weights; empty where it has none.

    Raises:
        CheckpointError: it can't be read.
    """
    try:
        card = parse_json(_metadata(path).get("card", "{}"))
    except ValueError as error:
        raise CheckpointError(f"The model card in {path} can't be read: {reason(error)}.") from error
    if not isinstance(card, dict):
        raise CheckpointError(f"The model card in {path} can't be read: it is no JSON object.")
    return card


def _read_weights_file(path: Path) -> tuple[RunConfig, dict[str, Tensor]]:
    tensors = read_tensors(path)
    text = _metadata(path).get(METADATA_KEY)
    if text is None:
        raise CheckpointError(
            f"{path} has weights but no configuration. Weights written by trm have one; others go through "
            "`trm import-checkpoint`."
        )
    try:
        return RunConfig.model_validate_json(text), tensors
    except ValueError as error:
        raise CheckpointError(f"The configuration in {path} can't be read: {reason(error)}.") from error


def _metadata(path: Path) -> dict[str, str]:
    try:
        check_file(path)
        with safe_open(path, "pt") as file:
            return file.metadata() or {}
    except Exception as error:  # as in `read_tensors`
        raise CheckpointError(f"{path} is damaged or no safetensors file: {reason(error)}.") from error


def _digest(path: Path) -> str:
    try:
        check_file(path)
        return sha256(path)
    except FileNotFoundError:
        raise CheckpointError(f"The checkpoint {path.parent} is not complete: {path.name} is missing.") from None
    except OSError as error:
        raise CheckpointError(f"{path} can't be read: {reason(error)}.") from error
