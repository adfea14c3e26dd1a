"""Checks of the puzzles: arrays and seeds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from trm.data.puzzle_set import IGNORED, IntArray, PuzzleSet
from trm.errors import DataError
from trm.testing.check import CheckFailure, CheckSkipped, require
from trm.testing.subject import Subject

ROOM = 4
"""How many times as many edges or groups as any training puzzle has a description may leave room for."""


def data_arrays(subject: Subject) -> None:
    """The puzzles match the task's description, and every puzzle has a scored position.

    `PuzzleSet` itself refuses arrays of another shape or type, and tokens and ids out of range.
    """
    for split, puzzles in (("train", subject.train), ("test", subject.test)):
        _check_arrays(subject, split, puzzles)
        _check_tokens(subject, split, puzzles)


def _check_arrays(subject: Subject, split: str, puzzles: PuzzleSet) -> None:
    described = subject.description
    require(len(puzzles), f"The {split} split is empty.", "Most likely `sample` asks for no puzzles of that split.")
    given = replace(puzzles.description, num_puzzle_identifiers=described.num_puzzle_identifiers)
    require(
        given == described,
        f"The description of the {split} split differs from what {subject.spec.describe} returns.",
        "Most likely the dataset builds a Description of its own: let it call that function.",
    )


def _check_tokens(subject: Subject, split: str, puzzles: PuzzleSet) -> None:
    scored = puzzles.scored_labels(slice(None))
    unscored = int((scored == IGNORED).all(axis=1).sum())
    require(
        not unscored,
        f"{unscored} of {len(puzzles)} puzzles of the {split} split have no scored position, so the model cannot learn "
        "from them.",
        "Most likely every label is -100 or the set's `ignore_label`.",
    )
    try:
        puzzles.check_fixed()
    except DataError as error:
        raise CheckFailure(
            f"In the {split} split, a fixed position has another answer: {error}",
            "Most likely `Description.fixed` or `fixed_tokens` counts positions that the model must answer.",
        ) from error
    fixed = subject.description.fixed_in(np.asarray(puzzles.inputs))
    require(
        not fixed.all(axis=1).any(),
        f"In the {split} split, {int(fixed.all(axis=1).sum())} of {len(puzzles)} puzzles have only fixed positions, so "
        "there is nothing to answer.",
        "Most likely `Description.fixed_tokens` names the blank or a token of the answers.",
    )


def structure_used(subject: Subject) -> None:
    """Where puzzles have a structure of their own, every type of edge and group occurs, and the maxima fit the puzzles."""
    structure = subject.description.structure.per_puzzle
    if structure is None:
        raise CheckSkipped("the task's puzzles have no structure of their own")
    graphs = [subject.description.graph(row) for row in np.asarray(subject.train.inputs)]
    used = {edge.type for graph in graphs for edge in graph.edges} | {
        group.type for graph in graphs for group in graph.groups
    }
    missing = [name for name in (*structure.edges, *structure.groups) if name not in used]
    require(
        not missing,
        f"No puzzle of the train split has an edge or group of type {', '.join(map(repr, missing))}.",
        "Most likely the description names a type that the dataset does not build, and a model has weights for it in vain.",
    )
    largest = max(len(graph.edges) for graph in graphs), max(len(graph.groups) for graph in graphs)
    for name, most, wanted in (
        ("edges", largest[0], structure.max_edges),
        ("groups", largest[1], structure.max_groups),
    ):
        require(
            wanted <= ROOM * max(most, 1),
            f"The description has room for {wanted} {name}, but no puzzle of the train split has more than {most}.",
            f"Most likely `max_{name}` is a guess: room that no puzzle needs makes rows longer and training slower.",
        )


def same_seed_same_data(subject: Subject) -> None:
    """The same seed gives the same dataset."""
    again = subject.build("train", 0)
    same = np.array_equal(again.inputs, subject.train.inputs) and np.array_equal(again.labels, subject.train.labels)
    require(
        same,
        "The training split differs between two builds with seed 0.",
        "Most likely a generator is made without the seed: derive each one from numpy.random.SeedSequence([seed, ...]).",
    )


def other_seed_other_data(subject: Subject) -> None:
    """Another seed gives other puzzles, and not those of the neighbouring seed shifted by one."""
    other = subject.build("train", 1)
    first, second = _rows(np.asarray(subject.train.inputs)), _rows(np.asarray(other.inputs))
    require(
        first != second,
        "The training split is the same for seeds 0 and 1.",
        "Most likely `build` does not use its `seed`.",
    )
    rows = min(len(first), len(second))
    require(
        rows < 8 or first[1:rows] != second[: rows - 1],
        "The training split for seed 1 is the one for seed 0, shifted by one puzzle.",
        "Most likely each puzzle's generator is seeded with seed + index: use numpy.random.SeedSequence([seed, index]).",
    )


def _rows(array: IntArray) -> list[bytes]:
    return [row.tobytes() for row in np.ascontiguousarray(array)]
