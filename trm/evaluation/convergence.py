"""How the state of a model moves over many supervision steps: whether it reaches a fixed point, and stays there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from trm.data.batch import Batch
from trm.data.puzzle_set import IGNORED, IntArray, PuzzleSet
from trm.devices.backend import Backend
from trm.errors import DataError, UsageError
from trm.evaluation.search import Check
from trm.markup import note, panel
from trm.model import State, TinyRecursiveModel
from trm.model.checks import check_puzzles, check_steps
from trm.progress import Advance, progress
from trm.words import counted

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

MEMORY = 256 << 20
"""Bytes of states that are kept at once. Fewer puzzles share a batch if they need more."""

LIMIT = 1 << 30
"""Most bytes that the states of one puzzle may take."""

SETTLED = 1e-3
"""A state is at rest if a step changes it by less than this, relative to its norm."""


@dataclass(frozen=True, repr=False)
class Convergence:
    """How the states of N puzzles move over K supervision steps. Row k is about step k + 1.

    A distance is the Euclidean one, relative to the norm of the later state. Every vector of a state has a root mean square
    of 1, so two unrelated states are about 1.4 apart.

    Attributes:
        change: distance of the state, y and z together, from that of the step before, ``[K, N]``. In the first row, from
            the initial state.
        answer_change, latent_change: the same of y and of z alone, ``[K, N]``.
        remaining: distance of the state from that of the last step, ``[K, N]``.
        changed: share of cells whose token differs from that of the step before, ``[K, N]``. In the first row, from the
            puzzle.
        halting: the model's probability that its answer is right, ``[K, N]``.
        right: whether the answer is the right one, or valid by the task's rules, ``[K, N]``.
        known: whether that can be said, ``[N]``: the right answer is known, or the task has rules.
        trained_steps: number of supervision steps that the weights are evaluated with by default.
    """

    change: Array
    answer_change: Array
    latent_change: Array
    remaining: Array
    changed: Array
    halting: Array
    right: Mask
    known: Mask
    trained_steps: int

    @property
    def steps(self) -> int:
        """Number of supervision steps, K."""
        return len(self.change)

    @property
    def groups(self) -> dict[str, Mask]:
        """The puzzles that are solved and unsolved at the last step, ``[N]``, and those of which nothing is known."""
        solved = self.right[-1]
        groups = {"solved": self.known & solved, "unsolved": self.known & ~solved, "unknown": ~self.known}
        return {name: rows for name, rows in groups.items() if rows.any()}

    def settled(self, tolerance: float = SETTLED) -> Mask:
        """Whether the last step changed the state by less than a tolerance, ``[N]``: it has reached a fixed point."""
        return self.change[-1] < tolerance

    def settled_at(self, tolerance: float = SETTLED) -> IntArray:
        """The step from which on every step changes the state by less than a tolerance, ``[N]``; 0 if there is none."""
        quiet = np.logical_and.accumulate(self.change[::-1] < tolerance)[::-1]
        return np.where(quiet[-1], quiet.argmax(0) + 1, 0)

    def period(self, tolerance: float = SETTLED) -> IntArray:
        """After how many steps the state repeats, ``[N]``: 1 at a fixed point, 0 if no period up to K/2 is seen.

        The last state must be closer than the tolerance to the one that many steps before.
        """
        back = self.remaining[-2 : -2 - self.steps // 2 : -1] < tolerance  # row p - 1: p steps before the last
        if not len(back):
            return np.zeros(self.change.shape[1], dtype=np.int64)
        return np.where(back.any(0), back.argmax(0) + 1, 0)

    def facts(self) -> dict[str, Any]:
        """What `report` says, as JSON."""
        groups = {name: self._facts_of(rows) for name, rows in self.groups.items()}
        return {"puzzles": len(self.known), "trained_steps": self.trained_steps, "lost": self.lost(), "groups": groups}

    def report(self, name: str) -> list[str]:
        """Lines that sum it up.

        Args:
            name: of the weights.
        """
        lines = [f"{name}: {counted(len(self.known), 'puzzle')}, {counted(self.steps, 'step')}, fp32"]
        for group, rows in self.groups.items():
            facts = self._facts_of(rows)
            since = f" (median: since step {facts['at_rest_since']:.0f})" if facts["at_rest"] else ""
            lines.append(
                f"  {group} at step {self.steps}: {facts['puzzles']}; at rest {facts['at_rest']}{since}, in a cycle "
                f"{facts['cycling']}, moving {facts['moving']}; last move {facts['last_change']:.1g} (median)"
            )
        if self.trained_steps < self.steps and self.known.any():
            lines.append(f"  solved at step {self.trained_steps} and no longer at step {self.steps}: {self.lost()}")
        return lines

    def __repr__(self) -> str:
        return f"<Convergence of {counted(len(self.known), 'puzzle')} over {counted(self.steps, 'step')}>"

    def _repr_html_(self) -> str:
        title, *lines = self.report("Convergence")
        return panel(title, *map(note, lines))

    def _facts_of(self, rows: Mask) -> dict[str, Any]:
        settled, period, since = self.settled()[rows], self.period()[rows], self.settled_at()[rows]
        cycling = ~settled & (period > 1)
        return {
            "puzzles": int(rows.sum()),
            "at_rest": int(settled.sum()),
            "at_rest_since": float(np.median(since[settled])) if settled.any() else None,
            "cycling": int(cycling.sum()),
            "periods": sorted({int(number) for number in period[cycling]}),
            "moving": int((~settled & ~cycling).sum()),
            "last_change": float(np.median(self.change[-1, rows])),
        }

    def lost(self) -> int:
        """Number of puzzles that are solved at the default number of steps, or at the last if it is less, and not at the
        last.
        """
        return int((self.right[min(self.trained_steps, self.steps) - 1] & ~self.right[-1]).sum())


def converge(
    model: TinyRecursiveModel,
    puzzles: PuzzleSet,
    steps: int,
    backend: Backend,
    trained_steps: int,
    check: Check | None = None,
) -> Convergence:
    """Run supervision steps on puzzles and measure how the states move.

    Everything is computed in fp32, so that the smallest distances show the model and not the rounding of bf16.

    Args:
        model: on the backend's device, in evaluation mode.
        puzzles: the puzzles, all of which are run.
        steps: number of supervision steps, as many as you like beyond those of the training.
        backend: the device.
        trained_steps: number of supervision steps that the weights are evaluated with by default.
        check: whether an answer is valid by the task's rules. Default: only the right answer counts.

    Raises:
        UsageError: `steps` is below 1, a puzzle is not the model's, or the states of one would take more than a GiB.
        DataError: there is no puzzle.
    """
    if not len(puzzles):
        raise DataError("There are no puzzles to run: the set is empty.")
    check_steps(steps, 1)
    each = 8 * int(np.prod(model.state_shape())) * (puzzles.description.seq_len if _any_length(model) else 1)
    if each * steps > LIMIT:
        raise UsageError(
            f"The states of one puzzle over {steps:,} steps would take {each * steps / LIMIT:.1f} GiB, more than 1. "
            f"Use at most {LIMIT // each:,} steps."
        )
    size = max(1, min(len(puzzles), MEMORY // (each * steps)))
    with progress("Running", len(puzzles) * steps, "steps") as advance:
        parts = [
            _measured(model, batch, steps, backend, _Judge(puzzles, check, batch), advance)
            for batch in puzzles.batches(size)
        ]
    columns = {name: np.concatenate([part[name] for part in parts], axis=-1) for name in parts[0]}
    return Convergence(**columns, trained_steps=trained_steps)


def _any_length(model: TinyRecursiveModel) -> bool:
    return model.config.context_length == 0


class _Judge:
    """Completes and judges the answers to the puzzles of a batch, one step after the other."""

    def __init__(self, puzzles: PuzzleSet, check: Check | None, batch: Batch) -> None:
        self.description, self.check = puzzles.description, check
        self.inputs, self.labels = batch.inputs.numpy(), batch.labels.numpy()
        self.answers = self.description.tokens(self.inputs)
        self.known = (self.labels != IGNORED).any(1) | (check is not None)
        self.right: Mask | None = None

    def step(self, predictions: IntArray) -> tuple[Array, Mask]:
        """The share of cells that changed, and whether the answers are right, each ``[B]``."""
        answers = self.description.complete(self.inputs, predictions)
        changed = answers != self.answers
        new = changed.any(1) if self.right is not None else np.ones(len(answers), dtype=bool)
        right = np.zeros(len(answers), dtype=bool) if self.right is None else self.right.copy()
        for row in np.flatnonzero(new):
            right[row] = is_right(self.inputs[row], self.labels[row], answers[row], self.check)
        self.answers, self.right = answers, right
        return changed.mean(1), right


def is_right(inputs: IntArray, labels: IntArray, answer: IntArray, check: Check | None) -> bool:
    """Whether an answer ``[L]`` is the right one, as far as that is known, or valid by the task's rules."""
    scored = labels != IGNORED
    if scored.any() and (answer == labels)[scored].all():
        return True
    return check is not None and check(inputs, answer)


def _measured(
    model: TinyRecursiveModel, batch: Batch, steps: int, backend: Backend, judge: _Judge, advance: Advance
) -> dict[str, npt.NDArray[np.generic]]:
    """The fields of `Convergence` that have a column for each puzzle, for a batch."""
    check_puzzles(model.config, batch.inputs, batch.labels, batch.puzzle_ids)
    on_device = batch.to(backend.device)
    before = _parts(model.initial_state(len(batch)))
    states: list[Tensor] = []
    rows: dict[str, list[npt.NDArray[np.generic]]] = {}
    results = model.steps(on_device.inputs, model.initial_state(len(batch)), on_device.puzzle_ids, steps)
    with torch.no_grad(), backend.autocast("fp32"):
        for state, output in results:
            now = _parts(state)
            states.append(now)
            changed, right = judge.step(output.logits.argmax(-1).cpu().numpy())
            row = {
                "change": distance(before, now),
                "answer_change": distance(before[:, :1], now[:, :1]),
                "latent_change": distance(before[:, 1:], now[:, 1:]),
                "changed": changed,
                "halting": torch.sigmoid(output.halt_logits.double()).cpu().numpy(),
                "right": right,
            }
            for name, values in row.items():
                rows.setdefault(name, []).append(values)
            before = now
            advance(len(batch))
    columns = {name: np.stack(values) for name, values in rows.items()}
    columns["remaining"] = np.stack([distance(state, states[-1]) for state in states])
    return {**columns, "known": judge.known}


def _parts(state: State) -> Tensor:
    """y and z of each puzzle as ``[B, 2, positions, ...]``, on the CPU."""
    return torch.stack([part.float().cpu() for part in state], dim=1)


def distance(one: Tensor, other: Tensor) -> Array:
    """The distance of states ``[B, ...]`` relative to the norm of the second, ``[B]``. The first may be broadcast."""
    difference = (other - one).flatten(1).double().norm(dim=1)
    return (difference / other.flatten(1).double().norm(dim=1)).numpy()
