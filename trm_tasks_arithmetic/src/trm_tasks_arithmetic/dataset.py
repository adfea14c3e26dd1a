"""Generated problems with operands of uniformly random digits."""

from __future__ import annotations

import numpy as np

from trm.data import PuzzleSet
from trm.errors import UsageError
from trm_tasks_arithmetic.config import ArithmeticConfig
from trm_tasks_arithmetic.numbers import Digits
from trm_tasks_arithmetic.sheet import describe, problems, solutions
from trm_tasks_arithmetic.splits import SPLITS, in_test, pair_hash

AT_MOST = {"train": 100_000, "test": 2_000}
"""Maximum number of problems if the settings give no number."""

ENUMERATED_DIGITS = 3
"""Up to this many digits, all pairs of operands (one million) are enumerated; longer ones are drawn at random."""

Pairs = tuple[Digits, Digits]


def build(config: ArithmeticConfig, split: str, seed: int) -> PuzzleSet:
    """Build distinct problems for a split.

    Args:
        config: kind and number of problems.
        split: "train" or "test".
        seed: seed of the random choice of problems.

    Raises:
        UsageError: fewer problems of this many digits exist than requested.
    """
    rng = np.random.default_rng(np.random.SeedSequence([seed, SPLITS.index(split)]))
    wanted = config.train_examples if split == "train" else config.test_examples
    if config.digits <= ENUMERATED_DIGITS:
        first, second = _some_of_all(config, split, wanted, rng)
    else:
        first, second = _drawn(config.digits, split, wanted or AT_MOST[split], rng)
    return PuzzleSet(
        inputs=problems(first, second, config), labels=solutions(first, second, config), description=describe(config)
    )


def _some_of_all(config: ArithmeticConfig, split: str, wanted: int | None, rng: np.random.Generator) -> Pairs:
    """Return a random choice from all pairs of a split."""
    numbers = np.indices((10,) * config.digits, dtype=np.int8).reshape(config.digits, -1).T
    index = rng.permutation(len(numbers) ** 2)
    first, second = _of_split(numbers[index // len(numbers)], numbers[index % len(numbers)], split)
    if wanted is not None and wanted > len(first):
        raise UsageError(
            f"task.{split}_examples = {wanted:,}: with operands of {config.digits} digit{'s'[: config.digits > 1]}, there "
            f"are only {len(first):,} problems in the {split} split. Request fewer, or increase task.digits."
        )
    count = wanted or AT_MOST[split]
    return first[:count], second[:count]


def _drawn(digits: int, split: str, count: int, rng: np.random.Generator) -> Pairs:
    """Draw random pairs until there are `count` distinct ones."""
    pairs = np.empty((2, 0, digits), dtype=np.int8)
    while pairs.shape[1] < count:
        more = rng.integers(10, size=(2, count + 1000, digits), dtype=np.int8)
        pairs = np.concatenate([pairs, np.stack(_of_split(more[0], more[1], split))], axis=1)
        _, firsts = np.unique(pair_hash(pairs[0], pairs[1]), return_index=True)
        pairs = pairs[:, np.sort(firsts)]
    return pairs[0, :count], pairs[1, :count]


def _of_split(first: Digits, second: Digits, split: str) -> Pairs:
    chosen = in_test(first, second) == (split == "test")
    return first[chosen], second[chosen]
