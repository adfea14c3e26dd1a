"""Downloading files of Hugging Face datasets into the hub's own cache, verified against their checksum."""

from __future__ import annotations

import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trm.errors import DataError, DownloadError, UsageError
from trm.extras import extra_module
from trm.progress import printing, progress
from trm.storage.atomic import sha256


def hub_file(repository: str, name: str, offline: str) -> Path:
    """The path of a file of a Hugging Face dataset, downloaded on first use.

    The hub's cache names the content of a large file by its SHA-256; the file is verified against it.

    Args:
        repository: the dataset, for example "sapientinc/sudoku-extreme".
        name: the file's name in the dataset.
        offline: a sentence that ends the error message and says what to do without a network.

    Raises:
        UsageError: `huggingface_hub` is not installed.
        DownloadError: the download failed.
        DataError: the file is damaged.
    """
    try:
        hub = extra_module("huggingface_hub", f"Downloading {repository}")
    except UsageError as error:
        raise UsageError(f"{error} {offline}") from error.__cause__
    try:
        with _shown(hub, f"Downloading {name} of {repository}"):
            path = Path(hub.hf_hub_download(repository, name, repo_type="dataset"))
    except Exception as error:  # the hub raises many types of its own and of its HTTP library
        reason = " ".join(str(error).split())[:200]
        raise DownloadError(f"Cannot download {name} of {repository}: {reason}. {offline}") from error
    digest = path.resolve().name
    if re.fullmatch("[0-9a-f]{64}", digest) and sha256(path) != digest:
        raise DataError(
            f"{path} is damaged: its checksum differs from the published one. Delete it to download it again."
        )
    return path


@contextlib.contextmanager
def _shown(hub: Any, heading: str) -> Iterator[None]:
    """Show a download: by the hub's own bar on a terminal, which knows the bytes, else as a job."""
    if sys.stderr.isatty():
        with printing():
            yield
        return
    hub.utils.disable_progress_bars()
    try:
        with progress(heading):
            yield
    finally:
        hub.utils.enable_progress_bars()
