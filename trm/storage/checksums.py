"""Checksums beside the files of a dataset, so that damaged files are detected when they are read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from trm.errors import DataError, reason
from trm.storage.atomic import sha256, write_json
from trm.storage.untrusted_input import check_file, read_json

CHECKSUMS = "checksums.json"


def write_checksums(folder: Path, names: Iterable[str]) -> None:
    """Write the checksums of files in a folder, replacing earlier ones.

    Raises:
        OSError: a file cannot be read or written.
    """
    write_json(folder / CHECKSUMS, {name: sha256(folder / name) for name in sorted(names)})


def verify_checksums(folder: Path) -> None:
    """Verify the files of a folder if it has checksums. Datasets written by other code bases have none.

    Raises:
        DataError: a file is missing or damaged.
    """
    path = folder / CHECKSUMS
    if not path.exists():
        return
    try:
        checksums = {Path(name).name: str(digest) for name, digest in read_json(path).items()}
    except (OSError, ValueError, AttributeError) as error:
        raise DataError(f"Cannot read {path}: {reason(error)}.") from error
    for name, digest in checksums.items():
        try:
            check_file(folder / name)
            found = sha256(folder / name)
        except OSError as error:
            raise DataError(f"Cannot read {folder / name}: {reason(error)}.") from error
        if found != digest:
            raise DataError(
                f"{folder / name} is damaged: its checksum differs from {CHECKSUMS}. Build the dataset again, or remove "
                f"{path} if you changed the file on purpose."
            )
