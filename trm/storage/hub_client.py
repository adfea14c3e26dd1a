"""The Hugging Face client: importing it, showing its downloads, verifying its cache, and its errors in our words."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trm.errors import WRONG_PATH, TRMError, UsageError, cannot_write, reason
from trm.extras import extra_module
from trm.progress import printing, progress
from trm.storage.atomic import sha256

LOG_IN = "log in with `hf auth login`, or set HF_TOKEN"
HUB = "the Hugging Face Hub"

NETWORK_LIBRARIES = frozenset({"httpx", "httpx2", "httpcore", "httpcore2", "requests", "urllib3", "socket", "ssl"})
"""The client's HTTP library differs between its versions."""

DISK = WRONG_PATH | {errno.ENOSPC, errno.EDQUOT}


def hub_client(purpose: str) -> Any:
    """The module `huggingface_hub`, which logs errors only unless the user chose a level with HF_HUB_VERBOSITY.

    Args:
        purpose: the subject of the error message "PURPOSE needs ...".

    Raises:
        UsageError: it is not installed.
    """
    hub = extra_module("huggingface_hub", purpose)
    for part in ("constants", "errors", "utils"):
        extra_module(f"huggingface_hub.{part}", purpose)
    if "HF_HUB_VERBOSITY" not in os.environ:
        hub.utils.logging.set_verbosity_error()
    return hub


@contextlib.contextmanager
def large_transfer(hub: Any, heading: str) -> Iterator[None]:
    """Show a download of many megabytes: by the client's own bar on a terminal, which counts bytes, else as a job."""
    if sys.stderr.isatty():
        with printing():
            yield
        return
    with transfer(hub, heading):
        yield


@contextlib.contextmanager
def transfer(hub: Any, heading: str) -> Iterator[None]:
    """Show a download or upload as a job, also while the client waits for an answer or tries again."""
    hub.utils.disable_progress_bars()
    try:
        with progress(heading):
            yield
    finally:
        hub.utils.enable_progress_bars()


def is_damaged(path: Path) -> bool:
    """Whether a large file in the client's cache differs from its published SHA-256.

    A snapshot links to a blob, which the client names by the SHA-256 of a large file. The blob itself may be a link to a
    store that names files differently, so only the first link counts. On file systems without links there is no name to
    compare with, and the answer is False.
    """
    digest = Path(os.readlink(path)).name if path.is_symlink() else ""
    return re.fullmatch("[0-9a-f]{64}", digest) is not None and sha256(path) != digest


def hub_error(error: Exception, doing: str, repository: str, revision: str | None = None) -> TRMError:
    """The error to raise for an exception of the client.

    Args:
        error: what the client raised: a type of its own, of its HTTP library, or an `OSError`.
        doing: the beginning of the message, as in "Cannot download hf://owner/name".
        repository: "owner/name".
        revision: the branch, tag or commit that was asked for. Default: the client's.

    Returns:
        A `UsageError` if the request is at fault, a `TRMError` if the network, the Hub or the disk is.
    """
    hub = hub_client(doing)
    types = hub.errors
    chain = list(_chain(error))

    def is_any(name: str) -> bool:
        return any(isinstance(one, getattr(types, name)) for one in chain)

    if is_any("LocalTokenNotFoundError"):
        return UsageError(f"{doing}: you are not logged in to {HUB}: {LOG_IN}.")
    if is_any("GatedRepoError"):
        return UsageError(
            f"{doing}: access to {repository} is restricted. Ask for it on the model's page, then {LOG_IN}."
        )
    if is_any("RepositoryNotFoundError"):
        if hub.get_token() is None:
            return UsageError(
                f"{doing}: {HUB} has no public model {repository}. Check the name. If it is private: {LOG_IN}."
            )
        return UsageError(f"{doing}: {HUB} has no model {repository} that your login may read. Check name and account.")
    if is_any("RevisionNotFoundError"):
        return UsageError(f"{doing}: {repository} has no branch, tag or commit {revision!r}.")
    if is_any("OfflineModeIsEnabled"):
        return UsageError(f"{doing}: HF_HUB_OFFLINE is set, so only what is in the cache can be read. Unset it.")
    if is_any("HFValidationError"):
        return UsageError(f"{doing}: {reason(error)}.")
    answer = next((one for one in chain if isinstance(one, types.HfHubHTTPError)), None)
    if answer is not None:
        return _refusal(answer, doing, repository)
    return _failure(error, doing, chain)


def _refusal(answer: Any, doing: str, repository: str) -> TRMError:
    """The error for an answer of the Hub with the status of an error."""
    status = answer.response.status_code
    if status == 401:
        return UsageError(f"{doing}: {HUB} refuses your token as invalid. Get a valid one: {LOG_IN}.")
    said = answer.server_message or getattr(answer.response, "reason_phrase", "") or "without a reason"
    if status == 403:
        return UsageError(
            f"{doing}: your token does not permit it ({reason(ValueError(said))}). Use one with write access to {repository}."
        )
    advice = " Try again later." if status == 429 or status >= 500 else ""
    return TRMError(f"{doing}: {HUB} answered with status {status} ({reason(ValueError(said))}).{advice}")


def _failure(error: Exception, doing: str, chain: list[BaseException]) -> TRMError:
    """The error for what is neither a wrong request nor an answer of the Hub."""
    disk = next((one for one in chain if isinstance(one, OSError) and one.errno in DISK and one.filename), None)
    if disk is not None:
        return cannot_write(disk.filename, disk, option=None)
    network = [one for one in chain if _is_of_network(one)]
    if network:
        return TRMError(
            f"{doing}: cannot reach {hub_client(doing).constants.ENDPOINT} ({reason(network[0])}). Check the network connection."
        )
    return TRMError(f"{doing}: {reason(chain[-1] if isinstance(error, RuntimeError) else error)}.")


def _is_of_network(error: BaseException) -> bool:
    return isinstance(error, (ConnectionError, TimeoutError)) or (
        type(error).__module__.partition(".")[0] in NETWORK_LIBRARIES
    )


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An exception and what it was raised from."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
