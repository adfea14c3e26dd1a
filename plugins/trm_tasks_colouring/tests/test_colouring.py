"""The conformance kit, and the rules that it cannot know."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from trm.errors import UsageError
from trm.testing import parametrize_with_checks
from trm_tasks_colouring import graphs, search
from trm_tasks_colouring.settings import Config, make_row, unpack
from trm_tasks_colouring.task import Valid, build, build_plain, check, key_of, options_of, solvable, split_of

SMALL = Config(nodes=11, fewest=8, train_puzzles=60, test_puzzles=30)
PATH = [(0, 1), (1, 2), (2, 3)]


@parametrize_with_checks("colouring")
def test_conformance(check: Any) -> None:
    check()


def all_colourings(tokens: list[int], edges: list[list[int]], colours: int) -> list[tuple[int, ...]]:
    """Try all colours of all nodes, without the search of the plugin."""
    choices = [[token] if token else range(1, colours + 1) for token in tokens]
    return [found for found in product(*choices) if all(found[first] != found[second] for first, second in edges)]


@pytest.mark.parametrize("settings", [{}, {"colours": 4, "nodes": 9}])
def test_a_puzzle_has_one_colouring_and_every_given_node_is_needed(settings: dict[str, int]) -> None:
    config = SMALL.model_copy(update=settings)
    puzzles = build(config, "train", seed=3)
    for row, label in zip(puzzles.inputs[:6], puzzles.labels, strict=False):
        tokens, edges = unpack(row, config)
        answer = tuple(label[: len(tokens)].tolist())
        assert all_colourings(tokens.tolist(), edges.tolist(), config.colours) == [answer]
        for node in np.flatnonzero(tokens):
            fewer = [0 if other == node else token for other, token in enumerate(tokens.tolist())]
            assert len(all_colourings(fewer, edges.tolist(), config.colours)) > 1


@pytest.mark.parametrize("split", ["train", "test", "validation"])
def test_large_puzzles_have_one_colouring(split: str) -> None:
    config = Config(fewest=40, train_puzzles=10, test_puzzles=10)
    puzzles = build(config, split, seed=1)
    assert 0.1 < (puzzles.inputs[:, :40] > 0).mean() < 0.3
    for row, label in zip(puzzles.inputs, puzzles.labels, strict=True):
        tokens, edges = unpack(row, config)
        assert len(edges) == 90
        given = (tokens > 0).tolist()
        assert search.other_colouring(graphs.neighbours(edges, 40), label.tolist(), given, 3) is None
        given[given.index(True)] = False
        other = search.other_colouring(graphs.neighbours(edges, 40), label.tolist(), given, 3)
        assert other is not None
        assert other != label.tolist()


def test_the_search_agrees_with_trying_everything() -> None:
    rng = np.random.default_rng(0)
    found = []
    for _ in range(60):
        edges = graphs.uniform(rng, 8, int(rng.integers(8, 20)))
        tokens = rng.integers(0, 4, size=8) * (rng.random(8) < 0.3)
        answer = search.colouring(graphs.neighbours(edges, 8), options_of(tokens, SMALL))
        every = all_colourings(tokens.tolist(), edges.tolist(), 3)
        assert answer is None if not every else tuple(answer or ()) in every
        found.append(answer is None)
    assert 10 < sum(found) < 50
    with pytest.raises(search.TooHard):
        search.colouring(graphs.neighbours(graphs.uniform(rng, 40, 90), 40), [7] * 40, limit=2)


def test_a_plain_puzzle_gives_a_clique_and_its_label_is_a_colouring() -> None:
    puzzles = build_plain(Config(fewest=30, train_puzzles=20), "train", 0)
    for row, label in zip(puzzles.inputs, puzzles.labels, strict=True):
        assert check(row, label, Config()) is None
        assert sorted(filter(None, unpack(row, Config())[0].tolist())) in ([1, 2], [1, 2, 3])


def test_the_key_of_a_graph_does_not_depend_on_the_numbers_of_its_nodes() -> None:
    rng = np.random.default_rng(0)
    keys = set()
    for _ in range(50):
        edges = graphs.uniform(rng, 30, 60)
        renumbered = rng.permutation(30)[edges][rng.permutation(60)]
        assert graphs.key(renumbered, 30) == graphs.key(edges, 30)
        keys |= {graphs.key(edges, 30), graphs.key(edges, 31), graphs.key(edges[1:], 30)}
    assert len(keys) == 150


def test_no_graph_is_in_two_splits() -> None:
    keys = {}
    for split in ("train", "test", "validation"):
        puzzles = build(SMALL, split, seed=0)
        keys[split] = {key_of(row, SMALL) for row in puzzles.inputs}
        assert {split_of(key) for key in keys[split]} == {split}
    assert not keys["train"] & keys["test"]
    assert not keys["train"] & keys["validation"]


def test_any_colouring_that_keeps_the_given_nodes_is_valid() -> None:
    config = Config(nodes=8, fewest=8)
    row = make_row(config, np.array([1, 0, 0, 0]), PATH)
    answers = {(1, 2, 1, 2): None, (1, 3, 2, 3): None, (2, 1, 2, 1): "Node 1 is given colour 1 and has 2."}
    answers[1, 0, 2, 1] = "Node 2 has no colour."
    answers[1, 2, 2, 1] = "The edge 2-3 joins two nodes of one colour."
    answers[1, 1, 1, 1] = "3 edges join two nodes of one colour, such as 1-2."
    padding = [0, 0, 0, 0]
    for answer, problem in answers.items():
        assert check(row, np.array([*answer, *padding]), config) == problem
    metric = Valid(config)
    predictions = np.array([[*answer, *padding] for answer in answers])
    metric.update({"inputs": np.array([row] * len(answers)), "predictions": predictions})
    assert metric.compute() == pytest.approx(2 / 6)


def test_a_puzzle_without_a_colouring_is_named() -> None:
    config = Config(nodes=8, fewest=8, edges=10)
    clique = [(first, second) for second in range(4) for first in range(second)]
    assert solvable(make_row(config, np.zeros(4, int), clique), config) == "The graph has no colouring with 3 colours."
    four = Config(nodes=8, fewest=8, edges=10, colours=4)
    assert solvable(make_row(four, np.zeros(4, int), clique), four) is None
    row = make_row(config, np.array([1, 0, 1, 1]), PATH)
    assert solvable(row, config) == "The edge 3-4 joins two nodes that are given colour 1."
    row = make_row(config, np.array([0, 1, 2, 3]), [(0, 1), (0, 2), (0, 3)])
    assert solvable(row, config) == "The graph has no colouring with 3 colours that keeps the given nodes."


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"edges": 5}, "task.edges=5 is less than the 90 edges of a generated graph"),
        ({"nodes": 8, "fewest": 8, "degree": 20}, "graphs with 8 nodes and 28 edges, or of the same density"),
    ],
)
def test_settings_without_graphs_are_refused(settings: dict[str, int], problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        [build(Config(test_puzzles=1, **settings), split, 0) for split in ("test", "validation")]


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValidationError, match="fewest=60 is more than nodes=40"):
        Config(fewest=60)
