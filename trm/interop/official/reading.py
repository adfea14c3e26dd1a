"""Reading checkpoints of the paper's code and of HRM's."""

from __future__ import annotations

import json
import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
import yaml
from torch import Tensor

from trm.config import TRMConfig
from trm.errors import CheckpointError, UsageError
from trm.interop.official.architecture import architecture_of, integer, prefix_tokens, to_config
from trm.interop.official.names import official_name, without_wrappers
from trm.model import TinyRecursiveModel

CONFIG_FILE = "all_config.yaml"
PUZZLE_TABLE = "puzzle_emb.weights"
EXTRA_SECTION = "trm"
"""Where our writer keeps, in `all_config.yaml`, what the paper's code takes from its data set."""


def load_checkpoint(
    path: str | Path,
    arch: Mapping[str, Any] | TRMConfig | None = None,
    num_puzzles: int | None = None,
    context_length: int | None = None,
) -> TinyRecursiveModel:
    """Read a checkpoint of the paper's code, or of HRM's.

    Args:
        path: a folder with `step_N` (the newest is taken) or `checkpoint`, and `all_config.yaml`; or one such file,
            alone where `arch` is given.
        arch: the architecture by their names, as the `arch` section of their configuration has it, or a `TRMConfig`;
            left out, it is read from `all_config.yaml` beside the weights.
        num_puzzles: puzzle ids wanted. The puzzle table is kept where it has as many; else every id gets its mean row.
        context_length: positions of a puzzle. Weights with rotary positions don't tell it: it is then looked for in
            `all_config.yaml`, in `arch` ("seq_len") and in the `dataset.json` that the configuration points at.

    Raises:
        CheckpointError: something is missing, damaged, or doesn't fit; or the file is more than tensors.
        UsageError: the arguments contradict the checkpoint, or `context_length` is needed.
    """
    file = weights_file(Path(path))
    settings: Mapping[str, Any] = {}
    if arch is None:
        settings = read_settings(file.parent / CONFIG_FILE)
        arch = settings["arch"]
    tensors = without_wrappers(read_tensors(file))
    if isinstance(arch, TRMConfig):
        config = arch if num_puzzles is None else arch.model_copy(update={"num_puzzles": num_puzzles})
    else:
        length = context_length or _known_length(arch, settings, tensors, file)
        config = _configuration(arch, tensors, length, num_puzzles, file)
    return fill(config, tensors, file)


def weights_file(path: Path) -> Path:
    """The file of weights that `path` stands for: itself, or in a folder the newest `step_N`, else `checkpoint`."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise CheckpointError(f"There is no checkpoint {path}.")
    steps = {int(file.name[5:]): file for file in path.iterdir() if re.fullmatch(r"step_\d+", file.name) and file.is_file()}
    if steps:
        return steps[max(steps)]
    if (path / "checkpoint").is_file():
        return path / "checkpoint"
    raise CheckpointError(f"{path} has no file step_N: a checkpoint of the paper's code is step_N beside {CONFIG_FILE}.")


def read_settings(file: Path) -> Mapping[str, Any]:
    """Their whole configuration, which has a section `arch`."""
    try:
        settings = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{file} is missing: it says the architecture of the weights beside it.") from None
    except (yaml.YAMLError, OSError, ValueError) as error:
        raise CheckpointError(f"{file} can't be read: {' '.join(str(error).split())[:200]}.") from error
    if not isinstance(settings, Mapping) or not isinstance(settings.get("arch"), Mapping):
        raise CheckpointError(f"{file} is not a TRM configuration: it has no section 'arch'.")
    return settings


def read_tensors(file: Path) -> dict[str, Tensor]:
    """The tensors of a `torch.save`d state dict, without ever running code that a pickle asks for."""
    try:
        with open(file, "rb") as stream:
            zipped = stream.read(4) == b"PK\x03\x04"
        if zipped and not zipfile.is_zipfile(file):
            raise CheckpointError(f"{file} is cut short: the end of the archive is missing. Copy or download it again.")
        content = torch.load(file, map_location="cpu", weights_only=True, mmap=zipped)
    except pickle.UnpicklingError as error:
        raise CheckpointError(_refusal(file, str(error))) from error
    except (RuntimeError, EOFError, OSError, ValueError, KeyError, AttributeError, zipfile.BadZipFile) as error:
        raise CheckpointError(f"{file} is damaged: it can't be read as a file of tensors.") from error
    if not isinstance(content, Mapping) or not content:
        raise CheckpointError(f"{file} is not a state dict: it holds {type(content).__name__}.")
    for name, value in content.items():
        if not (isinstance(name, str) and isinstance(value, Tensor) and value.is_floating_point()):
            raise CheckpointError(f"{file} is not a state dict: its entry {name!r} is no tensor of real numbers.")
    return dict(content)


def _refusal(file: Path, message: str) -> str:
    foreign = re.search(r"GLOBAL (\S+)", message) or re.search(r"class ([\w.]+\.\w+)", message)
    if foreign is None:
        return f"{file} is damaged or no checkpoint: it can't be read as tensors alone."
    return (
        f"{file} was refused: it asks to run {foreign[1]!r}, and a checkpoint may hold tensors only. "
        "Load it where it comes from and save its state dict."
    )


def count_layers(tensors: Mapping[str, Tensor], stack: str) -> int:
    """Layers of the stack `L_level` or `H_level`."""
    return len({name.split(".")[2] for name in tensors if name.startswith(f"{stack}.layers.")})


def fill(config: TRMConfig, tensors: Mapping[str, Tensor], source: Path) -> TinyRecursiveModel:
    """A model with weights by their bare names, after a check of names and shapes that takes no memory for them.

    A puzzle table of another number of rows than the configuration has ids is replaced by its mean row.
    """
    with torch.device("meta"):
        planned = {official_name(name): value.shape for name, value in TinyRecursiveModel(config).state_dict().items()}
    tensors = dict(tensors)
    table, wanted = tensors.get(PUZZLE_TABLE), planned.get(PUZZLE_TABLE)
    if table is not None and wanted is not None and table.shape[1:] == wanted[1:] and len(table) != wanted[0]:
        tensors[PUZZLE_TABLE] = table.float().mean(0, keepdim=True).expand(wanted)
    _check(planned, tensors, source)
    model = TinyRecursiveModel(config)
    model.load_state_dict({name: tensors[official_name(name)] for name in model.state_dict()})
    return model


def _check(planned: Mapping[str, torch.Size], tensors: Mapping[str, Tensor], source: Path) -> None:
    for name, shape in planned.items():
        if name not in tensors:
            raise CheckpointError(f"{source} does not fit its configuration: {name} is missing.")
        if tensors[name].shape != shape:
            raise CheckpointError(
                f"{source} does not fit its configuration: {name} is {list(tensors[name].shape)}, "
                f"the configuration makes it {list(shape)}."
            )
    unknown = sorted(set(tensors) - set(planned))
    if unknown:
        raise CheckpointError(f"{source} does not fit its configuration, which has no {unknown[0]}.")


def _configuration(
    arch: Mapping[str, Any], tensors: Mapping[str, Tensor], context_length: int, num_puzzles: int | None, source: Path
) -> TRMConfig:
    if "lm_head.weight" not in tensors:
        raise CheckpointError(f"{source} is not a TRM checkpoint: lm_head.weight is missing.")
    layers = {key: count_layers(tensors, stack) for key, stack in (("H_layers", "H_level"), ("L_layers", "L_level"))}
    architecture = architecture_of(arch, layers["H_layers"] > 0)
    for key, found in layers.items():
        if (key == "L_layers" or architecture == "hrm") and integer(arch, key) != found:
            raise CheckpointError(f"{source} has {found} layers where its configuration sets {key} to {arch[key]}.")
    rows = len(tensors[PUZZLE_TABLE]) if PUZZLE_TABLE in tensors else 0
    if num_puzzles is not None and not rows and num_puzzles > 0:
        raise UsageError(f"{source} has no puzzle vectors, so there are none for {num_puzzles} ids.")
    wanted = rows if num_puzzles is None else num_puzzles
    return to_config(arch, architecture, len(tensors["lm_head.weight"]), context_length, wanted)


def _known_length(
    arch: Mapping[str, Any], settings: Mapping[str, Any], tensors: Mapping[str, Tensor], file: Path
) -> int:
    """Positions of a puzzle: from the weights that depend on it, else from what lies beside them."""
    for name in ("embed_pos.embedding_weight", "L_level.layers.0.mlp_t.down_proj.weight"):
        if name in tensors:
            return len(tensors[name]) - prefix_tokens(arch)
    extra = settings.get(EXTRA_SECTION)
    if isinstance(extra, Mapping) and "context_length" in extra:
        return integer(extra, "context_length")
    if "seq_len" in arch:
        return integer(arch, "seq_len")
    length = _length_of_data(settings, file.parent)
    if length is None:
        raise UsageError(
            f"The weights in {file} have rotary positions, which fit puzzles of any length: give the number of positions "
            "of a puzzle (context_length, or --context-length)."
        )
    return length


def _length_of_data(settings: Mapping[str, Any], folder: Path) -> int | None:
    """`seq_len` of the data set that the configuration names, if it is there."""
    named = settings.get("data_paths") or settings.get("data_path") or []
    paths = [named] if isinstance(named, str) else list(named)
    for path in map(str, paths):
        for candidate in (Path(path), folder / path):
            try:
                description = json.loads((candidate / "train" / "dataset.json").read_text(encoding="utf-8"))
                return int(description["seq_len"])
            except (OSError, ValueError, KeyError, TypeError):
                continue
    return None
