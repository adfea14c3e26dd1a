"""The folder of an evaluation, with the predictions so far in one atomically written file per batch."""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from trm.data import IntArray, read_json, write_bytes, write_json
from trm.errors import UsageError, cannot_write

LARGEST_ANSWER = 2**14
"""Maximum size in bytes of one answer, its confidence and its share of the file headers."""

Answers = tuple[IntArray, IntArray]
"""Predicted tokens ``[n, L]`` and confidences ``[n]``."""


class Kept:
    """Stores predictions in a folder.

    Args:
        folder: the folder, created if missing. None: store nothing.
        facts: everything that determines the predictions.

    Raises:
        UsageError: the folder contains other files, or predictions for other facts.
        TRMError: the folder cannot be written.
    """

    def __init__(self, folder: Path | None, facts: dict[str, Any]) -> None:
        self.folder = folder
        if folder is None:
            return
        note = folder / "evaluation.json"
        if note.exists():
            _check_same(note, facts)
        elif folder.exists() and (folder.is_file() or any(folder.iterdir())):
            raise UsageError(f"{folder} exists and is not an evaluation folder. Choose another --output.")
        with _writing(folder):
            (folder / "predictions").mkdir(parents=True, exist_ok=True)
            write_json(note, facts)

    def get(self, name: str, count: int) -> Answers | None:
        """Return the stored predictions of a batch of `count` examples; None if they are missing or damaged."""
        if self.folder is None:
            return None
        try:
            with zipfile.ZipFile(self._path(name)) as packed:
                if sum(member.file_size for member in packed.infolist()) > count * LARGEST_ANSWER:
                    return None
            with np.load(self._path(name), allow_pickle=False) as arrays:
                predictions, confidences = arrays["predictions"], arrays["confidences"]
        except Exception:  # damaged batches are predicted again
            return None
        whole = predictions.dtype == np.uint8 and predictions.ndim == 2 and confidences.shape == (count,)
        return (predictions, confidences) if whole and len(predictions) == count else None

    def keep(self, name: str, answers: Answers) -> Answers:
        """Store and return the predictions of a batch."""
        if self.folder is not None:
            content = io.BytesIO()
            np.savez_compressed(content, predictions=answers[0], confidences=answers[1])
            with _writing(self.folder):
                write_bytes(self._path(name), content.getvalue())
        return answers

    def get_json(self, name: str) -> Any:
        """Return what `keep_json` stored under a name; None if it is missing or damaged."""
        if self.folder is None:
            return None
        try:
            return read_json(self._json_path(name))
        except (OSError, ValueError):  # damaged files are made again
            return None

    def keep_json(self, name: str, content: Any) -> None:
        """Store a JSON document under any name, such as the id of a task."""
        if self.folder is not None:
            with _writing(self.folder):
                write_bytes(self._json_path(name), json.dumps(content).encode())

    def write_text(self, name: str, text: str) -> None:
        """Write a result file of text."""
        if self.folder is not None:
            with _writing(self.folder):
                write_bytes(self.folder / name, text.encode())

    def write_json(self, name: str, content: Any) -> None:
        """Write a result file."""
        if self.folder is not None:
            with _writing(self.folder):
                write_bytes(self.folder / name, json.dumps(content).encode())

    def _path(self, name: str) -> Path:
        assert self.folder is not None
        return self.folder / "predictions" / f"{name}.npz"

    def _json_path(self, name: str) -> Path:
        assert self.folder is not None
        return self.folder / "predictions" / f"{quote(name, safe='')}.json"


@contextlib.contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Convert an `OSError` to a `TRMError` that names the folder."""
    try:
        yield
    except OSError as error:
        raise cannot_write(folder, error) from error


def _check_same(note: Path, facts: dict[str, Any]) -> None:
    try:
        before = read_json(note)
    except (OSError, ValueError):
        before = {}
    before = before if isinstance(before, dict) else {}
    different = [name for name, value in facts.items() if before.get(name) != value]
    if different:
        raise UsageError(
            f"{note.parent} contains another evaluation with different {' and '.join(different)}. Choose another --output, or "
            "remove the folder."
        )
