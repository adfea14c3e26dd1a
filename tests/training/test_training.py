"""The trainer on plain loaders, and a stopped run resumed to exactly the weights of one never stopped."""

import os
import signal
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader, random_split

from tests.support.small_run import DEVICE
from trm import TinyRecursiveModel, Trainer, TrainingConfig, TRMConfig
from trm.config import RunConfig
from trm.data import BaseDataset, Description, PuzzleSet
from trm.data.sampler import GroupSampler
from trm.evaluation import CellAccuracy
from trm.runs.locate import locate
from trm.runs.run_folder import RunFolder
from trm.training import Interrupted
from trm.training.monitor import Monitor
from trm.utils import get_device, set_seed

MODEL = TRMConfig(
    vocab_size=4,
    hidden_dim=16,
    num_layers=1,
    num_heads=2,
    context_length=5,
    n_recursions=1,
    T_steps=1,
    n_supervision=2,
    mlp_multiple_of=16,
)


class Copy(BaseDataset):
    """The answer is the puzzle."""

    def __init__(self) -> None:
        self.puzzles = torch.randint(0, 4, (160, 5))

    def __len__(self) -> int:
        return len(self.puzzles)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.puzzles[index], self.puzzles[index]

    @staticmethod
    def get_vocab_size() -> int:
        return 4

    @staticmethod
    def get_context_length() -> int:
        return 5


def test_custom_dataset_learns(tmp_path: Path) -> None:
    set_seed(42)
    train, test = random_split(Copy(), [128, 32])
    config = TrainingConfig(
        batch_size=16,
        num_epochs=15,
        learning_rate=1e-2,
        weight_decay=0.1,
        warmup_steps=5,
        grad_clip=1.0,
        n_supervision=2,
        n_supervision_eval=2,
        use_ema=True,
        ema_decay=0.9,
        log_interval=50,
        eval_interval=100,
        save_interval=100,
        output_dir=tmp_path / "run",
    )
    model = TinyRecursiveModel(MODEL)
    trainer = Trainer(model, config, device=get_device(DEVICE))
    results = trainer.train(DataLoader(train, 16, shuffle=True), DataLoader(test, 16), MODEL)
    assert results["final_metrics"]["cell_accuracy"] > 0.9
    assert 0 <= results["final_metrics"]["exact_accuracy"] <= 1
    loaded = locate(tmp_path / "run")
    assert loaded.model().config == MODEL


class StopAt(Monitor):
    """Sends SIGINT at a step, as Ctrl-C does."""

    def __init__(self, step: int | None) -> None:
        self.stop = step

    def step(self, trainer: Trainer, progress: float) -> None:
        if trainer.step == self.stop:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize("optimizer", ["adamw", "adam_atan2", "muon"])
def test_resumed_run_has_the_weights_of_one_never_stopped(tmp_path: Path, optimizer: str) -> None:
    def run(folder: Path, stop: int | None, resume: bool = False) -> TinyRecursiveModel:
        config = TrainingConfig(
            batch_size=4,
            max_steps=12,
            optimizer=optimizer,
            halt_when_right=0.5,
            warmup_steps=2,
            log_interval=4,
            compile="off",
        )
        set_seed(7)
        tokens = torch.randint(0, 4, (20, 5)).numpy()
        puzzles = PuzzleSet(inputs=tokens, labels=tokens, description=Description(vocab_size=4, seq_len=5))
        model = TinyRecursiveModel(MODEL)
        stream = GroupSampler(puzzles, seed=3)
        run_config = RunConfig(model=MODEL, training=config)
        folder_writer = RunFolder(folder) if resume else RunFolder.create(folder, run_config)
        trainer = Trainer(model, config, DEVICE, run=folder_writer, monitor=StopAt(stop), seed=5)
        if resume:
            latest = folder_writer.marked("latest")
            assert latest is not None
            trainer.resume(latest, stream)
        trainer.fit(stream, lambda limit: puzzles.batches(8), {"cell_accuracy": CellAccuracy()})
        return model

    whole = run(tmp_path / "whole", None)
    with pytest.raises(Interrupted) as stopped:
        run(tmp_path / "parts", 5)
    assert stopped.value.checkpoint == tmp_path / "parts" / "checkpoints" / "step_5"
    parts = run(tmp_path / "parts", None, resume=True)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, parts.state_dict()[name]), name
