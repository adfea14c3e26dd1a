"""Writing a checkpoint: into a temporary folder, synced, read back and compared, then renamed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from trm.storage.atomic import replaced_folder, sha256, sync_file, write_json


def write_checkpoint(target: Path, files: Mapping[str, Mapping[str, Tensor]], state: Mapping[str, Any]) -> None:
    """Write the folder `target`: safetensors files by name, `training.json`, and the checksums of all of them.

    Raises:
        OSError: it cannot be written, or reads back differently; an earlier `target` is untouched.
    """
    with replaced_folder(target) as temporary:
        for name, tensors in files.items():
            _write_tensors(temporary / name, {key: value.detach().cpu().contiguous() for key, value in tensors.items()})
        write_json(temporary / "training.json", state)
        write_json(temporary / "checksums.json", {file.name: sha256(file) for file in sorted(temporary.iterdir())})


def _write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    try:
        save_file(tensors, path)
        sync_file(path)
        written = load_file(path)
    except SafetensorError as error:  # safetensors reports a full disk like this
        raise OSError(None, str(error)) from error
    if written.keys() != tensors.keys() or not all(_same_bits(written[name], tensors[name]) for name in tensors):
        raise OSError(None, f"{path.name} reads back differently from what was written: the disk may be failing")


def _same_bits(one: Tensor, other: Tensor) -> bool:
    """Whether two tensors are bitwise equal; a NaN equals itself."""
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    return torch.equal(one.reshape(-1).view(torch.uint8), other.reshape(-1).view(torch.uint8))
