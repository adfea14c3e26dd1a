"""A recording of the paper's code: its settings in our terms, and its tensors."""

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
    """A safetensors file with the metadata `config` and `train`, and tensors named after step and quantity.

    Raises:
        CheckpointError: the file is damaged or no recording.
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
            raise CheckpointError(f"{path} is damaged or no recording: {error}.") from error
        self.steps = integer(self.train, "steps")
        self.architecture = architecture_of(self.arch, count_layers(self.weights("init"), "H_level") > 0)

    def get(self, name: str) -> Tensor:
        """One tensor by its name."""
        if name not in self.tensors:
            raise CheckpointError(f"{self.path} is not complete: it has no {name}.")
        return self.tensors[name]

    def weights(self, prefix: str) -> dict[str, Tensor]:
        """The tensors named after weights below `prefix`, by their bare names; empty where nothing was recorded."""
        start = f"{prefix}."
        return without_wrappers(
            {name.removeprefix(start): value for name, value in self.tensors.items() if name.startswith(start)}
        )

    def offered(self, step: int) -> Batch:
        """The batch that the slots were offered at a step, from 1."""
        return self._batch(f"step{step}", self.get(f"step{step}.labels"))

    def evaluated(self) -> Batch:
        """The batch of the evaluation; it was recorded without labels."""
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
        """The training settings in our terms.

        Raises:
            UsageError: the training can't be repeated here.
        """
        train = self.train
        if number(self.arch, "halt_exploration_prob", 0) != 0:
            raise UsageError(f"{self.path} was recorded with random exploration, which can't be repeated.")
        if self.architecture == "trm" and not self.arch.get("no_ACT_continue", True):
            raise UsageError(
                f"{self.path} trained TRM with Q-learning (no_ACT_continue: false); only HRM has that here."
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
