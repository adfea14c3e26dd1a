"""Benchmark: accuracy on Sudoku test puzzles by difficulty, and the speed of the generator.

    python benchmarks/sudoku_difficulty.py [WEIGHTS] [--puzzles N] [--steps N]... [--threads N]

WEIGHTS is a run, a weights file, or shipped weights (`sudoku`, `sudoku:hard`). A solver rates the
test puzzles of these weights. The weights are scored after each given number of supervision steps,
by the number of backtracks that the solver needs.
"""

from __future__ import annotations

import argparse
import itertools
import time

import numpy as np
import torch
from trm_tasks_sudoku.config import EMPTY
from trm_tasks_sudoku.generator import generate
from trm_tasks_sudoku.solver import solved_by_naked_singles

from trm.devices import get_backend
from trm.experiment.experiment import Experiment
from trm.runs.locate import Checkpoint, locate

BANDS = (0, 1, 10, 50, 200, 10**9)
"""Lower bounds of the backtrack bands. With 0 backtracks, naked and hidden singles suffice."""


def generation_rate(count: int = 5000) -> float:
    """Plain 9x9 puzzles generated per second, after compilation."""
    generate(10, 9, seed=0, split="train")
    started = time.perf_counter()
    generate(count, 9, seed=1, split="train")
    return count / (time.perf_counter() - started)


@torch.no_grad()
def right_after(loaded: Checkpoint, experiment: Experiment, puzzles: int, steps: list[int]) -> dict[int, np.ndarray]:
    """For each number of steps, which of the first `puzzles` test puzzles are exact ``[N]``."""
    model, backend = loaded.model(), get_backend("cpu")
    right: dict[int, list[bool]] = {step: [] for step in steps}
    for batch in experiment.puzzles("test").head(puzzles).batches(experiment.evaluation_batch_size):
        with backend.autocast():
            results = model.steps(batch.inputs, model.initial_state(len(batch)), count=max(steps))
            for step, (_, output) in enumerate(results, start=1):
                if step in right:
                    right[step] += (output.logits.argmax(-1) == batch.labels).all(1).tolist()
    return {step: np.array(rows) for step, rows in right.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "weights", nargs="?", default="sudoku", help="run, weights file or shipped weights (default: sudoku)"
    )
    parser.add_argument("--puzzles", type=int, default=1000, help="test puzzles to score (default: 1000)")
    parser.add_argument(
        "--steps", type=int, action="append", help="supervision steps; repeat for several (default: 8, 16 and 64)"
    )
    parser.add_argument("--threads", type=int, default=1, help="CPU threads (default: 1)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    steps = sorted(options.steps or [8, 16, 64])
    print(f"plain 9x9 puzzles generated per second, one core: {generation_rate():,.0f}")
    loaded = locate(options.weights, "sudoku")
    experiment = Experiment.from_run(loaded.run)
    test = experiment.puzzles("test").head(options.puzzles)
    clues, backtracks = (np.asarray(test.extras[name]) for name in ("clues", "backtracks"))
    naked = solved_by_naked_singles(np.asarray(test.inputs) - EMPTY)
    print(f"{len(test)} unseen puzzles: clues {clues.min()} to {clues.max()}, backtracks 0 to {backtracks.max()},")
    print(
        f"median {np.median(backtracks):g}; {naked.sum()} by naked singles, {(backtracks == 0).sum()} with hidden singles too"
    )
    right = right_after(loaded, experiment, len(test), steps)
    print(f"{'backtracks':<16}{'puzzles':>8}" + "".join(f"{f'{step} steps':>12}" for step in steps))
    for least, above in [*itertools.pairwise(BANDS), (0, BANDS[-1])]:
        rows = (backtracks >= least) & (backtracks < above)
        if rows.any():
            name = f"{least} or more" if above == BANDS[-1] else f"{least} to {above - 1}"
            print(f"{name:<16}{rows.sum():>8}" + "".join(f"{right[step][rows].mean():>12.2%}" for step in steps))


if __name__ == "__main__":
    main()
