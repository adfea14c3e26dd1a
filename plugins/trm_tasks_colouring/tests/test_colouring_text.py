"""Graphs as text, and how they are shown."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trm.errors import PuzzleError
from trm_tasks_colouring.settings import Config, make_row, unpack
from trm_tasks_colouring.text import Nodes, fit, format_row, read

CONFIG = Config(nodes=12, fewest=8, edges=30)
DIMACS = "c a path\np edge 3 2\ne 1 2\ne 3 2\nn 2 3\n"


@st.composite
def puzzles(draw: st.DrawFn) -> np.ndarray:
    nodes = draw(st.integers(1, 12))
    pairs = [(first, second) for second in range(nodes) for first in range(second)]
    edges = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=30)) if pairs else []
    tokens = draw(st.lists(st.integers(0, 3), min_size=nodes, max_size=nodes).filter(any))
    return make_row(CONFIG, np.array(tokens), edges)


@settings(max_examples=50, deadline=None)
@given(puzzles())
def test_what_is_written_is_read(row: np.ndarray) -> None:
    assert (read(format_row(row, CONFIG), CONFIG).strictly()[0] == row).all()


@settings(max_examples=50, deadline=None)
@given(puzzles())
def test_dimacs_and_one_line_mean_the_same(row: np.ndarray) -> None:
    tokens, edges = unpack(row, CONFIG)
    nodes = len(tokens)
    lines = [f"p edge {nodes} {len(edges)}"]
    lines += [f"e {second} {first}" for first, second in (edges[::-1] + 1).tolist()]
    lines += [f"n {node + 1} {row[node]}" for node in range(nodes) if row[node]]
    assert (read("\n".join(lines), CONFIG).strictly()[0] == row).all()


def test_a_text_has_several_graphs_and_a_broken_one_stops_no_other() -> None:
    found = list(read(DIMACS + "p edge 2 1\ne 1 5\ne 9 9\n" + DIMACS, CONFIG).puzzles)
    assert [isinstance(puzzle, PuzzleError) for puzzle in found] == [False, True, False]
    assert str(found[1]) == "Graph 2, line 7: '5' is not a node. Nodes are numbered from 1 to 2."
    lines = list(read("1..:1-2,2-3\n\nrubbish\n.2.:1-2", CONFIG).puzzles)
    assert [format_row(row, CONFIG) for row in lines[::2]] == ["1..:1-2,2-3", ".2.:1-2"]
    assert str(lines[1]).startswith("Graph 2, line 3: 'rubbish' is not a graph. Write, for example,")


def test_a_graph_without_given_nodes_gets_a_triangle_or_an_edge() -> None:
    texts = {"....:1-2,1-3,2-3,3-4": "123.:1-2,1-3,2-3,3-4", "...:2-3": ".12:2-3", "..:": "1.:", "..0:1-2": "12.:1-2"}
    for text, written in texts.items():
        assert format_row(read(text, CONFIG).strictly()[0], CONFIG) == written


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "The text has no graph"),
        ("1..", "'1..' is not a graph"),
        ("1..:1-2,", "'' is not an edge"),
        ("1..:12", "'12' is not an edge"),
        ("1..:1-4", "'4' is not a node. Nodes are numbered from 1 to 3"),
        ("1..:2-2", "Node 2 has an edge to itself"),
        ("14.:1-2", "Node 2 has colour '4'. Colours are 1 to 3 unless task.colours is 4."),
        ("1" + "." * 600 + ":1-2", "'601' nodes. Expected a number from 1 to 500"),
        ("1" + "." * 12 + ":1-2", "13 nodes and 1 edges; the settings allow 12 and 30"),
        ("e 1 2", "Line 1: 'e' comes before a line such as 'p edge"),
        ("p edge 3 2\ne 1 2", "announces 2 edges, and 1 follow"),
        ("p edge 0 0", "'0' nodes"),
        ("p edge ³ 0", "'³' nodes"),
        ("p edge 3 1\ne 1 2 3", "'e 1 2 3' is not a line of a graph"),
        ("p edge 3 1\ne 1 x", "'x' is not a node"),
        ("p edge 3 1\ne 1 99999999999999999999", "'99999999999999999999' is not a node"),
        ("p edge 3 1\ne 1 2\nn 1 2\nn 1 3", "Node 1 has two colours, 2 and 3"),
    ],
)
def test_errors_name_the_place(text: str, problem: str) -> None:
    with pytest.raises(PuzzleError) as error:
        read(text, CONFIG).strictly()
    assert problem in str(error.value)


def test_unpack_both_directions_count_once_or_twice() -> None:
    both = "p edge 3 {}\ne 1 2\ne 2 1\ne 2 3\ne 3 2\nn 1 1"
    for declared in (2, 4):
        assert format_row(read(both.format(declared), CONFIG).strictly()[0], CONFIG) == "1..:1-2,2-3"


def test_settings_grow_with_the_graphs_of_a_text() -> None:
    assert fit("1..:1-2", CONFIG) == CONFIG
    larger = fit("." * 20 + ":1-2,19-20\nrubbish\n..:1-2", CONFIG)
    assert (larger.nodes, larger.edges) == (20, 30)
    assert len(read("." * 20 + ":1-2,19-20", larger).strictly()) == 1


def test_the_picture_names_edges_within_one_colour() -> None:
    row = make_row(CONFIG, np.array([1, 0, 0]), [(0, 1), (1, 2)])
    assert Nodes(CONFIG).render(row).plain == "   1  1  .  .  \nEdges: 1-2 2-3"
    answer = np.array([1, 2, 2])
    assert Nodes(CONFIG).render(row, answer).plain == "   1  1  2  2  \nWithin one colour: 2-3"
    assert Nodes(CONFIG).render(row, answer, np.array([1, 2, 3])).plain == "   1  1  2  2! \nWithin one colour: 2-3"
