"""Settings of a training, in sections."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from trm.config.base import Settings
from trm.config.model import TRMConfig

AnswerChoice = Literal["last", "surest"]
"""The answer of the last step, or the most confident answer of all steps."""


class BatchSettings(Settings):
    """Batch and length"""

    batch_size: int = Field(64, description="number of slots, over all processes", ge=1)
    num_epochs: int | None = Field(None, description="number of passes over the training data", ge=1)
    max_steps: int | None = Field(
        None, description="number of optimizer steps; with num_epochs set too, the shorter of the two applies", ge=1
    )
    refill: Literal["next", "discard"] = Field(
        "next",
        description="next: a halted slot receives the next puzzle; discard: each step draws a whole batch and drops the "
        "puzzles of slots that have not halted (the paper's code)",
    )
    stagger: bool = Field(True, description="start the slots at different supervision steps")
    state_noise: float = Field(
        0.0,
        description="standard deviation of the noise in a puzzle's initial state, whose elements have standard deviation 1",
        ge=0,
    )


class HaltingSettings(Settings):
    """Supervision and halting"""

    n_supervision: int | None = Field(
        None, description="maximum number of supervision steps per puzzle; unset: the model's", ge=1
    )
    halt_exploration: float = Field(
        0.1, description="probability per step of a random minimum number of steps before halting", ge=0, le=1
    )
    halt_when_right: float = Field(
        0.0, description="probability per step that a slot with the right answer receives a new puzzle", ge=0, le=1
    )
    late_states: float = Field(
        0.0,
        description="probability that a slot which has used up its supervision steps keeps its puzzle and its state for as "
        "many steps again, so that the network learns to go on from late states",
        ge=0,
        lt=1,
    )


class OptimizerSettings(Settings):
    """Optimizer"""

    optimizer: Literal["adam_atan2", "adamw", "muon"] = Field("adamw", description="optimizer of the network")
    learning_rate: float = Field(1e-3, description="peak learning rate", gt=0)
    muon_learning_rate: float = Field(0.02, description="peak learning rate of the matrices with muon", gt=0)
    betas: tuple[float, float] = Field((0.9, 0.95), description="decay of the first and second moment")
    weight_decay: float = Field(0.1, description="decoupled weight decay", ge=0)
    puzzle_learning_rate: float = Field(1e-2, description="learning rate of the puzzle vectors (sign-SGD)", gt=0)
    puzzle_weight_decay: float = Field(
        0.1, description="weight decay of the puzzle vectors of the puzzles in a batch", ge=0
    )
    warmup_steps: int = Field(100, description="number of steps of linear warm-up", ge=0)
    schedule: Literal["constant", "cosine", "linear"] = Field(
        "cosine", description="learning rate schedule after the warm-up"
    )
    decay_start: float = Field(0.0, description="share of the training after which the decay starts", ge=0, le=1)
    min_lr_ratio: float = Field(0.0, description="final learning rate, as a share of the peak", ge=0, le=1)
    grad_clip: float | None = Field(1.0, description="maximum gradient norm; unset: no clipping", gt=0)
    max_skipped_steps: int = Field(
        10,
        description="maximum number of consecutive steps that are skipped because their loss or gradient is not finite; "
        "one more ends the training with an error",
        ge=0,
    )


class AveragingSettings(Settings):
    """Averaged weights"""

    use_ema: bool = Field(True, description="evaluate and save an exponential moving average of the weights")
    ema_decay: float = Field(0.999, description="decay of the average per step", ge=0, lt=1)
    ema_warmup: bool = Field(True, description="limit the decay at step t to (1 + t) / (10 + t), for short runs")


class ComputeSettings(Settings):
    """Precision and compilation"""

    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="number type of the matrix products; auto: the fastest that the device supports well"
    )
    compile: Literal["auto", "on", "off"] = Field(
        "auto",
        description="compile the network with torch.compile; auto: on devices whose backend asks for it (CUDA GPUs), and on a "
        "CPU with a C++ compiler if the training takes more than some seven minutes of a core",
    )


class EvaluationSettings(Settings):
    """Evaluation"""

    n_supervision_eval: int | None = Field(
        None, description="number of supervision steps in evaluation; unset: the model's", ge=1
    )
    eval_answer: AnswerChoice = Field(
        "last", description="the answer that is scored; last: the last step's; surest: the most confident of all steps"
    )
    eval_interval: int | None = Field(
        None, description="number of steps between evaluations; unset: only at the end", ge=1
    )
    eval_examples: int | None = Field(
        None, description="number of test puzzles per intermediate evaluation; unset: all", ge=1
    )
    eval_batch_size: int = Field(128, description="batch size in evaluation", ge=1)


class SavingSettings(Settings):
    """Logging and saving"""

    log_interval: int = Field(50, description="number of steps between lines of metrics", ge=1)
    save_interval: int | None = Field(
        None, description="number of steps between checkpoints; unset: eval_interval, or 1000", ge=1
    )
    keep_checkpoints: int = Field(2, description="number of latest checkpoints to keep, besides the best one", ge=1)
    output_dir: Path | None = Field(None, description="run folder; unset: nothing is written")


# Pydantic collects fields from the last base class to the first.
class TrainingConfig(
    SavingSettings,
    EvaluationSettings,
    ComputeSettings,
    AveragingSettings,
    OptimizerSettings,
    HaltingSettings,
    BatchSettings,
):
    """How a model is trained. A step is an optimizer step, which is one supervision step of every slot."""

    @classmethod
    def sections(cls) -> dict[str, tuple[str, ...]]:
        """The names of the fields by section, such as "Optimizer", in the order in which they are documented."""
        return {
            str(base.__doc__): tuple(base.model_fields)
            for base in reversed(cls.__bases__)
            if issubclass(base, Settings)
        }

    @model_validator(mode="after")
    def _ends(self) -> TrainingConfig:
        if self.num_epochs is None and self.max_steps is None:
            raise ValueError("training needs an end: set num_epochs or max_steps")
        return self

    def evaluation_steps(self, model: TRMConfig) -> int:
        """Number of supervision steps in evaluation: `n_supervision_eval`, or the model's own."""
        return self.n_supervision_eval or model.n_supervision
