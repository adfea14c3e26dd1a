"""Reading checkpoints of the paper's code and of HRM's."""

from __future__ import annotations

import pickle
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch import Tensor

from trm.config import TRMConfig
from trm.errors import CheckpointError, TRMError, UsageError, quoted, reason
from trm.interop.official.architecture import architecture_of, integer, prefix_tokens, to_config
from trm.interop.official.names import official_name, without_wrappers
from trm.model import TinyRecursiveModel
from trm.runs.building import planned_shapes
from trm.runs.tensors import FLOATS
from trm.storage.untrusted_input import check_file, read_text

CONFIG_FILE = "all_config.yaml"
PUZZLE_TABLE = "puzzle_emb.weights"
LONGEST_PICKLE = 2**20
LONGEST_YAML = 2**15
MOST_BRACKETS = 300
EXTRA_SECTION = "trm"
"""Where our writer keeps, in `all_config.yaml`, what the paper's code takes from its data set."""


def load_checkpoint(
    path: str | Path,
    arch: Mapping[str, Any] | TRMConfig | str | Path | None = None,
    num_puzzles: int | None = None,
    context_length: int | None = None,
) -> TinyRecursiveModel:
    """Read a checkpoint of the paper's code, or of HRM's.

    Args:
        path: a folder with `step_N` (the newest is taken) or `checkpoint`, and `all_config.yaml`; or one such file,
            alone where `arch` is given.
        arch: the architecture: a file in the form of `all_config.yaml`, or its `arch` section as a mapping, or a
            `TRMConfig`; left out, `all_config.yaml` beside the weights.
        num_puzzles: puzzle ids wanted. The puzzle table is kept where it has as many; else every id gets its mean row.
        context_length: positions of a puzzle. Weights with rotary positions don't tell it; left out, such a model
            takes puzzles of any length (`TRMConfig.context_length` is 0), unless our own writer noted it.

    Returns:
        The model, in evaluation mode, in fp32.

    Raises:
        CheckpointError: something is missing, damaged, or doesn't fit; or the file is more than tensors.
        UsageError: the arguments contradict the checkpoint.
    """
    if num_puzzles is not None and num_puzzles < 1:
        raise UsageError(f"num_puzzles is {num_puzzles}; a model with puzzle vectors has at least 1.")
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
    """The file of weights that `path` stands for: itself, or in a folder the newest `step_N`, else `checkpoint`."""
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
        f"{path} has no file step_N: a checkpoint of the paper's code is step_N beside {CONFIG_FILE}."
    )


def read_settings(file: Path) -> Mapping[str, Any]:
    """Their whole configuration, which has a section `arch`."""
    yaml = yaml_library()
    try:
        settings = _load_yaml(yaml, read_text(file, LONGEST_YAML))
    except FileNotFoundError:
        raise CheckpointError(f"{file} is missing: it says the architecture of the weights beside it.") from None
    except Exception as error:  # PyYAML lets through what dates, numbers and depth make Python raise
        raise CheckpointError(f"{file} can't be read: {reason(error)}.") from error
    if not isinstance(settings, Mapping) or not isinstance(settings.get("arch"), Mapping):
        raise CheckpointError(f"{file} is not a TRM configuration: it has no section 'arch'.")
    return settings


def _load_yaml(yaml: ModuleType, text: str) -> Any:
    """A YAML document without what their code never writes: aliases, by which a few lines grow to gigabytes, and deep
    nesting, on which PyYAML's time grows with the square. Both are a `ValueError`.
    """
    if text.count("[") + text.count("{") > MOST_BRACKETS:
        raise ValueError("it has too many brackets")
    if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader)):
        raise ValueError("it has aliases (*name)")
    return yaml.safe_load(text)


def yaml_library() -> ModuleType:
    """PyYAML, which nothing else here needs."""
    try:
        import yaml
    except ImportError:
        raise TRMError(
            "Checkpoints of the paper's code have a YAML file beside them: pip install 'trm[official]'."
        ) from None
    return yaml


def read_tensors(file: Path) -> dict[str, Tensor]:
    """The tensors of a `torch.save`d state dict, without ever running code that a pickle asks for.

    Raises:
        CheckpointError: it is damaged, no archive of `torch.save`, asks for code, or holds something else than tensors.
    """
    try:
        _check_archive(file)
        content = torch.load(file, map_location="cpu", weights_only=True, mmap=True)
    except CheckpointError:
        raise
    except pickle.UnpicklingError as error:
        raise CheckpointError(_refusal(file, str(error))) from error
    except Exception as error:  # whatever a damaged pickle makes the library raise, MemoryError among it
        raise CheckpointError(f"{file} is damaged or no checkpoint: it can't be read as tensors.") from error
    if not isinstance(content, Mapping) or not content:
        raise CheckpointError(f"{file} is not a state dict: it holds {type(content).__name__}.")
    for name, value in content.items():
        if not (isinstance(name, str) and isinstance(value, Tensor) and _is_plain(value)):
            raise CheckpointError(f"{file} is not a state dict: its entry {quoted(name)} is no tensor of real numbers.")
    if sum(value.nbytes for value in content.values()) > file.stat().st_size:
        raise CheckpointError(f"{file} is damaged: its tensors have more numbers than the file.")
    return dict(content)


def _check_archive(file: Path) -> None:
    """See that it is an archive as `torch.save` writes them: nothing in it is packed, so nothing swells on reading."""
    check_file(file)
    with open(file, "rb") as stream:
        if stream.read(4) != b"PK\x03\x04":
            raise CheckpointError(
                f"{file} is damaged or no checkpoint: it is no archive of torch.save (torch 1.6 or later)."
            )
    if not zipfile.is_zipfile(file):
        raise CheckpointError(f"{file} is cut short: the end of the archive is missing. Copy or download it again.")
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
                raise CheckpointError(f"{file} was refused: its part {quoted(member.filename)} is packed.")
            if member.filename.endswith(".pkl") and member.file_size > LONGEST_PICKLE:
                raise CheckpointError(f"{file} was refused: the list of its tensors has {member.file_size:,} bytes.")


def _is_plain(value: Tensor) -> bool:
    return value.dtype in FLOATS and value.layout == torch.strided and value.device.type == "cpu"


def _refusal(file: Path, message: str) -> str:
    foreign = re.search(r"GLOBAL (\S+)", message) or re.search(r"class ([\w.]+\.\w+)", message)
    if foreign is None:
        return f"{file} is damaged or no checkpoint: it can't be read as tensors."
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
                f"{source} does not fit its configuration: {name} is {list(tensors[name].shape)}, "
                f"the configuration makes it {list(shape)}."
            )
        if not bool(tensors[name].isfinite().all()):
            raise CheckpointError(f"{source} is damaged: {name} has values that are no finite numbers.")
    unknown = sorted(set(tensors) - set(planned))
    if unknown:
        raise CheckpointError(f"{source} does not fit its configuration, which has no {unknown[0]}.")


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
                f"{source} has {found} layers where its configuration sets {key} to {quoted(arch[key])}."
            )
    has_vectors = integer(arch, "puzzle_emb_ndim", 0) > 0
    if num_puzzles is not None and not has_vectors:
        raise UsageError(f"{source} has no puzzle vectors, so num_puzzles can't be set.")
    ids = num_puzzles or (_rows(tensors, PUZZLE_TABLE, source) if has_vectors else 0)
    return to_config(arch, architecture, _rows(tensors, "lm_head.weight", source), context_length, ids)


def _rows(tensors: Mapping[str, Tensor], name: str, source: Path) -> int:
    """Rows of a matrix, which say a size that no setting does."""
    if name not in tensors:
        raise CheckpointError(f"{source} does not fit its configuration: {name} is missing.")
    if tensors[name].dim() != 2:
        raise CheckpointError(f"{source} is not a TRM checkpoint: {name} is {list(tensors[name].shape)}, no matrix.")
    return len(tensors[name])


def _known_length(settings: Mapping[str, Any], architecture: str, tensors: Mapping[str, Tensor], file: Path) -> int:
    """Positions of a puzzle: from the weights that depend on it, or as our writer noted it; else 0, any."""
    for name in ("embed_pos.embedding_weight", "L_level.layers.0.mlp_t.down_proj.weight"):
        if name in tensors:
            return _rows(tensors, name, file) - prefix_tokens(settings["arch"], architecture)
    extra = settings.get(EXTRA_SECTION)
    return integer(extra, "context_length", 0) if isinstance(extra, Mapping) else 0
