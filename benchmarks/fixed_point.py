"""Ask what fixed points the recursion of trained weights finds, whether they are unique, and whether they are stable.

For each weights: (1) how far the state moves with each step, (2) whether several initial states lead to the same state,
(3) whether a state that is disturbed after the last step comes back. Everything in fp32, with one thread.

    python benchmarks/fixed_point.py arithmetic sudoku:quick --puzzles 16 --steps 64 --restarts 4
"""

from __future__ import annotations

import argparse
import json

import numpy as np
import torch

import trm
from trm.evaluation.convergence import SETTLED, distance
from trm.evaluation.refine import Puzzle
from trm.experiment.solver import Solver
from trm.experiment.source import DataSource
from trm.model import State, last

NOISES = (0.01, 0.1, 0.3, 1.0)
"""Standard deviations of the disturbances. That of a state's elements is 1."""


def uniqueness(solver: Solver, puzzles: list[Puzzle], steps: int, restarts: int) -> dict[str, object]:
    """Whether restarts that solve a puzzle end in the same state."""
    apart, solved, all_solved = [], 0, 0
    for puzzle in puzzles:
        path = solver.trajectory(puzzle, steps=steps, restarts=restarts)
        right = np.zeros(restarts, dtype=bool) if path.right is None else path.right
        solved, all_solved = solved + int(right.sum()), all_solved + int(right.all())
        first, second = np.triu_indices(restarts, 1)
        both = right[first] & right[second]
        apart += path.apart[first, second][both].tolist()
    quantiles = [float(f"{value:.2g}") for value in np.quantile(apart, (0, 0.5, 1))] if apart else []
    return {
        "restarts solved": f"{solved} of {restarts * len(puzzles)}",
        "puzzles solved from every restart": f"{all_solved} of {len(puzzles)}",
        "pairs of solved restarts": len(apart),
        "pairs that end closer than 0.001": int((np.array(apart) < SETTLED).sum()),
        "their distance: least, median, most": quantiles,
    }


@torch.no_grad()
def stability(solver: Solver, puzzles: list[Puzzle], steps: int) -> dict[str, object]:
    """Whether the states after the last step come back after a disturbance, for puzzles that are solved."""
    model, backend = solver.model, solver.loaded.session.backend
    inputs = torch.from_numpy(np.stack([puzzle.inputs for puzzle in puzzles])).to(backend.device)
    ids = torch.tensor([puzzle.puzzle_id for puzzle in puzzles], device=backend.device)
    with backend.autocast("fp32"):
        end = last(model.steps(inputs, model.initial_state(len(inputs)), ids, steps))
        right = torch.tensor([_is_right(solver, *pair) for pair in zip(puzzles, end.output.logits, strict=True)])
        rows = right.nonzero().flatten()
        if not len(rows):
            return {}
        inputs, ids, state = inputs[rows], ids[rows], end.state.rows(rows)
        undisturbed = last(model.steps(inputs, state, ids, steps))
        found: dict[str, object] = {"puzzles": len(rows)}
        for noise in NOISES:
            generator = torch.Generator().manual_seed(0)
            moved = State(*(part + noise * torch.randn(part.shape, generator=generator) for part in state))
            back = last(model.steps(inputs, moved, ids, steps))
            gap = distance(_joined(back.state), _joined(undisturbed.state))
            kept = (back.output.logits.argmax(-1) == undisturbed.output.logits.argmax(-1)).all(1)
            found[f"noise {noise:g}"] = {
                "same answer": int(kept.sum()),
                "closer than 0.001": int((gap < SETTLED).sum()),
                "median distance": float(f"{np.median(gap):.2g}"),
            }
    return found


def _joined(state: State) -> torch.Tensor:
    return torch.stack([part.float() for part in state], dim=1)


def _is_right(solver: Solver, puzzle: Puzzle, logits: torch.Tensor) -> bool:
    answer = puzzle.complete(logits.argmax(-1).numpy())
    return bool(puzzle.target is not None and (answer == puzzle.target).all()) or (
        solver.task.spec.check is not None and solver.task.check(puzzle.inputs, answer) is None
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", nargs="+", help="what trm.load takes")
    parser.add_argument("--puzzles", type=int, default=16, help="test puzzles of part 1 (default: 16)")
    parser.add_argument("--few", type=int, default=8, help="test puzzles of parts 2 and 3 (default: 8)")
    parser.add_argument("--steps", type=int, default=64, help="supervision steps (default: 64)")
    parser.add_argument("--restarts", type=int, default=4, help="initial states of part 2 (default: 4)")
    parser.add_argument("--set", dest="sets", action="append", default=[], help="change a setting of the data")
    options = parser.parse_args()
    torch.set_num_threads(1)
    for name in options.weights:
        solver, source = trm.load(name, device="cpu"), DataSource(settings=options.sets)
        run = solver.convergence(steps=options.steps, limit=options.puzzles, source=source)
        print("\n".join(run.report(name)), flush=True)
        for group, rows in run.groups.items():
            at = {step: float(f"{np.median(run.change[step - 1, rows]):.2g}") for step in (1, 2, 4, 8, 16, 32, 64)
                  if step <= run.steps}  # fmt: skip
            halting = [float(f"{value:.2g}") for value in np.quantile(run.halting[-1, rows], (0, 0.5, 1))]
            print(f"  {group}: median move by step {at}; last halting probability {halting}", flush=True)
        found = source.applied_to(solver.loaded.experiment).puzzles("test", limit=options.few).head(options.few)
        fixed = found.description.fixed_in(np.asarray(found.inputs))
        ids = found.example_puzzle_ids.tolist()
        puzzles = [
            Puzzle(np.asarray(inputs).astype(np.int64), labels, number, keeps)
            for inputs, labels, number, keeps in zip(
                found.inputs, found.scored_labels(slice(None)), ids, fixed, strict=True
            )
        ]
        if options.few:
            print("  restarts:", json.dumps(uniqueness(solver, puzzles, options.steps, options.restarts)), flush=True)
            print("  disturbed:", json.dumps(stability(solver, puzzles, options.steps)), flush=True)


if __name__ == "__main__":
    main()
