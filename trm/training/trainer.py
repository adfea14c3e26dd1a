"""The trainer: one optimizer step per supervision step over slots that halt and refill, EMA evaluated and saved."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch.utils.data import DataLoader

from trm.config import RunConfig, TrainingConfig, TRMConfig
from trm.data.batch import Batch
from trm.data.sampler import ExampleStream, LoaderStream, as_batch
from trm.devices import Backend, get_backend
from trm.errors import TRMError
from trm.evaluation.evaluate import evaluate
from trm.evaluation.metrics import CellAccuracy, ExactAccuracy, Metric
from trm.model import TinyRecursiveModel
from trm.training.ema import EMA
from trm.training.monitor import Monitor, PrintMonitor
from trm.training.optimizers import build_optimizers
from trm.training.run_folder import RunFolder
from trm.training.schedules import learning_rate_factor, set_learning_rates
from trm.training.slots import Slots
from trm.training.state import capture, restore

TestBatches = Callable[[int | None], Iterable[Batch]]
"""Gives the test puzzles as batches; the argument is how many at most, None for all."""


class Interrupted(KeyboardInterrupt):
    """Training was stopped by a signal; its state is saved in `checkpoint`, if the run has a folder."""

    def __init__(self, signal_number: int, checkpoint: Path | None) -> None:
        super().__init__(signal_number)
        self.signal_number, self.checkpoint = signal_number, checkpoint


@dataclass
class _Window:
    """Sums since the last line of metrics."""

    steps: int = 0
    loss: float = 0.0
    right: int = 0
    finished: int = 0
    started: float = field(default_factory=time.perf_counter)


class Trainer:
    """Trains a model as the paper's code does (section 4.4): slots, carried states, deep supervision.

    Args:
        model: moved to the device.
        config: see `TrainingConfig`.
        device: a device name, a `torch.device` or a `Backend`.
        run: where to write; left out, a folder is made at `config.output_dir`, if that is set.
        monitor: is told of progress; left out, a line is printed at each interval.
        seed: of the halting exploration.
    """

    def __init__(
        self,
        model: TinyRecursiveModel,
        config: TrainingConfig,
        device: str | torch.device | Backend = "auto",
        *,
        run: RunFolder | None = None,
        monitor: Monitor | None = None,
        seed: int = 0,
    ) -> None:
        self.backend = device if isinstance(device, Backend) else get_backend(str(device))
        self.config, self.run = config, run
        self.monitor: Monitor = monitor or PrintMonitor()
        self.model = model.to(self.backend.device)
        if config.compile == "on" or (config.compile == "auto" and self.backend.compiles()):
            self.model.core.compile()
        self.optimizers = build_optimizers(self.model, config)
        self.ema = EMA(self.model, config.ema_decay, config.ema_warmup) if config.use_ema else None
        self.generator = torch.Generator().manual_seed(seed)
        self.slots = Slots(
            self.model,
            config.batch_size,
            config.n_supervision or model.config.n_supervision,
            config.halt_exploration,
            self.generator,
            config.halt_when_right,
            config.state_noise,
        )
        self.step = 0
        self.seconds = 0.0  # training time alone, over all sessions of the run
        self.best: float | None = None
        self.last_evaluation: dict[str, float] = {}

    def train(
        self,
        train_loader: DataLoader[Any],
        test_loader: DataLoader[Any] | None = None,
        model_config: TRMConfig | None = None,
    ) -> dict[str, Any]:
        """Train on plain loaders of (input, target) pairs, `[B, L]` long tensors each.

        Args:
            train_loader: the training puzzles; its own batch size is of no consequence here.
            test_loader: the test puzzles; left out, the training puzzles are scored.
            model_config: kept in the run folder's `config.json`; left out, the model's own.

        Returns:
            What `fit` returns; ``["final_metrics"]`` has `cell_accuracy` and `exact_accuracy`.
        """
        if self.run is None and self.config.output_dir is not None:
            config = RunConfig(model=model_config or self.model.config, training=self.config)
            self.run = RunFolder.create(Path(self.config.output_dir), config)
        scored = test_loader if test_loader is not None else train_loader
        metrics: dict[str, Metric] = {"cell_accuracy": CellAccuracy(), "exact_accuracy": ExactAccuracy()}
        return self.fit(LoaderStream(train_loader), lambda limit: _limited(scored, limit), metrics)

    def fit(self, stream: ExampleStream, test_batches: TestBatches, metrics: Mapping[str, Metric]) -> dict[str, Any]:
        """Train to the end, evaluating and saving on the way.

        Returns:
            The summary: `final_metrics`, `steps`, `seconds` (training alone), `parameters`, `best`.

        Raises:
            TRMError: the loss is not finite, or the run can't be written.
            Interrupted: a signal came; the state is saved.
        """
        self.model.train()
        with self.monitor.running(self):
            return self._fit(stream, test_batches, metrics)

    def _fit(self, stream: ExampleStream, test_batches: TestBatches, metrics: Mapping[str, Metric]) -> dict[str, Any]:
        config = self.config
        if self.step == 0:
            self._fill_first(stream)
        window = _Window()
        with _SignalFlag() as stopped:
            while self.progress(stream) < 1:
                self._train_step(stream, window)
                if self.step % config.log_interval == 0:
                    self._log(stream, window)
                    window = _Window()
                if config.eval_interval and self.step % config.eval_interval == 0 and self.progress(stream) < 1:
                    self._evaluate(stream, test_batches, metrics, config.eval_examples)
                    window = _Window()
                if self.step % self._save_interval() == 0 and self.progress(stream) < 1:
                    self._save(stream)
                if stopped.signal_number is not None:
                    raise Interrupted(stopped.signal_number, self._save(stream))
            final = self._evaluate(stream, test_batches, metrics, None)
            self._save(stream)
        summary = {
            "final_metrics": final,
            "steps": self.step,
            "epochs": stream.epochs,
            "seconds": self.seconds,
            "parameters": self.model.num_parameters(),
            "best": self.best,
        }
        if self.run is not None:
            self.run.write_summary(summary)
        return summary

    def resume(self, checkpoint: Path, stream: ExampleStream) -> None:
        """Continue exactly where a checkpoint of this run was saved."""
        restore(self, stream, checkpoint)
        if self.run is not None:
            self.run.drop_metrics_after(self.step)

    def progress(self, stream: ExampleStream) -> float:
        """The share of the training that is done, 0 to 1: of its steps or its epochs, whichever ends first.

        With `discard`, a last batch that the epochs can't fill is left out, as the paper's code does.
        """
        config = self.config
        by_steps = self.step / config.max_steps if config.max_steps else 0.0
        by_epochs = stream.epochs / config.num_epochs if config.num_epochs else 0.0
        if config.refill == "discard" and self.step and by_epochs * (1 + 1 / self.step) > 1 + 1e-9:
            return 1.0
        return min(max(by_steps, by_epochs), 1.0)

    def averaged(self) -> contextlib.AbstractContextManager[None]:
        """Inside, the model has the averaged weights, if there are any: those that are scored and kept."""
        return self.ema.applied() if self.ema is not None else contextlib.nullcontext()

    def evaluate(
        self, test_batches: TestBatches, metrics: Mapping[str, Metric], limit: int | None = None
    ) -> dict[str, float]:
        """Score the averaged weights."""
        with self.averaged():
            return evaluate(self.model, test_batches(limit), metrics, self.backend, self.config.n_supervision_eval)

    def _fill_first(self, stream: ExampleStream) -> None:
        slots = self.slots
        slots.refill(stream.take(self.config.batch_size).to(self.backend.device))
        if self.config.stagger:
            slots.stagger()
        slots.halted.zero_()

    def _train_step(self, stream: ExampleStream, window: _Window) -> None:
        started = time.perf_counter()
        self._refill(stream)
        with self.backend.autocast(self.config.precision):
            _, loss = self.slots.step()
        mean_loss = loss.total / self.config.batch_size
        if not torch.isfinite(mean_loss):
            raise TRMError(
                f"The loss is not finite at step {self.step + 1}. Lower the learning rate, or set grad_clip; "
                "what was saved before is untouched."
            )
        mean_loss.backward()
        self._update(stream)
        window.steps += 1
        window.loss += float(mean_loss.detach())
        window.right += int((loss.correct & self.slots.halted).sum())
        window.finished += int(self.slots.halted.sum())
        self.seconds += time.perf_counter() - started
        self.monitor.step(self, self.progress(stream))

    def _refill(self, stream: ExampleStream) -> None:
        """Give halted slots new puzzles; with `discard`, draw a whole batch and throw the rest away, as the paper does."""
        halted = self.slots.halted
        if self.config.refill == "discard" and self.step:
            offered = stream.take(self.config.batch_size).to(self.backend.device)
            self.slots.refill(offered[halted])
        elif halted.any():
            self.slots.refill(stream.take(int(halted.sum())).to(self.backend.device))

    def _update(self, stream: ExampleStream) -> None:
        self.step += 1
        if self.config.grad_clip is not None:
            torch.nn.utils.clip_grad_norm_(self.model.network_parameters(), self.config.grad_clip)
        set_learning_rates(self.optimizers, learning_rate_factor(self.config, self.step, self.progress(stream)))
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if self.ema is not None:
            self.ema.update()

    def _save_interval(self) -> int:
        return self.config.save_interval or self.config.eval_interval or 1000

    def _log(self, stream: ExampleStream, window: _Window) -> None:
        elapsed = max(time.perf_counter() - window.started, 1e-9)
        record = {
            "step": self.step,
            "epoch": stream.epochs,
            "progress": self.progress(stream),
            "seconds": self.seconds,
            "loss": window.loss / max(window.steps, 1),
            "train_exact": window.right / max(window.finished, 1),
            "learning_rate": self.optimizers[-1].param_groups[0]["lr"],
            "examples_per_second": window.steps * self.config.batch_size / elapsed,
        }
        self._record(record)
        self.monitor.log(record)

    def _evaluate(
        self, stream: ExampleStream, test_batches: TestBatches, metrics: Mapping[str, Metric], limit: int | None
    ) -> dict[str, float]:
        values = self.evaluate(test_batches, metrics, limit)
        self.last_evaluation = values
        self._record({"step": self.step, "epoch": stream.epochs, "seconds": self.seconds, "test": values})
        self.monitor.evaluated(self, values)
        return values

    def _save(self, stream: ExampleStream) -> Path | None:
        if self.run is None:
            return None
        score = self.last_evaluation.get("exact_accuracy")
        better = score is not None and (self.best is None or score >= self.best)
        if better:
            self.best = score
        files, state = capture(self, stream)
        checkpoint = self.run.save_checkpoint(self.step, files, state)
        if better:
            self.run.mark("best", checkpoint)
        self.run.prune(self.config.keep_checkpoints)
        return checkpoint

    def _record(self, record: dict[str, Any]) -> None:
        if self.run is not None:
            self.run.append_metrics(record)


class _SignalFlag:
    """Notes the first SIGINT or SIGTERM instead of dying of it; a second one stops at once."""

    def __init__(self) -> None:
        self.signal_number: int | None = None
        self.previous: dict[int, Any] = {}

    def __enter__(self) -> _SignalFlag:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self.previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self.previous.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self.signal_number is not None:
            raise KeyboardInterrupt
        self.signal_number = number


def _limited(loader: Iterable[Any], limit: int | None) -> Iterable[Batch]:
    seen = 0
    for item in loader:
        if limit is not None and seen >= limit:
            return
        batch = as_batch(item)
        yield batch if limit is None else batch[slice(0, limit - seen)]
        seen += len(batch)
