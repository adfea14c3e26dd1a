"""Atomic writes: each file or folder is written under a temporary name, synced, then renamed.

A reader sees the old content or the new, never part of it. One writer at a time may replace a folder: a second writer
removes what the first has begun, and the first then fails with an `OSError`.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from trm.progress import progress


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file in one step.

    Raises:
        OSError: the file cannot be written; an earlier file is untouched.
    """
    with replaced_file(path) as file:
        file.write(content)


@contextlib.contextmanager
def replaced_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file anew: yields a temporary file, which takes the name `path` when the block ends.

    If the block raises, the temporary file is removed and an earlier file is untouched.

    Raises:
        OSError: the file cannot be written; an earlier file is untouched.
    """
    temporary = _temporary(path)
    try:
        with open(temporary, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_directory(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Replace a JSON file in one step. The JSON is indented by two spaces and keeps non-ASCII characters.

    Raises:
        OSError: the file cannot be written; an earlier file is untouched.
    """
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


@contextlib.contextmanager
def replaced_folder(target: Path) -> Iterator[Path]:
    """Write a folder anew: yields an empty temporary folder, which takes the name `target` when the block ends.

    The files in it are synced first. If the block raises, the temporary folder is removed and an earlier `target` is
    untouched. If the process is killed, the next `replaced_folder` or `restore_folder` cleans up.

    Args:
        target: the folder to write; its parent must exist.

    Raises:
        OSError: the folder cannot be written; an earlier `target` is untouched.
    """
    restore_folder(target)
    remove_leftovers(target)
    temporary = _temporary(target)
    try:
        temporary.mkdir()
        yield temporary
        for folder, _, names in os.walk(temporary):
            for name in names:
                _sync(Path(folder, name))
            sync_directory(Path(folder))
        _replace(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_leftovers(path: Path) -> None:
    """Remove the temporary files and folders of killed writers of `path`."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        if left.is_dir():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


def restore_folder(target: Path) -> None:
    """Finish the replacement of `target` if a killed process left it half done, else do nothing.

    Readers call this before they read.

    Raises:
        OSError: the folder cannot be renamed.
    """
    _finish(_aside(target), target)


def restore_folders(parent: Path) -> None:
    """Finish every replacement of a folder in `parent` that a killed process left half done.

    Raises:
        OSError: a folder cannot be renamed.
    """
    for aside in parent.glob("*.old"):  # trm 0.1.0 wrote the name without a leading dot
        _finish(aside, aside.with_name(aside.stem.removeprefix(".")))


def _finish(aside: Path, target: Path) -> None:
    if target.exists():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        with contextlib.suppress(FileNotFoundError):
            os.replace(aside, target)


def _replace(new: Path, target: Path) -> None:
    """Rename `new` to `target`, in place of an earlier folder.

    No portable call swaps two folders in one step. The earlier folder is therefore renamed first, to a name that
    `restore_folder` knows, and removed last.
    """
    aside = _aside(target)
    while True:
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)
            os.replace(target, aside)
        try:
            os.replace(new, target)
            break
        except OSError:
            if not target.exists():  # otherwise a reader has just restored the earlier folder: try again
                restore_folder(target)
                raise
    sync_directory(target.parent)
    shutil.rmtree(aside, ignore_errors=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.old")


def _sync(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def sync_file(path: Path) -> None:
    """Wait until a file is on the disk, and drop it from the page cache so that the next read comes from the disk.

    Systems without `posix_fadvise` keep the page cache.

    Raises:
        OSError: the file cannot be synced.
    """
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def sync_directory(path: Path) -> None:
    """Make renames inside a folder survive a power failure. Does nothing on systems that cannot sync folders."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _mebibytes(path: Path) -> int:
    return -(-path.stat().st_size >> 20)


def sha256(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal.

    Raises:
        OSError: the file cannot be read.
    """
    digest = hashlib.sha256()
    with open(path, "rb") as file, progress(f"Checking {path.name}", _mebibytes(path), "MiB") as advance:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            advance(1)
    return digest.hexdigest()
