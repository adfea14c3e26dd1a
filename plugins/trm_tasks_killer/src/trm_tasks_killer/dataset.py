"""Generated puzzles of a split. The answer decides the split, so that no test answer is an image of a training answer."""

from __future__ import annotations

import numpy as np

from trm.data import IntArray, PuzzleSet, parts, progress

from .generator import filled_grid, random_puzzle
from .geometry import SPLITS, split_of, symmetry_keys
from .task import Config, describe, row_of

BLOCK = 50  # puzzles with a random stream in common


def build(config: Config, split: str, seed: int) -> PuzzleSet:
    """Generate the puzzles of a split. Those of a smaller set are the first ones of a larger set."""
    counts = {"train": config.train_puzzles, "validation": config.validation_puzzles, "test": config.test_puzzles}
    wanted = counts[split]

    def block(number: int) -> dict[str, IntArray]:
        stream = np.random.SeedSequence([seed, SPLITS.index(split), config.size, number])
        made = [_puzzle(config, split, rng) for rng in map(np.random.default_rng, stream.spawn(BLOCK))]
        rows, answers = zip(*made, strict=True)
        return {"inputs": np.array(rows, np.int16), "labels": np.array(answers, np.int16)}

    blocks: list[dict[str, IntArray]] = []
    with progress(f"Making {split} puzzles", wanted) as advance:
        for part in parts(split, block):
            blocks.append(dict(part.arrays))
            advance(BLOCK)
            if len(blocks) * BLOCK >= wanted:
                break
    inputs, labels = (np.concatenate([block[name] for block in blocks])[:wanted] for name in ("inputs", "labels"))
    return PuzzleSet(inputs, labels, describe(config))


def _puzzle(config: Config, split: str, rng: np.random.Generator) -> tuple[IntArray, IntArray]:
    """A puzzle's row, and its answer `[n * n]`."""
    answer = filled_grid(rng, config.size)
    while split_of(int(symmetry_keys(answer[None])[0])) != split:
        answer = filled_grid(rng, config.size)
    puzzle = random_puzzle(rng, answer, config.largest_cage)
    if split == "train":
        more = rng.permutation(len(answer))[: rng.integers(config.extra_givens + 1)]
        puzzle = puzzle._replace(givens=np.where(np.isin(np.arange(len(answer)), more), answer, puzzle.givens))
    return row_of(puzzle, config), answer
