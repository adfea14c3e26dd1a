"""The paths of a model's state through its principal components, from several initial states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from trm.data.puzzle_set import IGNORED
from trm.devices.backend import Backend
from trm.errors import UsageError, quoted
from trm.evaluation.convergence import distance, is_right
from trm.evaluation.refine import RECORD_LIMIT, Puzzle, check_puzzle, restarted
from trm.evaluation.search import Check
from trm.model import State, TinyRecursiveModel
from trm.model.checks import check_steps
from trm.progress import progress
from trm.words import counted

Array = npt.NDArray[np.float64]

COMPONENTS = 2


@dataclass(frozen=True, repr=False)
class Trajectory:
    """The paths of the state, y and z together, of one puzzle from R initial states over K supervision steps.

    Distances are Euclidean, relative to the norm of the state that they are measured from. Two unrelated states are about
    1.4 apart.

    Attributes:
        points: coordinates in the first two principal components of all these states, ``[R, K, 2]``.
        explained: share of the variance along each of the two, ``[2]``.
        distance: of each state from the last one of restart 0, ``[R, K]``.
        apart: of the last states from each other, ``[R, R]``; row r is relative to the norm of r.
        halting: the model's probability that its answer is right, ``[R, K]``.
        tokens: the answers, ``[R, K, L]``.
        right: whether the last answer is the right one, or valid by the task's rules, ``[R]``; None if that is unknown.
    """

    points: Array
    explained: Array
    distance: Array
    apart: Array
    halting: Array
    tokens: npt.NDArray[np.int64]
    right: npt.NDArray[np.bool_] | None

    def __repr__(self) -> str:
        restarts, steps = self.distance.shape
        solved = "" if self.right is None else f", {self.right.sum()} solved"
        return f"<Trajectory of {counted(restarts, 'restart')}{solved} over {counted(steps, 'step')}>"

    def facts(self) -> dict[str, Any]:
        """Numbers that are not in the plot, as JSON."""
        return {
            "explained": self.explained.tolist(),
            "apart": self.apart.tolist(),
            "different_answers": len(np.unique(self.tokens[:, -1], axis=0)),
            "right": None if self.right is None else self.right.tolist(),
        }


def trajectory(
    model: TinyRecursiveModel,
    puzzle: Puzzle,
    steps: int,
    restarts: int,
    backend: Backend,
    check: Check | None = None,
) -> Trajectory:
    """Run supervision steps on one puzzle from several initial states, in fp32, and find the principal components.

    Restart 0 begins with the model's own initial state, others with the states of `trm solve --restarts`.

    Args:
        model: on the backend's device, in evaluation mode.
        puzzle: the puzzle.
        steps: number of supervision steps.
        restarts: number of initial states.
        backend: the device.
        check: whether an answer is valid by the task's rules. Default: only the right answer counts.

    Raises:
        UsageError: a number is below 1, the puzzle is not the model's, or the states would take more than a GiB.
    """
    check_puzzle(model, puzzle)
    check_steps(steps, 1)
    if isinstance(restarts, bool) or not isinstance(restarts, int) or restarts < 1:
        raise UsageError(f"restarts must be an integer of at least 1, got {quoted(restarts)}.")
    inputs = torch.from_numpy(np.asarray(puzzle.inputs, dtype=np.int64)).expand(restarts, -1).to(backend.device)
    ids = torch.full((restarts,), puzzle.puzzle_id, device=backend.device)
    begun = [restarted(model, puzzle, number) for number in range(restarts)]
    initial = State(*(torch.cat(parts) for parts in zip(*begun, strict=True)))
    states, tokens, halting = [], [], []
    with progress("Running", steps, "steps") as advance, torch.no_grad(), backend.autocast("fp32"):
        for state, output in model.steps(inputs, initial, ids, steps):
            states.append(torch.cat([part.flatten(1) for part in state], dim=1).float().cpu())
            if len(states) == 1 and states[0].nbytes * steps > RECORD_LIMIT:
                raise UsageError(
                    f"The states of {restarts} restarts over {steps:,} steps would take more than a GiB. Use at most "
                    f"{RECORD_LIMIT // states[0].nbytes:,} steps, or fewer restarts."
                )
            tokens.append(np.stack([puzzle.complete(row) for row in output.logits.argmax(-1).cpu().numpy()]))
            halting.append(torch.sigmoid(output.halt_logits.double()).cpu().numpy())
            advance()
    points, explained = _components(torch.stack(states, dim=1).flatten(0, 1).numpy())
    last = states[-1]
    return Trajectory(
        points.reshape(restarts, steps, COMPONENTS),
        explained,
        np.stack([distance(last[:1], state) for state in states], axis=1),
        np.stack([distance(row, last) for row in last[:, None]], axis=1),
        np.stack(halting, axis=1),
        np.stack(tokens, axis=1),
        _right(puzzle, tokens[-1], check),
    )


def _right(puzzle: Puzzle, answers: npt.NDArray[np.int64], check: Check | None) -> npt.NDArray[np.bool_] | None:
    """Whether answers ``[R, L]`` are right; None if that is unknown."""
    if puzzle.labels is None and check is None:
        return None
    labels = np.full_like(puzzle.inputs, IGNORED, dtype=np.int64) if puzzle.labels is None else puzzle.labels
    return np.array([is_right(puzzle.inputs, labels, answer, check) for answer in answers])


def _components(states: npt.NDArray[np.float32]) -> tuple[Array, Array]:
    """The coordinates of states ``[n, d]`` in their first two principal components, and the shares of the variance.

    The singular vectors come from the products of the states with each other, ``[n, n]``, because d is much larger. The
    largest coordinate of each component is positive.
    """
    centred = states - states.mean(0)
    values, vectors = np.linalg.eigh((centred @ centred.T).astype(np.float64))
    values, vectors = values[::-1].clip(0), vectors[:, ::-1]
    points = np.zeros((len(states), COMPONENTS))
    kept = min(COMPONENTS, len(states))
    points[:, :kept] = vectors[:, :kept] * np.sqrt(values[:kept])
    largest = np.abs(points).argmax(0)
    points *= np.where(points[largest, range(COMPONENTS)] < 0, -1, 1)
    total = values.sum()
    shares = np.zeros(COMPONENTS)
    if total > 0:
        shares[:kept] = values[:kept] / total
    return points, shares
