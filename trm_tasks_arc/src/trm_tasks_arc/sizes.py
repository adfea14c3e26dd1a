"""The size of an output: what rules that hold for all demonstrations say about a test input."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import partial

import numpy as np

from trm_tasks_arc.grids import COLOURS, MAX_SIDE, Grid
from trm_tasks_arc.pairs import Pair
from trm_tasks_arc.shapes import Size, background, box, divided, groups, one_coloured, period

Rule = Callable[[Grid], "Size | None"]
"""The size of the output for an input, if the rule says anything about it."""


def predict_sizes(demonstrations: Sequence[Pair], given: Grid) -> list[tuple[Size, str]]:
    """Predict the size of the output, most plausible first, each with the rule behind it.

    Without a rule that holds for all demonstrations, the sizes of their outputs are guessed, the most frequent first.

    Args:
        demonstrations: pairs with outputs.
        given: a test input.

    Returns:
        At least one size, all different, each of 1 to 30 rows and columns.
    """
    found: dict[Size, str] = {}
    for name, rule in _holding(demonstrations):
        size = rule(given)
        if size and min(size) >= 1 and max(size) <= MAX_SIDE:
            found.setdefault((int(size[0]), int(size[1])), name)
    if not found:
        common = Counter(output.shape for _, output in _grids(demonstrations)).most_common(2)
        found = {(rows, columns): "as a demonstration" for (rows, columns), _ in common}
    return list(found.items())


def _grids(pairs: Sequence[Pair]) -> list[tuple[Grid, Grid]]:
    return [(pair.input, pair.output) for pair in pairs if pair.output is not None]


def _holding(demonstrations: Sequence[Pair]) -> Iterator[tuple[str, Rule]]:
    """The rules that hold for all demonstrations, the simplest first."""
    grids = _grids(demonstrations)
    yield from _of_the_size(grids)
    named = [named_sizes(given) for given, _ in grids]
    shifted = []
    for name in named[0]:
        sizes = [one.get(name) for one in named]
        if None in sizes:
            continue
        differences = {
            (wanted.shape[0] - size[0], wanted.shape[1] - size[1])
            for (_, wanted), size in zip(grids, sizes, strict=True)
            if size
        }
        if differences == {(0, 0)}:
            yield name, partial(_named, name, (0, 0))
        elif len(differences) == 1:
            difference = differences.pop()
            shifted.append((f"{name} {difference[0]:+}, {difference[1]:+}", partial(_named, name, difference)))
        if all(
            size and wanted.shape == (given.shape[0] * size[0], given.shape[1] * size[1])
            for (given, wanted), size in zip(grids, sizes, strict=True)
        ):
            yield f"the input times {name}", partial(_times, name)
    yield from shifted


def _of_the_size(grids: list[tuple[Grid, Grid]]) -> Iterator[tuple[str, Rule]]:
    """Rules that use nothing but the size of the input."""
    inputs, outputs = [given.shape for given, _ in grids], [wanted.shape for _, wanted in grids]
    if inputs == outputs:
        yield "as the input", lambda given: (given.shape[0], given.shape[1])
    axes = [_axis_rules([(i[axis], o[axis]) for i, o in zip(inputs, outputs, strict=True)]) for axis in (0, 1)]
    for kind in ("in proportion", "constant"):
        rows, columns = axes[0].get(kind), axes[1].get(kind)
        if rows and columns:
            yield kind, partial(_by_axis, rows, columns)
    if [shape[::-1] for shape in inputs] == outputs:
        yield "transposed", lambda given: (given.shape[1], given.shape[0])
    if "larger by a constant" in axes[0] and "larger by a constant" in axes[1]:
        yield (
            "larger by a constant",
            partial(_by_axis, axes[0]["larger by a constant"], axes[1]["larger by a constant"]),
        )
    if axes[0] and axes[1]:
        yield "by axis", partial(_by_axis, next(iter(axes[0].values())), next(iter(axes[1].values())))


def _axis_rules(sides: list[tuple[int, int]]) -> dict[str, Callable[[int], int]]:
    """What holds for one axis: from the side of the input to that of the output, 0 if it is not whole."""
    rules: dict[str, Callable[[int], int]] = {}
    ratios = {Fraction(output, given) for given, output in sides}
    if len(ratios) == 1:
        rules["in proportion"] = partial(_proportion, ratios.pop())
    outputs = {output for _, output in sides}
    if len(outputs) == 1:
        constant = outputs.pop()
        rules["constant"] = lambda side: constant
    differences = {output - given for given, output in sides}
    if len(differences) == 1:
        difference = differences.pop()
        rules["larger by a constant"] = lambda side: side + difference
    return rules


def _proportion(ratio: Fraction, side: int) -> int:
    return int(side * ratio) if (side * ratio).denominator == 1 else 0


def _by_axis(rows: Callable[[int], int], columns: Callable[[int], int], given: Grid) -> Size:
    return rows(given.shape[0]), columns(given.shape[1])


def _named(name: str, difference: Size, given: Grid) -> Size | None:
    size = named_sizes(given).get(name)
    return size and (size[0] + difference[0], size[1] + difference[1])


def _times(name: str, given: Grid) -> Size | None:
    size = named_sizes(given).get(name)
    return size and (given.shape[0] * size[0], given.shape[1] * size[1])


def named_sizes(grid: Grid) -> dict[str, Size]:
    """Sizes that a grid suggests: of its objects, of the parts it is divided into, and numbers of colours and objects."""
    common = background(grid)
    sizes: dict[str, Size | None] = {
        "box of all but black": box(grid != 0),
        "box of all but the most common colour": box(grid != common),
    }
    sizes |= {f"box of colour {colour}": box(grid == colour) for colour in range(COLOURS)}
    sizes |= _sizes_of_colours(grid, common)
    for name, mask in (("", grid != 0), (" on the most common colour", grid != common)):
        for corners in (True, False):
            sizes |= _sizes_of_objects(grid, mask, corners, name + ("" if corners else ", joined at sides"))
    sizes |= _sizes_of_groups(grid, common)
    parts = divided(grid)
    if parts:
        sizes["number of parts"], sizes["part"] = parts
    changes = [1 + int((g[1:] != g[:-1]).any(1).sum()) for g in (grid, grid.T)]
    sizes["without repeated rows and columns"] = (changes[0], changes[1])
    sizes["period"] = period(grid)
    return {name: size for name, size in sizes.items() if size is not None}


def _sizes_of_colours(grid: Grid, common: int) -> dict[str, Size | None]:
    counts = np.bincount(grid.ravel(), minlength=COLOURS)
    colours = [colour for colour in range(COLOURS) if counts[colour] and colour != common]
    if not colours:
        return {}
    boxes = [size for colour in colours if (size := box(grid == colour))]
    number, most = len(colours), int(counts[colours].max())
    return {
        "box of the rarest colour": box(grid == min(colours, key=lambda colour: counts[colour])),
        "box of the second colour": box(grid == max(colours, key=lambda colour: counts[colour])),
        "largest box of a colour": max(boxes, key=lambda size: size[0] * size[1]),
        "smallest box of a colour": min(boxes, key=lambda size: size[0] * size[1]),
        "a square by the number of colours": (number, number),
        "a column by the number of colours": (number, 1),
        "a row by the number of colours": (1, number),
        "a square by the most cells of a colour": (most, most),
    }


def _sizes_of_objects(grid: Grid, mask: np.ndarray, corners: bool, suffix: str) -> dict[str, Size | None]:
    objects = groups(mask, corners=corners)
    if not objects:
        return {}
    number = len(objects)
    kinds = [len(np.unique(grid[one])) for one in objects]
    cells = [int(one.sum()) for one in objects]
    order = range(number)
    return {
        f"largest object{suffix}": box(objects[max(order, key=lambda n: cells[n])]),
        f"smallest object{suffix}": box(objects[min(order, key=lambda n: cells[n])]),
        f"object with the largest box{suffix}": box(objects[max(order, key=lambda n: _area(objects[n]))]),
        f"object of the most colours{suffix}": box(objects[max(order, key=lambda n: (kinds[n], cells[n]))]),
        f"object of the fewest colours{suffix}": box(objects[max(order, key=lambda n: (-kinds[n], cells[n]))]),
        f"a square by the number of objects{suffix}": (number, number),
        f"a row by the number of objects{suffix}": (1, number),
        f"a column by the number of objects{suffix}": (number, 1),
    }


def _sizes_of_groups(grid: Grid, common: int) -> dict[str, Size | None]:
    sizes: dict[str, Size | None] = {}
    coloured = one_coloured(grid, common)
    if coloured:
        sizes["largest group of a colour"] = box(max(coloured, key=np.sum))
        sizes["group of a colour with the largest box"] = box(max(coloured, key=_area))
        sizes["smallest group of a colour"] = box(min(coloured, key=np.sum))
    for name, found in (
        ("largest rectangle", coloured),
        ("largest black rectangle", groups(grid == 0, corners=False)),
    ):
        full = [one for one in found if one.sum() == _area(one)]
        sizes[name] = box(max(full, key=np.sum)) if full else None
    return sizes


def _area(mask: np.ndarray) -> int:
    size = box(mask)
    return size[0] * size[1] if size else 0
