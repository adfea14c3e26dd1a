"""NumPy files as text: puzzles that somebody saved as arrays."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING, Any

from trm.storage.untrusted_input import LIMIT

if TYPE_CHECKING:
    from numpy.typing import NDArray

NPY = b"\x93NUMPY"
ZIP = b"PK\x03\x04"
MOST_DIMENSIONS = 3


def array_text(content: bytes) -> str | None:
    """The arrays of a ``.npy`` or ``.npz`` file, one row a line and an empty line after each matrix; None if it is neither.

    Elements are separated by spaces. Truth values become 1 and 0.

    Raises:
        ValueError: the file is damaged, is another zip archive, or has something else than whole numbers or text in one to
            three dimensions.
    """
    if content.startswith(NPY):
        return _written(_loaded(content))
    if content.startswith(ZIP):
        return "\n\n".join(_written(_loaded(member)) for member in _members(content))
    return None


def _members(content: bytes) -> list[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if any(name.endswith("data.pkl") for name in names):
                raise ValueError("it is a PyTorch file, not text")
            if not names or not all(name.endswith(".npy") for name in names):
                raise ValueError("it is a zip archive, not text")
            if sum(member.file_size for member in archive.infolist()) > LIMIT:
                raise ValueError(f"its arrays have more than {LIMIT:,} bytes")
            return [archive.read(name) for name in names]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise ValueError("it is a zip archive or a PyTorch file, and damaged") from error


def _loaded(content: bytes) -> NDArray[Any]:
    import numpy as np

    try:
        array: NDArray[Any] = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    except Exception as error:  # numpy raises many types for a damaged header
        raise ValueError("it is a damaged NumPy file, or one with Python objects") from error
    return array


def _written(array: NDArray[Any]) -> str:
    import numpy as np

    if array.dtype.kind == "S":
        array = np.char.decode(array, "latin-1")
    if array.dtype.kind == "b":
        array = array.astype(np.uint8)
    if array.dtype.kind == "f" and (array == np.round(array)).all():
        array = array.astype(np.int64)
    if array.dtype.kind not in "iuU" or not 1 <= array.ndim <= MOST_DIMENSIONS:
        shape = "x".join(map(str, array.shape)) or "no"
        raise ValueError(f"its array has {shape} elements of type {array.dtype}; whole numbers or letters are expected")
    between = "" if array.dtype.kind == "U" else " "
    matrices = array.reshape(-1, *array.shape[-2:]) if array.ndim > 1 else array[None, None]
    return "\n\n".join("\n".join(between.join(map(str, row)) for row in matrix) for matrix in matrices)
