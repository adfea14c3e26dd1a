"""Settings of the network and its recursion."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from trm.config.base import Settings
from trm.config.columns import input_width
from trm.config.mixing import complete_options
from trm.config.structure import Structure
from trm.errors import quoted
from trm.plugins.code import load
from trm.plugins.registry import get_registry
from trm.specs import MixerSpec

Positions = Literal["rope", "rope2d", "learned", "grid", "none"]

# Sizes are also read from files of strangers. These bounds, far above any real puzzle, keep loops over them short.
MOST_TOKENS = 2**20
MOST_POSITIONS = 2**20
MOST_LAYERS = 1024
MOST_CYCLES = 10_000
NeighbourPooling = Literal["sum", "max"]
"""How relational mixing combines the neighbours of a position."""


class TRMConfig(Settings):
    """The network and its recursion. Names follow the paper (arXiv:2510.04871, sections 3 and 4)."""

    architecture: Literal["trm", "hrm"] = Field(
        "trm", description="trm: one stack for y and z; hrm: the baseline of arXiv:2506.21734, with two stacks"
    )
    vocab_size: int = Field(description="number of tokens", ge=2, le=MOST_TOKENS)
    context_length: int = Field(
        description="number of positions L; 0: any number, with attention and positions rope or none",
        ge=0,
        le=MOST_POSITIONS,
    )
    hidden_dim: int = Field(512, description="width D", ge=2, le=65_536)
    num_layers: int = Field(2, description="number of layers of the network (hrm: of each stack)", ge=1, le=MOST_LAYERS)
    num_layers_high: int | None = Field(
        None, description="hrm: number of layers of the high-level stack; unset: num_layers", ge=1, le=MOST_LAYERS
    )
    num_heads: int = Field(8, description="number of attention heads", ge=1, le=65_536)
    n_recursions: int = Field(
        6, description="latent updates per cycle, n (L_cycles in other code bases)", ge=1, le=MOST_CYCLES
    )
    T_steps: int = Field(
        3, description="cycles per supervision step, T; only the last has gradients (H_cycles)", ge=1, le=MOST_CYCLES
    )
    n_supervision: int = Field(16, description="maximum number of supervision steps per puzzle", ge=1, le=1_000_000)
    use_attention: bool = Field(True, description="mix positions by attention; false: by an MLP over positions")
    mixing: str | None = Field(
        None,
        description="how positions exchange information: attention, mlp, relational, grid, or a plugin's mixer; "
        "unset: by use_attention",
    )
    mixing_options: dict[str, Any] = Field(
        default_factory=dict, description="the mixer's own settings, as its plugin documents them"
    )
    mlp_ratio: float = Field(
        4.0,
        description="expansion ratio of the MLPs; the inner width of a SwiGLU is about 2/3 of ratio x D",
        gt=0,
        le=1024,
    )
    mlp_multiple_of: int = Field(
        256, description="the inner width is rounded up to a multiple of this", ge=1, le=65_536
    )
    activation: Literal["swiglu", "relu"] = Field(
        "swiglu",
        description="swiglu (the paper's), or relu: an MLP without gate, of inner width ratio x D, faster on a CPU",
    )
    neighbour_pooling: NeighbourPooling = Field(
        "sum", description="relational mixing: combine neighbours by their sum, or by the maximum of each element"
    )
    dropout: float = Field(0.0, description="dropout on the output of each mixer and MLP", ge=0, lt=1)
    positions: Positions | None = Field(
        None,
        description="rope, rope2d, learned, grid (a vector per group of each relation) or none; unset: rope if the mixer supports "
        "it (attention), else none",
    )
    num_puzzles: int = Field(
        0, description="number of puzzle ids, each with a learned vector; 0: no puzzle vectors", ge=0, le=2**31
    )
    puzzle_dim: int | None = Field(
        None,
        description="width of a puzzle vector; unset: hidden_dim. Without prefix tokens, the vector is added at every position. "
        "With mixing relational and S interchangeable tokens, S x hidden_dim gives a vector per token",
        ge=1,
        le=2**31,
    )
    puzzle_tokens: int = Field(
        0, description="number of prefix tokens P that a puzzle vector fills", ge=0, le=MOST_POSITIONS
    )
    loss: Literal["stablemax", "softmax"] = Field(
        "stablemax", description="function that turns logits into probabilities in the loss"
    )
    halt_loss_weight: float = Field(0.5, description="weight of the halting loss relative to the answer's loss", ge=0)
    structure: Structure = Field(Structure(), description="structure of positions and tokens, as the task declares it")

    @model_validator(mode="before")
    @classmethod
    def _derive(cls, values: Any) -> Any:
        """Set `mixing` from `use_attention` or the other way round; complete `positions` and `mixing_options`."""
        return completed(values) if isinstance(values, dict) else values

    @model_validator(mode="after")
    def _consistent(self) -> TRMConfig:
        mixer = self.mixer
        if mixer.check is not None:
            load(mixer.check)(self)
        if self.context_length == 0 and not (mixer.any_length and self.positions in ("rope", "none")):
            raise ValueError(
                "context_length 0 (any) needs a mixer for any length, such as 'attention', with positions 'rope' or 'none'"
            )
        self._check_tokens()
        self._check_positions()
        if mixer.structured or self.positions in ("grid", "rope2d"):
            self._check_structure()
        self._check_puzzle_vectors()
        self._check_per_puzzle()
        return self

    def _check_per_puzzle(self) -> None:
        if self.structure.per_puzzle is None:
            return
        if not self.mixer.per_puzzle:
            raise ValueError(
                f"mixing {self.mixing!r} cannot use the structure that each puzzle of this task has of its own: use "
                "'relational' or 'attention'"
            )
        if self.context_length == 0:
            raise ValueError(
                "puzzles with a structure of their own need a context_length, the most positions of a puzzle"
            )

    def _check_positions(self) -> None:
        if self.positions in ("rope", "rope2d"):
            self._check_rotary()
        if self.positions == "grid" and not self.structure.relations:
            raise ValueError("positions 'grid' needs a task that declares relations")

    def _check_puzzle_vectors(self) -> None:
        if self.puzzle_tokens and self.mixer.per_symbol:
            raise ValueError(f"mixing {self.mixing!r} has no prefix tokens: set puzzle_tokens to 0")
        if self.puzzle_tokens and not self.num_puzzles:
            raise ValueError("puzzle_tokens needs num_puzzles of at least 1")
        if self.num_puzzles and not self.puzzle_tokens:
            self._check_added_vector()

    def _check_added_vector(self) -> None:
        """Check the width of a puzzle vector that is added at every position."""
        allowed = [self.hidden_dim]
        if self.per_symbol:
            allowed.append(len(self.structure.interchangeable) * self.hidden_dim)
        if self.puzzle_width not in allowed:
            raise ValueError(
                f"puzzle_dim {self.puzzle_width} without prefix tokens must be {' or '.join(map(str, allowed))}"
            )

    def _check_structure(self) -> None:
        structure = self.structure
        for name, groups in structure.relations.items():
            if len(groups) != self.context_length:
                raise ValueError(
                    f"relation {quoted(name)} has {len(groups)} positions, context_length is {self.context_length}"
                )
        if structure.grid is not None and structure.grid[0] * structure.grid[1] != self.context_length:
            raise ValueError(f"a grid of {quoted(structure.grid)} does not have {self.context_length} positions")

    def _check_tokens(self) -> None:
        symbols = self.structure.interchangeable
        if len(set(symbols)) < len(symbols) or any(not 0 <= token < self.vocab_size for token in symbols):
            raise ValueError(f"interchangeable must name tokens from 0 to {self.vocab_size - 1}, each once")

    def _check_rotary(self) -> None:
        if not self.mixer.rotary:
            raise ValueError(f"positions {self.positions!r} needs a mixer with rotary positions, such as 'attention'")
        parts = 2 if self.positions == "rope" else 4
        if (self.hidden_dim // self.num_heads) % parts:
            raise ValueError(f"positions {self.positions!r} needs a head width that is a multiple of {parts}")
        if self.positions == "rope2d" and self.structure.grid is None:
            raise ValueError("positions 'rope2d' needs a task whose positions form a grid")

    @property
    def mixer(self) -> MixerSpec:
        """The mixer that `mixing` names, as its plugin registered it."""
        return get_registry().mixer(str(self.mixing))

    @property
    def per_symbol(self) -> bool:
        """Whether the state has one vector for each position and interchangeable token."""
        return self.mixer.per_symbol and bool(self.structure.interchangeable)

    @property
    def input_width(self) -> int:
        """Width W of a puzzle's row: its L tokens, and its own structure where puzzles have one. 0: any."""
        return input_width(self.context_length, self.structure.per_puzzle)

    @property
    def prefix_length(self) -> int:
        """Number of prefix tokens P in front of the puzzle."""
        return self.puzzle_tokens

    @property
    def puzzle_width(self) -> int:
        """Width of a puzzle vector."""
        return self.puzzle_dim or self.hidden_dim


def completed(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values for fields of `TRMConfig`, with those that follow from others: mixing, its options, and positions.

    Raises:
        UsageError: there is no such mixer.
        ValueError: the mixer has no such option.
    """
    values = dict(values)
    if values.get("mixing") is None:
        values["mixing"] = "attention" if values.get("use_attention", True) else "mlp"
    if not isinstance(values["mixing"], str):
        return values  # the field's own validation refuses it
    mixer = get_registry().mixer(values["mixing"])
    values["use_attention"] = mixer.name == "attention"
    if values.get("positions") is None:
        values["positions"] = "rope" if mixer.rotary else "none"
    values["mixing_options"] = complete_options(mixer, values.get("mixing_options", {}))
    return values
