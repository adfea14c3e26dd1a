"""Weights files: one safetensors file with the run's configuration and a model card in its metadata."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from trm.config import RunConfig
from trm.errors import CheckpointError, reason
from trm.runs.hub import is_hub_reference
from trm.runs.tensors import not_safetensors
from trm.storage.atomic import write_bytes
from trm.storage.untrusted_input import check_file, parse_json

METADATA_KEY = "trm_run"
CARD_KEY = "card"


def save_weights_file(
    path: Path, run: RunConfig, tensors: Mapping[str, Tensor], card: Mapping[str, Any] | None = None
) -> None:
    """Write weights as one safetensors file, the form in which plugins ship them.

    The file is replaced in one step, and the same weights and card give the same bytes. Its permissions follow the user's umask.

    Args:
        path: the file to write.
        run: the run that the weights come from.
        tensors: the model's state by name.
        card: the model card: data, seed, minutes, machine, accuracy.

    Raises:
        OSError: the file cannot be written.
    """
    # Paths of this machine mean nothing to others.
    init = run.init if run.init is None or is_hub_reference(run.init) else Path(run.init).name
    portable = run.model_copy(update={"init": init})
    metadata = {METADATA_KEY: json.dumps(portable.model_dump(mode="json")), CARD_KEY: json.dumps(card or {})}
    write_bytes(path, _ordered(save({name: value.contiguous() for name, value in tensors.items()}, metadata)))


def _ordered(content: bytes) -> bytes:
    """A safetensors file with its metadata in the order of their names; safetensors writes them in a random order.

    The file is the length of the header in 8 bytes, the header as JSON, and the data, at offsets from the header's end.
    """
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + content[end:]


def read_weights_metadata(path: Path) -> tuple[RunConfig, dict[str, Any]]:
    """Read the configuration and the model card of a weights file.

    Raises:
        CheckpointError: the file is damaged, or has no configuration.
    """
    metadata = _metadata(path)
    if METADATA_KEY not in metadata:
        raise CheckpointError(
            f"{path} has weights but no configuration. Import weights that trm did not write with "
            "`trm import-checkpoint`."
        )
    try:
        run = RunConfig.model_validate_json(metadata[METADATA_KEY])
    except ValueError as error:
        raise CheckpointError(f"Cannot read the configuration in {path}: {reason(error)}.") from error
    return run, _card(path, metadata)


def _card(path: Path, metadata: Mapping[str, str]) -> dict[str, Any]:
    try:
        card = parse_json(metadata.get(CARD_KEY, "{}"))
    except ValueError as error:
        raise CheckpointError(f"Cannot read the model card in {path}: {reason(error)}.") from error
    if not isinstance(card, dict):
        raise CheckpointError(f"Cannot read the model card in {path}: expected a JSON object.")
    return card


def _metadata(path: Path) -> dict[str, str]:
    try:
        check_file(path)
        with safe_open(path, "pt") as file:
            return file.metadata() or {}
    except Exception as error:  # safetensors raises its own kinds of errors, Python's and torch's
        raise not_safetensors(path, error) from error
