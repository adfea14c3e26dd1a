"""A solved test puzzle, shown after a training."""

from __future__ import annotations

import numpy as np
from rich.columns import Columns
from rich.console import RenderableType
from rich.panel import Panel

from trm.data.puzzle_set import IGNORED, PuzzleSet
from trm.evaluation.metrics import known_rows
from trm.evaluation.refine import Puzzle
from trm.evaluation.scoring import answer
from trm.experiment.loaded import LoadedModel

POOL = 16
"""Puzzles to choose from."""


def solved_example(loaded: LoadedModel, test: PuzzleSet) -> RenderableType:
    """A test puzzle beside the model's answer: a solved one if there is one among the first few."""
    few, backend = test.head(POOL), loaded.session.backend
    batch = next(iter(few.batches(len(few)))).to(backend.device)
    predictions = answer(loaded.model, batch, loaded.steps, backend).predictions.cpu().numpy()
    predictions = few.description.complete(few.inputs, predictions)
    labels = few.scored_labels(slice(None))
    known = known_rows(labels)
    solved = ((predictions == labels) | (labels == IGNORED)).all(1) & known
    row = int(np.argmax(solved))
    renderer = loaded.task.renderer()
    inputs = np.asarray(few.inputs[row])
    puzzle = Puzzle(inputs, labels[row], fixed=loaded.task.description.fixed_in(inputs))
    title = "solved" if solved[row] else "not solved: wrong cells are marked"
    title = title if known[row] else "the answer; the right one is unknown"
    answered = renderer.render(puzzle.inputs, puzzle.complete(predictions[row]), puzzle.target)
    return Columns(
        [
            Panel(renderer.render(puzzle.inputs), title="a test puzzle", expand=False),
            Panel(answered, title=title, expand=False),
        ]
    )
