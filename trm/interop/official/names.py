"""Weight names of this package paired with those of the paper's code and of HRM's."""

from __future__ import annotations

import re
from collections.abc import Mapping

from torch import Tensor

from trm.errors import CheckpointError

WRAPPERS = ("_orig_mod.", "module.", "model.", "inner.")
"""Prefixes added by compilation, data parallelism, the loss head and the model."""

_SINGLE = {
    "initial_answer": "H_init",
    "initial_latent": "L_init",
    "embedding.tokens": "embed_tokens.embedding_weight",
    "embedding.positions.weight": "embed_pos.embedding_weight",
    "embedding.puzzles.weight": "puzzle_emb.weights",
    "head.linear.weight": "lm_head.weight",
    "halt_head.linear.weight": "q_head.weight",
    "halt_head.linear.bias": "q_head.bias",
}
_STACKS = {"core.net": "L_level", "core.low": "L_level", "core.high": "H_level"}
_PARTS = {
    "mix.qkv": "self_attn.qkv_proj",
    "mix.out": "self_attn.o_proj",
    "mix.gate_up": "mlp_t.gate_up_proj",
    "mix.down": "mlp_t.down_proj",
    "mlp.gate_up": "mlp.gate_up_proj",
    "mlp.down": "mlp.down_proj",
}
_LAYER = re.compile(r"(core\.\w+)\.layers\.(\d+)\.(\w+\.\w+)\.weight")


def official_name(name: str) -> str:
    """Translate one of our weight names to the paper's, without wrapper prefixes.

    Raises:
        CheckpointError: If the paper's code has no such weight.
    """
    if name in _SINGLE:
        return _SINGLE[name]
    match = _LAYER.fullmatch(name)
    if match is None or match[1] not in _STACKS or match[3] not in _PARTS:
        raise CheckpointError(f"The paper's code has no counterpart of the weight {name!r}.")
    return f"{_STACKS[match[1]]}.layers.{match[2]}.{_PARTS[match[3]]}.weight"


def without_wrappers(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Remove the wrapper prefixes from all names.

    Raises:
        CheckpointError: If two names become equal.
    """
    bare: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        short = name
        while wrapper := next((prefix for prefix in WRAPPERS if short.startswith(prefix)), None):
            short = short.removeprefix(wrapper)
        if short in bare:
            raise CheckpointError(f"The checkpoint has {short!r} twice, the second time as {name!r}.")
        bare[short] = tensor
    return bare
