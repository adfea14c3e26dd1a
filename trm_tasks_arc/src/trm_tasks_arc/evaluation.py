"""Evaluates a model: predicts all variants of the test inputs, then votes.

Predictions are saved as they are made (see `trm_tasks_arc.kept`), so an interrupted evaluation can be resumed. The folder
also receives `submission.json`, in Kaggle's format, and `scores.json`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch

from trm import Backend, TinyRecursiveModel
from trm.data import IGNORED, Batch, IntArray, PuzzleSet
from trm.errors import DataError
from trm.evaluation import EvaluationRequest, answer
from trm_tasks_arc.grids import crop
from trm_tasks_arc.kept import Kept
from trm_tasks_arc.scoring import PASS_AT, Ballot
from trm_tasks_arc.transforms import Variant

CORNER = (0, 0)  # of test inputs on the canvas, and of answers in the paper's evaluator


def evaluate(request: EvaluationRequest) -> dict[str, float]:
    """Predict all variants of the test inputs, vote and score, and write the results to `request.output`.

    If `request.split` is "train", score training examples instead: `request.limit` of them (default: all).

    Returns:
        `pass@1` to `pass@1000` over the tasks whose solutions are known, if there are any, and `train_exact`, the fraction
        of training examples with every cell correct, if training examples were requested.

    Raises:
        DataError: the puzzle vectors of the model belong to other ids than those of the test split.
        UsageError: the output folder contains another evaluation.
    """
    if request.split == "train":
        return {"train_exact": train_exact(request, request.limit)}
    puzzles = request.data.puzzles("test")
    check_identifiers(request, puzzles)
    ballot = Ballot(scored_tasks(puzzles, request.limit))
    rows = rows_to_predict(puzzles, ballot.tasks, request.votes)
    kept = Kept(request.output, _facts(request, puzzles, rows))
    starts = range(0, len(rows), request.batch_size)
    for start in request.progress(starts, "predicting"):
        batch = rows[start : start + request.batch_size]
        answers = kept.get(f"{start:08}", len(batch)) or kept.keep(f"{start:08}", _predict(request, puzzles, batch))
        count_votes(ballot, puzzles, batch, *answers)
    scores = _pass_rates(ballot, request.warn)
    request.scored(len(ballot.tasks) - len(ballot.unsolved))
    if request.training_examples:
        scores["train_exact"] = train_exact(request, request.training_examples)
    kept.write_json("submission.json", ballot.submission())
    kept.write_json("scores.json", scores)
    return scores


def _pass_rates(ballot: Ballot, warn: Callable[[str], None]) -> dict[str, float]:
    """Return the scores of the tasks with solutions; none if there are no such tasks. Warn if solutions are missing."""
    if ballot.unsolved:
        nothing = len(ballot.unsolved) == len(ballot.tasks)
        consequence = "wrote a submission without a score." if nothing else "they are not scored."
        warn(
            f"{len(ballot.unsolved)} of {len(ballot.tasks)} tasks have no solutions, for example {ballot.unsolved[0]}: "
            f"{consequence}"
        )
        if nothing:
            return {}
    return {f"pass@{k}": ballot.pass_at(k) for k in PASS_AT}


def check_identifiers(request: EvaluationRequest, puzzles: PuzzleSet) -> None:
    """Check that the puzzle vectors of the model belong to the ids of the split.

    Imported weights do not contain their ids, so only the number of ids is checked for them.

    Raises:
        DataError: the ids differ.
    """
    trained_on, model = request.trained_on, request.model
    vectors, wanted = model.config.num_puzzles, puzzles.description.num_puzzle_identifiers
    advice = "Evaluate on the training data of the checkpoint, or use `trm solve` for new tasks, which learns vectors for them."
    if vectors and vectors != wanted:
        raise DataError(f"The checkpoint has puzzle vectors for {vectors:,} ids, but the data has {wanted:,}. {advice}")
    if not vectors or request.training is None or trained_on == request.data:
        return
    for own, name in zip(trained_on.identifiers(), puzzles.identifiers, strict=False):
        if own != name:
            raise DataError(
                f"The checkpoint and the data use the same puzzle id for {own} and {name}: they belong to different datasets. "
                f"{advice}"
            )


def scored_tasks(puzzles: PuzzleSet, limit: int | None = None) -> dict[str, Any]:
    """Return the first `limit` tasks of a test split (default: all) as in their JSON files.

    Raises:
        DataError: the data lacks the tasks of its test split.
    """
    tasks = puzzles.documents.get("test_puzzles")
    if not isinstance(tasks, Mapping):
        raise DataError(
            "The data has no test_puzzles.json, which lists the tasks to score. Build the data with `trm data build arc`."
        )
    named = {name.partition("|||")[0] for name in np.asarray(puzzles.identifiers, object)[puzzles.puzzle_ids]}
    strangers = sorted(named - tasks.keys())
    if strangers:
        raise DataError(
            f"Task {strangers[0]} of the test split is not in test_puzzles.json: they belong to different datasets."
        )
    return dict(list(tasks.items())[:limit])


def rows_to_predict(puzzles: PuzzleSet, tasks: Mapping[str, Any], votes: int | None) -> IntArray:
    """Return the indices of the examples of the first `votes` variants of each task; None means all variants."""
    chosen = []
    for group in range(puzzles.num_groups):
        first, last = puzzles.group_indices[group : group + 2]
        if puzzles.identifiers[puzzles.puzzle_ids[first]].partition("|||")[0] in tasks:
            stop = last if votes is None else min(last, first + votes)
            chosen.append(np.arange(puzzles.puzzle_indices[first], puzzles.puzzle_indices[stop]))
    return np.concatenate(chosen) if chosen else np.empty(0, np.int64)


def predict(
    model: TinyRecursiveModel, backend: Backend, steps: int, puzzles: PuzzleSet, rows: IntArray
) -> tuple[IntArray, IntArray]:
    """Predict examples `rows`: tokens ``[n, L]`` uint8, and the sigmoid of the halting logits ``[n]``."""
    batch = Batch(
        torch.from_numpy(np.asarray(puzzles.inputs[rows]).astype(np.int64)),
        torch.from_numpy(puzzles.scored_labels(rows)),
        torch.from_numpy(puzzles.example_puzzle_ids[rows].astype(np.int64)),
    )
    found = answer(model, batch.to(backend.device), steps, backend)
    return found.predictions.cpu().numpy().astype(np.uint8), found.halt_logits.double().sigmoid().cpu().numpy()


def _predict(request: EvaluationRequest, puzzles: PuzzleSet, rows: IntArray) -> tuple[IntArray, IntArray]:
    return predict(request.model, request.backend, request.steps, puzzles, rows)


def count_votes(
    ballot: Ballot, puzzles: PuzzleSet, rows: IntArray, predictions: IntArray, confidences: IntArray
) -> None:
    """Undo the variant of each prediction ``[n, L]`` and count the result."""
    inputs, ids = np.asarray(puzzles.inputs[rows]), puzzles.example_puzzle_ids[rows]
    for tokens, predicted, confidence, identifier in zip(inputs, predictions, confidences, ids, strict=True):
        variant = Variant.from_name(puzzles.identifiers[identifier])
        given, wanted = variant.undo(crop(tokens, CORNER)), variant.undo(crop(predicted, CORNER))
        ballot.add(variant.task_id, given, wanted, float(confidence))


def train_exact(request: EvaluationRequest, count: int | None) -> float:
    """Return the fraction of training examples with every scored cell correct.

    Args:
        request: model and data.
        count: number of examples, spaced evenly over the split (default: all).
    """
    puzzles = request.data.puzzles("train")
    rows = np.unique(np.linspace(0, len(puzzles) - 1, count or len(puzzles)).astype(np.int64))
    right = 0
    for start in request.progress(range(0, len(rows), request.batch_size), "scoring training examples"):
        batch = rows[start : start + request.batch_size]
        labels = puzzles.scored_labels(batch)
        right += int(((_predict(request, puzzles, batch)[0] == labels) | (labels == IGNORED)).all(1).sum())
    return right / len(rows)


def _facts(request: EvaluationRequest, puzzles: PuzzleSet, rows: IntArray) -> dict[str, Any]:
    """Return everything that determines the predictions."""
    names = "\n".join(puzzles.identifiers).encode()
    return {
        "weights": digest(request.model),
        "identifiers": hashlib.sha256(names).hexdigest(),
        "examples": hashlib.sha256(rows.astype(np.int64).tobytes()).hexdigest(),
        "supervision_steps": request.steps,
        "batch_size": request.batch_size,
    }


def digest(model: TinyRecursiveModel) -> str:
    """Return a hash of the weights of a model."""
    digest = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(value.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()
