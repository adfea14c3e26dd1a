"""What the loaders of a training may yield, and what is refused."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.utils.data import DataLoader, Dataset, IterableDataset, TensorDataset

from trm import TinyRecursiveModel, Trainer, TrainingConfig, TRMConfig
from trm.data import IGNORED
from trm.errors import UsageError
from trm.training import Monitor, SignSGD

X = torch.randint(0, 3, (8, 4), generator=torch.Generator().manual_seed(0))
IDS = torch.arange(8) % 3


class Named(Dataset[dict[str, torch.Tensor]]):
    """A dataset of mappings."""

    def __len__(self) -> int:
        return len(X)

    def __getitem__(self, index: int) -> dict[str, torch.Tensor]:
        return {"inputs": X[index], "labels": X[index], "puzzle_identifiers": IDS[index]}


def trainer(output: Path | None = None, **settings: Any) -> Trainer:
    small = {"vocab_size": 3, "context_length": 4, "hidden_dim": 8, "num_heads": 2, "n_recursions": 1, "T_steps": 1}
    net = TinyRecursiveModel(TRMConfig(**{**small, "n_supervision": 1, "num_puzzles": 3, "puzzle_tokens": 1}))
    training = TrainingConfig(batch_size=4, max_steps=4, warmup_steps=0, output_dir=output, **settings)
    return Trainer(net, training, "cpu", monitor=Monitor())


@pytest.mark.parametrize("data", [TensorDataset(X, X, IDS), Named()])
def test_loaders_carry_puzzle_ids(data: Dataset[Any]) -> None:
    training = trainer()
    metrics = training.train(DataLoader(data, 4))["final_metrics"]
    assert set(metrics) == {"cell_accuracy", "exact_accuracy"}
    puzzles = training.model.embedding.puzzles
    assert puzzles is not None
    assert (puzzles.weight.abs().sum(1) > 0).all()


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ((X, X.where(X > 0, -1)), r"The label -1 in row \d is out of range: expected 0 to 2, or -100"),
        ((X + 1, X), r"The token 3 in row \d is out of range: expected 0 to 2"),
        ((X, X, IDS + 1), r"The puzzle id 3 in row 2 is out of range: expected 0 to 2"),
        ((X[:, :3], X[:, :3]), r"tokens of shape \[batch, 4\], got \[4, 3\]"),
        ((X.float(), X), r"got torch\.float32 \[4, 4\], torch\.int64 \[4, 4\]"),
        ((X,), "A loader must yield .* got 1 items"),
        ((X, X, IDS[:, None]), r"torch\.int64 \[4, 1\]"),
    ],
)
def test_what_does_not_fit_the_model_is_refused(tensors: tuple[torch.Tensor, ...], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        trainer().train(DataLoader(TensorDataset(*tensors), 4))


def test_the_best_checkpoint_is_not_chosen_by_unknown_answers(tmp_path: Path) -> None:
    unknown = DataLoader(TensorDataset(X, torch.full_like(X, IGNORED)), 4)
    summary = trainer(tmp_path / "run", eval_interval=2).train(DataLoader(TensorDataset(X, X), 4), unknown)
    assert summary["final_metrics"] == {}
    assert summary["best"] is None
    assert not (tmp_path / "run" / "checkpoints" / "best").exists()


def test_sign_sgd_explains_that_it_needs_sparse_gradients() -> None:
    weight = torch.nn.Parameter(torch.zeros(3, 2))
    weight.sum().backward()
    with pytest.raises(UsageError, match=r"sparse_gradient = True, or use a dense optimizer such as AdamW"):
        SignSGD([weight]).step()


class Endless(IterableDataset[tuple[torch.Tensor, torch.Tensor]]):
    """A dataset without a length."""

    def __iter__(self) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        return iter(zip(X, X, strict=True))


@pytest.mark.parametrize(
    ("loader", "message"),
    [
        (
            (item for item in [(X, X)]),
            r"loader is a generator, which can be read only once.* Pass a DataLoader, or a list",
        ),
        (iter([(X, X)]), r"loader is a list_iterator, which can be read only once"),
        (zip([X], [X], strict=True), r"loader is a zip, which can be read only once"),
        (7, r"loader has the type int\. Expected a DataLoader"),
    ],
)
@pytest.mark.parametrize("which", ["training", "test"])
def test_a_loader_that_cannot_be_read_again_is_refused(loader: Any, message: str, which: str, tmp_path: Path) -> None:
    good: Any = [(X, X)]
    loaders = (loader,) if which == "training" else (good, loader)
    with pytest.raises(UsageError, match=f"The {which} {message}"):
        trainer(tmp_path / "run").train(*loaders)
    assert not (tmp_path / "run").exists()


def test_only_the_training_loader_needs_a_length() -> None:
    endless = DataLoader(Endless(), 4)
    with pytest.raises(UsageError, match=r"training loader has no length\. Give its dataset a `__len__`"):
        trainer().train(endless)
    trainer().train(DataLoader(TensorDataset(X, X), 4), endless)


def test_a_list_of_batches_is_a_loader() -> None:
    batches: Any = [(X[:4], X[:4]), (X[4:], X[4:])]
    assert set(trainer().train(batches, batches)["final_metrics"]) == {"cell_accuracy", "exact_accuracy"}
