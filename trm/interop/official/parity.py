"""Replay a recording of the paper's code with our trainer and measure the differences."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from trm.config import TrainingConfig
from trm.devices.threads import using_threads
from trm.interop.official.names import official_name
from trm.interop.official.recording import Recording
from trm.model import StepLoss, StepOutput, TinyRecursiveModel, last
from trm.training.ema import EMA
from trm.training.optimizers import build_optimizers
from trm.training.schedules import learning_rate_factor, set_learning_rates
from trm.training.slots import Halting, Slots

RECORDED_THREADS = 2
"""Threads to compute with, because their number determines the summation order of gradients. With two threads a recording
of the mixer is reproduced bitwise; with one, rounding errors grow to 1e-5 of the logits in six steps."""


def replay(recording_path: str | Path) -> dict[str, float]:
    """Train our model as recorded from the paper's code, and compare everything that was recorded.

    A recording is a safetensors file with the metadata `config` and `train` (architecture and training settings, with
    the names of the paper's code) and the tensors `init.*`, `stepS.*`, `final.*`, `ema.*` and `eval.*`. The replay uses
    the trainer's slots, loss, optimizers, schedule and weight average. At each step the halted slots take the rows
    offered at their positions, as with `TrainingConfig.refill` "discard".

    Args:
        recording_path: The recording.

    Returns:
        Per group of tensors, the largest difference relative to the largest value of the recorded tensor: `logits`,
        `halt_logits`, `losses`, `gradients_step1` and `puzzle_gradients_step1` (also for other steps with recorded
        gradients), `weights`, `puzzle_table`, `ema`, `eval_logits`, `eval_halt_logits`. A loss is a tensor of one value
        per step. The evaluation uses the recorded average, so rounding errors of the training do not count twice. For
        `halted`, `steps` and `current_inputs`, which must agree exactly, the value is the number of differing entries.

    Raises:
        CheckpointError: If the file is damaged, lacks a tensor, or its tensors do not fit its configuration.
        UsageError: If the recorded training cannot be repeated here.
    """
    recording = Recording(Path(recording_path))
    model = recording.build_model("init")
    comparison = _Comparison(recording)
    with using_threads(RECORDED_THREADS):
        ema = _train(model, recording.training_config(), comparison)
        comparison.state("weights", "final", model)
        with ema.applied():
            comparison.state("ema", "ema", model)
        comparison.evaluation(recording.build_model("ema"))
    return comparison.groups


def _train(model: TinyRecursiveModel, config: TrainingConfig, comparison: _Comparison) -> EMA:
    recording = comparison.recording
    optimizers = build_optimizers(model, config)
    ema = EMA(model, config.ema_decay, config.ema_warmup)
    slots = Slots(model, config.batch_size, Halting(model.config.n_supervision, config.halt_exploration))
    model.train()
    for step in range(1, recording.steps + 1):
        slots.refill(recording.offered(step)[slots.halted])
        with _looked_up(model.embedding.puzzles) as vectors:
            output, loss = slots.step()
            (loss.total / config.batch_size).backward()
        comparison.step(step, slots, output, loss)
        comparison.gradients(step, model, vectors)
        set_learning_rates(optimizers, learning_rate_factor(config, step, step / recording.steps))
        for optimizer in optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        ema.update()
    return ema


@contextmanager
def _looked_up(puzzles: nn.Module | None) -> Iterator[list[Tensor]]:
    """Context that collects the puzzle vectors ``[B, width]`` looked up with gradients, and retains the gradients."""
    vectors: list[Tensor] = []
    if puzzles is None:
        yield vectors
        return

    def keep(module: nn.Module, arguments: Any, output: Tensor) -> None:
        if output.requires_grad:
            output.retain_grad()
            vectors.append(output)

    handle = puzzles.register_forward_hook(keep)
    try:
        yield vectors
    finally:
        handle.remove()


class _Comparison:
    """Collects the largest difference from a recording, group by group."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.groups: dict[str, float] = {}

    def step(self, step: int, slots: Slots, output: StepOutput, loss: StepLoss) -> None:
        """Compare outputs, losses and slots of one step."""
        prefix = f"step{step}"
        self._close("logits", f"{prefix}.logits", output.logits)
        self._close("halt_logits", f"{prefix}.halt_logits", output.halt_logits)
        self._loss(step, "loss_sum", loss.total)
        self._loss(step, "lm_loss", loss.tokens)
        self._loss(step, "halt_loss", loss.halting)
        if loss.continuing is not None:
            self._loss(step, "continue_loss", loss.continuing)
        self._equal("halted", f"{prefix}.halted", slots.halted)
        self._equal("steps", f"{prefix}.steps", slots.steps)
        self._equal("current_inputs", f"{prefix}.current_inputs", slots.batch.inputs)

    def gradients(self, step: int, model: TinyRecursiveModel, puzzle_vectors: list[Tensor]) -> None:
        """Compare the gradients of a step, if they were recorded."""
        recorded = self.recording.weights(f"step{step}.grad")
        if not recorded:
            return
        own = {official_name(name): parameter.grad for name, parameter in model.named_parameters()}
        for name, theirs in recorded.items():
            if name == "puzzle_rows":
                self._note(f"puzzle_gradients_step{step}", puzzle_vectors[0].grad, theirs)
            else:
                self._note(f"gradients_step{step}", own.get(name), theirs)

    def state(self, group: str, prefix: str, model: TinyRecursiveModel) -> None:
        """Compare all weights and buffers; the trained puzzle table is a separate group."""
        recorded = self.recording.weights(prefix)
        for name, value in model.state_dict().items():
            theirs = recorded.get(official_name(name))
            own_group = "puzzle_table" if group == "weights" and name == "embedding.puzzles.weight" else group
            self._note(own_group, value, theirs)

    @torch.no_grad()
    def evaluation(self, model: TinyRecursiveModel) -> None:
        """Compare the outputs after all supervision steps."""
        batch = self.recording.evaluated()
        output = last(model.steps(batch.inputs, model.initial_state(len(batch)), batch.puzzle_ids)).output
        self._close("eval_logits", "eval.logits", output.logits)
        self._close("eval_halt_logits", "eval.halt_logits", output.halt_logits)

    def _close(self, group: str, name: str, ours: Tensor) -> None:
        self._note(group, ours, self.recording.get(name))

    def _loss(self, step: int, name: str, ours: Tensor) -> None:
        """Compare one value of a loss, relative to the largest recorded value of any step."""
        series = torch.stack([self.recording.get(f"step{each}.{name}") for each in range(1, self.recording.steps + 1)])
        own = series.clone()
        own[step - 1] = ours.detach()
        self._note("losses", own, series)

    def _equal(self, group: str, name: str, ours: Tensor) -> None:
        different = int((ours != self.recording.get(name)).sum())
        self.groups[group] = self.groups.get(group, 0.0) + different

    def _note(self, group: str, ours: Tensor | None, theirs: Tensor | None) -> None:
        self.groups[group] = max(self.groups.get(group, 0.0), relative_difference(ours, theirs))


def relative_difference(ours: Tensor | None, theirs: Tensor | None) -> float:
    """Largest difference relative to the largest value of `theirs`, or absolute if that value is 0.

    Infinite if either tensor is missing or not finite, or if the shapes differ.
    """
    if ours is None or theirs is None or ours.shape != theirs.shape:
        return math.inf
    ours, theirs = ours.detach().double(), theirs.double()
    largest = float(theirs.abs().max())
    difference = float((ours - theirs).abs().max()) / (largest or 1.0)
    return difference if math.isfinite(difference) else math.inf
