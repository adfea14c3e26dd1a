"""Weights on the Hugging Face Hub: references, downloads, and what a repository without our weights holds."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trm import __version__
from trm.errors import CheckpointError, UsageError
from trm.storage.hub_client import hub_client, hub_error, is_damaged, transfer

WEIGHTS_FILE = "model.safetensors"
CONFIG_FILE, METRICS_FILE, SUMMARY_FILE = "config.json", "metrics.jsonl", "summary.json"
LIBRARY = "trm"
"""The value of `library_name` in the metadata of a model that `trm push` uploaded."""

PAPER_FILES = ("all_config.yaml", "step_*", "checkpoint")
"""The files of a checkpoint of the paper's code, see `trm.interop.official`."""

COMMIT = re.compile("[0-9a-f]{40}")

_PART = r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?"
_REFERENCE = re.compile(rf"(?P<repository>{_PART}/{_PART})(?:@(?P<revision>(?!.*\.\.)[^\s@]+))?", re.ASCII)
_ADDRESS = re.compile(r"https?:/{1,2}[^/]+/(?P<repository>[^/?#]+/[^/?#]+)")


@dataclass(frozen=True)
class HubReference:
    """A model on the Hub: ``hf://owner/name`` or ``hf://owner/name@revision``.

    Attributes:
        repository: "owner/name".
        revision: a branch, tag or commit. Default: the Hub's default branch.
    """

    repository: str
    revision: str | None = None

    @classmethod
    def parse(cls, text: str | Path) -> HubReference:
        """Read a reference, with or without ``hf://``.

        Raises:
            UsageError: it is malformed.
        """
        bare = re.sub("^hf:/{1,2}", "", str(text))
        match = _REFERENCE.fullmatch(bare)
        if match is None:
            address = _ADDRESS.match(bare)
            meant = f" Did you mean hf://{address['repository']}?" if address else ""
            raise UsageError(
                f"{str(text)!r} names no model on the Hub: expected hf://owner/name or hf://owner/name@revision.{meant}"
            )
        return cls(match["repository"], match["revision"])

    def at(self, commit: str) -> HubReference:
        """The same model at a commit."""
        return HubReference(self.repository, commit)

    def __str__(self) -> str:
        return f"hf://{self.repository}" + (f"@{self.revision}" if self.revision else "")


@dataclass(frozen=True)
class HubFile:
    """A downloaded file.

    Attributes:
        path: the file in the client's cache.
        reference: the model, at the commit that the file was read from.
    """

    path: Path
    reference: HubReference


def is_hub_reference(what: str | Path) -> bool:
    """Whether a text or path is meant as a reference to the Hub. A `Path` has lost one of the slashes of ``hf://``."""
    return re.match("hf:/|https?:/", str(what)) is not None


def download_weights(reference: HubReference, *, again: bool = False) -> HubFile:
    """The weights of a model, downloaded into the client's cache if they are not there, and verified.

    Args:
        reference: the model.
        again: download them even if they are in the cache.

    Raises:
        UsageError: there is no such model or revision, it may not be read, or it is not in the cache and the client is
            offline.
        CheckpointError: it is no model of trm, or its weights are damaged.
        TRMError: the download failed.
    """
    found = _download(reference, WEIGHTS_FILE, again)
    if found is None:
        raise _without_weights(reference)
    if is_damaged(found.path):
        raise CheckpointError(
            f"The download of {reference} is damaged: the checksum of {found.path} differs from the Hub's. Download it "
            f"again: trm pull {reference} --force"
        )
    return found


def download_records(weights: HubFile, *, again: bool = False) -> dict[str, Path]:
    """The other files of a run that lie beside weights, by name: its settings, metrics and summary, if there are any.

    Raises:
        TRMError: the download failed.
    """
    files = {name: _download(weights.reference, name, again) for name in (CONFIG_FILE, METRICS_FILE, SUMMARY_FILE)}
    return {name: file.path for name, file in files.items() if file is not None}


def download_run(reference: HubReference) -> Path:
    """The folder in the client's cache with a run's settings, metrics and summary, which `read_history` reads.

    Raises:
        UsageError: there is no such model or revision, or it may not be read.
        CheckpointError: it is no model of trm.
        TRMError: the download failed.
    """
    config = _download(reference, CONFIG_FILE)
    if config is None:
        raise _without_weights(reference)
    download_records(config)
    return config.path.parent


def cached_reference(folder: Path) -> HubReference | None:
    """The model, at its commit, that a folder of the client's cache holds; None for any other folder."""
    owner, snapshots, commit = folder.parts[-3:] if len(folder.parts) >= 3 else ("", "", "")
    kind, _, name = owner.partition("--")
    if kind != "models" or snapshots != "snapshots" or not COMMIT.fullmatch(commit) or "--" not in name:
        return None
    return HubReference(name.replace("--", "/", 1), commit)


def download_paper_checkpoint(reference: HubReference) -> Path:
    """The folder with a checkpoint of the paper's code or of HRM's, as `trm.interop.official` reads it.

    Raises:
        UsageError: there is no such model or revision, or it may not be read.
        TRMError: the download failed.
    """
    hub = hub_client(f"Reading {reference}")
    try:
        with transfer(hub, f"Downloading {reference}"):
            return Path(
                hub.snapshot_download(
                    reference.repository, revision=reference.revision, allow_patterns=list(PAPER_FILES), **_ourselves()
                )
            )
    except Exception as error:  # the client raises many types of its own and of its HTTP library
        raise hub_error(error, f"Cannot download {reference}", reference.repository, reference.revision) from error


def list_models(owner: str | None = None) -> list[dict[str, Any]]:
    """The models of trm on the Hub, the newest first.

    Args:
        owner: a user or an organization. Default: all.

    Returns:
        For each model `model`, `task`, `exact_accuracy`, `updated` (an ISO date), `private` and `downloads`. Values that
        the Hub does not know are None.

    Raises:
        TRMError: the Hub cannot be reached.
    """
    hub = hub_client("Listing models")
    try:
        with transfer(hub, "Listing models"):
            infos = list(
                hub.HfApi(**_ourselves()).list_models(
                    author=owner, filter=LIBRARY, full=True, cardData=True, sort="last_modified"
                )
            )
    except Exception as error:  # the client raises many types of its own and of its HTTP library
        raise hub_error(error, "Cannot list models", owner or "") from error
    return [_listed(info) for info in infos if getattr(info, "library_name", None) in (LIBRARY, None)]


def _listed(info: Any) -> dict[str, Any]:
    card = info.card_data
    ours = card.get(LIBRARY) if card else None
    scores = {result.metric_type: result.metric_value for result in (card and card.eval_results) or ()}
    return {
        "model": info.id,
        "task": ours.get("task") if isinstance(ours, dict) else None,
        "exact_accuracy": scores.get("exact_accuracy"),
        "updated": info.last_modified and info.last_modified.date().isoformat(),
        "private": bool(info.private),
        "downloads": info.downloads,
    }


def _download(reference: HubReference, name: str, again: bool = False) -> HubFile | None:
    """A file of a model; None if the model has no file of that name."""
    hub = hub_client(f"Reading {reference}")
    if reference.revision is not None and COMMIT.fullmatch(reference.revision):
        # The client remembers which files a commit lacks, but does not consult that when it downloads.
        known = hub.try_to_load_from_cache(reference.repository, name, revision=reference.revision)
        if known is hub._CACHED_NO_EXIST:
            return None
    try:
        with transfer(hub, f"Downloading {name} of {reference}"):
            path = Path(
                hub.hf_hub_download(
                    reference.repository, name, revision=reference.revision, force_download=again, **_ourselves()
                )
            )
    except hub.errors.RemoteEntryNotFoundError:
        return None
    except Exception as error:  # the client raises many types of its own and of its HTTP library
        raise hub_error(error, f"Cannot download {reference}", reference.repository, reference.revision) from error
    # The client's cache keeps the files of a commit in a folder with its hash as name.
    return HubFile(path, reference.at(path.parent.name))


def _without_weights(reference: HubReference) -> CheckpointError:
    """The error for a repository without weights of trm, which says what it holds instead."""
    hub = hub_client(f"Reading {reference}")
    try:
        files = hub.HfApi(**_ourselves()).list_repo_files(reference.repository, revision=reference.revision)
    except Exception as error:  # the client raises many types of its own and of its HTTP library
        raise hub_error(error, f"Cannot read {reference}", reference.repository, reference.revision) from error
    if _of_the_paper(files):
        return CheckpointError(
            f"{reference} holds a checkpoint of the paper's code. Convert it into a run: trm import-checkpoint {reference} "
            "--task TASK"
        )
    return CheckpointError(
        f"{reference} is not a model of trm: it has no {WEIGHTS_FILE}. `trm pull --list` lists the models of trm."
    )


def _of_the_paper(files: Iterable[str]) -> bool:
    return any(re.fullmatch(r"(?:.*/)?(?:all_config\.yaml|step_[0-9]+|checkpoint)", name) for name in files)


def _ourselves() -> dict[str, str]:
    """What the client tells the Hub about who calls it."""
    return {"library_name": LIBRARY, "library_version": __version__}
