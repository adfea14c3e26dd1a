"""Graphs as text: DIMACS files, and one line for each graph. And how a terminal shows them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from rich.text import Text

from trm.data import IntArray, Reading
from trm.errors import PuzzleError

from .graphs import anchored
from .settings import MOST_NODES, Config, make_row, unpack

BLANKS = ".0_-*?"  # what stands for a node without a given colour on a line
EXAMPLE = "Write, for example, 1..:1-2,2-3 (the given colours of three nodes, and two edges)."


@dataclass
class Drawing:
    """A graph while it is read. Nodes are numbered from 0, `line` is the line of the text where it starts."""

    number: int
    line: int
    nodes: int = 0
    declared: int | None = None
    ends: list[tuple[int, int]] = field(default_factory=list)
    given: dict[int, int] = field(default_factory=dict)

    def fail(self, problem: str, line: int | None = None) -> PuzzleError:
        return PuzzleError(f"Graph {self.number}, line {line or self.line}: {problem}")

    def node(self, word: str, line: int) -> int:
        if not word.isdecimal() or not 1 <= int(word[:9]) <= self.nodes:
            raise self.fail(f"{word[:20]!r} is not a node. Nodes are numbered from 1 to {self.nodes}.", line)
        return int(word) - 1

    def add_edge(self, first: str, second: str, line: int) -> None:
        ends = self.node(first, line), self.node(second, line)
        if ends[0] == ends[1]:
            raise self.fail(f"Node {first} has an edge to itself, so no colouring exists. Remove the edge.", line)
        self.ends.append((min(ends), max(ends)))

    def give(self, node: int, word: str, config: Config, line: int) -> None:
        if not word.isdecimal() or not 1 <= int(word[:9]) <= config.colours:
            problem = f"Node {node + 1} has colour {word[:20]!r}. Colours are 1 to {config.colours}"
            raise self.fail(problem + ("." if config.colours == 4 else " unless task.colours is 4."), line)
        if self.given.setdefault(node, int(word)) != int(word):
            raise self.fail(f"Node {node + 1} has two colours, {self.given[node]} and {word}. Keep one.", line)

    def sized(self, word: str) -> None:
        if not word.isdecimal() or not 1 <= int(word[:9]) <= MOST_NODES:
            raise self.fail(f"The graph has {word[:20]!r} nodes. Expected a number from 1 to {MOST_NODES}.")
        self.nodes = int(word)

    @property
    def edges(self) -> list[tuple[int, int]]:
        """The edges, each of them once, in order."""
        return sorted(set(self.ends))

    def row(self, config: Config) -> IntArray:
        """Return the puzzle's row. If no node is given, a triangle or an edge is."""
        if self.declared is not None and self.declared not in (len(self.ends), len(self.edges)):
            raise self.fail(
                f"The line 'p' announces {self.declared} edges, and {len(self.ends)} follow. Correct the number, "
                "or add the missing lines."
            )
        if self.nodes > config.nodes or len(self.edges) > config.room:
            raise self.fail(
                f"The graph has {self.nodes} nodes and {len(self.edges)} edges; the settings allow {config.nodes} and "
                f"{config.room}. Set task.nodes and task.edges."
            )
        edges = np.array(self.edges, dtype=np.int64).reshape(-1, 2)
        if not self.given:
            return make_row(config, anchored(edges, self.nodes), edges)
        tokens = np.zeros(self.nodes, dtype=np.int64)
        tokens[list(self.given)] = list(self.given.values())
        return make_row(config, tokens, edges)


Found = Drawing | PuzzleError


def read(text: str, config: Config) -> Reading:
    """Read graphs in DIMACS form if a line begins with `p`, or else one graph on each line."""
    puzzles: Iterator[IntArray | PuzzleError] = (as_row(found, config) for found in drawings(text, config))
    if is_dimacs(text):
        return Reading("graphs in DIMACS form", puzzles)
    return Reading("one graph per line", puzzles, usual=True)


def as_row(found: Found, config: Config) -> IntArray | PuzzleError:
    try:
        return found if isinstance(found, PuzzleError) else found.row(config)
    except PuzzleError as error:
        return error


def fit(text: str, config: Config) -> Config:
    """Return settings with room for every graph of a text."""
    found = [drawing for drawing in drawings(text, config) if isinstance(drawing, Drawing)]
    nodes = max([config.nodes, *(drawing.nodes for drawing in found)])
    edges = max([config.room, *(len(drawing.edges) for drawing in found)])
    if (nodes, edges) == (config.nodes, config.room):
        return config
    return config.model_copy(update={"nodes": nodes, "edges": edges})


def is_dimacs(text: str) -> bool:
    return any(line.split()[0].lower() in ("p", "e", "n") for line in text.splitlines() if line.strip())


def drawings(text: str, config: Config) -> Iterator[Found]:
    """Yield the graphs of a text in order. An error takes the place of a graph that cannot be read."""
    if is_dimacs(text):
        yield from dimacs_graphs(text, config)
        return
    lines = [(number, line) for number, line in enumerate(text.splitlines(), start=1) if line.strip()]
    if not lines:
        yield PuzzleError(f"The text has no graph. {EXAMPLE}")
    for count, (number, line) in enumerate(lines, start=1):
        try:
            yield one_line(line, Drawing(count, number), config)
        except PuzzleError as error:
            yield error


def one_line(line: str, drawing: Drawing, config: Config) -> Drawing:
    """Read a line such as `1..:1-2,2-3`."""
    nodes, colon, edges = "".join(line.split()).partition(":")
    if not colon or not nodes:
        raise drawing.fail(f"{line.strip()[:40]!r} is not a graph. {EXAMPLE}")
    drawing.sized(str(len(nodes)))
    for node, letter in enumerate(nodes):
        if letter not in BLANKS:
            drawing.give(node, letter, config, drawing.line)
    for pair in edges.split(",") if edges else ():
        first, dash, second = pair.partition("-")
        if not dash:
            raise drawing.fail(f"{pair[:20]!r} is not an edge. Write the numbers of two nodes, as in 1-2.")
        drawing.add_edge(first, second, drawing.line)
    return drawing


def dimacs_graphs(text: str, config: Config) -> Iterator[Found]:
    """Yield the graphs of a DIMACS text. After an error the next graph begins at the next line `p`."""
    current: Found | None = None
    count = 0
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split()
        if not words or words[0].lower() == "c":
            continue
        begins = words[0].lower() == "p"
        if begins:
            if current is not None:
                yield current
            count += 1
        elif isinstance(current, PuzzleError):
            continue
        try:
            current = dimacs_line(words, Drawing(count, number) if begins else current, number, config)
        except PuzzleError as error:
            current = error
    if current is not None:
        yield current


def dimacs_line(words: list[str], drawing: Found | None, line: int, config: Config) -> Drawing:
    """Add a line to a graph, which the line `p` has begun.

    Raises:
        PuzzleError: the line is none of `p edge NODES EDGES`, `e NODE NODE` and `n NODE COLOUR`.
    """
    if not isinstance(drawing, Drawing):
        raise PuzzleError(f"Line {line}: {words[0][:20]!r} comes before a line such as 'p edge 40 90'.")
    match [words[0].lower(), *words[1:]]:
        case ["p", "edge" | "edges" | "col", nodes, edges] if edges.isdecimal():
            drawing.sized(nodes)
            drawing.declared = int(edges[:9])
        case ["e", first, second]:
            drawing.add_edge(first, second, line)
        case ["n", node, colour]:
            drawing.give(drawing.node(node, line), colour, config, line)
        case _:
            raise drawing.fail(
                f"{' '.join(words)[:40]!r} is not a line of a graph. Expected 'p edge NODES EDGES', 'e NODE NODE', "
                "'n NODE COLOUR' or a comment 'c ...'.",
                line,
            )
    return drawing


def format_row(row: IntArray, config: Config) -> str:
    """Write a puzzle or an answer as one line, such as `1..:1-2,2-3`, which `read` reads."""
    tokens, edges = unpack(row, config)
    colours = "".join(str(token) if token else "." for token in tokens)
    return colours + ":" + ",".join(f"{first}-{second}" for first, second in (edges + 1).tolist())


class Nodes:
    """Ten nodes on a line: their numbers and colours. Below, the edges that join nodes of one colour."""

    def __init__(self, config: Config) -> None:
        self.config = config

    def render(self, inputs: IntArray, prediction: IntArray | None = None, target: IntArray | None = None) -> Text:
        text = Text()
        tokens, edges = unpack(inputs, self.config)
        nodes = len(tokens)
        shown = tokens if prediction is None else prediction[:nodes]
        for node, token in enumerate(shown):
            wrong = target is not None and token != target[node]
            style = "bold red" if wrong else "bold" if tokens[node] else "" if token else "dim"
            if node % 10 == 0:
                text.append(f"{node + 1:4d}  ", "dim")
            text.append((str(token) if token else ".") + ("! " if wrong else "  "), style)
            text.append("\n" * (node % 10 == 9 or node == nodes - 1))
        if prediction is not None:
            edges = edges[(shown[edges[:, 0]] == shown[edges[:, 1]]) & (shown[edges[:, 0]] > 0)]
        heading = "Edges:" if prediction is None else "Within one colour:"
        if len(edges):
            text.append(listed(heading, [f"{first}-{second}" for first, second in (edges + 1).tolist()]))
        return text


def listed(heading: str, words: list[str], width: int = 74) -> str:
    """Return words below a heading, in lines of at most `width` characters; at most ten lines."""
    lines = [heading]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > width:
            if len(lines) == 10:
                return "\n".join(lines) + " ..."
            lines.append(word)
        else:
            lines[-1] += " " + word
    return "\n".join(lines)
