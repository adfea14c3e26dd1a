"""Whether the puzzle vectors of a model belong to the puzzle ids of some data: the names of the ids decide."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import torch

from trm.data.puzzle_set import PuzzleSet
from trm.errors import CheckpointError, TRMError, UsageError
from trm.experiment.experiment import Experiment
from trm.experiment.session import Display
from trm.model import TinyRecursiveModel
from trm.runs.locate import Checkpoint
from trm.words import counted


def check_identifiers(checkpoint: Checkpoint, experiment: Experiment, puzzles: PuzzleSet, display: Display) -> None:
    """Check that each puzzle id of an experiment's data has the vector that it was trained with.

    Imported weights and weights of a custom dataset have no names: only the number of their ids is checked, and a message
    says so if the data has names. If the training data is gone, a message says that the names cannot be compared.

    Args:
        checkpoint: the weights.
        experiment: the experiment that the weights are used in.
        puzzles: puzzles of that experiment.
        display: shows these messages.

    Raises:
        CheckpointError: the data has more ids than the model has vectors.
        UsageError: an id has another name than in training.
    """
    run = checkpoint.run
    known, needed = run.model.num_puzzles, puzzles.description.num_puzzle_identifiers
    if known == 0:
        return
    if known < needed:
        raise CheckpointError(
            f"{checkpoint.name} has vectors for {counted(known, 'puzzle id')}, the data has {counted(needed, 'id')}. To give "
            f"each id the mean vector, import the checkpoint with --num-puzzles {needed}."
        )
    if known == 1:
        return
    if run.training is None or run.task != experiment.task.name:
        if _named(puzzles.identifiers):
            display.note(
                f"Warning: {checkpoint.path} has no names for its puzzle ids, so they cannot be compared with those of this "
                f"data, where id 1 is {puzzles.identifiers[1]!r}. The scores mean something only if the weights were "
                "trained on data with the same ids in the same order."
            )
        return
    trained_on = Experiment.from_run(run)
    if (trained_on.task, trained_on.seed) == (experiment.task, experiment.seed):
        return
    try:
        names = trained_on.identifiers()
    except TRMError as error:
        display.note(f"Warning: cannot compare the names of the puzzle ids with those in training. {error}")
        return
    _compare(names, puzzles.identifiers, checkpoint)


def ablate(model: TinyRecursiveModel, how: str) -> None:
    """Take from a model, in place, what its puzzle vectors tell it about a puzzle.

    Args:
        model: the model.
        how: "blank": every id has the vector of the blank id 0; "random": the other ids have each other's vectors, drawn
            with seed 0.

    Raises:
        UsageError: the model has no puzzle vectors.
    """
    table = model.embedding.puzzles
    if table is None:
        raise UsageError("The model has no puzzle vectors: omit --puzzle-ids.")
    rows = torch.zeros(len(table.weight), dtype=torch.long)
    if how == "random":
        rows[1:] = 1 + torch.randperm(len(rows) - 1, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        table.weight.copy_(table.weight[rows.to(table.weight.device)])


def _named(identifiers: Sequence[str]) -> bool:
    """Whether the ids of some data have names of their own, not just their numbers."""
    return any(name != str(number) for number, name in enumerate(identifiers) if number)


def _compare(trained: Sequence[str], used: Sequence[str], checkpoint: Checkpoint) -> None:
    for number, (own, name) in enumerate(zip_longest(trained, used)):
        if name is not None and own != name:
            raise UsageError(
                f"Puzzle id {number} is {name!r} in this data, but {own!r} in the training data of {checkpoint.name}: its "
                "puzzle vectors belong to other puzzles. Use the data that the weights were trained on."
            )
