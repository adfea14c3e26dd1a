"""Tests of the batched searches against a textbook queue."""

from __future__ import annotations

from collections import deque

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from trm_tasks_maze.search import UNREACHED, breadth_first, farthest


def queue_search(passable: np.ndarray, source: int) -> tuple[list[int], list[int]]:
    """Textbook breadth-first search, neighbours in the order down, left, right, up."""
    height, width = passable.shape
    distances, parents = [UNREACHED] * passable.size, [UNREACHED] * passable.size
    distances[source], parents[source] = 0, source
    queue = deque([source])
    while queue:
        cell = queue.popleft()
        row, column = divmod(cell, width)
        for down, right in ((1, 0), (0, -1), (0, 1), (-1, 0)):
            r, c = row + down, column + right
            if 0 <= r < height and 0 <= c < width and passable[r, c] and distances[r * width + c] == UNREACHED:
                distances[r * width + c], parents[r * width + c] = distances[cell] + 1, cell
                queue.append(r * width + c)
    return distances, parents


@st.composite
def batches(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    count, height, width = draw(st.integers(1, 70)), draw(st.integers(1, 9)), draw(st.integers(1, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    passable = rng.random((count, height, width)) > draw(st.floats(0, 0.6))
    return passable, rng.integers(height * width, size=count)


@given(batches())
def test_breadth_first_is_the_queue_algorithm(batch: tuple[np.ndarray, np.ndarray]) -> None:
    passable, sources = batch
    search = breadth_first(passable, sources)
    for grid, source, distances, parents in zip(passable, sources, search.distances, search.parents, strict=True):
        assert queue_search(grid, int(source)) == (distances.tolist(), parents.tolist())


@given(batches())
def test_farthest_agrees_with_breadth_first(batch: tuple[np.ndarray, np.ndarray]) -> None:
    passable, sources = batch
    distances, cells = farthest(passable, sources)
    expected = breadth_first(passable, sources).distances
    assert distances.tolist() == expected.max(axis=1).tolist()
    assert cells.tolist() == expected.argmax(axis=1).tolist()


def test_an_empty_batch_is_no_special_case() -> None:
    none = np.zeros((0, 5, 6), dtype=bool)
    assert breadth_first(none, np.zeros(0, dtype=int)).distances.shape == (0, 30)
    assert farthest(none, np.zeros(0, dtype=int))[1].shape == (0,)
