"""Functions that each break the contract in one way; `broken_plugins` puts them into variants of the good task."""

from __future__ import annotations

from dataclasses import replace
from itertools import count
from typing import Any

import numpy as np
from pydantic import ConfigDict, Field

from tests.support.good_task import LENGTH, SYMBOLS, Config, Renaming, build, describe, read
from trm import PuzzleStructure, Structure
from trm.data import IGNORED, Description, Edge, Graph, PuzzleSet
from trm.render import Board, Distinct, token_board


class NoDefault(Config):
    length: int = Field(description="no default")


def raises(*_: Any) -> Any:
    raise KeyError("no such symbol")


def raises_deep_inside(*_: Any) -> Any:
    return np.apply_along_axis(raises, 0, np.zeros(3))


def describe_nothing(config: Config) -> None:
    return None


class Tolerant(Config):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Undescribed(Config):
    other: int = 3


class Shrinking(Config):
    """A validator that is not idempotent."""

    def model_post_init(self, _: Any) -> None:
        object.__setattr__(self, "puzzles", self.puzzles - 1)


def describe_names(config: Config) -> Description:
    return replace(describe(config), token_names=tuple("abcd"))


def describe_pad(config: Config) -> Description:
    return replace(describe(config), pad_id=SYMBOLS)


def describe_grid(config: Config) -> Description:
    return replace(describe(config), structure=Structure(grid=(2, 4)))


def describe_fixed(config: Config) -> Description:
    return replace(describe(config), fixed=(0,))


def build_fixed(config: Config, split: str, seed: int) -> PuzzleSet:
    return replace(build(config, split, seed), description=describe_fixed(config))


def describe_all_fixed(config: Config) -> Description:
    return replace(describe(config), fixed_tokens=tuple(range(SYMBOLS)))


def build_all_fixed(config: Config, split: str, seed: int) -> PuzzleSet:
    puzzles = build(config, split, seed)
    return replace(puzzles, labels=puzzles.inputs, description=describe_all_fixed(config))


def describe_relation(config: Config) -> Description:
    return replace(describe(config), structure=Structure(relations={"mirror": [0, 1]}))


def describe_interchangeable(config: Config) -> Description:
    return replace(describe(config), structure=Structure(interchangeable=[1, SYMBOLS]))


def build_arrays(config: Config, split: str, seed: int) -> Any:
    puzzles = build(config, split, seed)
    return puzzles.inputs, puzzles.labels


def build_empty(config: Config, split: str, seed: int) -> PuzzleSet:
    return build(config, split, seed).head(0 if split == "test" else 40)


def build_floats(config: Config, split: str, seed: int) -> PuzzleSet:
    puzzles = build(config, split, seed)
    return replace(puzzles, labels=puzzles.labels.astype(float))


def build_undescribed(config: Config, split: str, seed: int) -> PuzzleSet:
    return replace(build(config, split, seed), description=describe_names(config))


def build_outside(config: Config, split: str, seed: int) -> PuzzleSet:
    puzzles = build(config, split, seed)
    return replace(puzzles, inputs=puzzles.inputs + 1)


def build_unscored(config: Config, split: str, seed: int) -> PuzzleSet:
    puzzles = build(config, split, seed)
    return replace(puzzles, labels=np.full_like(puzzles.labels, IGNORED))


def build_ids(config: Config, split: str, seed: int) -> PuzzleSet:
    puzzles = build(config, split, seed)
    return replace(puzzles, puzzle_ids=np.arange(len(puzzles)))


CALLS = count(100)


def build_unseeded(config: Config, split: str, seed: int) -> PuzzleSet:
    return build(config, split, next(CALLS))


def build_one_seed(config: Config, split: str, seed: int) -> PuzzleSet:
    return build(config, split, 0)


def build_shifted(config: Config, split: str, seed: int) -> PuzzleSet:
    """Puzzle `index` of a seed is the first one of the seed `index` higher."""
    if split == "test":
        return build(config, split, seed)
    first = [build(config, split, 1000 + seed + index).inputs[0] for index in range(config.puzzles)]
    inputs = np.array(first)
    return PuzzleSet(inputs, inputs[:, ::-1].copy(), describe(config))


def build_same_splits(config: Config, split: str, seed: int) -> PuzzleSet:
    return build(config, "train", seed)


def build_renamed_splits(config: Config, split: str, seed: int) -> PuzzleSet:
    """The test puzzles are training puzzles with one more renaming."""
    puzzles = build(config, "train", seed)
    if split == "train":
        return puzzles
    names = np.tile((np.arange(SYMBOLS) + 1) % SYMBOLS, (len(puzzles), 1))
    return replace(
        puzzles, inputs=Renaming.rename(puzzles.inputs, names), labels=Renaming.rename(puzzles.labels, names)
    )


def classes_of_rows(inputs: np.ndarray, labels: np.ndarray, config: Config) -> np.ndarray:
    return inputs @ SYMBOLS ** np.arange(LENGTH)


def describe_without_renaming(config: Config) -> Description:
    described = describe(config)
    return replace(described, structure=described.structure.model_copy(update={"interchangeable": []}))


def build_without_renaming(config: Config, split: str, seed: int) -> PuzzleSet:
    return replace(build_renamed_splits(config, split, seed), description=describe_without_renaming(config))


def describe_blank(config: Config) -> Description:
    described = describe(config)
    letters = list(range(1, SYMBOLS))
    return replace(described, structure=described.structure.model_copy(update={"interchangeable": letters}))


def build_same_answers(config: Config, split: str, seed: int) -> PuzzleSet:
    """Rows to complete. A test row is a training row with its symbols renamed, but has its blank elsewhere."""
    rng = np.random.default_rng(np.random.SeedSequence([seed, 3]))
    answers = rng.integers(1, SYMBOLS, size=(config.puzzles, LENGTH))
    inputs = answers.copy()
    inputs[:, 0 if split == "test" else -1] = 0
    if split == "test":
        inputs, answers = (np.where(rows == 0, 0, rows % (SYMBOLS - 1) + 1) for rows in (inputs, answers))
    return PuzzleSet(inputs, answers, describe_blank(config))


def build_blind(config: Config, split: str, seed: int) -> PuzzleSet:
    """The labels of the first training puzzles do not depend on the inputs."""
    puzzles = build(config, split, seed)
    if split == "test":
        return puzzles
    inputs = puzzles.inputs.copy()
    inputs[:8] = [0] * (LENGTH - 1) + [1]
    return replace(puzzles, inputs=inputs)


def classes_in_pairs(inputs: np.ndarray, labels: np.ndarray, config: Config) -> np.ndarray:
    return np.stack([inputs[:, 0], labels[:, 0]], axis=1)


def read_shifted(text: str, config: Config) -> list[np.ndarray]:
    return [(row + 1) % SYMBOLS for row in read(text, config)]


def read_carelessly(text: str, config: Config) -> list[np.ndarray]:
    return [np.array(["abcde".index(symbol) for symbol in text])]


def read_doubled(text: str, config: Config) -> list[np.ndarray]:
    return 2 * read(text, config)


def read_anything(text: str, config: Config) -> list[np.ndarray]:
    return [np.array(["abcde".index(symbol) if symbol in "abcde" else 0 for symbol in text])]


def check_nothing(inputs: Any, answer: Any, config: Config) -> str | None:
    return None


def check_forward(inputs: Any, answer: Any, config: Config) -> str | None:
    return None if (np.asarray(inputs) == answer).all() else "It is not the row."


def solvable_never(inputs: Any, config: Config) -> str | None:
    return "There is no answer."


def board_of_four_tokens(config: Config, description: Description) -> Board:
    board = token_board(description)
    return replace(board, looks=board.looks[:4])


def board_of_numpy_numbers(config: Config, description: Description) -> Board:
    return replace(token_board(description), boxes=tuple(np.arange(LENGTH)))


def board_with_a_wrong_rule(config: Config, description: Description) -> Board:
    return replace(token_board(description), rules=(Distinct(groups=(tuple(range(LENGTH)),)),))


def described_graph(**own: Any) -> Description:
    structure = PuzzleStructure(**{"edges": ["next"], "max_edges": LENGTH - 1} | own)
    return Description(vocab_size=SYMBOLS, seq_len=LENGTH, structure=Structure(per_puzzle=structure))


def built_graphs(description: Description, config: Config, split: str, seed: int) -> PuzzleSet:
    """The good task's rows, each with edges from each position to the next."""
    puzzles = build(config, split, seed)
    graph = Graph(LENGTH, tuple(Edge("next", place, place + 1) for place in range(LENGTH - 1)))
    rows = [description.row(tokens, graph) for tokens in puzzles.inputs]
    return PuzzleSet.padded(rows, list(puzzles.labels), description)


def describe_types(config: Config) -> Description:
    return described_graph(groups=["cage"], max_groups=1, max_members=1)


def build_types(config: Config, split: str, seed: int) -> PuzzleSet:
    return built_graphs(describe_types(config), config, split, seed)


def describe_room(config: Config) -> Description:
    return described_graph(max_edges=99)


def build_room(config: Config, split: str, seed: int) -> PuzzleSet:
    return built_graphs(describe_room(config), config, split, seed)
