"""The array layout that HRM and TRM code bases share: reading a split memory-mapped. `trm.data.layout_writing` writes it.

- `DIR/{train,test}/` has `dataset.json` and `all__{inputs,labels,puzzle_identifiers,puzzle_indices,group_indices}.npy`.
- `DIR/identifiers.json` has the names of the puzzle ids. Other `DIR/*.json` are the documents of the `PuzzleSet`.
- Additional columns of a `PuzzleSet` are stored as `all__NAME.npy`, checksums as `checksums.json`. Other readers ignore
  both.

- Where puzzles have a structure of their own, `all__inputs.npy` holds the tokens alone; `trm.data.ragged_rows` says where
  the rest is.

Other structure and token names are not stored: the task describes them.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from trm.config import Structure
from trm.config.base import problem
from trm.data.puzzle_set import IGNORED, Description, IntArray, PuzzleSet
from trm.data.ragged_rows import RaggedRows
from trm.data.ranges import check_tokens, chunks
from trm.errors import DataError, quoted, reason
from trm.storage.atomic import restore_folder
from trm.storage.checksums import CHECKSUMS, verify_checksums
from trm.storage.untrusted_input import check_file, read_json

LONGEST_JSON = 2**27  # bytes; the names of a million ARC variants take a quarter
SET = "all"
IDENTIFIERS = "identifiers"
EXAMPLE_ARRAYS = ("inputs", "labels")
PUZZLE_ARRAYS = ("puzzle_identifiers", "puzzle_indices", "group_indices")
STRUCTURE, STRUCTURE_OFFSETS = "structure", "structure_offsets"
SET_NAME = r"[A-Za-z0-9_.-]{1,64}"
UNNAMED_IDENTIFIERS = 2**16
"""Maximum number of puzzle ids of a dataset without `identifiers.json`."""

SIZES = {
    "vocab_size": (1, 2**20),
    "seq_len": (1, 2**20),
    "num_puzzle_identifiers": (1, 2**31),
    "pad_id": (0, 2**20),
    "blank_identifier_id": (0, 2**31),
}
REQUIRED = (
    "pad_id",
    "ignore_label_id",
    "blank_identifier_id",
    "vocab_size",
    "seq_len",
    "num_puzzle_identifiers",
    "total_groups",
    "mean_puzzle_examples",
    "sets",
)


def read_split(directory: Path, split: str) -> PuzzleSet:
    """Read `directory/split`. Inputs and labels are memory-mapped.

    Every token, offset and id is checked once, in chunks. Nothing is unpickled.

    Raises:
        DataError: a file is missing, damaged or has another format; sizes or offsets do not match; a token or id is out
            of range. The message names the file.
    """
    folder = Path(directory) / split
    with contextlib.suppress(OSError):  # on a read-only disk nothing can be restored
        restore_folder(Path(directory))
        restore_folder(folder)
    _check_folder(Path(directory), split)
    facts = _read_facts(folder / "dataset.json")
    arrays = {name: _read_array(folder / f"{facts['sets'][0]}__{name}.npy") for name in EXAMPLE_ARRAYS + PUZZLE_ARRAYS}
    for name in PUZZLE_ARRAYS:
        arrays[name] = np.asarray(arrays[name]).astype(np.int64)
    description = _description(facts, folder / "dataset.json")
    try:
        puzzles = PuzzleSet(
            inputs=_with_structure(folder, facts["sets"][0], arrays["inputs"], description),
            labels=arrays["labels"],
            description=description,
            puzzle_ids=arrays["puzzle_identifiers"],
            puzzle_indices=arrays["puzzle_indices"],
            group_indices=arrays["group_indices"],
            ignore_label=facts["ignore_label_id"],
        )
        _check_tokens(puzzles)
    except DataError as error:
        raise DataError(f"{folder}: {error}") from error
    extras = _read_extras(folder, facts["sets"][0], len(puzzles))
    others = (f"{IDENTIFIERS}.json", CHECKSUMS)
    documents = {path.stem: _read_json(path) for path in Path(directory).glob("*.json") if path.name not in others}
    identifiers = _read_identifiers(folder, puzzles)
    verify_checksums(Path(directory))
    verify_checksums(folder)
    return replace(puzzles, identifiers=identifiers, extras=extras, documents=documents)


def _with_structure(folder: Path, set_name: str, tokens: IntArray, description: Description) -> IntArray:
    """The rows of puzzles, with their own structure if they have any."""
    structure = description.structure.per_puzzle
    if structure is None:
        return tokens
    values, offsets = (_read_array(folder / f"{set_name}__{name}.npy") for name in (STRUCTURE, STRUCTURE_OFFSETS))
    if tokens.ndim != 2 or values.ndim != 1 or offsets.ndim != 1 or len(offsets) < 1:
        raise DataError(f"{folder}: inputs, structure or structure_offsets has a wrong number of dimensions.")
    rows: Any = RaggedRows(tokens, values, np.asarray(offsets).astype(np.int64), structure)
    puzzle_rows: IntArray = rows
    return puzzle_rows


def _read_facts(path: Path) -> dict[str, Any]:
    facts = _read_json(path)
    if not isinstance(facts, dict):
        raise DataError(f"{path} does not describe a dataset: expected a JSON object.")
    for name in REQUIRED:
        if name not in facts:
            raise DataError(f"{path} does not describe a dataset: {name!r} is missing.")
    for name, (least, most) in SIZES.items():
        if not _is_integer(facts[name]) or not least <= facts[name] <= most:
            raise DataError(f"{path}: {name} is {quoted(facts[name])}: expected an integer from {least} to {most}.")
    ignored = facts["ignore_label_id"]
    if ignored is not None and not (_is_integer(ignored) and abs(ignored) < 2**31):
        raise DataError(f"{path}: ignore_label_id is {quoted(ignored)}: expected an integer or null.")
    sets = facts["sets"]
    if not isinstance(sets, list) or len(sets) != 1 or not re.fullmatch(SET_NAME, str(sets[0])):
        raise DataError(f"{path}: sets is {quoted(sets)}: expected the name of one set, for example {[SET]}.")
    return facts


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _description(facts: dict[str, Any], path: Path) -> Description:
    own = facts.get("per_puzzle")
    try:
        structure = Structure() if own is None else Structure.model_validate({"per_puzzle": own})
    except ValidationError as error:
        raise DataError(f"{path}{problem(error)}") from None
    return Description(
        vocab_size=facts["vocab_size"],
        seq_len=facts["seq_len"],
        structure=structure,
        pad_id=facts["pad_id"],
        num_puzzle_identifiers=facts["num_puzzle_identifiers"],
        blank_identifier_id=facts["blank_identifier_id"],
    )


def _check_folder(directory: Path, split: str | None = None) -> None:
    """Raise `DataError` if a dataset's folder is gone, is a file, or has no such split."""
    if directory.is_file():
        raise DataError(
            f"{directory} is a file, not a folder of arrays. `trm list-tasks -v` lists the datasets that read files."
        )
    if not directory.exists():
        raise DataError(
            f"There is no data folder {directory}. If it was moved or deleted, put it back, or name another with --data."
        )
    if split is None or (directory / split).exists():
        return
    others = [folder.parent.name for folder in sorted(directory.glob("*/dataset.json"))]
    if not others:
        raise DataError(f"{directory} is not a dataset in the array layout: it has no folder {split}.")
    raise DataError(f"{directory} has no {split} split, only {' and '.join(others)}.")


def _read_json(path: Path) -> Any:
    try:
        return read_json(path, LONGEST_JSON)
    except FileNotFoundError:
        raise DataError(f"{path} is missing: {path.parent} is not a dataset in the array layout.") from None
    except (OSError, ValueError) as error:
        raise DataError(f"Cannot read {path}: {reason(error)}.") from error


def _read_array(path: Path, kinds: str = "iu") -> IntArray:
    """An array, memory-mapped so that a wrong size in its header allocates no memory."""
    try:
        check_file(path)
        with np.errstate(over="ignore"):  # of the product of wrong sizes
            array: IntArray = np.lib.format.open_memmap(path, mode="r")  # reads neither archives nor pickles
    except FileNotFoundError:
        raise DataError(f"{path} is missing.") from None
    except Exception as error:  # numpy raises many types for a damaged header
        raise DataError(f"{path} is damaged, or not an array of plain numbers.") from error
    if array.dtype.kind not in kinds or array.ndim == 0:
        raise DataError(f"{path} is not an array of integers.")
    return array


def _read_extras(folder: Path, set_name: str, examples: int) -> dict[str, IntArray]:
    extras = {}
    for path in sorted(folder.glob(f"{set_name}__*.npy")):
        name = path.stem.removeprefix(f"{set_name}__")
        if name not in (*EXAMPLE_ARRAYS, *PUZZLE_ARRAYS, STRUCTURE, STRUCTURE_OFFSETS):
            extras[name] = _read_array(path, kinds="iufbSU")
            if len(extras[name]) != examples:
                raise DataError(f"{path} has {len(extras[name])} rows: expected {examples}, one per example.")
    return extras


def _read_identifiers(folder: Path, puzzles: PuzzleSet) -> tuple[str, ...]:
    count = puzzles.description.num_puzzle_identifiers
    path = folder.parent / "identifiers.json"
    if not path.exists() and count > UNNAMED_IDENTIFIERS:
        raise DataError(f"{path} is missing: it must name the {count:,} puzzle ids of dataset.json.")
    if not path.exists():
        return ("<blank>", *(str(number) for number in range(1, count)))
    names = _read_json(path)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names) or len(names) < count:
        raise DataError(f"{path}: expected a list with the names of {count} puzzle ids.")
    return tuple(names)


def read_identifier_names(directory: Path) -> list[str]:
    """The names of the puzzle ids in a dataset's `identifiers.json`, by id.

    Raises:
        DataError: the file is missing or damaged.
    """
    _check_folder(directory)
    path = directory / f"{IDENTIFIERS}.json"
    names = _read_json(path)
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise DataError(f"{path} is not a list of names of puzzle identifiers.")
    return names


def _check_tokens(puzzles: PuzzleSet) -> None:
    for name, values, unscored in (
        ("inputs", puzzles.inputs, ()),
        ("labels", puzzles.labels, (IGNORED, puzzles.ignore_label)),
    ):
        for start, chunk in chunks(values):
            check_tokens(name, puzzles.description.tokens(chunk), puzzles.description.vocab_size, unscored, start)
    if puzzles.description.structure.per_puzzle is not None:
        puzzles.check_structure()
