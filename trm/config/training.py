"""Settings of a training."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from trm.config.base import Settings
from trm.config.model import TRMConfig

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
        "auto",
        description="compile the network with torch.compile; auto: if the device's backend says that it pays (CUDA)",
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
