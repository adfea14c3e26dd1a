"""The puzzle: how many moves away from solved are a state of the 2x2x2 cube and the states around it?"""

from __future__ import annotations

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from trm.data import IGNORED, Description, IntArray, PuzzleSet
from trm.errors import PuzzleError

from . import neighbourhood, text, view
from .cube import STICKERS, ball, canonical, distance, keys
from .neighbourhood import DEPTHS, FAR, IMAGES, MOST_MOVES, around, rows, state_of

SPLITS = ("test", "validation", "train")
HELD_OUT = (3, 4)  # of 30 classes, the first 3 are for the test, the next one for validation
FAR_SCORED = 1 / 8  # the share of the far states that training scores, since nearly all states around one are far
BLOCK = 1000  # puzzles that are made at once


class Config(BaseModel):
    """Settings of the task."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    moves: int = Field(MOST_MOVES, description="most moves that a state is away from solved", ge=1, le=MOST_MOVES)
    train_puzzles: int = Field(10000, description="number of training puzzles", ge=1)


def describe(config: Config) -> Description:
    """Return vocabulary, length and structure of a puzzle."""
    return neighbourhood.description()


def classes(states: IntArray) -> IntArray:
    """Return a key `[N]` for each state `[N, 24]` that its twelve images share."""
    _, first, place = np.unique(keys(states), return_index=True, return_inverse=True)
    every: IntArray = keys(canonical(states[first])[0])[place]
    return every


def split_of(numbers: IntArray) -> IntArray:
    """Return the place in `SPLITS` of classes `[N]`, by a hash: 10 % test, 3.3 % validation, the others training."""
    hashed = (numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(40)) % np.uint64(30)
    return np.searchsorted(HELD_OUT, hashed, side="right")


def build(config: Config, split: str, seed: int) -> PuzzleSet:
    """Build a split.

    Training states are drawn such that each distance is as frequent as the cube root of the number of its states. The
    neighbours that belong to another split are not scored. Test and validation have one state of each of their classes,
    and only the state's own distance is scored.
    """
    number = SPLITS.index(split)
    rng = np.random.default_rng(np.random.SeedSequence([seed, number]))
    states, distances = ball(config.moves)
    names = classes(states)
    mine = split_of(names) == number
    states, distances, names = states[mine], distances[mine], names[mine]
    if split == "train":
        chance = np.bincount(distances)[distances] ** (-2 / 3)
        chosen = rng.choice(len(states), size=config.train_puzzles, p=chance / chance.sum())
    else:
        order = rng.permutation(len(states))
        chosen = rng.permutation(order[np.unique(names[order], return_index=True)[1]])
    states = states[chosen]
    parts = [states[start : start + BLOCK] for start in range(0, len(states), BLOCK)]
    inputs = np.concatenate([rows(part).astype(np.int16) for part in parts])
    labels = np.concatenate([answers(part) for part in parts])
    if split == "train":
        spared = (labels == FAR) & (rng.random(labels.shape) >= FAR_SCORED)
        labels[spared | ~of_split(states, number)] = IGNORED
    else:
        labels[:, 1:] = IGNORED
    return PuzzleSet(inputs, labels, describe(config))


def of_split(states: IntArray, number: int) -> IntArray:
    """Return which states at the positions of puzzles belong to a split `[N, 64]`."""
    parts = [states[start : start + BLOCK] for start in range(0, len(states), BLOCK)]
    return np.concatenate(
        [(split_of(classes(around(part).reshape(-1, STICKERS))) == number).reshape(len(part), -1) for part in parts]
    )


def answers(states: IntArray) -> IntArray:
    """Return the tokens of right answers `[N, 64]`."""
    apart = distance(around(states), MOST_MOVES)
    return np.where(apart <= MOST_MOVES - DEPTHS, apart, FAR)


def symmetry_class(inputs: IntArray, labels: IntArray, config: Config) -> IntArray:
    """Return the key of each puzzle's class `[N]`, which its twelve images share."""
    return classes(np.array([state_of(row) for row in inputs]))


def parse(given: str, config: Config) -> list[IntArray]:
    """Read states, one per line, as 24 facelets or as a scramble; return their puzzles `[W]`.

    Raises:
        PuzzleError: a line is not a state, or there is none.
    """
    states = []
    for state in text.states_of(given):
        if isinstance(state, PuzzleError):
            raise state
        states.append(state)
    if not states:
        raise PuzzleError(f"The text is empty. {text.FORMS}")
    return list(rows(np.array(states)))


def format_row(row: IntArray, config: Config) -> str:
    """Write a puzzle `[W]` as 24 facelets, which `parse` reads, and an answer in words."""
    return text.facelets(state_of(row)) if row[0] >= IMAGES else view.words(row)


def check(inputs: IntArray, answer: IntArray, config: Config) -> str | None:
    """Return what is wrong with an answer `[64]`: the state's own distance, or a neighbour's; None if they are right."""
    state = state_of(inputs)
    own = int(distance(state, MOST_MOVES))
    if answer[0] != own:
        return f"The cube is {own} moves from solved, not {answer[0] if answer[0] <= MOST_MOVES else 'more than 6'}."
    right = answers(state[None])[0]
    judged = (answer >= 0) & (answer < IMAGES)
    wrong = int((judged & (answer != right))[1:10].sum())
    return f"The distances of {wrong} of the nine neighbours are wrong." if wrong else None


def solvable(inputs: IntArray, config: Config) -> str | None:
    """Return why a puzzle has no answer; None if it has one."""
    if distance(state_of(inputs), MOST_MOVES) > MOST_MOVES:
        return f"The cube needs more than {MOST_MOVES} moves, and answers have at most {MOST_MOVES}."
    return None
