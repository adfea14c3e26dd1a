"""Showing a solved example after a training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trm.data.puzzle_set import PuzzleSet
    from trm.experiment.experiment import Experiment
    from trm.training.trainer import Trainer


def show_solved(console: Any, experiment: Experiment, trainer: Trainer, test: PuzzleSet) -> None:
    """Print an unseen puzzle beside the model's answer: a solved one if there is one among the first few."""
    import numpy as np
    from rich.columns import Columns
    from rich.panel import Panel

    from trm.data.puzzle_set import IGNORED
    from trm.evaluation.refine import Puzzle
    from trm.evaluation.scoring import answer

    few = test.head(16)
    batch = next(iter(few.batches(len(few)))).to(trainer.backend.device)
    steps = experiment.evaluation_steps(trainer.model.config)
    trainer.model.eval()
    with trainer.averaged():
        predictions = answer(trainer.model, batch, steps, trainer.backend).predictions.cpu().numpy()
    predictions = few.description.complete(few.inputs, predictions)
    labels = few.scored_labels(slice(None))
    solved = ((predictions == labels) | (labels == IGNORED)).all(1)
    row = int(np.argmax(solved))
    renderer = experiment.build_renderer()
    inputs = np.asarray(few.inputs[row])
    puzzle = Puzzle(inputs, labels[row], fixed=experiment.description.fixed_in(inputs))
    title = "solved" if solved[row] else "not solved: wrong cells are marked"
    console.print(
        Columns(
            [
                Panel(renderer.render(puzzle.inputs), title="an unseen puzzle", expand=False),
                Panel(
                    renderer.render(puzzle.inputs, puzzle.complete(predictions[row]), puzzle.target),
                    title=title,
                    expand=False,
                ),
            ]
        )
    )
