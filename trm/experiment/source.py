"""Choosing other data than a run's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trm.config.overrides import changed_task_config
from trm.experiment.data_choice import DataChoice, changed_fields, choose_data
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
            UsageError: an unknown dataset or setting, a value out of range, a setting of model or training, or one that the
                data does not read.
        """
        task = experiment.task
        config = changed_task_config(task.config, self.settings)
        own, changed = DataChoice(task.dataset, task.data), changed_fields(task.config, config)
        choice = choose_data(task.name, changed, own, dataset=self.dataset, data=self.data)
        chosen = replace(task, config=config, data=choice.data, dataset=choice.dataset)
        chosen.check_names()
        seed = experiment.seed if self.seed is None else self.seed
        return replace(experiment, task=chosen, seed=seed, notes=(choice.note,) if choice.note else ())
