"""Where a search keeps its trials: Optuna's storages, by URL or as a journal file."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from trm.errors import UsageError, reason
from trm.experiment.sweeping.request import SweepRequest
from trm.extras import extra_module

JOURNAL = "search.journal"
"""The default storage: a file in the sweep's folder that several processes may append to, on network drives too."""

PURPOSE = "--search"


@contextlib.contextmanager
def quiet_optuna() -> Iterator[Any]:
    """Optuna, which reports only errors meanwhile.

    Raises:
        UsageError: it is not installed.
    """
    optuna = extra_module("optuna", PURPOSE)
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # experimental features, and ranges that the step does not divide
        try:
            yield optuna
        finally:
            optuna.logging.set_verbosity(before)


def open_study(request: SweepRequest, folder: Path, url: str | None) -> Any:
    """The study of a search, a new one or the one that other workers have begun.

    Args:
        request: the search. Searches that differ in anything but the number of trials have different studies.
        folder: the sweep's folder.
        url: a database as SQLAlchemy names it ("sqlite:///x.db", "postgresql://..."), a Redis URL, or the path of a
            journal file. Default: a journal in the folder.

    Raises:
        UsageError: Optuna or the database's driver is not installed, or the storage cannot be opened.
    """
    optuna = extra_module("optuna", PURPOSE)
    try:
        return optuna.create_study(
            storage=_storage(optuna, folder, url),
            study_name=study_name(request),
            direction="maximize" if request.direction_of(request.metric) else "minimize",
            load_if_exists=True,
        )
    except ModuleNotFoundError as error:
        raise UsageError(f"--storage {url} needs the Python package {error.name}. Install it with pip.") from error
    except UsageError:
        raise
    except Exception as error:  # every database has errors of its own
        raise UsageError(f"Cannot open the storage {url or folder / JOURNAL}: {reason(error)}.") from error


def study_name(request: SweepRequest) -> str:
    """The name of the study of a search, which says what it searches."""
    return f"{request.task}-{request.preset_name}-{request.digest()}"


def _storage(optuna: Any, folder: Path, url: str | None) -> Any:
    if url is not None and "://" in url:
        return optuna.storages.get_storage(url)
    # Absolute: Optuna's lock is a symbolic link to the file, and a stale one with a relative target is never broken.
    path = (folder / JOURNAL if url is None else Path(url)).absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    backend = extra_module("optuna.storages.journal", PURPOSE).JournalFileBackend(str(path))
    return optuna.storages.JournalStorage(backend)
