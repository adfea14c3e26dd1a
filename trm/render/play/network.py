"""A network as JSON, for the JavaScript engine that runs it in a page."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from importlib import resources
from typing import Any

import torch

from trm.config import AnswerChoice, TRMConfig
from trm.data.puzzle_set import Description
from trm.errors import UsageError
from trm.evaluation.search import Search
from trm.model import TinyRecursiveModel
from trm.model.positions import rotary_frequencies

MIXERS = ("attention", "mlp", "grid", "relational")
"""Mixers that the engine can run."""

ENGINE_FILES = ("simd.js", "kernels.js", "attention.js", "layers.js", "engine.js")
"""The files of the engine, in the order in which they must run."""

SETTINGS = (
    "architecture",
    "vocab_size",
    "context_length",
    "hidden_dim",
    "num_heads",
    "n_recursions",
    "T_steps",
    "n_supervision",
    "mixing",
    "activation",
    "neighbour_pooling",
    "positions",
    "num_puzzles",
    "puzzle_tokens",
    "loss",
)
"""Fields of `TRMConfig` that the engine reads under the same names."""


def engine_source() -> str:
    """The source of the engine, which defines the global `TRMEngine`; see `engine.js` for its interface."""
    folder = resources.files(__package__)
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in ENGINE_FILES)


def has_javascript_form(config: TRMConfig) -> bool:
    """Whether the engine can run the network of a configuration. Mixers from plugins have no JavaScript form."""
    return config.mixer.name in MIXERS


def network_data(
    model: TinyRecursiveModel, description: Description | None = None, answer: AnswerChoice = "last"
) -> dict[str, Any]:
    """Everything that the engine needs to run a network, as JSON values.

    Args:
        model: the network.
        description: of the task, which decides the positions that keep the puzzle's own token. Default: there are none.
        answer: which answer is chosen if none is valid; see `trm.evaluation.search.Search`.

    Returns:
        ``{"config": {...}, "weights": {"table": [[name, shape, offset], ...], "data": base64}}``. The data is
        little-endian fp32, and offsets count its floats.

    Raises:
        UsageError: the network's mixer has no JavaScript form.
    """
    config = model.config
    if not has_javascript_form(config):
        raise UsageError(
            f"Networks with mixer {config.mixer.name!r} cannot run in a page: only {', '.join(MIXERS[:-1])} and "
            f"{MIXERS[-1]} have a JavaScript form."
        )
    settings = {
        **{name: getattr(config, name) for name in SETTINGS},
        "per_symbol": config.per_symbol,
        "mean_halting": config.mixer.mean_halting,
        "rotary_frequencies": rotary_frequencies(config).tolist(),
        "noise": Search.noise,
        "structure": structure_data(config),
        "fixed": list(description.fixed) if description else [],
        "fixed_tokens": list(description.fixed_tokens) if description else [],
        "answer": answer,
    }
    return {"config": settings, "weights": weights_data(model.state_dict())}


def structure_data(config: TRMConfig) -> dict[str, Any]:
    """The structure of a task as the engine reads it: each relation with its groups and the index of its weights."""
    structure = config.structure
    relations = zip(structure.relations.values(), structure.relation_classes(), strict=True)
    return {
        "grid": structure.grid and list(structure.grid),
        "relations": [{"groups": groups, "weight": weight} for groups, weight in relations],
        "neighbours": [list(offset) for offset in structure.neighbours],
        "interchangeable": structure.interchangeable,
    }


def weights_data(tensors: Mapping[str, torch.Tensor]) -> dict[str, Any]:
    """Tensors as a table of names, shapes and offsets, and one block of little-endian fp32 in base64."""
    table: list[list[Any]] = []
    blocks: list[bytes] = []
    offset = 0
    for name, tensor in tensors.items():
        values = tensor.detach().to("cpu", torch.float32).contiguous().numpy().astype("<f4")
        table.append([name, list(values.shape), offset])
        blocks.append(values.tobytes())
        offset += values.size
    return {"table": table, "data": base64.b64encode(b"".join(blocks)).decode("ascii")}
