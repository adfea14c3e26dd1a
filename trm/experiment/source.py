"""Choosing other data than a run's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trm.config.overrides import changed_task_config
from trm.experiment.experiment import Experiment


@dataclass(frozen=True, kw_only=True)
class DataSource:
    """The data to evaluate on. Every field defaults to what the run was trained with.

    Attributes:
        data: folder of arrays to read instead of the dataset.
        dataset: name of another dataset of the task.
        settings: `task.NAME=VALUE` items, as `--set` takes them.
        seed: seed of the data.
    """

    data: Path | None = None
    dataset: str | None = None
    settings: Sequence[str] = ()
    seed: int | None = None

    def applied_to(self, experiment: Experiment) -> Experiment:
        """The experiment with this data.

        Raises:
            UsageError: an unknown dataset or setting, a value out of range, or a setting of model or training.
        """
        task = experiment.task
        chosen = replace(
            task,
            config=changed_task_config(task.config, self.settings),
            data=self.data or (None if self.dataset else task.data),
            dataset=self.dataset or task.dataset,
        )
        chosen.check_names()
        return replace(experiment, task=chosen, seed=experiment.seed if self.seed is None else self.seed)
