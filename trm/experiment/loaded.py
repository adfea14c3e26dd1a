"""`LoadedModel`: a checkpoint bound to an experiment and a device."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from trm.experiment.experiment import Experiment
from trm.experiment.session import Session
from trm.experiment.task import Task
from trm.model import TinyRecursiveModel
from trm.runs.locate import Checkpoint


@dataclass(frozen=True)
class LoadedModel:
    """Weights, the experiment to use them in, and the device.

    Attributes:
        checkpoint: the weights and where they come from.
        experiment: the task and its settings; they may differ from those of the run.
        session: the device and the display.
    """

    checkpoint: Checkpoint
    experiment: Experiment
    session: Session

    @property
    def task(self) -> Task:
        """The task, bound to its settings."""
        return self.experiment.task

    @cached_property
    def model(self) -> TinyRecursiveModel:
        """The model on the device, in evaluation mode, at the size of the task's puzzles.

        Raises:
            CheckpointError: the weights belong to another vocabulary or size.
        """
        return self.experiment.adapt_weights(self.checkpoint).to(self.session.backend.device).eval()

    @property
    def steps(self) -> int:
        """Default number of supervision steps."""
        return self.experiment.evaluation_steps(self.model.config)

    def with_task(self, task: Task) -> LoadedModel:
        """The same weights for a task with other settings."""
        return (
            self if task.config == self.task.config else replace(self, experiment=replace(self.experiment, task=task))
        )
