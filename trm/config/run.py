"""Everything that determines a run: the contents of `config.json`."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from trm.config.base import Settings
from trm.config.model import TRMConfig
from trm.config.training import TrainingConfig

PROVENANCE = ("fingerprints", "include_path", "versions", "git_revision")
"""Fields of `RunConfig` that record what a run was made with. They are no settings: two runs that differ only in them are
the same experiment."""


class RunConfig(Settings):
    """Everything that determines a run: the contents of `config.json` in its run folder."""

    task: str | None = Field(None, description="the task's name; unset for a custom dataset")
    preset: str | None = Field(None, description="the preset it started from")
    dataset: str | None = Field(None, description="the dataset's name")
    data: str | None = Field(None, description="a folder of arrays read in place of the dataset")
    augmentation: str | None = Field(None, description="the augmentation's name")
    task_config: dict[str, Any] = Field(default_factory=dict, description="the task's own settings")
    model: TRMConfig = Field(description="the network")
    training: TrainingConfig | None = Field(None, description="the training; unset for imported weights")
    metrics: list[str] = Field(default_factory=list, description="names of metrics reported beside the task's own")
    seed: int = Field(0, description="seed of data, weights and training", ge=0, le=2**63 - 1)
    changes: list[str] = Field(default_factory=list, description="settings that a --resume changed, and at which step")
    init: str | None = Field(None, description="the weights that training started from; unset: random ones")
    fingerprints: dict[str, str] = Field(
        default_factory=dict, description="fingerprint of the data by split: `train` and `test`"
    )
    starts_from: str | None = Field(
        None, description="the preset whose trained weights training started from; its run is in stages/"
    )
    include_path: str | None = Field(
        None, description="the folder of the file that defines the task; unset for an installed one"
    )
    versions: dict[str, str] = Field(default_factory=dict, description="versions of Python, torch, trm and the plugin")
    git_revision: str | None = Field(None, description="revision of the working directory's repository, if any")
