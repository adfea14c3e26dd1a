"""The structure of each puzzle's own: in a row, on disk, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.graph_puzzles import EVERYTHING, described, graphs, permuted, rows
from trm import PuzzleStructure
from trm.config.columns import Columns
from trm.data import Description, Edge, Graph, Group, PuzzleSet
from trm.data.layout import read_split
from trm.data.layout_writing import write_split
from trm.data.overlap import count_overlap
from trm.errors import DataError, UsageError

DESCRIPTION = described(6)
COLUMNS = Columns.of(6, EVERYTHING)
GRAPH = Graph(
    3,
    (Edge("less", 0, 1, (4, -1)), Edge("near", 2, 1, (9, 0))),
    (Group("cage", (0, 2), (45,)), Group("line", (2, 1, 0), (-3,))),
    ((1,), (-3,), (0,)),
)
ROW = DESCRIPTION.row(np.array([1, 2, 3]), GRAPH)
LABELS = np.array([1, 2, 3, -100, -100, -100])


@given(graph=graphs())
def test_a_row_holds_the_tokens_and_the_graph(graph: Graph) -> None:
    tokens = np.arange(graph.size) % 5
    row = DESCRIPTION.row(tokens, graph)
    assert row.shape == (DESCRIPTION.input_width,)
    assert DESCRIPTION.tokens(row)[: graph.size].tolist() == tokens.tolist()
    assert DESCRIPTION.graph(row) == graph
    assert DESCRIPTION.real(row).sum() == graph.size


@given(graph=graphs(), data=st.data())
def test_permuting_the_positions_twice_restores_the_graph(graph: Graph, data: st.DataObject) -> None:
    order = data.draw(st.permutations(range(graph.size)))
    back = [order.index(position) for position in range(graph.size)]
    assert permuted(permuted(graph, order), back) == graph


@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_rows_are_the_same_after_writing_and_reading(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("split")
    inputs = np.stack(data.draw(st.lists(rows(DESCRIPTION), min_size=1, max_size=5)))
    labels = np.where(DESCRIPTION.real(inputs), DESCRIPTION.tokens(inputs), -100)
    write_split(folder, "train", PuzzleSet(inputs, labels, DESCRIPTION))
    found = read_split(folder, "train")
    assert np.array_equal(found.inputs[:], inputs)
    assert np.array_equal(found.scored_labels(slice(None)), labels)
    assert found.description.structure.per_puzzle == EVERYTHING
    chosen = np.array([len(inputs) - 1, 0])
    assert np.array_equal(found.inputs[chosen], inputs[chosen])
    assert np.array_equal(found.inputs[0], inputs[0])


def test_other_readers_of_the_layout_find_the_tokens_alone(tmp_path: Path) -> None:
    write_split(tmp_path, "train", PuzzleSet(ROW[None], LABELS[None], DESCRIPTION))
    assert np.load(tmp_path / "train" / "all__inputs.npy").tolist() == [[1, 2, 3, 0, 0, 0]]
    used = 4 + 2 * (3 + 2) + 2 * (1 + 1) + 5 * 2 + 3
    assert np.load(tmp_path / "train" / "all__structure.npy").shape == (used,)


@pytest.mark.parametrize("name", ["structure", "structure_offsets"])
def test_damaged_structure_on_disk_is_refused(name: str, tmp_path: Path) -> None:
    write_split(tmp_path, "train", PuzzleSet(np.stack([ROW, ROW]), np.stack([LABELS, LABELS]), DESCRIPTION))
    file = tmp_path / "train" / f"all__{name}.npy"
    values = np.load(file)
    for place in range(len(values)):
        damaged = values.copy()
        damaged[place] += 1000
        np.save(file, damaged)
        with pytest.raises(DataError):
            read_split(tmp_path, "train")
    file.unlink()
    with pytest.raises(DataError, match=f"all__{name}.npy is missing"):
        read_split(tmp_path, "train")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        (COLUMNS.counts.start, 7, "Row 0 has 7 positions: expected 1 to 6"),
        (COLUMNS.counts.start + 1, 9, "Row 0 has 9 edges: expected 0 to 8"),
        (COLUMNS.edges.start, 2, "Row 0: the type of an edge is 2, expected 0 to 1"),
        (COLUMNS.edges.start + 4, 3, "Row 0: the source of an edge is 3, expected 0 to 2"),
        (COLUMNS.edges.start + 2, -1, "Row 0: the target of an edge is -1, expected 0 to 2"),
        (COLUMNS.edge_numbers.start + 1, 3, "Row 0: a number of an edge is 3, expected -2 to 2"),
        (COLUMNS.groups.start + 1, 2, "Row 0: the type of a group is 2, expected 0 to 1"),
        (COLUMNS.group_numbers.start, 46, "Row 0: a number of a group is 46, expected -45 to 45"),
        (COLUMNS.members.start, 2, "Row 0: the group of a member is 2, expected 0 to 1"),
        (COLUMNS.members.start + 1, 3, "Row 0: the position of a member is 3, expected 0 to 2"),
        (COLUMNS.position_numbers.start, 4, "Row 0: a number of a position is 4, expected -3 to 3"),
    ],
)
def test_structure_out_of_range_is_named(column: int, value: int, message: str) -> None:
    row = ROW.copy()
    row[column] = value
    with pytest.raises(DataError, match=message):
        PuzzleSet(row[None], LABELS[None], DESCRIPTION)


def test_padding_is_not_scored() -> None:
    labels = np.array([1, 2, 3, 0, -100, -100])
    with pytest.raises(DataError, match="Row 0 has label 0 at position 3, but the puzzle has only 3 positions"):
        PuzzleSet(ROW[None], labels[None], DESCRIPTION)


@pytest.mark.parametrize(
    ("graph", "message"),
    [
        (
            Graph(3, (Edge("more", 0, 1, (0, 0)),), (), ((0,),) * 3),
            "has no type 'more' of edges or groups: it has less, near",
        ),
        (Graph(3, (Edge("less", 0, 1),), (), ((0,),) * 3), r"gives an edge 2 numbers \(length, cost\), got \(\)"),
        (Graph(3), "A graph of 3 positions needs 3 tuples of numbers, got 0"),
        (Graph(2, (), (), ((0,),) * 2), "A graph of 2 positions needs 2 tokens, got 3"),
        (Graph(3, (), (Group("cage", (0,), (0,)),) * 6, ((0,),) * 3), "Row 0 has 6 groups: expected 0 to 5"),
    ],
)
def test_a_graph_that_the_description_does_not_allow_is_refused(graph: Graph, message: str) -> None:
    with pytest.raises(DataError, match=message):
        DESCRIPTION.row(np.array([1, 2, 3]), graph)


def test_puzzles_without_structure_have_no_graph() -> None:
    with pytest.raises(DataError, match=r"set Structure\.per_puzzle in the description"):
        Description(vocab_size=3, seq_len=3).graph(np.zeros(3))


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"edges": ["a"]}, "max_edges must be at least 1 if there are edges"),
        ({"max_edges": 3}, "max_edges must be at least 1 if there are edges, and 0 if there are none"),
        ({"groups": ["a"], "max_groups": 1}, "max_groups and max_members must be at least 1"),
        ({"ordered": ["a"]}, "ordered must name types of groups, not 'a'"),
        ({"edges": ["a", "a"], "max_edges": 1}, "edges must name each type once"),
        ({"edge_numbers": {"a": 1}}, "edge_numbers need edges"),
        ({"position_numbers": {"a": 10**400}}, "position_numbers"),
        ({"edges": [str(number) for number in range(65)], "max_edges": 1}, "at most 64 items"),
    ],
)
def test_inconsistent_structure_is_refused(settings_: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        PuzzleStructure(**settings_)


def test_puzzles_with_other_structure_are_other_puzzles() -> None:
    other = DESCRIPTION.row(np.array([1, 2, 3]), Graph(3, (), (), ((1,), (-3,), (0,))))
    train = PuzzleSet(ROW[None], LABELS[None], DESCRIPTION)
    assert count_overlap(train, PuzzleSet(other[None], LABELS[None], DESCRIPTION)).leaked == 0
    assert count_overlap(train, train).leaked == 1


def test_renaming_tokens_renames_no_number_of_the_structure() -> None:
    description = described(6, symbols=(1, 2, 3))
    renamed = description.row(np.array([3, 1, 2]), GRAPH)
    train = PuzzleSet(ROW[None], LABELS[None], description)
    test = PuzzleSet(renamed[None], np.array([[3, 1, 2, -100, -100, -100]]), description)
    assert count_overlap(train, test).relabelled == 1


def test_a_wrong_maximum_in_a_file_takes_no_memory(tmp_path: Path) -> None:
    write_split(tmp_path, "train", PuzzleSet(ROW[None], LABELS[None], DESCRIPTION))
    facts = tmp_path / "train" / "dataset.json"
    facts.write_text(facts.read_text().replace('"max_edges": 8', '"max_edges": 1000000'))
    with pytest.raises(DataError, match=r"A row would have 5,000,\d+ columns, more than 131,072"):
        read_split(tmp_path, "train")


def test_a_set_is_padded_and_a_row_unpacked() -> None:
    description = described(6, PuzzleStructure(edges=["next"], max_edges=5))
    graphs_ = [Graph(size, tuple(Edge("next", 0, place) for place in range(1, size))) for size in (2, 5)]
    rows_ = [description.row(np.arange(graph.size) % 5, graph) for graph in graphs_]
    puzzles = PuzzleSet.padded(rows_, [np.array([1, -100]), np.arange(5)], description)
    assert puzzles.labels.tolist() == [[1, -100, -100, -100, -100, -100], [0, 1, 2, 3, 4, -100]]
    for row, graph in zip(puzzles.inputs, graphs_, strict=True):
        tokens, found = description.unpack(row)
        assert (tokens.tolist(), found) == (list(range(graph.size)), graph)
    with pytest.raises(DataError, match="An answer has 7 tokens, the description says at most 6"):
        PuzzleSet.padded(rows_, [np.zeros(7, int), np.arange(5)], description)
