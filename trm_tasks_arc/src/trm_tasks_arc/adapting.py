"""Test-time learning by a trained model: puzzle vectors for one new task, and votes over its variants on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from trm import Backend, TinyRecursiveModel, TrainingConfig
from trm.data import PuzzleSet
from trm.evaluation import Budget, EvaluationRequest, SolveRequest
from trm.presets import PAPER_TRAINING
from trm_tasks_arc.attempts import Standing
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.datasets import Selection, build_selection
from trm_tasks_arc.evaluation import count_votes, predict
from trm_tasks_arc.finetune import STEPS, learn_vectors, with_new_vectors
from trm_tasks_arc.pairs import Task
from trm_tasks_arc.scoring import Ballot

BATCH = 128
VOTES = 16
"""Variants that a task is learned from and votes are counted over, itself included."""

EVERY = 25
"""Steps between two standings."""


@dataclass(frozen=True)
class Adapter:
    """How a trained model learns a new task.

    Attributes:
        model: the model, in evaluation mode, on the device.
        training: settings of its training; None for imported weights, which take the paper's.
        backend: the device.
        config: settings of the task; `variants` of them besides the task itself vote.
        supervision_steps: supervision steps of an answer.
        clock: seconds that have passed. Default: processor time, which does not count pauses of the machine.
    """

    model: TinyRecursiveModel
    training: TrainingConfig | None
    backend: Backend
    config: ArcConfig
    supervision_steps: int
    clock: Callable[[], float] = time.process_time

    @classmethod
    def of(cls, request: SolveRequest | EvaluationRequest, clock: Callable[[], float] = time.process_time) -> Adapter:
        """The adapter that a request asks for, with `VOTES` variants, or as many as the model was trained on, by default."""
        config = request.data.config
        assert isinstance(config, ArcConfig)
        votes = request.votes or min(VOTES, config.variants + 1)
        config = config.model_copy(update={"variants": votes - 1})
        return cls(request.model, request.training, request.backend, config, request.steps, clock)

    def standings(self, task: Task, budget: Budget, seed: int) -> Iterator[Standing]:
        """Learn a task from its demonstrations, and yield the standing at intervals and at the end of the budget.

        The outputs of test pairs are not used. The same seed and number of steps give the same answers.

        Args:
            task: the task, which fits the canvas.
            budget: how long to learn. The default number of steps is 300; with 0, the new vectors stay the mean of those
                in the checkpoint. At least one standing is given, even if it takes longer.
            seed: seed of the variants, their order, and exploration.

        Raises:
            CheckpointError: the model has no puzzle vectors.
        """
        start = self.clock()
        task = replace(task, test=tuple(replace(pair, output=None) for pair in task.test))
        selection = Selection({}, {task.id: task})
        train, test = (build_selection(selection, self.config, split, seed) for split in ("train", "test"))
        model = with_new_vectors(self.model, len(train.identifiers)).eval()
        training = self.training or TrainingConfig.model_validate({**PAPER_TRAINING, "num_epochs": 1})
        total = STEPS if budget.steps is None else budget.steps
        steps = 0
        for steps in learn_vectors(model, train, training, self.backend, steps=total, seed=seed):
            if budget.seconds is not None and self.clock() - start >= budget.seconds:
                break
            if steps % EVERY == 0 and steps < total:
                yield Standing(self.clock() - start, steps, self._ranked(model, task, test))
        ranked = self._ranked(model, task, test)
        yield Standing(self.clock() - start, steps, ranked)

    def _ranked(self, model: TinyRecursiveModel, task: Task, test: PuzzleSet) -> list[list[tuple[np.ndarray, float]]]:
        ballot = Ballot({task.id: task})
        for start in range(0, len(test), BATCH):
            rows = np.arange(start, min(start + BATCH, len(test)))
            count_votes(ballot, test, rows, *predict(model, self.backend, self.supervision_steps, test, rows))
        ranked = []
        for pair in task.test:
            candidates = ballot.candidates(task.id, pair.input)
            total = sum(candidate.votes for candidate in candidates)
            ranked.append([(candidate.grid, candidate.votes / total) for candidate in candidates])
        return ranked
