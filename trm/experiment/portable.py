"""Texts and settings without the folders of this machine, which mean nothing to others and may be private."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from trm.runs.hub import is_hub_reference

_FOLDERS = re.compile(r"(?<![\w/:.@])(?:/[^\s/,()=:]+)+/([^\s/,()=:]+)")
"""The folders of an absolute path inside a sentence; not those of an address or of ``hf://``."""


def without_folders(value: Any) -> Any:
    """A JSON value in which absolute paths, alone or in a sentence, are reduced to their last part."""
    if isinstance(value, dict):
        return {key: without_folders(item) for key, item in value.items()}
    if isinstance(value, list):
        return [without_folders(item) for item in value]
    if not isinstance(value, str):
        return value
    return Path(value).name if Path(value).is_absolute() else _FOLDERS.sub(r"\1", value)


def portable_weights(init: str | None) -> str | None:
    """The name of weights that a training started from: the last part of a path, or a reference to the Hub."""
    return init if init is None or is_hub_reference(init) else Path(init).name
