"""Which data a task reads: the dataset, or a folder of arrays, that has a use for the settings that the user changed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from trm.errors import UsageError
from trm.plugins.registry import get_registry
from trm.specs import DatasetSpec


@dataclass(frozen=True)
class DataChoice:
    """The data of a task.

    Attributes:
        dataset: name of the dataset.
        data: a folder of arrays that is read instead; None for the dataset.
        note: a sentence for the user if the dataset was chosen because of the settings; None otherwise.
    """

    dataset: str
    data: Path | None = None
    note: str | None = None


def choose_data(
    task: str, changed: Iterable[str], own: DataChoice, *, dataset: str | None = None, data: Path | None = None
) -> DataChoice:
    """Choose data that reads every changed setting.

    Args:
        task: the task's name.
        changed: names of the task settings that the user changed.
        own: the data of the preset or of the run.
        dataset: the dataset that the user named; None for none.
        data: the folder of arrays that the user named; None for none.

    Returns:
        What the user named, or else `own`. If that does not read a changed setting, nothing was named and exactly one
        dataset reads all of them: that one, with a note.

    Raises:
        UsageError: the data does not read a changed setting, or there is no dataset called `dataset`.
    """
    if dataset is not None:
        get_registry().part(DatasetSpec, task, dataset)
    declared = {
        name: spec.reads for name, spec in get_registry().parts(DatasetSpec, task).items() if spec.reads is not None
    }
    special = [name for name in changed if any(name in reads for reads in declared.values())]
    chosen = DataChoice(dataset or own.dataset, data or (None if dataset else own.data))
    read = () if chosen.data else declared.get(chosen.dataset, special)
    unread = [name for name in special if name not in read]
    if not unread:
        return chosen
    readers = [name for name, reads in declared.items() if set(special) <= set(reads)]
    if dataset is None and data is None and len(readers) == 1:
        return DataChoice(readers[0], None, f"Using dataset {readers[0]!r}, which reads task.{unread[0]}.")
    raise UsageError(_refusal(unread[0], chosen, [name for name, reads in declared.items() if unread[0] in reads]))


def changed_fields(before: BaseModel, after: BaseModel) -> list[str]:
    """The names of the fields in which two settings of one class differ."""
    return [name for name in type(after).model_fields if getattr(before, name) != getattr(after, name)]


def _refusal(setting: str, chosen: DataChoice, readers: list[str]) -> str:
    """Why a setting has no effect on the chosen data, and what to do about it."""
    quoted, named = " or ".join(map(repr, readers)), " or ".join(readers)
    if chosen.data is not None:
        return (
            f"task.{setting} has no effect on the arrays in {chosen.data}: only dataset {quoted} reads it. Omit the setting, "
            f"or use --dataset {named} instead of the arrays."
        )
    return (
        f"Dataset {chosen.dataset!r} does not read task.{setting}; dataset {quoted} does. Omit the setting, or use --dataset "
        f"{named}."
    )
