"""Read checkpoints of the paper's code and of HRM's."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from trm.config import TRMConfig
from trm.errors import CheckpointError, UsageError, quoted, reason
from trm.interop.official.architecture import architecture_of, integer, prefix_tokens, to_config
from trm.interop.official.names import official_name, without_wrappers
from trm.model import TinyRecursiveModel
from trm.runs.building import planned_shapes
from trm.runs.tensors import FLOATS
from trm.storage.untrusted_input import check_file, read_text
from trm.storage.yaml_text import parse_yaml

CONFIG_FILE = "all_config.yaml"
PUZZLE_TABLE = "puzzle_emb.weights"
LONGEST_PICKLE = 2**20
LONGEST_YAML = 2**15
EXTRA_SECTION = "trm"
"""Section of `all_config.yaml` in which our writer stores sizes that the paper's code reads from its dataset."""


def load_checkpoint(
    path: str | Path,
    arch: Mapping[str, Any] | TRMConfig | str | Path | None = None,
    num_puzzles: int | None = None,
    context_length: int | None = None,
) -> TinyRecursiveModel:
    """Read a checkpoint of the paper's code or of HRM's.

    Args:
        path: A folder with `step_N` (the newest is read) or `checkpoint`, and `all_config.yaml`; or one weights file.
        arch: The architecture: a file like `all_config.yaml`, its section `arch` as a mapping, or a `TRMConfig`
            (default: `all_config.yaml` next to the weights).
        num_puzzles: Number of puzzle ids (default: as in the checkpoint). With another number, every id gets the mean
            vector.
        context_length: Number of positions L. Weights with rotary positions do not contain it (default: the number that
            our writer stored, else 0, for puzzles of any length).

    Returns:
        The model, in evaluation mode, in fp32.

    Raises:
        CheckpointError: If a file is missing or damaged, does not fit its configuration, or holds more than tensors.
        UsageError: If the arguments contradict the checkpoint.
    """
    if num_puzzles is not None and num_puzzles < 1:
        raise UsageError(f"num_puzzles is {num_puzzles}, expected at least 1.")
    file = weights_file(Path(path))
    if isinstance(arch, TRMConfig):
        config = arch if num_puzzles is None else arch.model_copy(update={"num_puzzles": num_puzzles})
        return fill(config, without_wrappers(read_tensors(file)), file)
    if isinstance(arch, Mapping):
        settings: Mapping[str, Any] = {"arch": arch}
    else:
        settings = read_settings(Path(arch) if arch else file.parent / CONFIG_FILE)
    tensors = without_wrappers(read_tensors(file))
    architecture = architecture_of(settings["arch"], count_layers(tensors, "H_level") > 0)
    length = context_length or _known_length(settings, architecture, tensors, file)
    return fill(_configuration(settings["arch"], architecture, tensors, length, num_puzzles, file), tensors, file)


def weights_file(path: Path) -> Path:
    """The weights file at `path`: the file itself, or a folder's newest `step_N`, else its `checkpoint`.

    Raises:
        CheckpointError: If there is none.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise CheckpointError(f"There is no checkpoint {path}.")
    steps = {
        int(file.name[5:]): file
        for file in path.iterdir()
        if re.fullmatch(r"step_[0-9]{1,18}", file.name) and file.is_file()
    }
    if steps:
        return steps[max(steps)]
    if (path / "checkpoint").is_file():
        return path / "checkpoint"
    raise CheckpointError(
        f"{path} has no file step_N. A checkpoint of the paper's code is step_N next to {CONFIG_FILE}."
    )


def read_settings(file: Path) -> Mapping[str, Any]:
    """Read the complete configuration, which has a section `arch`.

    Raises:
        CheckpointError: If the file is missing, unreadable or not such a configuration.
    """
    try:
        settings = parse_yaml(read_text(file, LONGEST_YAML))
    except FileNotFoundError:
        raise CheckpointError(f"{file} is missing. It holds the architecture of the weights next to it.") from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"Cannot read {file}: {reason(error)}.") from error
    if not isinstance(settings, Mapping) or not isinstance(settings.get("arch"), Mapping):
        raise CheckpointError(f"{file} is not a TRM configuration: it has no section 'arch'.")
    return settings


def read_tensors(file: Path) -> dict[str, Tensor]:
    """Read a state dict written by `torch.save`, without running any code from the pickle.

    Raises:
        CheckpointError: If the file is damaged, not an archive of `torch.save`, refers to code, or holds anything but
            tensors.
    """
    try:
        _check_archive(file)
        content = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except CheckpointError:
        raise
    except pickle.UnpicklingError as error:
        raise CheckpointError(_refusal(file, str(error))) from error
    except Exception as error:  # a damaged pickle makes the library raise many types, including MemoryError
        raise CheckpointError(f"{file} is damaged or not a checkpoint: its tensors are malformed.") from error
    if not isinstance(content, Mapping) or not content:
        raise CheckpointError(f"{file} is not a state dict: it holds {type(content).__name__}.")
    for name, value in content.items():
        if not (isinstance(name, str) and isinstance(value, Tensor) and _is_plain(value)):
            raise CheckpointError(
                f"{file} is not a state dict: its entry {quoted(name)} is not a tensor of real numbers."
            )
    if sum(value.nbytes for value in content.values()) > file.stat().st_size:
        raise CheckpointError(f"{file} is damaged: its tensors are larger than the file.")
    return dict(content)


def _check_archive(file: Path) -> None:
    """Check that a file is an uncompressed archive as `torch.save` writes it, so reading cannot expand it.

    Raises:
        CheckpointError: If it is not.
    """
    check_file(file)
    with open(file, "rb") as stream:
        if stream.read(4) != b"PK\x03\x04":
            raise CheckpointError(
                f"{file} is damaged or not a checkpoint: it is not an archive of torch.save (torch 1.6 or later)."
            )
    if not zipfile.is_zipfile(file):
        raise CheckpointError(f"{file} is truncated: the end of the archive is missing. Copy or download it again.")
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
                raise CheckpointError(f"{file} was refused: its part {quoted(member.filename)} is compressed.")
            if member.filename.endswith(".pkl") and member.file_size > LONGEST_PICKLE:
                raise CheckpointError(
                    f"{file} was refused: the list of its tensors has {member.file_size:,} bytes, "
                    f"expected at most {LONGEST_PICKLE:,}."
                )


def _is_plain(value: Tensor) -> bool:
    return value.dtype in FLOATS and value.layout == torch.strided and value.device.type == "cpu"


def _refusal(file: Path, message: str) -> str:
    code = re.search(r"GLOBAL (\S+)", message) or re.search(r"class ([\w.]+\.\w+)", message)
    if code is None:
        return f"{file} is damaged or not a checkpoint: its tensors are malformed."
    return (
        f"{file} was refused: it asks to run {code[1]!r}, but a checkpoint may hold tensors only. "
        "Load it with the code that wrote it and save its state dict."
    )


def count_layers(tensors: Mapping[str, Tensor], stack: str) -> int:
    """Number of layers of the stack `L_level` or `H_level`."""
    return len({name.split(".")[2] for name in tensors if name.startswith(f"{stack}.layers.")})


def fill(config: TRMConfig, tensors: Mapping[str, Tensor], source: Path) -> TinyRecursiveModel:
    """Build a model from weights with bare names.

    Names and shapes are checked before memory is allocated. A puzzle table whose number of rows differs from the number of
    puzzle ids is replaced by its mean row.

    Raises:
        CheckpointError: If the weights do not fit the configuration.
    """
    planned = {official_name(name): shape for name, shape in planned_shapes(config, source).items()}
    tensors = dict(tensors)
    table, wanted = tensors.get(PUZZLE_TABLE), planned.get(PUZZLE_TABLE)
    if table is not None and wanted is not None and table.shape[1:] == wanted[1:] and table.shape != wanted:
        tensors[PUZZLE_TABLE] = table.float().mean(0, keepdim=True).expand(wanted)
    _check(planned, tensors, source)
    model = TinyRecursiveModel(config)
    model.load_state_dict({name: tensors[official_name(name)] for name in model.state_dict()})
    return model.eval()


def _check(planned: Mapping[str, torch.Size], tensors: Mapping[str, Tensor], source: Path) -> None:
    for name, shape in planned.items():
        if name not in tensors:
            raise CheckpointError(f"{source} does not fit its configuration: {name} is missing.")
        if tensors[name].shape != shape:
            raise CheckpointError(
                f"{source} does not fit its configuration: {name} has shape {list(tensors[name].shape)}, "
                f"expected {list(shape)}."
            )
        if not bool(tensors[name].isfinite().all()):
            raise CheckpointError(f"{source} is damaged: {name} has values that are not finite.")
    unknown = sorted(set(tensors) - set(planned))
    if unknown:
        raise CheckpointError(f"{source} does not fit its configuration: unexpected weight {unknown[0]}.")


def _configuration(
    arch: Mapping[str, Any],
    architecture: str,
    tensors: Mapping[str, Tensor],
    context_length: int,
    num_puzzles: int | None,
    source: Path,
) -> TRMConfig:
    layers = {key: count_layers(tensors, stack) for key, stack in (("H_layers", "H_level"), ("L_layers", "L_level"))}
    for key, found in layers.items():
        if (key == "L_layers" or architecture == "hrm") and integer(arch, key) != found:
            raise CheckpointError(
                f"{source} has {found} layers, but its configuration sets {key} to {quoted(arch[key])}."
            )
    has_vectors = integer(arch, "puzzle_emb_ndim", 0) > 0
    if num_puzzles is not None and not has_vectors:
        raise UsageError(f"{source} has no puzzle vectors, so num_puzzles cannot be set.")
    ids = num_puzzles or (_rows(tensors, PUZZLE_TABLE, source) if has_vectors else 0)
    return to_config(arch, architecture, _rows(tensors, "lm_head.weight", source), context_length, ids)


def _rows(tensors: Mapping[str, Tensor], name: str, source: Path) -> int:
    """Number of rows of a matrix: a size that the configuration does not contain.

    Raises:
        CheckpointError: If the matrix is missing.
    """
    if name not in tensors:
        raise CheckpointError(f"{source} does not fit its configuration: {name} is missing.")
    if tensors[name].dim() != 2:
        raise CheckpointError(
            f"{source} is not a TRM checkpoint: {name} has shape {list(tensors[name].shape)}, expected a matrix."
        )
    return len(tensors[name])


def _known_length(settings: Mapping[str, Any], architecture: str, tensors: Mapping[str, Tensor], file: Path) -> int:
    """Number of positions: from weights that depend on it, else as stored by our writer, else 0 for any."""
    for name in ("embed_pos.embedding_weight", "L_level.layers.0.mlp_t.down_proj.weight"):
        if name in tensors:
            return _rows(tensors, name, file) - prefix_tokens(settings["arch"], architecture)
    extra = settings.get(EXTRA_SECTION)
    return integer(extra, "context_length", 0) if isinstance(extra, Mapping) else 0
