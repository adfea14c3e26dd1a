"""Writing a split in the array layout, which `trm.data.layout` describes and reads."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from trm.config import PuzzleStructure
from trm.data.layout import IDENTIFIERS, PUZZLE_ARRAYS, SET, STRUCTURE, STRUCTURE_OFFSETS
from trm.data.puzzle_set import IGNORED, IntArray, PuzzleSet
from trm.data.ragged_rows import compact
from trm.data.ranges import chunks
from trm.storage.atomic import remove_leftovers, replaced_folder, write_bytes
from trm.storage.checksums import CHECKSUMS, write_checksums


def write_split(
    directory: Path, split: str, puzzles: PuzzleSet, on_rows: Callable[[int], None] = lambda count: None
) -> None:
    """Write `identifiers.json`, the documents and then `directory/split`, which is replaced in one step.

    Positions that are not scored get the set's `ignore_label`. Default: the padding token, as in the published datasets,
    or -100 if the padding token is a scored label.

    Args:
        directory: the folder of the dataset. It is created if needed.
        split: "train" or "test".
        puzzles: the puzzles. Their arrays are copied in chunks.
        on_rows: called with the number of rows of each chunk of the inputs, then of the labels.

    Raises:
        OSError: the split cannot be written; an earlier split is untouched.
    """
    directory.mkdir(parents=True, exist_ok=True)
    write_documents(directory, puzzles)
    with replaced_folder(directory / split) as folder:
        _write_arrays(folder, puzzles, on_rows)
        write_checksums(folder, [file.name for file in folder.iterdir()])


def write_documents(directory: Path, puzzles: PuzzleSet) -> None:
    """Write `identifiers.json` (the names of the puzzle ids) and the other documents of a set."""
    (directory / CHECKSUMS).unlink(missing_ok=True)  # if the build is killed below, no wrong checksums are left
    for name, content in {IDENTIFIERS: list(puzzles.identifiers), **puzzles.documents}.items():
        remove_leftovers(directory / f"{name}.json")
        write_bytes(directory / f"{name}.json", json.dumps(content, ensure_ascii=False).encode())
    remove_leftovers(directory / CHECKSUMS)
    write_checksums(directory, [path.name for path in directory.glob("*.json")])


def _write_arrays(folder: Path, puzzles: PuzzleSet, on_rows: Callable[[int], None]) -> None:
    description = puzzles.description
    ignored = _ignored_label(puzzles)
    bytes_do = description.vocab_size <= 256 and (ignored is None or 0 <= ignored < 256)
    token_type = np.dtype(np.uint8 if bytes_do else np.int32)
    _write_array(folder, "inputs", puzzles.inputs, token_type, on_rows=on_rows, width=description.seq_len)
    if description.structure.per_puzzle is not None:
        _write_structure(folder, puzzles, description.structure.per_puzzle)
    _write_array(folder, "labels", puzzles.labels, token_type, ignored, on_rows)
    for name, values in zip(
        PUZZLE_ARRAYS, (puzzles.puzzle_ids, puzzles.puzzle_indices, puzzles.group_indices), strict=True
    ):
        _write_array(folder, name, values, np.dtype(np.int32))
    for name, column in puzzles.extras.items():
        _write_array(folder, name, column, np.asarray(column[:0]).dtype)
    facts: dict[str, Any] = {
        "pad_id": description.pad_id,
        "ignore_label_id": ignored,
        "blank_identifier_id": description.blank_identifier_id,
        "vocab_size": description.vocab_size,
        "seq_len": description.seq_len,
        "num_puzzle_identifiers": description.num_puzzle_identifiers,
        "total_groups": puzzles.num_groups,
        "mean_puzzle_examples": len(puzzles) / max(len(puzzles.puzzle_ids), 1),
        "total_puzzles": len(puzzles.puzzle_ids),
        "sets": [SET],
    }
    if description.structure.per_puzzle is not None:
        facts["per_puzzle"] = description.structure.per_puzzle.model_dump()
    (folder / "dataset.json").write_text(json.dumps(facts), encoding="utf-8")


def _ignored_label(puzzles: PuzzleSet) -> int | None:
    """The label that marks unscored positions in the file; None if there are none."""
    if puzzles.ignore_label is not None:
        return puzzles.ignore_label
    pad = puzzles.description.pad_id
    if not any((chunk == pad).any() for _, chunk in chunks(puzzles.labels)):
        return pad
    return IGNORED if any((chunk == IGNORED).any() for _, chunk in chunks(puzzles.labels)) else None


def _write_array(
    folder: Path,
    name: str,
    values: IntArray,
    dtype: np.dtype[Any],
    ignored: int | None = None,
    on_rows: Callable[[int], None] = lambda count: None,
    width: int | None = None,
) -> None:
    """Write an array of rows, or its first `width` columns, in chunks. If `ignored` is given, it replaces -100."""
    shape = values.shape if width is None else (len(values), width)
    with open(folder / f"{SET}__{name}.npy", "wb") as file:
        header = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for _, chunk in chunks(values):
            if ignored is not None:
                chunk = np.where(chunk == IGNORED, ignored, chunk)
            file.write(np.ascontiguousarray(chunk if width is None else chunk[:, :width], dtype).data)
            on_rows(len(chunk))


def _write_structure(folder: Path, puzzles: PuzzleSet, structure: PuzzleStructure) -> None:
    """Write the puzzles' own structure, which takes far less memory than their rows."""
    parts = [compact(chunk, puzzles.description.seq_len, structure) for _, chunk in chunks(puzzles.inputs)]
    values = np.concatenate([values for values, _ in parts] or [np.empty(0)])
    lengths = np.concatenate([[0], *(lengths for _, lengths in parts)])
    _write_array(folder, STRUCTURE, values, np.dtype(np.int32))
    _write_array(folder, STRUCTURE_OFFSETS, np.cumsum(lengths), np.dtype(np.int64))
