"""A recording of the paper's code: its settings as our configuration, and its tensors."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from trm.config import TrainingConfig
from trm.data.batch import Batch
from trm.errors import CheckpointError, UsageError
from trm.interop.official.architecture import architecture_of, integer, number, to_config
from trm.interop.official.names import without_wrappers
from trm.interop.official.reading import count_layers, fill
from trm.model import TinyRecursiveModel


class Recording:
    """A safetensors file with the metadata `config` and `train`, and tensors named by step and quantity.

    Raises:
        CheckpointError: If the file is missing, damaged or not a recording.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with safe_open(path, "pt") as file:
                metadata = file.metadata() or {}
                self.tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            self.arch: dict[str, Any] = json.loads(metadata["config"])
            self.train: dict[str, Any] = json.loads(metadata["train"])
        except FileNotFoundError:
            raise CheckpointError(f"There is no recording {path}.") from None
        except (SafetensorError, OSError, KeyError, ValueError) as error:
            raise CheckpointError(f"{path} is damaged or not a recording: {error}.") from error
        self.steps = integer(self.train, "steps")
        self.architecture = architecture_of(self.arch, count_layers(self.weights("init"), "H_level") > 0)

    def get(self, name: str) -> Tensor:
        """The tensor called `name`.

        Raises:
            CheckpointError: If there is no such tensor.
        """
        if name not in self.tensors:
            raise CheckpointError(f"{self.path} is incomplete: it has no {name}.")
        return self.tensors[name]

    def weights(self, prefix: str) -> dict[str, Tensor]:
        """The weights recorded under `prefix`, by their bare names; empty if none were recorded."""
        start = f"{prefix}."
        return without_wrappers(
            {name.removeprefix(start): value for name, value in self.tensors.items() if name.startswith(start)}
        )

    def offered(self, step: int) -> Batch:
        """The batch offered to the slots at a step, counted from 1."""
        return self._batch(f"step{step}", self.get(f"step{step}.labels"))

    def evaluated(self) -> Batch:
        """The batch of the evaluation, which was recorded without labels."""
        return self._batch("eval", self.get("eval.inputs"))

    def _batch(self, prefix: str, labels: Tensor) -> Batch:
        inputs, ids = self.get(f"{prefix}.inputs"), self.get(f"{prefix}.puzzle_ids")
        return Batch(inputs.long(), labels.long(), ids.long())

    def build_model(self, weights: str) -> TinyRecursiveModel:
        """Our model with the weights recorded as "init", "final" or "ema", in evaluation mode."""
        arch = {**self.arch, "loss": self.train.get("loss")}
        sizes = [integer(arch, key) for key in ("vocab_size", "seq_len", "num_puzzle_identifiers")]
        return fill(to_config(arch, self.architecture, *sizes), self.weights(weights), self.path)

    def training_config(self) -> TrainingConfig:
        """The recorded training settings as a `TrainingConfig`.

        Raises:
            UsageError: If the training cannot be repeated here.
        """
        train = self.train
        if number(self.arch, "halt_exploration_prob", 0) != 0:
            raise UsageError(
                f"{self.path} was recorded with random exploration (halt_exploration_prob), which cannot be repeated."
            )
        if self.architecture == "trm" and not self.arch.get("no_ACT_continue", True):
            raise UsageError(
                f"{self.path} was recorded from TRM with Q-learning (no_ACT_continue: false), which is supported for HRM only."
            )
        decay = number(train, "weight_decay")
        return TrainingConfig(
            batch_size=integer(train, "global_batch_size"),
            max_steps=self.steps,
            refill="discard",
            stagger=False,
            halt_exploration=0,
            optimizer="adam_atan2",
            learning_rate=number(train, "lr"),
            betas=tuple(train["betas"]),
            weight_decay=decay,
            puzzle_learning_rate=number(train, "puzzle_emb_lr"),
            puzzle_weight_decay=number(train, "puzzle_emb_weight_decay", decay),
            warmup_steps=integer(train, "lr_warmup_steps"),
            schedule="constant",
            grad_clip=None,
            ema_decay=number(train, "ema"),
            ema_warmup=False,
        )
