"""What the network for pairs of grids sees of an input: copies laid over the output in several ways, and its objects."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trm.data import IntArray
from trm_tasks_arc.grids import Grid
from trm_tasks_arc.shapes import Size, label

FloatArray = npt.NDArray[np.float32]
VIEWS = 8
OBJECT_FEATURES = 8
NOTHING = -1


def views(given: Grid, size: Size, canvas: Size) -> IntArray:
    """Lay copies of an input over its output, so that what belongs together comes to lie on the same cell.

    The copies are: at the top left corner; stretched or shrunk to the size of the output; repeated; at the bottom right
    corner; and the repeated one upside down, from right to left, both, and transposed.

    Args:
        given: the input.
        size: rows and columns of the output.
        canvas: rows and columns of the result, which hold both grids.

    Returns:
        Colours ``[8, rows, columns]`` int8, -1 where a copy has no cell.
    """
    result = np.full((VIEWS, *canvas), NOTHING, np.int8)
    height, width = given.shape
    result[0, :height, :width] = given
    on_output = result[1:, : size[0], : size[1]]
    rows, columns = np.arange(size[0]), np.arange(size[1])
    on_output[0] = given[np.ix_(rows * height // size[0], columns * width // size[1])]
    on_output[1] = repeated = given[np.ix_(rows % height, columns % width)]
    up, left = rows + height - size[0], columns + width - size[1]
    on_output[2][np.ix_(up >= 0, left >= 0)] = given[np.ix_(up[up >= 0], left[left >= 0])]
    on_output[3], on_output[4], on_output[5] = repeated[::-1], repeated[:, ::-1], repeated[::-1, ::-1]
    on_output[6] = given.T[np.ix_(rows % width, columns % height)]
    return result


def object_features(given: Grid) -> FloatArray:
    """Describe the object that each cell of an input belongs to.

    The first four features are of the cells of the same colour that are connected at their sides, the others of the cells
    that are not black and connected at sides or corners, 0 on black cells: the binary logarithm of their number over 5;
    whether they touch the edge of the grid; whether no object of this kind has more, and whether none has fewer cells.

    Returns:
        ``[8, rows, columns]``.
    """
    features = np.zeros((OBJECT_FEATURES, *given.shape), np.float32)
    for colour in np.unique(given):
        _describe(features[:4], given == colour, corners=False)
    _describe(features[4:], given != 0, corners=True)
    return features


def _describe(features: FloatArray, mask: npt.NDArray[np.bool_], *, corners: bool) -> None:
    labels, count = label(mask, corners=corners)
    if not count:
        return
    cells = np.bincount(labels.ravel(), minlength=count + 1)
    edge = np.zeros(count + 1, bool)
    for line in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        edge[line] = True
    own = labels[mask]
    features[0][mask] = np.log2(cells[own]) / 5
    features[1][mask] = edge[own]
    features[2][mask] = cells[own] == cells[1:].max()
    features[3][mask] = cells[own] == cells[1:].min()
