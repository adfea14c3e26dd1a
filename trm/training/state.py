"""Everything that a training changes from step to step, in one object."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch.optim import Optimizer

from trm.config import TrainingConfig
from trm.data.batch import Batch
from trm.devices import Backend
from trm.devices.processes import Processes
from trm.model import TinyRecursiveModel
from trm.training.accumulation import Accumulation
from trm.training.ema import EMA
from trm.training.optimizers import build_optimizers
from trm.training.slots import Halting, Slots
from trm.training.window import Window


@dataclass
class TrainingState:
    """The state of a training in one process. It satisfies `trm.training.monitor.TrainingView`.

    Attributes:
        model: the network, on the device.
        config: the settings.
        backend: the device.
        processes: the processes that train together.
        optimizers: in the order in which they step.
        ema: the averaged weights; None without averaging.
        generator: random numbers for halting and noise, on the CPU.
        slots: the training batch.
        accumulation: computes the gradients of a step.
        window: sums since the last line of metrics.
        step: optimizer steps done.
        skipped: steps whose loss or gradient was not finite.
        skipped_in_a_row: the same, since the last step that was not skipped.
        seconds: training time without evaluation and saving, over all sessions of the run.
        best: the best `exact_accuracy` of all evaluations.
        is_best: whether the evaluation at this step is the best one.
        evaluated_step: the step of the last evaluation.
        filled: whether the slots hold puzzles.
        drawn: the puzzles drawn last, for the slots of all processes.
        saved: the checkpoint of exactly this state.
    """

    model: TinyRecursiveModel
    config: TrainingConfig
    backend: Backend
    processes: Processes
    optimizers: list[Optimizer]
    ema: EMA | None
    generator: torch.Generator
    slots: Slots
    accumulation: Accumulation
    window: Window = field(default_factory=Window)
    step: int = 0
    skipped: int = 0
    skipped_in_a_row: int = 0
    seconds: float = 0.0
    best: float | None = None
    is_best: bool = False
    evaluated_step: int | None = None
    filled: bool = False
    drawn: Batch | None = None
    saved: Path | None = None

    @classmethod
    def start(
        cls, model: TinyRecursiveModel, config: TrainingConfig, backend: Backend, processes: Processes, seed: int
    ) -> TrainingState:
        """The state before the first step.

        Args:
            model: on the backend's device, with the same weights in all processes.
            config: the settings.
            backend: the device.
            processes: the processes that train together.
            seed: of halting and noise.
        """
        generator = torch.Generator().manual_seed(seed)
        n_supervision = config.n_supervision or model.config.n_supervision
        halting = Halting(n_supervision, config.halt_exploration, config.halt_when_right, config.late_states)
        rows = processes.part(config.batch_size)
        slots = Slots(model, config.batch_size, halting, generator, config.state_noise, rows)
        return cls(
            model=model,
            config=config,
            backend=backend,
            processes=processes,
            optimizers=build_optimizers(model, config),
            ema=EMA(model, config.ema_decay, config.ema_warmup) if config.use_ema else None,
            generator=generator,
            slots=slots,
            accumulation=Accumulation(slots, backend, config.precision, config.batch_size),
        )
