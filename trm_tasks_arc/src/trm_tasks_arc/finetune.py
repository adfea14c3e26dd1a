"""Fine-tuning on new tasks: the network is frozen, and only puzzle vectors for the new tasks are learned."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from trm import Backend, TinyRecursiveModel, TrainingConfig
from trm.data import GroupSampler, PuzzleSet
from trm.errors import CheckpointError
from trm.training import Halting, SignSGD, Slots

STEPS = 300
SLOTS = 64
TABLE = "embedding.puzzles.weight"


def with_new_vectors(model: TinyRecursiveModel, count: int) -> TinyRecursiveModel:
    """Return the same network, frozen, with `count` puzzle vectors, each the mean of the existing ones.

    Raises:
        CheckpointError: the model has no puzzle vectors.
    """
    state = dict(model.state_dict())
    if TABLE not in state:
        raise CheckpointError("The checkpoint has no puzzle vectors, so it cannot learn the rule of a new task.")
    fresh = TinyRecursiveModel(model.config.model_copy(update={"num_puzzles": count}))
    state[TABLE] = state[TABLE].mean(0, keepdim=True).expand(count, -1)
    fresh.load_state_dict(state)
    for parameter in fresh.network_parameters():
        parameter.requires_grad_(False)
    return fresh.to(model.initial_answer.device)


def learn_vectors(
    model: TinyRecursiveModel,
    puzzles: PuzzleSet,
    training: TrainingConfig,
    backend: Backend,
    *,
    steps: int = STEPS,
    seed: int = 0,
) -> Iterator[int]:
    """Learn the puzzle vectors of a model from `with_new_vectors`.

    Yields the number of steps after each one, with the model in evaluation mode. The caller may predict in between, or stop.

    Args:
        model: the model, on the device of the backend.
        puzzles: demonstration pairs of the new tasks and their variants.
        training: training settings of the network: learning rate and weight decay of puzzle vectors, and halting.
        backend: the device.
        steps: number of supervision steps of all slots (default: 300). The learning rate decays linearly over the second
            half.
        seed: seed of order and exploration (default: 0).
    """
    assert model.embedding.puzzles is not None
    model.embedding.puzzles.sparse_gradient = True
    optimizer = SignSGD(
        [model.embedding.puzzles.weight], lr=training.puzzle_learning_rate, weight_decay=training.puzzle_weight_decay
    )
    generator = torch.Generator().manual_seed(seed)
    n_supervision = training.n_supervision or model.config.n_supervision
    slots = Slots(model, SLOTS, Halting(n_supervision, training.halt_exploration, training.halt_when_right), generator)
    stream = GroupSampler(puzzles, seed)
    for step in range(steps):
        model.train()
        if slots.halted.any():
            slots.refill(stream.take(int(slots.halted.sum())).to(backend.device))
        with backend.autocast():
            _, loss = slots.step()
        (loss.total / SLOTS).backward()
        optimizer.param_groups[0]["lr"] = training.puzzle_learning_rate * min(1.0, 2 - 2 * step / steps)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        model.eval()
        yield step + 1
