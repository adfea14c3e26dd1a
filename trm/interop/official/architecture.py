"""Conversion between the `arch` section of the paper's configuration and `TRMConfig`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from trm.config import TRMConfig
from trm.errors import CheckpointError, UsageError, quoted

NAMES = {
    "trm": "recursive_reasoning.trm@TinyRecursiveReasoningModel_ACTV1",
    "hrm": "hrm.hrm_act_v1@HierarchicalReasoningModel_ACTV1",
}
MODULES = {"trm": ("trm",), "hrm": ("hrm_act_v1", "hrm")}
"""Modules of these classes. Other modules (`trm_singlez`, `trm_hier6`) have different models under the same class name."""
LOSSES = {"stablemax": "stablemax_cross_entropy", "softmax": "softmax_cross_entropy"}
POSITIONS = ("rope", "learned", "none")
MLP_MULTIPLE_OF = 256  # the paper's SwiGLU always rounds up to this
FIXED = {"rms_norm_eps": 1e-5, "rope_theta": 10000.0}
"""Settings without a field in `TRMConfig`; only these values can be read."""


def architecture_of(arch: Mapping[str, Any], has_high_stack: bool) -> str:
    """The architecture, "trm" or "hrm": from the class name in `arch`, else from whether there is a second stack.

    Raises:
        CheckpointError: If `arch` names another model's class.
    """
    name = arch.get("name")
    if name is None:
        return "hrm" if has_high_stack else "trm"
    module, _, class_name = (name if isinstance(name, str) else quoted(name)).rpartition("@")
    for architecture, known in NAMES.items():
        if class_name == known.rpartition("@")[2] and module.rpartition(".")[2] in MODULES[architecture]:
            return architecture
    raise CheckpointError(
        f"The configuration is for the model {quoted(name)}, expected {NAMES['trm']!r} or {NAMES['hrm']!r}."
    )


def prefix_tokens(arch: Mapping[str, Any], architecture: str) -> int:
    """Number of prefix tokens P: `puzzle_emb_len` (default for TRM: 16), or if that is 0, as many as the vector fills."""
    width = integer(arch, "puzzle_emb_ndim", 0)
    if width == 0:
        return 0
    given = integer(arch, "puzzle_emb_len", 16 if architecture == "trm" else 0)
    return given or -(-width // max(integer(arch, "hidden_size"), 1))


def to_config(
    arch: Mapping[str, Any], architecture: str, vocab_size: int, context_length: int, num_puzzles: int
) -> TRMConfig:
    """Convert `arch` to a `TRMConfig`.

    The last three arguments are sizes that `arch` does not contain. `forward_dtype` is ignored: computation is in fp32.

    Raises:
        CheckpointError: If `arch` lacks a setting or has an unsupported one.
    """
    for key, value in FIXED.items():
        if number(arch, key, value) != value:
            raise CheckpointError(f"The configuration sets {key} to {quoted(arch[key])}, expected {value}.")
    mixer = bool(arch.get("mlp_t", False))
    positions = arch.get("pos_encodings", "none")
    if positions not in POSITIONS:
        raise CheckpointError(
            f"The configuration sets pos_encodings to {quoted(positions)}, expected one of {', '.join(POSITIONS)}."
        )
    width = integer(arch, "puzzle_emb_ndim", 0)
    hrm = architecture == "hrm"
    try:
        return TRMConfig.model_validate(
            {
                "architecture": architecture,
                "vocab_size": vocab_size,
                "context_length": context_length,
                "hidden_dim": integer(arch, "hidden_size"),
                "num_layers": integer(arch, "L_layers"),
                "num_layers_high": integer(arch, "H_layers") if hrm else None,
                "num_heads": integer(arch, "num_heads"),
                "n_recursions": integer(arch, "L_cycles"),
                "T_steps": integer(arch, "H_cycles"),
                "n_supervision": integer(arch, "halt_max_steps"),
                "mixing": "mlp" if mixer else "attention",
                "mlp_ratio": number(arch, "expansion"),
                "mlp_multiple_of": MLP_MULTIPLE_OF,
                "positions": "none"
                if mixer and positions == "rope"
                else positions,  # the paper's mixer ignores rotary positions
                "num_puzzles": num_puzzles if width else 0,
                "puzzle_dim": width or None,
                "puzzle_tokens": prefix_tokens(arch, architecture),
                "loss": _loss(arch),
            }
        )
    except ValidationError as error:
        raise CheckpointError(f"No model can be built from this configuration: {first_problem(error)}.") from error


def from_config(config: TRMConfig) -> dict[str, Any]:
    """Convert a `TRMConfig` to the `arch` section of the paper's code.

    Raises:
        UsageError: If the paper's code has no such model.
    """
    _check_expressible(config)
    hrm = config.architecture == "hrm"
    arch: dict[str, Any] = {
        "name": NAMES[config.architecture],
        "loss": {"name": "losses@ACTLossHead", "loss_type": LOSSES[config.loss]},
        "H_cycles": config.T_steps,
        "L_cycles": config.n_recursions,
        "H_layers": (config.num_layers_high or config.num_layers) if hrm else 0,
        "L_layers": config.num_layers,
        "hidden_size": config.hidden_dim,
        "num_heads": config.num_heads,
        "expansion": config.mlp_ratio,
        "pos_encodings": config.positions,
        "puzzle_emb_ndim": config.puzzle_width if config.num_puzzles else 0,
        "halt_max_steps": config.n_supervision,
        "forward_dtype": "float32",
    }
    if not hrm:
        arch |= {"mlp_t": config.mixing == "mlp", "puzzle_emb_len": config.puzzle_tokens, "no_ACT_continue": True}
    return arch


def _check_expressible(config: TRMConfig) -> None:
    hrm_prefix = -(-config.puzzle_width // config.hidden_dim) if config.num_puzzles else 0
    problems = {
        f"mixing {config.mixing!r}": config.mixing not in ("attention", "mlp"),
        f"positions {config.positions!r}": config.positions not in POSITIONS,
        f"activation {config.activation!r}": config.activation != "swiglu",
        f"mlp_multiple_of {config.mlp_multiple_of}, only {MLP_MULTIPLE_OF}": config.mlp_multiple_of != MLP_MULTIPLE_OF,
        "puzzle vectors without prefix tokens": bool(config.num_puzzles) and not config.puzzle_tokens,
        f"HRM with {config.puzzle_tokens} prefix tokens and a puzzle vector that fills {hrm_prefix}": config.architecture
        == "hrm"
        and config.puzzle_tokens != hrm_prefix,
    }
    for problem, present in problems.items():
        if present:
            raise UsageError(f"The paper's code has no {problem}, so this model cannot be written in its format.")


def _loss(arch: Mapping[str, Any]) -> str:
    section = arch.get("loss", {})
    kind = section.get("loss_type", LOSSES["stablemax"]) if isinstance(section, Mapping) else section
    for ours, theirs in LOSSES.items():
        if kind == theirs:
            return ours
    raise CheckpointError(
        f"The configuration sets the loss to {quoted(kind)}, expected one of {', '.join(LOSSES.values())}."
    )


def integer(arch: Mapping[str, Any], key: str, default: int | None = None) -> int:
    """The integer `arch[key]`.

    Raises:
        CheckpointError: If it is missing or not an integer.
    """
    value = number(arch, key, default)
    if not value.is_integer():
        raise CheckpointError(f"The configuration sets {key} to {value}, expected an integer.")
    return int(value)


def number(arch: Mapping[str, Any], key: str, default: float | None = None) -> float:
    """The number `arch[key]`. YAML parses `1e-4` as text, which is accepted here.

    Raises:
        CheckpointError: If it is missing or not a number.
    """
    value = arch.get(key, default)
    if value is None:
        raise CheckpointError(f"The configuration is not one of TRM or HRM: its section arch has no {key!r}.")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise CheckpointError(f"The configuration sets {key} to {quoted(value)}, expected a number.") from None


def first_problem(error: ValidationError) -> str:
    """The first problem of a pydantic error, in a few words."""
    problem = error.errors()[0]
    place = ".".join(str(part) for part in problem["loc"])
    text = problem["msg"].removeprefix("Value error, ")
    return f"{place}: {text}" if place else text
