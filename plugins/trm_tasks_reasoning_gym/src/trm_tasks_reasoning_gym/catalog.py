"""The included tasks with their presets.

Every `trm` command imports this module, so it uses only `trm.specs` and the standard library.
"""

from __future__ import annotations

from typing import Any

from trm.specs import PresetSpec

CODE = "trm_tasks_reasoning_gym.tasks:"
"""Prefix of the references to the tasks, each of which is an attribute of that module."""

SMALL = {"mlp_multiple_of": 32, "n_recursions": 2, "T_steps": 2, "n_supervision": 4, "loss": "softmax"}
ATTENTION = {**SMALL, "hidden_dim": 128, "num_heads": 4, "positions": "learned"}
RELATIONAL = {**SMALL, "mixing": "relational", "hidden_dim": 64, "positions": "grid"}
SUDOKU = {**SMALL, "mixing": "relational", "hidden_dim": 32, "n_recursions": 3}

SUDOKU_9X9 = {**SUDOKU, "n_supervision": 8, "activation": "relu", "mlp_ratio": 3.0}
SMALL_BATCHES = {"batch_size": 8, "halt_when_right": 0.9, "n_supervision_eval": 16}

SLOW = {"train_puzzles": 2000, "test_puzzles": 200}
"""Fewer puzzles, for datasets that reasoning-gym generates slowly."""


def attention(steps: int = 3000, task: dict[str, Any] | None = None, **figures: str) -> PresetSpec:
    training = {"batch_size": 64, "max_steps": steps, "learning_rate": 2e-3, "ema_decay": 0.995}
    return PresetSpec(
        name="small", summary="attention, 128 wide", task=task or {}, model=ATTENTION, training=training, **figures
    )


def relational(
    steps: int = 2000,
    model: dict[str, Any] = RELATIONAL,
    task: dict[str, Any] | None = None,
    training: dict[str, Any] | None = None,
    **figures: str,
) -> PresetSpec:
    training = {"batch_size": 64, "learning_rate": 4e-3, "ema_decay": 0.99, **(training or {}), "max_steps": steps}
    return PresetSpec(
        name="small",
        summary=f"relational, {model['hidden_dim']} wide",
        task=task or {},
        model=model,
        training=training,
        **figures,
    )


TASKS: dict[str, tuple[str, PresetSpec]] = {
    "ab": ("the final state of an A::B program", attention()),
    "arc_1d": ("one-dimensional ARC: apply the rule shown by three examples", attention()),
    "base_conversion": ("a number converted to another base", attention()),
    "binary_alternation": ("the swaps that make a binary string alternate", attention()),
    "binary_matrix": (
        "the distance from each cell to the nearest 0",
        relational(400, cost="75 s on one core", reaches="score of 99 % on 500 unseen matrices"),
    ),
    "caesar_cipher": ("decrypt a Caesar cipher", attention()),
    "chain_sum": ("sums of several numbers", attention()),
    "count_bits": ("the number of 1 bits in a number", attention()),
    "fraction_simplification": ("a fraction in lowest terms", attention()),
    "futoshiki": ("a Latin square with inequality signs", relational(task=SLOW)),
    "game_of_life": ("one step of the Game of Life", relational(400, task=SLOW)),
    "gcd": ("the greatest common divisor", attention()),
    "kakurasu": ("a grid of zeros and ones with given weighted sums", relational()),
    "largest_island": ("the area of the largest island", relational()),
    "lcm": ("the least common multiple", attention()),
    "letter_counting": ("the number of times a letter occurs in a text", attention()),
    "mini_sudoku": (
        "Sudoku on 4x4 grids",
        relational(
            400,
            SUDOKU,
            {"train_puzzles": 3000, "test_puzzles": 500},
            cost="2 min on one core, puzzle generation included",
            reaches="score of 100 % on 500 unseen puzzles",
        ),
    ),
    "modulo_grid": ("the missing cell of an arithmetic pattern", relational()),
    "n_queens": ("queens that do not attack each other, on boards with one solution", relational()),
    "number_sequence": ("the next number of a sequence", attention()),
    "number_sorting": ("integers sorted in a given order", attention()),
    "prime_factorization": ("the prime factors of a number", attention()),
    "products": ("the product of two numbers", attention()),
    "rotate_matrix": ("a matrix rotated by quarter turns", attention()),
    "rotten_oranges": ("the time until all oranges are rotten", relational()),
    "simple_equations": ("the unknown of a linear equation", attention()),
    "spell_backward": ("a word spelled backwards", attention()),
    "spiral_matrix": ("a matrix read along a spiral", attention()),
    "string_insertion": ("characters inserted after patterns", attention()),
    "sudoku": (
        "Sudoku on 9x9 grids",
        relational(
            800,
            SUDOKU_9X9,
            SLOW,
            SMALL_BATCHES,
            cost="70 s of training on one core",
            reaches="97 % exact, score of 0.99, on 200 unseen puzzles",
        ),
    ),
    "survo": ("numbers placed to match given sums", relational()),
    "word_sequence_reversal": ("words in reverse order", attention()),
    "word_sorting": ("words sorted in a given order", attention()),
}
