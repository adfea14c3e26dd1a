"""Settings of model, training and run: pydantic models that refuse unknown fields and describe every known one."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trm.foreign import quoted

Mixing = Literal["attention", "mlp", "relational"]
Positions = Literal["rope", "rope2d", "learned", "grid", "none"]

# The sizes of a model come from files too: these bounds, far above any puzzle's, keep loops and sums over them short.
MOST_TOKENS = 2**20
MOST_POSITIONS = 2**20
MOST_LAYERS = 1024
MOST_CYCLES = 10_000


class Settings(BaseModel):
    """Base of all settings: unknown fields are errors, and assignments are checked."""

    model_config = ConfigDict(extra="forbid", validate_assignment=False, frozen=True, allow_inf_nan=False)


class Structure(Settings):
    """What a task tells a structured model about its positions and tokens. The model knows no task beyond this."""

    grid: tuple[int, int] | None = Field(None, description="rows and columns, where the positions form a grid")
    relations: dict[str, list[int]] = Field(
        default_factory=dict, description="named partitions: for each, the group that every position belongs to"
    )
    alike: list[list[str]] = Field(
        default_factory=list,
        description="relations that a symmetry of the task exchanges: each list shares its weights",
    )
    neighbours: list[tuple[int, int]] = Field(
        default_factory=list, description="offsets (rows, columns) on the grid at which a position hears another"
    )
    interchangeable: list[int] = Field(
        default_factory=list, description="tokens that may be permuted without changing the task"
    )

    @model_validator(mode="after")
    def _neighbours_need_a_grid(self) -> Structure:
        if self.neighbours and self.grid is None:
            raise ValueError("neighbours need a grid")
        return self

    @model_validator(mode="after")
    def _groups_are_numbered(self) -> Structure:
        for name, groups in self.relations.items():
            if not groups or min(groups) < 0 or max(groups) >= len(groups):
                raise ValueError(f"relation {quoted(name)} must number the group of each position from 0 on")
        return self

    @model_validator(mode="after")
    def _grid_and_neighbours_are_of_a_size(self) -> Structure:
        rows, columns = self.grid or (0, 0)
        if self.grid is not None and min(self.grid) < 1:
            raise ValueError("a grid has at least one row and one column")
        if any(abs(row) > rows or abs(column) > columns for row, column in self.neighbours):
            raise ValueError(f"neighbours must be no farther than the grid of {rows} x {columns} is large")
        return self

    @model_validator(mode="after")
    def _alike_are_relations(self) -> Structure:
        names = [name for group in self.alike for name in group]
        unknown = set(names) - set(self.relations)
        if unknown or len(set(names)) < len(names):
            raise ValueError("alike must name relations, each at most once")
        return self

    def relation_classes(self) -> list[int]:
        """For each relation, the number of the weights it uses: its own, or those of the relations it is alike."""
        leader = {name: group[0] for group in self.alike for name in group}
        leaders = [leader.get(name, name) for name in self.relations]
        distinct = list(dict.fromkeys(leaders))
        return [distinct.index(name) for name in leaders]


NeighbourPooling = Literal["sum", "max"]
"""How relational mixing puts together what a position hears from its neighbours."""


class TRMConfig(Settings):
    """The network and its recursion. Names follow the paper (arXiv:2510.04871, sections 3 and 4)."""

    architecture: Literal["trm", "hrm"] = Field(
        "trm", description="trm: one stack, y and z; hrm: the baseline of arXiv:2506.21734, two stacks"
    )
    vocab_size: int = Field(description="number of tokens", ge=2, le=MOST_TOKENS)
    context_length: int = Field(
        description="positions of a puzzle, L; 0: any, with attention whose positions are rope or none",
        ge=0,
        le=MOST_POSITIONS,
    )
    hidden_dim: int = Field(512, description="width D", ge=2, le=65_536)
    num_layers: int = Field(2, description="layers of the network (hrm: of each stack)", ge=1, le=MOST_LAYERS)
    num_layers_high: int | None = Field(
        None, description="hrm: layers of the high-level stack; unset: num_layers", ge=1, le=MOST_LAYERS
    )
    num_heads: int = Field(8, description="attention heads", ge=1, le=65_536)
    n_recursions: int = Field(6, description="latent updates in a cycle, n (elsewhere L_cycles)", ge=1, le=MOST_CYCLES)
    T_steps: int = Field(
        3, description="cycles in a supervision step, T; the last has gradients (H_cycles)", ge=1, le=MOST_CYCLES
    )
    n_supervision: int = Field(16, description="supervision steps that a puzzle gets at most", ge=1, le=1_000_000)
    use_attention: bool = Field(True, description="mix positions by attention; false: by an MLP over positions")
    mixing: Mixing | None = Field(None, description="attention, mlp or relational; unset: as use_attention says")
    mlp_ratio: float = Field(
        4.0, description="expansion; a SwiGLU's inner width is about 2/3 of ratio x D", gt=0, le=1024
    )
    mlp_multiple_of: int = Field(
        256, description="the inner width is rounded up to a multiple of this", ge=1, le=65_536
    )
    activation: Literal["swiglu", "relu"] = Field(
        "swiglu", description="swiglu (the paper), or relu: an ungated layer of inner width ratio x D, cheaper on a CPU"
    )
    neighbour_pooling: NeighbourPooling = Field(
        "sum", description="relational mixing: the sum of what the neighbours say, or of each element the greatest"
    )
    dropout: float = Field(0.0, description="dropout on what each layer adds", ge=0, lt=1)
    positions: Positions | None = Field(
        None,
        description="rope, rope2d, learned, grid (a vector per group of each relation) or none; unset: rope with attention",
    )
    num_puzzles: int = Field(
        0, description="puzzle ids with a learned vector each; 0: no puzzle vectors", ge=0, le=2**31
    )
    puzzle_dim: int | None = Field(
        None,
        description="width of a puzzle vector; unset: hidden_dim. Without prefix tokens it is added at every position; S x "
        "hidden_dim, with S interchangeable tokens and mixing relational, is a vector per token",
        ge=1,
        le=2**31,
    )
    puzzle_tokens: int = Field(0, description="prefix tokens that a puzzle vector fills, P", ge=0, le=MOST_POSITIONS)
    loss: Literal["stablemax", "softmax"] = Field(
        "stablemax", description="how logits become probabilities in the loss"
    )
    halt_loss_weight: float = Field(0.5, description="share of the halting logit's loss beside the answer's", ge=0)
    structure: Structure = Field(Structure(), description="positions and tokens as the task declares them")

    @model_validator(mode="before")
    @classmethod
    def _derive(cls, values: Any) -> Any:
        """Fill in `mixing` from `use_attention` or the other way round, and the positions that go with it."""
        if not isinstance(values, dict):
            return values
        values = dict(values)
        if values.get("mixing") is None:
            values["mixing"] = "attention" if values.get("use_attention", True) else "mlp"
        values["use_attention"] = values["mixing"] == "attention"
        if values.get("positions") is None:
            values["positions"] = "rope" if values["mixing"] == "attention" else "none"
        return values

    @model_validator(mode="after")
    def _consistent(self) -> TRMConfig:
        if self.mixing == "attention" and self.hidden_dim % self.num_heads:
            raise ValueError(f"hidden_dim {self.hidden_dim} is not a multiple of num_heads {self.num_heads}")
        if self.mixing == "relational":
            self._check_relational()
        if self.context_length == 0 and not (self.mixing == "attention" and self.positions in ("rope", "none")):
            raise ValueError("context_length 0 (any) needs mixing 'attention' with positions 'rope' or 'none'")
        self._check_tokens()
        if self.architecture == "hrm" and self.mixing == "mlp":
            raise ValueError("architecture hrm mixes by attention or relational, not by mlp")
        if self.positions in ("rope", "rope2d"):
            self._check_rotary()
        if self.positions == "grid" and not self.structure.relations:
            raise ValueError("positions 'grid' needs a task that declares relations")
        if self.mixing == "relational" or self.positions in ("grid", "rope2d"):
            self._check_structure()
        if self.puzzle_tokens and not self.num_puzzles:
            raise ValueError("puzzle_tokens needs num_puzzles of at least 1")
        if self.num_puzzles and not self.puzzle_tokens:
            self._check_added_vector()
        return self

    def _check_added_vector(self) -> None:
        """A puzzle vector that is added at every position must have the width of what it is added to."""
        symbols = len(self.structure.interchangeable) if self.mixing == "relational" else 0
        allowed = [self.hidden_dim] + [symbols * self.hidden_dim] * bool(symbols)
        if self.puzzle_width not in allowed:
            raise ValueError(
                f"puzzle_dim {self.puzzle_width} without prefix tokens must be {' or '.join(map(str, allowed))}"
            )

    def _check_relational(self) -> None:
        if not (self.structure.relations or self.structure.neighbours):
            raise ValueError("mixing 'relational' needs a task that declares relations or neighbours")
        if self.puzzle_tokens:
            raise ValueError("mixing 'relational' has no prefix tokens: set puzzle_tokens to 0")

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
        if self.mixing != "attention":
            raise ValueError(f"positions {self.positions!r} needs mixing 'attention'")
        parts = 2 if self.positions == "rope" else 4
        if (self.hidden_dim // self.num_heads) % parts:
            raise ValueError(f"positions {self.positions!r} needs a head width that is a multiple of {parts}")
        if self.positions == "rope2d" and self.structure.grid is None:
            raise ValueError("positions 'rope2d' needs a task whose positions form a grid")

    @property
    def prefix_length(self) -> int:
        """Prefix tokens P in front of the puzzle. HRM takes as many as the puzzle vector fills."""
        return self.puzzle_tokens

    @property
    def puzzle_width(self) -> int:
        """Width of a puzzle vector."""
        return self.puzzle_dim or self.hidden_dim


AnswerChoice = Literal["last", "surest"]
"""The last step's answer, or the one that the model trusts most in all steps."""


class TrainingConfig(Settings):
    """How a model is trained. Steps are optimizer steps, and each is one supervision step of every slot."""

    batch_size: int = Field(64, description="slots; with several processes, of all of them together", ge=1)
    num_epochs: int | None = Field(None, description="passes over the training data", ge=1)
    max_steps: int | None = Field(
        None, description="optimizer steps; the shorter of this and num_epochs ends training", ge=1
    )
    n_supervision: int | None = Field(
        None, description="supervision steps a puzzle gets at most; unset: the model's", ge=1
    )
    n_supervision_eval: int | None = Field(None, description="the same in evaluation", ge=1)
    eval_answer: AnswerChoice = Field(
        "last",
        description="the answer that evaluation takes: the last step's, or the one that the model trusts most in all steps",
    )
    refill: Literal["next", "discard"] = Field(
        "next",
        description="next: a halted slot takes the next puzzle; discard: a whole batch is drawn each step, and what "
        "falls to running slots is thrown away (the paper's code)",
    )
    stagger: bool = Field(True, description="start the slots at different supervision steps")
    halt_exploration: float = Field(
        0.1, description="chance per step of a random minimum of steps before halting", ge=0, le=1
    )
    halt_when_right: float = Field(
        0.0, description="chance per step that a slot whose answer is right takes a new puzzle", ge=0, le=1
    )
    state_noise: float = Field(
        0.0,
        description="standard deviation of the noise in the state a puzzle starts from (its vectors' own is 1)",
        ge=0,
    )
    optimizer: Literal["adam_atan2", "adamw", "muon"] = Field("adamw", description="optimizer of the network")
    learning_rate: float = Field(1e-3, description="peak learning rate", gt=0)
    muon_learning_rate: float = Field(0.02, description="peak rate of the matrices with muon", gt=0)
    betas: tuple[float, float] = Field((0.9, 0.95), description="decay of the first and second moment")
    weight_decay: float = Field(0.1, description="decoupled weight decay", ge=0)
    puzzle_learning_rate: float = Field(1e-2, description="learning rate of the puzzle vectors (sign-SGD)", gt=0)
    puzzle_weight_decay: float = Field(0.1, description="weight decay of the puzzle vectors that a batch touches", ge=0)
    warmup_steps: int = Field(100, description="steps of linear warm-up", ge=0)
    schedule: Literal["constant", "cosine", "linear"] = Field("cosine", description="what follows the warm-up")
    decay_start: float = Field(0.0, description="share of the training after which the decay begins", ge=0, le=1)
    min_lr_ratio: float = Field(0.0, description="the rate at the end, as a share of the peak", ge=0, le=1)
    grad_clip: float | None = Field(1.0, description="largest gradient norm; unset: no clipping", gt=0)
    max_skipped_steps: int = Field(
        10,
        description="steps in a row that may be skipped because their loss or gradient is not finite; one more ends training",
        ge=0,
    )
    use_ema: bool = Field(True, description="evaluate and ship an average of the weights")
    ema_decay: float = Field(0.999, description="decay of that average per step", ge=0, lt=1)
    ema_warmup: bool = Field(True, description="decay at most (1 + t) / (10 + t) at step t, for short runs")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="type of the matrix products; auto: what the device does fast"
    )
    compile: Literal["auto", "on", "off"] = Field(
        "auto", description="compile the network; auto: where the device gains"
    )
    log_interval: int = Field(50, description="steps between lines of metrics", ge=1)
    eval_interval: int | None = Field(None, description="steps between evaluations; unset: only at the end", ge=1)
    eval_examples: int | None = Field(None, description="test puzzles per intermediate evaluation; unset: all", ge=1)
    eval_batch_size: int = Field(128, description="puzzles evaluated at once", ge=1)
    save_interval: int | None = Field(None, description="steps between checkpoints; unset: as eval_interval", ge=1)
    keep_checkpoints: int = Field(2, description="checkpoints kept beside the best one", ge=1)
    output_dir: Path | None = Field(None, description="run folder; unset: nothing is written")

    @model_validator(mode="after")
    def _ends(self) -> TrainingConfig:
        if self.num_epochs is None and self.max_steps is None:
            raise ValueError("training needs an end: set num_epochs or max_steps")
        return self

    def evaluation_steps(self, model: TRMConfig) -> int:
        """Supervision steps in evaluation: the training's own number, or the model's."""
        return self.n_supervision_eval or model.n_supervision


class RunConfig(Settings):
    """Everything that decides a run, as `config.json` of its folder keeps it."""

    task: str | None = Field(None, description="the task's name; unset for a custom data set")
    preset: str | None = Field(None, description="the preset it started from")
    dataset: str | None = Field(None, description="the dataset's name")
    data: str | None = Field(None, description="a folder of arrays read in place of the dataset")
    augmentation: str | None = Field(None, description="the augmentation's name")
    task_config: dict[str, Any] = Field(default_factory=dict, description="the task's own settings")
    model: TRMConfig = Field(description="the network")
    training: TrainingConfig | None = Field(None, description="the training; unset for imported weights")
    seed: int = Field(0, description="seed of data, weights and training", ge=0, le=2**63 - 1)
    changes: list[str] = Field(default_factory=list, description="settings that a --resume changed, and at which step")
    init: str | None = Field(None, description="the weights that training started from; unset: random ones")
    versions: dict[str, str] = Field(default_factory=dict, description="versions of Python, torch, trm and the plugin")
    git_revision: str | None = Field(None, description="revision of the working directory's repository, if any")
