"""`trm evaluate` and `trm solve`: the network marks distances, and a walk makes a sequence of moves of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from rich.console import Group
from rich.text import Text

from trm import Backend, TinyRecursiveModel
from trm.data import Batch, IntArray
from trm.errors import PuzzleError
from trm.evaluation import EvaluationRequest, SolvedPuzzle, SolveRequest, answer

from .cube import MOVES, distance
from .neighbourhood import FAR, MOST_MOVES, rows, state_of
from .text import facelets, sequence, states_of
from .view import net
from .walk import TRIES, Ask, Floats, search

BATCH = 64


def asking(model: TinyRecursiveModel, backend: Backend, steps: int) -> Ask:
    """Return the function that asks a network how far the neighbours of states are from the solved cube."""

    def ask(states: IntArray) -> Floats:
        parts = [expected(states[start : start + BATCH]) for start in range(0, len(states), BATCH)]
        return np.concatenate(parts) if parts else np.zeros((0, len(MOVES)))

    def expected(states: IntArray) -> Floats:
        logits = predict(model, backend, steps, rows(states))[1][:, :, : FAR + 1]
        mean = np.asarray(logits.softmax(-1).numpy() @ np.arange(FAR + 1.0))
        nearest = mean[:, 1 + len(MOVES) :].reshape(len(states), len(MOVES), -1).min(axis=2)  # after a second move
        return mean[:, 1 : 1 + len(MOVES)] + nearest

    return ask


def predict(model: TinyRecursiveModel, backend: Backend, steps: int, inputs: IntArray) -> tuple[IntArray, torch.Tensor]:
    """Return predicted tokens `[N, L]` and logits `[N, L, V]` for puzzles `[N, W]`."""
    tensor = torch.from_numpy(np.asarray(inputs, dtype=np.int64))
    ids = torch.zeros(len(tensor), dtype=torch.int64)
    labels = torch.zeros(len(tensor), model.config.context_length, dtype=torch.int64)
    found = answer(model, Batch(tensor, labels, ids).to(backend.device), steps, backend)
    assert found.logits is not None
    return found.predictions.cpu().numpy(), found.logits.float().cpu()


def evaluate(request: EvaluationRequest) -> dict[str, float]:
    """Score the distances and the ways, over all states and by their true distance.

    Returns:
        `distance`: share of the states whose own distance is right. `first_try`: share that the first way solves.
        `shortest`: share that it solves with the fewest moves. `three_tries`: share that one of at most three ways solves.
        The first two also by distance, as in `distance_6`.
    """
    puzzles = request.data.puzzles(request.split)
    inputs = np.asarray(puzzles.inputs[: request.limit])
    starts = range(0, len(inputs), BATCH)
    tokens = np.concatenate(
        [
            predict(request.model, request.backend, request.steps, inputs[start : start + BATCH])[0][:, 0]
            for start in request.progress(starts, "distances")
        ]
    )
    states = np.array([state_of(row) for row in inputs])
    apart = distance(states, MOST_MOVES)
    ask = asking(request.model, request.backend, request.steps)
    found = [search(ask, states[start : start + BATCH]) for start in request.progress(starts, "ways")]
    tries = np.concatenate([solved for _, solved in found])
    lengths = np.array([len(way) for ways, _ in found for way in ways])
    request.scored(len(inputs))
    scores = {
        "distance": float((tokens == apart).mean()),
        "first_try": float((tries == 1).mean()),
        "shortest": float(((tries == 1) & (lengths == apart)).mean()),
        "three_tries": float((tries > 0).mean()),
    }
    for name, right in (("distance", tokens == apart), ("first_try", tries == 1)):
        scores |= {f"{name}_{number}": float(right[apart == number].mean()) for number in np.unique(apart).tolist()}
    return scores


def solve(request: SolveRequest) -> Iterator[SolvedPuzzle]:
    """Yield a way for each state of the texts. A state that cannot be read, or is too far, is reported in its place.

    Raises:
        PuzzleError: no text has a state that can be solved.
    """
    ask = asking(request.model, request.backend, request.steps)
    given = [state for _, text in request.texts for state in states_of(text)]
    judged = [_refused(state) for state in given]
    good = [state for state, problem in zip(given, judged, strict=True) if problem is None]
    if not good:
        raise next((problem for problem in judged if problem), PuzzleError("The text has no state of a cube."))
    ways, tries = search(ask, np.array(good))
    found = iter(zip(ways, tries.tolist(), strict=True))
    for number, (state, problem) in enumerate(zip(given, judged, strict=True), start=1):
        if problem is not None or isinstance(state, PuzzleError):
            yield SolvedPuzzle(
                report={"problem": str(problem)},
                picture=Text(str(problem)),
                problem=f"puzzle {number}: {problem}",
                valid=False,
            )
        else:
            yield _solved(state, *next(found))


def _refused(state: IntArray | PuzzleError) -> PuzzleError | None:
    """Return why there is nothing to solve; None if there is."""
    if isinstance(state, PuzzleError):
        return state
    if distance(state, MOST_MOVES) > MOST_MOVES:
        return PuzzleError(
            f"{facelets(state)} needs more than {MOST_MOVES} moves, and answers have at most {MOST_MOVES}."
        )
    return None


def _solved(state: IntArray, way: list[int], tries: int) -> SolvedPuzzle:
    least = int(distance(state, MOST_MOVES))
    moves = sequence(way) or "no move"
    if not tries:
        problem = f"none of {TRIES} ways solves the cube {facelets(state)}."
        verdict = f"{moves}: does not solve the cube, nor did {TRIES - 1} other ways."
    else:
        problem = None
        length = "the fewest possible" if len(way) == least else f"{least} would do"
        verdict = f"{moves}\nIt solves the cube in {len(way)} move{'s' * (len(way) > 1)}, {length}" + (
            f" (try {tries})." if tries > 1 else "."
        )
        if not way:
            verdict = "The cube is solved already."
    return SolvedPuzzle(
        report={
            "puzzle": facelets(state),
            "answer": sequence(way),
            "moves": len(way),
            "fewest": least,
            "tries": tries,
            "problem": problem,
        },
        picture=Group(net(state), Text(verdict)),
        problem=problem,
        name=facelets(state),
        answer=sequence(way),
        valid=bool(tries),
    )
