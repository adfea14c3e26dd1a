"""The trainer: one optimizer step per supervision step over slots that halt and refill, EMA evaluated and saved."""

from __future__ import annotations

import contextlib
import logging
import signal
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from trm.config import RunConfig, TrainingConfig, TRMConfig
from trm.data.batch import Batch
from trm.data.sampler import ExampleStream, LoaderStream, as_batch, check_repeatable
from trm.devices import Backend, get_backend
from trm.devices.processes import Processes
from trm.errors import NotFiniteError, TRMError
from trm.evaluation.metrics import CellAccuracy, ExactAccuracy, Metric
from trm.evaluation.scoring import evaluate
from trm.evaluation.search import Search
from trm.model import TinyRecursiveModel
from trm.progress import progress as job
from trm.runs.run_folder import ReadOnlyRun, RunFolder
from trm.training.accumulation import out_of_memory
from trm.training.agreement import check_share
from trm.training.compiling import compile_network, evaluation_mode
from trm.training.ema import EMA
from trm.training.interruption import Interrupted, SignalFlag, StopRequested
from trm.training.monitor import Monitor, PrintMonitor
from trm.training.saving import capture, restore
from trm.training.state import TrainingState
from trm.training.updating import fill, progress, train_step
from trm.training.window import Window

logger = logging.getLogger(__name__)

TestBatches = Callable[[int | None], Iterable[Batch]]
"""Gives the test puzzles in batches. The argument is the maximum number of puzzles; None for all."""


class Trainer:
    """Trains a model as the paper's code does (section 4.4): slots, carried states, deep supervision.

    Args:
        model: moved to the device.
        config: the settings.
        device: a device name, a `torch.device` or a `Backend`.
        run: the run folder to write. Default: a new one at `config.output_dir`, if that is set.
        monitor: receives the progress. Default: prints a line per interval.
        seed: of halting and noise.
        processes: the processes that train this model together, see `trm.devices.processes.joined`. Each has a trainer
            of its own; all but the first have a `ReadOnlyRun` and a monitor that shows nothing. Default: this process
            alone.

    Raises:
        UsageError: the device is not available, or the batch cannot be shared among the processes.
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
        processes = processes or Processes()
        check_share(processes, config.batch_size, model.config.dropout)
        backend = device if isinstance(device, Backend) else get_backend(str(device))
        model.to(backend.device)
        processes.broadcast_tensors(model.state_dict().values())
        compile_network(model, config, backend)
        self.compiling = model.compiled  # until the first step
        self.state = TrainingState.start(model, config, backend, processes, seed)
        self.run = run
        self.monitor: Monitor = monitor or (PrintMonitor() if processes.is_rank_zero else Monitor())

    @property
    def model(self) -> TinyRecursiveModel:
        """The model, with its own weights; see `averaged`."""
        return self.state.model

    @property
    def config(self) -> TrainingConfig:
        """The settings."""
        return self.state.config

    @property
    def step(self) -> int:
        """Number of optimizer steps done."""
        return self.state.step

    @property
    def seconds(self) -> float:
        """Training time in seconds, without evaluation and saving, over all sessions of the run."""
        return self.state.seconds

    @property
    def ema(self) -> EMA | None:
        """The averaged weights; None if `use_ema` is false."""
        return self.state.ema

    def train(
        self,
        train_loader: DataLoader[Any],
        test_loader: DataLoader[Any] | None = None,
        model_config: TRMConfig | None = None,
    ) -> dict[str, Any]:
        """Train on plain loaders.

        A loader yields (input, target), or (input, target, puzzle ids), or a mapping with `inputs`, `labels` and
        `puzzle_ids`: long tensors ``[B, L]``, and ``[B]`` for the ids. Targets are -100 at positions that are not scored.

        With several processes, each reads the whole loaders and works on its share. Call
        `trm.devices.seeding.set_seed` with the same seed in all of them, and do not use a `DistributedSampler`.

        Args:
            train_loader: the training puzzles. Its batch size has no effect: `config.batch_size` is used.
            test_loader: the test puzzles. Default: the training puzzles are scored.
            model_config: for `config.json` in the run folder. Default: the model's own.

        Returns:
            The summary that `fit` returns; ``["final_metrics"]`` has `cell_accuracy` and `exact_accuracy`, or is empty if no
            test puzzle has a known answer.

        Raises:
            UsageError: a loader can be read only once or has no length, or one of its shapes, types, tokens, labels or ids is
                not the model's.
            TRMError: see `fit`.
        """
        stream = LoaderStream(train_loader)
        if test_loader is not None:
            check_repeatable(test_loader, "test")
        if self.run is None and self.state.config.output_dir is not None:
            config = RunConfig(model=model_config or self.model.config, training=self.state.config)
            create = RunFolder.create if self.state.processes.is_rank_zero else ReadOnlyRun.create
            self.run = create(Path(self.state.config.output_dir), config)
        scored = test_loader if test_loader is not None else train_loader
        metrics: dict[str, Metric] = {"cell_accuracy": CellAccuracy(), "exact_accuracy": ExactAccuracy()}
        return self.fit(stream, lambda limit: _limited(scored, limit), metrics)

    def fit(self, stream: ExampleStream, test_batches: TestBatches, metrics: Mapping[str, Metric]) -> dict[str, Any]:
        """Train to the end, evaluating and saving on the way.

        Returns:
            The summary: `final_metrics`, `steps`, `skipped_steps`, `seconds` (training alone), `parameters`, `best`.

        Raises:
            TRMError: training cannot continue. The message names the last good checkpoint.
            Interrupted: a signal stopped the training. Its state is saved.
        """
        self.model.train()
        writing = self.run.locked() if self.run is not None else contextlib.nullcontext()
        with writing, self.monitor.running(self.state), SignalFlag(self.state.processes.first_number) as flag:
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
        if not self.state.filled:
            self._start(stream)
        while progress(self.state, stream) < 1:
            if self._due(self.state.config.eval_interval) and self.state.evaluated_step != self.step:
                self._evaluate(stream, test_batches, metrics, self.state.config.eval_examples)
            if self.state.is_best or self._due(self._save_interval()):
                self._save(stream)
            flag.check()
            self._step(stream)
            self.monitor.step(self.state, progress(self.state, stream))
            if self._due(self.state.config.log_interval):
                self._log(stream)
        final = self._evaluate(stream, test_batches, metrics, None)
        self._save(stream)
        summary = {
            "final_metrics": final,
            "steps": self.step,
            "skipped_steps": self.state.skipped,
            "epochs": stream.epochs,
            "seconds": self.seconds,
            "parameters": self.model.num_parameters(),
            "best": self.state.best,
        }
        if self.run is not None:
            self.run.write_summary(summary)
        return summary

    def resume(self, checkpoint: Path, stream: ExampleStream) -> None:
        """Continue exactly where a checkpoint of this run was saved.

        Args:
            checkpoint: the checkpoint's folder.
            stream: the training puzzles, as they were given to `fit`; put back to the same place.

        Raises:
            CheckpointError: the checkpoint is damaged, or was saved by a training with other settings.
        """
        restore(self.state, stream, checkpoint)
        self.state.filled, self.state.saved = True, checkpoint
        if self.run is not None:
            with self.run.locked():
                self.run.drop_metrics_after(self.step, scores_too=progress(self.state, stream) >= 1)
                self._mark(checkpoint)

    def averaged(self) -> contextlib.AbstractContextManager[None]:
        """A context in which the model has the averaged weights, if there are any."""
        return self.ema.applied() if self.ema is not None else contextlib.nullcontext()

    def evaluate(
        self, test_batches: TestBatches, metrics: Mapping[str, Metric], limit: int | None = None
    ) -> dict[str, float]:
        """Score the averaged weights.

        Args:
            test_batches: gives the test puzzles.
            metrics: by name.
            limit: maximum number of test puzzles. Default: all.
        """
        config = self.config
        with self.averaged(), evaluation_mode(self.model, self.state.backend):
            steps = self.state.config.evaluation_steps(self.model.config)
            batches = test_batches(limit)
            return evaluate(
                self.model,
                batches,
                metrics,
                self.state.backend,
                plan=Search(steps, answer=config.eval_answer, precision=config.precision),
                processes=self.state.processes,
            )

    def _step(self, stream: ExampleStream) -> None:
        compiling = job("Compiling the model") if self.compiling else contextlib.nullcontext()
        with compiling:
            train_step(self.state, stream, self.run.save_batch if self.run is not None else None)
        self.compiling = False

    def _start(self, stream: ExampleStream) -> None:
        if self.run is not None:
            self.run.drop_metrics_after(-1)  # written by a process that was killed before its first checkpoint
        fill(self.state, stream)

    def _due(self, interval: int | None) -> bool:
        return bool(interval and self.step and self.step % interval == 0)

    def _save_interval(self) -> int:
        return self.state.config.save_interval or self.state.config.eval_interval or 1000

    def _log(self, stream: ExampleStream) -> None:
        window, self.state.window = self.state.window, Window()
        record = {
            "step": self.step,
            "epoch": stream.epochs,
            "progress": progress(self.state, stream),
            "seconds": self.seconds,
            "loss": window.mean_loss,
            "train_exact": window.right / max(window.finished, 1),
            "skipped": self.state.skipped,
            "learning_rate": self.state.optimizers[-1].param_groups[0]["lr"],
            "examples_per_second": window.steps * self.state.config.batch_size / max(window.seconds, 1e-9),
        }
        self._record(record)
        self.monitor.log(record)

    def _evaluate(
        self, stream: ExampleStream, test_batches: TestBatches, metrics: Mapping[str, Metric], limit: int | None
    ) -> dict[str, float]:
        try:
            values = self.evaluate(test_batches, metrics, limit)
        except Exception as error:
            if self.state.processes.size == 1:  # with several, the others may still be evaluating
                self._save(stream)
            if out_of_memory(error):
                raise TRMError(
                    f"{self.state.backend.name} has no memory for evaluation. Lower training.eval_batch_size."
                ) from error
            raise
        self.state.evaluated_step, self.state.saved = self.step, None
        score = values.get("exact_accuracy")
        self.state.is_best = score is not None and (self.state.best is None or score >= self.state.best)
        self.state.best = score if self.state.is_best else self.state.best
        self._record({"step": self.step, "epoch": stream.epochs, "seconds": self.seconds, "test": values})
        self.monitor.evaluated(self.state, values)
        return values

    def _save(self, stream: ExampleStream) -> Path | None:
        """Save the state as it is now, unless it is saved already."""
        if self.run is not None and self.state.saved is None:
            self.state.saved = self.run.save_checkpoint(self.step, *capture(self.state, stream))
            self._mark(self.state.saved)
            self.run.prune(self.state.config.keep_checkpoints)
        return self.state.saved

    def _mark(self, checkpoint: Path) -> None:
        """Point "latest", and "best" if it is, at the checkpoint of this state."""
        assert self.run is not None
        self.run.mark("latest", checkpoint)
        if self.state.is_best:
            self.run.mark("best", checkpoint)

    def _last_good(self) -> Path | None:
        return self.run.marked("latest") if self.run is not None else None

    def _what_is_kept(self, error: Exception) -> str:
        """The end of an error message: how to resume the training."""
        if self.run is None:
            return ""
        checkpoint = self._last_good()
        if checkpoint is None:
            return " This training has no checkpoint yet."
        go_on = (
            f"start from it with: trm train --init {checkpoint}"
            if isinstance(error, NotFiniteError)
            else f"resume it with: trm train --resume {self.run.path}"
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
