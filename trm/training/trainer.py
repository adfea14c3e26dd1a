"""The trainer: one optimizer step per supervision step over slots that halt and refill, EMA evaluated and saved."""

from __future__ import annotations

import contextlib
import logging
import math
import signal
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from trm.config import RunConfig, TrainingConfig, TRMConfig
from trm.data.batch import Batch
from trm.data.sampler import ExampleStream, LoaderStream, as_batch
from trm.devices import Backend, get_backend
from trm.devices.processes import Processes
from trm.errors import NotFiniteError, PluginError, TRMError
from trm.evaluation.metrics import CellAccuracy, ExactAccuracy, Metric
from trm.evaluation.scoring import evaluate
from trm.evaluation.search import Search
from trm.model import TinyRecursiveModel
from trm.runs.run_folder import ReadOnlyRun, RunFolder
from trm.training.accumulation import Accumulation, gradients_are_finite, out_of_memory
from trm.training.agreement import agree, all_halted, all_slots, check_share
from trm.training.ema import EMA
from trm.training.interruption import Interrupted, SignalFlag, StopRequested
from trm.training.monitor import Monitor, PrintMonitor
from trm.training.optimizers import build_optimizers
from trm.training.schedules import learning_rate_factor, set_learning_rates
from trm.training.slots import Slots
from trm.training.state import capture, restore
from trm.training.window import Window

logger = logging.getLogger(__name__)

TestBatches = Callable[[int | None], Iterable[Batch]]
"""Gives the test puzzles as batches; the argument is how many at most, None for all."""


class Trainer:
    """Trains a model as the paper's code does (section 4.4): slots, carried states, deep supervision.

    Args:
        model: moved to the device.
        config: see `TrainingConfig`.
        device: a device name, a `torch.device` or a `Backend`.
        run: where to write; left out, a folder is made at `config.output_dir`, if that is set.
        monitor: is told of progress; left out, a line is printed at each interval.
        seed: of the halting exploration.
        processes: those that train this model together, see `trm.devices.processes.joined`; left out, this one alone.
            Each has its own trainer; `run` is a `ReadOnlyRun` and `monitor` silent in all but the first.
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
        processes: Processes | None = None,
    ) -> None:
        self.processes = processes or Processes()
        check_share(self.processes, config.batch_size, model.config.dropout)
        self.backend = device if isinstance(device, Backend) else get_backend(str(device))
        self.config, self.run = config, run
        self.monitor: Monitor = monitor or (PrintMonitor() if self.processes.leader else Monitor())
        self.model = model.to(self.backend.device)
        self.processes.share(self.model.state_dict().values())
        if config.compile == "on" or (config.compile == "auto" and self.backend.compiles()):
            self.model.compile()
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
            self.processes.part(config.batch_size),
        )
        self.drawn: Batch | None = None  # the last puzzles from the stream, for all slots
        self.accumulation = Accumulation(self.slots, self.backend, config.precision, config.batch_size)
        self.window = Window()
        self.step = 0
        self.skipped = 0
        self.skipped_in_a_row = 0
        self.seconds = 0.0  # training time alone, over all sessions of the run
        self.best: float | None = None
        self.is_best = False  # whether this step's evaluation is the best so far
        self.evaluated_step: int | None = None
        self.filled = False  # whether the slots have puzzles
        self.saved: Path | None = None  # the checkpoint of exactly this state

    def train(
        self,
        train_loader: DataLoader[Any],
        test_loader: DataLoader[Any] | None = None,
        model_config: TRMConfig | None = None,
    ) -> dict[str, Any]:
        """Train on plain loaders of (input, target) pairs, `[B, L]` long tensors each.

        With several `processes` each reads the whole loaders and works on its share of what they give. So call
        `trm.devices.seeding.set_seed` with one seed in all of them, and use no `DistributedSampler`.

        Args:
            train_loader: the training puzzles; its own batch size is of no consequence here.
            test_loader: the test puzzles; left out, the training puzzles are scored.
            model_config: kept in the run folder's `config.json`; left out, the model's own.

        Returns:
            What `fit` returns; ``["final_metrics"]`` has `cell_accuracy` and `exact_accuracy`.
        """
        if self.run is None and self.config.output_dir is not None:
            config = RunConfig(model=model_config or self.model.config, training=self.config)
            create = RunFolder.create if self.processes.leader else ReadOnlyRun.create
            self.run = create(Path(self.config.output_dir), config)
        scored = test_loader if test_loader is not None else train_loader
        metrics: dict[str, Metric] = {"cell_accuracy": CellAccuracy(), "exact_accuracy": ExactAccuracy()}
        return self.fit(LoaderStream(train_loader), lambda limit: _limited(scored, limit), metrics)

    def fit(self, stream: ExampleStream, test_batches: TestBatches, metrics: Mapping[str, Metric]) -> dict[str, Any]:
        """Train to the end, evaluating and saving on the way.

        Returns:
            The summary: `final_metrics`, `steps`, `skipped_steps`, `seconds` (training alone), `parameters`, `best`.

        Raises:
            TRMError: training can't go on; the message names the last good checkpoint.
            Interrupted: a signal came; the state is saved.
        """
        self.model.train()
        writing = self.run.locked() if self.run is not None else contextlib.nullcontext()
        with writing, self.monitor.running(self), SignalFlag(self.processes.first) as flag:
            try:
                return self._fit_or_save(stream, test_batches, metrics, flag)
            except Interrupted:
                raise
            except KeyboardInterrupt:  # the second signal
                raise Interrupted(flag.signal_number or signal.SIGINT, self._last_good()) from None
            except TRMError as error:
                raise type(error)(f"{error}{self._what_is_kept(error)}") from error
            except Exception as error:
                problem = f"Training stopped at step {self.step}: {type(error).__name__}: {error}."
                raise TRMError(f"{problem}{self._what_is_kept(error)} --debug shows where.") from error

    def _fit_or_save(
        self, stream: ExampleStream, test_batches: TestBatches, metrics: Mapping[str, Metric], flag: SignalFlag
    ) -> dict[str, Any]:
        try:
            return self._fit(stream, test_batches, metrics, flag)
        except StopRequested:
            raise Interrupted(flag.signal_number or signal.SIGINT, self._save(stream)) from None

    def _fit(
        self, stream: ExampleStream, test_batches: TestBatches, metrics: Mapping[str, Metric], flag: SignalFlag
    ) -> dict[str, Any]:
        test_batches = flag.watched(test_batches)
        if not self.filled:
            self._start(stream)
        while self.progress(stream) < 1:
            if self._due(self.config.eval_interval) and self.evaluated_step != self.step:
                self._evaluate(stream, test_batches, metrics, self.config.eval_examples)
            if self.is_best or self._due(self._save_interval()):
                self._save(stream)
            flag.check()
            self._train_step(stream)
            if self._due(self.config.log_interval):
                self._log(stream)
        final = self._evaluate(stream, test_batches, metrics, None)
        self._save(stream)
        summary = {
            "final_metrics": final,
            "steps": self.step,
            "skipped_steps": self.skipped,
            "epochs": stream.epochs,
            "seconds": self.seconds,
            "parameters": self.model.num_parameters(),
            "best": self.best,
        }
        if self.run is not None:
            self.run.write_summary(summary)
        return summary

    def resume(self, checkpoint: Path, stream: ExampleStream) -> None:
        """Continue exactly where a checkpoint of this run was saved.

        Raises:
            CheckpointError: it is damaged, or of another configuration.
        """
        restore(self, stream, checkpoint)
        self.filled, self.saved = True, checkpoint
        if self.run is not None:
            with self.run.locked():
                self.run.drop_metrics_after(self.step, scores_too=self.progress(stream) >= 1)
                self._mark(checkpoint)

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
            steps = self.config.evaluation_steps(self.model.config)
            batches = test_batches(limit)
            return evaluate(
                self.model,
                batches,
                metrics,
                self.backend,
                plan=Search(steps, answer=self.config.eval_answer),
                processes=self.processes,
                precision=self.config.precision,
            )

    def _start(self, stream: ExampleStream) -> None:
        if self.run is not None:
            self.run.drop_metrics_after(-1)  # of a process that was killed before it saved anything
        slots = self.slots
        slots.refill(self._take(stream, self.config.batch_size))
        if self.config.stagger:
            slots.stagger()
        slots.halted.zero_()
        self.filled = True

    def _train_step(self, stream: ExampleStream) -> None:
        started = time.perf_counter()
        self._refill(stream)
        before = self.slots.tensors()
        self.saved, self.is_best = None, False
        loss, correct = self.accumulation.step()
        agreed = agree(self.processes, self.slots, loss, correct, self.drawn)
        self.processes.sum_gradients(self.model.parameters())
        self.step += 1
        self.window.steps += 1
        self.window.right += agreed.right
        self.window.finished += agreed.finished
        if math.isfinite(agreed.loss) and gradients_are_finite(self.model.parameters()):
            self.window.loss += agreed.loss
            self.skipped_in_a_row = 0
            self._update(stream)
        else:
            self._skip(before)
        elapsed = time.perf_counter() - started
        self.seconds += elapsed
        self.window.seconds += elapsed
        self.monitor.step(self, self.progress(stream))

    def _skip(self, before: Mapping[str, torch.Tensor]) -> None:
        """Leave the weights as they are; after too many such steps in a row, keep the slots as they were and stop."""
        self.model.zero_grad(set_to_none=True)
        self.slots.give_up_broken()
        self.slots.halted = all_halted(self.processes, self.slots)
        self.window.skipped += 1
        self.skipped += 1
        self.skipped_in_a_row += 1
        logger.warning("Step %d is skipped: its loss or gradient is not finite.", self.step)
        if self.skipped_in_a_row > self.config.max_skipped_steps:
            before = all_slots(self.processes, before)
            kept = f" Its batch is in {self.run.save_batch(self.step, before)}." if self.run is not None else ""
            raise NotFiniteError(
                f"The loss or gradient was not finite in {self.skipped_in_a_row} steps in a row, the last of them step "
                f"{self.step}.{kept} Lower training.learning_rate or training.grad_clip."
            )

    def _refill(self, stream: ExampleStream) -> None:
        """Give halted slots new puzzles; with `discard`, draw a whole batch and throw the rest away, as the paper does."""
        halted = self.slots.halted
        if self.config.refill == "discard" and self.step:
            self.slots.refill(self._take(stream, self.config.batch_size)[halted])
        elif halted.any():
            self.slots.refill(self._take(stream, int(halted.sum())))

    def _take(self, stream: ExampleStream, count: int) -> Batch:
        try:
            self.drawn = stream.take(count)
        except TRMError:
            raise
        except Exception as error:
            raise PluginError(
                f"The training data failed after step {self.step}: {type(error).__name__}: {error}."
            ) from error
        return self.drawn.to(self.backend.device)

    def _update(self, stream: ExampleStream) -> None:
        if self.config.grad_clip is not None:
            torch.nn.utils.clip_grad_norm_(self.model.network_parameters(), self.config.grad_clip)
        set_learning_rates(self.optimizers, learning_rate_factor(self.config, self.step, self.progress(stream)))
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        if self.ema is not None:
            self.ema.update()

    def _due(self, interval: int | None) -> bool:
        return bool(interval and self.step and self.step % interval == 0)

    def _save_interval(self) -> int:
        return self.config.save_interval or self.config.eval_interval or 1000

    def _log(self, stream: ExampleStream) -> None:
        window, self.window = self.window, Window()
        record = {
            "step": self.step,
            "epoch": stream.epochs,
            "progress": self.progress(stream),
            "seconds": self.seconds,
            "loss": window.mean_loss,
            "train_exact": window.right / max(window.finished, 1),
            "skipped": self.skipped,
            "learning_rate": self.optimizers[-1].param_groups[0]["lr"],
            "examples_per_second": window.steps * self.config.batch_size / max(window.seconds, 1e-9),
        }
        self._record(record)
        self.monitor.log(record)

    def _evaluate(
        self, stream: ExampleStream, test_batches: TestBatches, metrics: Mapping[str, Metric], limit: int | None
    ) -> dict[str, float]:
        try:
            values = self.evaluate(test_batches, metrics, limit)
        except Exception as error:
            if self.processes.size == 1:  # others may be scoring still
                self._save(stream)
            if out_of_memory(error):
                raise TRMError(
                    f"{self.backend.name} has no memory for scoring: lower training.eval_batch_size."
                ) from error
            raise
        self.evaluated_step, self.saved = self.step, None
        score = values.get("exact_accuracy")
        self.is_best = score is not None and (self.best is None or score >= self.best)
        self.best = score if self.is_best else self.best
        self._record({"step": self.step, "epoch": stream.epochs, "seconds": self.seconds, "test": values})
        self.monitor.evaluated(self, values)
        return values

    def _save(self, stream: ExampleStream) -> Path | None:
        """Save the state as it is now, unless it is saved already."""
        if self.run is not None and self.saved is None:
            self.saved = self.run.save_checkpoint(self.step, *capture(self, stream))
            self._mark(self.saved)
            self.run.prune(self.config.keep_checkpoints)
        return self.saved

    def _mark(self, checkpoint: Path) -> None:
        """Move the markers that are to point at the checkpoint of this state."""
        assert self.run is not None
        self.run.mark("latest", checkpoint)
        if self.is_best:
            self.run.mark("best", checkpoint)

    def _last_good(self) -> Path | None:
        return self.run.marked("latest") if self.run is not None else None

    def _what_is_kept(self, error: Exception) -> str:
        """The end of an error's message: where training can be taken up again."""
        if self.run is None:
            return ""
        checkpoint = self._last_good()
        if checkpoint is None:
            return " Nothing of this training was saved yet."
        go_on = (
            f"start from it with: trm train --init {checkpoint}"
            if isinstance(error, NotFiniteError)
            else f"go on from it with: trm train --resume {self.run.path}"
        )
        return f" The last good checkpoint is {checkpoint}; {go_on}"

    def _record(self, record: dict[str, Any]) -> None:
        if self.run is not None:
            self.run.append_metrics(record)


def _limited(loader: Iterable[Any], limit: int | None) -> Iterable[Batch]:
    seen = 0
    for item in loader:
        if limit is not None and seen >= limit:
            return
        batch = as_batch(item)
        yield batch if limit is None else batch[slice(0, limit - seen)]
        seen += len(batch)
