"""Files of Hugging Face data sets, kept in the hub's own cache and checked against their checksum."""

from __future__ import annotations

import re
from pathlib import Path

from trm.errors import DataError
from trm.storage.atomic import sha256


def hub_file(repository: str, name: str, offline: str) -> Path:
    """A file of a data set on Hugging Face, downloaded the first time.

    Large files are stored there under their SHA-256, which the cache keeps as the name of the file's content; what is
    read is checked against it.

    Args:
        repository: as in `sapientinc/sudoku-extreme`.
        name: the file's name in it.
        offline: what to do without a network, a sentence that ends the error message.

    Raises:
        DataError: `huggingface_hub` is not installed, the file can't be had, or it is damaged.
    """
    try:
        from huggingface_hub import hf_hub_download
    except ImportError:
        raise DataError(
            f"Downloading {repository} needs huggingface_hub: install it with `pip install 'trm[hub]'`. {offline}"
        ) from None
    try:
        path = Path(hf_hub_download(repository, name, repo_type="dataset"))
    except Exception as error:  # the hub raises many kinds, of its own and of its HTTP library
        reason = " ".join(str(error).split())[:200]
        raise DataError(f"{name} of {repository} can't be downloaded: {reason}. {offline}") from error
    digest = path.resolve().name
    if re.fullmatch("[0-9a-f]{64}", digest) and sha256(path) != digest:
        raise DataError(f"{path} is damaged: its checksum is not its publisher's. Delete it to download it again.")
    return path
