"""`Graph`: what a puzzle has of its own, besides tokens: its size, edges, groups and numbers, as integers in its row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from trm.config import PuzzleStructure
from trm.config.columns import COUNTS, SECTIONS, Columns
from trm.data.ranges import IGNORED, IntArray
from trm.errors import DataError, quoted


class Edge(NamedTuple):
    """A directed edge: the position `target` receives from the position `source`.

    Attributes:
        type: one of `PuzzleStructure.edges`.
        source, target: positions.
        numbers: one for each of `PuzzleStructure.edge_numbers`.
    """

    type: str
    source: int
    target: int
    numbers: tuple[int, ...] = ()


class Group(NamedTuple):
    """Positions that receive from each other.

    Attributes:
        type: one of `PuzzleStructure.groups`.
        members: positions, in order if the type is one of `PuzzleStructure.ordered`.
        numbers: one for each of `PuzzleStructure.group_numbers`.
    """

    type: str
    members: tuple[int, ...]
    numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Graph:
    """The structure of one puzzle. `trm.data.Description.row` joins it with the tokens, `Description.graph` reads it.

    Attributes:
        size: number of positions; the rest of the row's tokens is padding, which no model sees.
        edges: in any order.
        groups: in any order.
        numbers: for each position one number for each of `PuzzleStructure.position_numbers`.
    """

    size: int
    edges: tuple[Edge, ...] = ()
    groups: tuple[Group, ...] = ()
    numbers: tuple[tuple[int, ...], ...] = ()


def write_graph(graph: Graph, length: int, structure: PuzzleStructure) -> IntArray:
    """The columns of a graph after the tokens, ``[W - L]``.

    Raises:
        DataError: the graph has a type, or a number of edges, groups, members or numbers, that the structure has not.
    """
    columns = Columns.of(length, structure)
    members: list[Sequence[int]] = [
        (number, member) for number, group in enumerate(graph.groups) for member in group.members
    ]
    edge_types, group_types = _numbered(structure.edges), _numbered(structure.groups)
    parts: dict[str, list[Sequence[int]]] = {
        "edges": [(_type(edge.type, edge_types), edge.source, edge.target) for edge in graph.edges],
        "edge_numbers": [_counted(edge.numbers, structure.edge_numbers, "an edge") for edge in graph.edges],
        "groups": [(_type(group.type, group_types),) for group in graph.groups],
        "group_numbers": [_counted(group.numbers, structure.group_numbers, "a group") for group in graph.groups],
        "members": members,
        "position_numbers": _of_positions(graph, structure),
    }
    row = np.zeros(columns.width, dtype=np.int64)
    row[columns.counts] = (graph.size, len(graph.edges), len(graph.groups), len(members))
    check_counts(row[None, columns.counts], length, structure)
    for name, items in parts.items():
        values = np.array(items, dtype=np.int64).ravel()
        start = getattr(columns, name).start
        row[start : start + len(values)] = values
    return row[length:]


def read_graph(row: IntArray, length: int, structure: PuzzleStructure) -> Graph:
    """The graph in a row ``[W]``."""
    columns = Columns.of(length, structure)
    size, edge_count, group_count, member_count = columns.part(row, "counts").tolist()
    edges = columns.part(row, "edges", 3)[:edge_count].tolist()
    edge_numbers = columns.part(row, "edge_numbers", len(structure.edge_numbers))[:edge_count].tolist()
    groups = columns.part(row, "groups")[:group_count].tolist()
    group_numbers = columns.part(row, "group_numbers", len(structure.group_numbers))[:group_count].tolist()
    members: list[list[int]] = [[] for _ in groups]
    for group, position in columns.part(row, "members", 2)[:member_count].tolist():
        members[group].append(position)
    numbers = columns.part(row, "position_numbers", len(structure.position_numbers))[:size].tolist()
    return Graph(
        size,
        tuple(
            Edge(structure.edges[kind], source, target, tuple(edge_numbers[index]) if edge_numbers else ())
            for index, (kind, source, target) in enumerate(edges)
        ),
        tuple(
            Group(structure.groups[kind], tuple(members[index]), tuple(group_numbers[index]) if group_numbers else ())
            for index, kind in enumerate(groups)
        ),
        tuple(map(tuple, numbers)) if structure.position_numbers else (),
    )


def used(counts: IntArray, length: int, structure: PuzzleStructure) -> npt.NDArray[np.bool_]:
    """Which columns puzzles use, ``[N, W]``, given their counts ``[N, 4]``."""
    columns = Columns.of(length, structure)
    size, edges, groups, members = counts.T
    items = {
        "edges": 3 * edges,
        "edge_numbers": len(structure.edge_numbers) * edges,
        "groups": groups,
        "group_numbers": len(structure.group_numbers) * groups,
        "members": 2 * members,
        "position_numbers": len(structure.position_numbers) * size,
    }
    mask = np.ones((len(counts), columns.width), dtype=bool)
    for name in SECTIONS:
        section: slice = getattr(columns, name)
        mask[:, section] = np.arange(section.stop - section.start) < items[name][:, None]
    return mask


def check_rows(inputs: IntArray, labels: IntArray, length: int, structure: PuzzleStructure, first_row: int = 0) -> None:
    """Check that rows ``[N, W]`` hold structure that is in range, and that no position beyond a puzzle's size is scored.

    Raises:
        DataError: they do not. The message names the row and the value.
    """
    columns = Columns.of(length, structure)
    counts = columns.part(inputs, "counts")
    check_counts(counts, length, structure, first_row)
    present = used(counts, length, structure)
    size, groups = counts[:, 0, None], counts[:, 2, None]
    for name, section, width, part, end in (
        ("the type of an edge", "edges", 3, 0, len(structure.edges)),
        ("the source of an edge", "edges", 3, 1, size),
        ("the target of an edge", "edges", 3, 2, size),
        ("the type of a group", "groups", 1, 0, len(structure.groups)),
        ("the group of a member", "members", 2, 0, groups),
        ("the position of a member", "members", 2, 1, size),
    ):
        values = columns.part(inputs, section, width)[..., part]
        _check_range(name, values, columns.part(present, section, width)[..., part], 0, end, first_row)
    for name, section, largest in (
        ("a number of an edge", "edge_numbers", structure.edge_numbers),
        ("a number of a group", "group_numbers", structure.group_numbers),
        ("a number of a position", "position_numbers", structure.position_numbers),
    ):
        bound = np.array(list(largest.values()), dtype=np.int64)
        values = columns.part(inputs, section, len(largest))
        _check_range(name, values, columns.part(present, section, len(largest)), -bound, bound + 1, first_row)
    beyond = (np.arange(length) >= size) & (labels != IGNORED)
    if beyond.any():
        row, position = np.argwhere(beyond)[0]
        raise DataError(
            f"Row {first_row + row} has label {labels[row, position]} at position {position}, but the puzzle has only "
            f"{size[row, 0]} positions. Expected {IGNORED}, which marks a position that is not scored."
        )


def check_counts(counts: IntArray, length: int, structure: PuzzleStructure, first_row: int = 0) -> None:
    """Check the counts ``[N, 4]`` of puzzles.

    Raises:
        DataError: a count is more than the structure allows.
    """
    most = np.array([length, structure.max_edges, structure.max_groups, structure.max_members])
    least = np.array([1, 0, 0, 0])
    wrong = (counts < least) | (counts > most)
    if wrong.any():
        row, kind = np.argwhere(wrong)[0]
        raise DataError(
            f"Row {first_row + row} has {counts[row, kind]} {COUNTS[kind]}: expected {least[kind]} to {most[kind]}, as "
            "the description says."
        )


def _check_range(
    name: str, values: IntArray, present: npt.NDArray[np.bool_], low: object, high: object, first_row: int
) -> None:
    low, high = np.broadcast_to(np.asarray(low), values.shape), np.broadcast_to(np.asarray(high), values.shape)
    wrong = present & ((values < low) | (values >= high))
    if wrong.any():
        place = tuple(np.argwhere(wrong)[0])
        raise DataError(
            f"Row {first_row + place[0]}: {name} is {values[place]}, expected {low[place]} to {high[place] - 1}."
        )


def _numbered(names: Iterable[str]) -> dict[str, int]:
    return {name: number for number, name in enumerate(names)}


def _type(name: str, known: Mapping[str, int]) -> int:
    if name not in known:
        raise DataError(f"The description has no type {quoted(name)} of edges or groups: it has {', '.join(known)}.")
    return known[name]


def _counted(numbers: tuple[int, ...], names: Mapping[str, int], what: str) -> tuple[int, ...]:
    if len(numbers) != len(names):
        raise DataError(
            f"The description gives {what} {len(names)} numbers ({', '.join(names)}), got {quoted(numbers)}."
        )
    return numbers


def _of_positions(graph: Graph, structure: PuzzleStructure) -> list[Sequence[int]]:
    expected = graph.size if structure.position_numbers else 0
    if len(graph.numbers) != expected:
        raise DataError(
            f"A graph of {graph.size} positions needs {expected} tuples of numbers, got {len(graph.numbers)}."
        )
    return [_counted(numbers, structure.position_numbers, "a position") for numbers in graph.numbers]
