"""Downloading files of Hugging Face datasets into the hub's own cache, verified against their checksum."""

from __future__ import annotations

from pathlib import Path

from trm.errors import DataError, DownloadError, UsageError
from trm.storage.hub_client import hub_client, is_damaged, large_transfer


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
        hub = hub_client(f"Downloading {repository}")
    except UsageError as error:
        raise UsageError(f"{error} {offline}") from error.__cause__
    try:
        with large_transfer(hub, f"Downloading {name} of {repository}"):
            path = Path(hub.hf_hub_download(repository, name, repo_type="dataset"))
    except Exception as error:  # the hub raises many types of its own and of its HTTP library
        reason = " ".join(str(error).split())[:200]
        raise DownloadError(f"Cannot download {name} of {repository}: {reason}. {offline}") from error
    if is_damaged(path):
        raise DataError(
            f"{path.resolve()} is damaged: its checksum differs from the published one. Delete it to download it again."
        )
    return path
