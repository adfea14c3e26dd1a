"""Writing so that nothing half-written is ever seen: to a temporary name, synced, then renamed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path
from typing import Any


def write_bytes(path: Path, content: bytes) -> None:
    """Replace a file in one step."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync_directory(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write JSON for people: indented, in one step."""
    write_bytes(path, (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def replace_folder(new: Path, target: Path) -> None:
    """Give a folder the name `target`, in place of what has it.

    No system swaps two folders in one step that all systems know. So the old one steps aside as `target.old`, where
    `restore_folder` finds it if the process is killed just then.
    """
    aside = target.with_name(f"{target.name}.old")
    if target.exists():
        shutil.rmtree(aside, ignore_errors=True)
        os.replace(target, aside)
    os.replace(new, target)
    sync_directory(target.parent)
    shutil.rmtree(aside, ignore_errors=True)


def restore_folder(aside: Path) -> None:
    """End a `replace_folder` that was killed: `target.old` is removed, or takes its name back where nothing has it."""
    target = aside.with_suffix("")
    if target.exists():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        os.replace(aside, target)


def sync_file(path: Path) -> None:
    """Wait until a file is on the disk; what is read of it next comes from there, where the system can be told so."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def sync_directory(path: Path) -> None:
    """Make a rename inside `path` survive a power cut, where the system lets directories be synced."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256(path: Path) -> str:
    """The checksum of a file's content."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
