"""A training of a second with everything in it that a checkpoint must keep: for the tests of crashes and failures."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from trm import TinyRecursiveModel, Trainer, TrainingConfig, TRMConfig
from trm.config import RunConfig
from trm.data import Description, PuzzleSet
from trm.data.sampler import GroupSampler
from trm.evaluation.metrics import CellAccuracy, ExactAccuracy, Metric
from trm.runs.checkpoint_folder import newest_good
from trm.runs.run_folder import RunFolder
from trm.training.monitor import Monitor
from trm.utils import set_seed

MODEL = TRMConfig(
    vocab_size=4,
    hidden_dim=16,
    num_layers=1,
    num_heads=2,
    context_length=5,
    n_recursions=1,
    T_steps=1,
    n_supervision=3,
    mlp_multiple_of=16,
    num_puzzles=1,
)
TRAINING: dict[str, Any] = {
    "batch_size": 4,
    "max_steps": 12,
    "halt_when_right": 0.5,
    "state_noise": 0.5,
    "warmup_steps": 2,
    "log_interval": 3,
    "eval_interval": 4,
    "save_interval": 2,
}


DEVICE = os.environ.get("TRM_TEST_DEVICE", "cpu")
"""Where these trainings compute. `benchmarks/gpu.py` sets it to run their tests on a GPU."""
if DEVICE != "cpu":  # these tests compare trainings to the last bit
    TRAINING["compile"] = "off"
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    torch.use_deterministic_algorithms(True, warn_only=True)
    torch.backends.cuda.enable_flash_sdp(False)
    torch.backends.cuda.enable_mem_efficient_sdp(False)


class SmallRun:
    """Puzzles whose answer is the puzzle, a model, a stream and a trainer that writes to `folder`.

    Args:
        folder: the run folder; a run that is there already is gone on with from its newest whole checkpoint.
        monitor: of the trainer.
        augmentation: of the stream.
        dropout: of the model.
        training: settings other than those above.
    """

    def __init__(
        self,
        folder: Path | None,
        monitor: Monitor | None = None,
        augmentation: Any = None,
        dropout: float = 0.1,
        **training: Any,
    ) -> None:
        set_seed(7)
        tokens = torch.randint(0, 4, (24, 5)).numpy()
        self.puzzles = PuzzleSet(inputs=tokens, labels=tokens, description=Description(vocab_size=4, seq_len=5))
        self.config = TrainingConfig(**{**TRAINING, **training})
        self.model = TinyRecursiveModel(MODEL.model_copy(update={"dropout": dropout}))
        self.stream = GroupSampler(self.puzzles, seed=3, augmentation=augmentation)
        self.run = None if folder is None else self._run_folder(folder)
        self.trainer = Trainer(self.model, self.config, DEVICE, run=self.run, monitor=monitor or Monitor(), seed=5)
        if self.run is not None and self.run.checkpoints():
            self.trainer.resume(newest_good(self.run.path)[0], self.stream)

    def _run_folder(self, folder: Path) -> RunFolder:
        if not (folder / "config.json").exists():
            return RunFolder.create(folder, RunConfig(model=MODEL, training=self.config))
        run = RunFolder(folder)
        with run.locked():  # tidies up after a killed process
            return run

    def fit(self, metrics: Mapping[str, Metric] | None = None) -> dict[str, torch.Tensor]:
        """Train to the end; the final weights and their average."""
        self.trainer.fit(
            self.stream,
            lambda limit: self.puzzles.batches(8),
            metrics or {"cell_accuracy": CellAccuracy(), "exact_accuracy": ExactAccuracy()},
        )
        assert self.trainer.ema is not None
        average = {f"average of {name}": value for name, value in self.trainer.ema.average.items()}
        return {**self.model.state_dict(), **average}


def same_bits(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    """Whether two sets of weights are equal to the last bit."""
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)
