"""Benchmark: cost of the live view, as the same training with and without it, in turns.

    python benchmarks/live_view.py [TASK] [STEPS] [ROUNDS]

Measures processor time, which depends little on other load. The view draws to a terminal that
discards its output.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time

import torch
from rich.console import Console

from trm.data.sampler import GroupSampler
from trm.experiment.experiment import Experiment
from trm.experiment.live import LiveMonitor
from trm.model import TinyRecursiveModel
from trm.training.monitor import Monitor
from trm.training.trainer import Trainer
from trm.utils import set_seed


def seconds(experiment: Experiment, live: bool) -> float:
    """Processor seconds of one training run."""
    train, test = experiment.puzzles("train"), experiment.puzzles("test").head(16)
    set_seed(0)
    model = TinyRecursiveModel(experiment.model_config(train))
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=50, color_system="truecolor")
    monitor = LiveMonitor(console, experiment) if live else Monitor()
    assert experiment.training is not None
    trainer = Trainer(model, experiment.training, "cpu", monitor=monitor)
    stream = GroupSampler(train, 0, experiment.task.augmentation())
    started = time.process_time()
    trainer.fit(stream, experiment.test_batches(test), experiment.task.metrics())
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task", nargs="?", default="sudoku", help="name of the task (default: sudoku)")
    parser.add_argument("steps", nargs="?", type=int, default=200, help="training steps per run (default: 200)")
    parser.add_argument("rounds", nargs="?", type=int, default=5, help="runs with and without the view (default: 5)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    experiment = Experiment.from_preset(
        options.task, sets=[f"training.max_steps={options.steps}", "training.eval_interval=none"]
    )
    seconds(experiment, live=True)  # warm-up: the first run is slower
    costs = []
    for number in range(1, options.rounds + 1):
        plain, live = seconds(experiment, False), seconds(experiment, True)
        costs.append(live / plain - 1)
        print(f"round {number}: {plain:.2f} s without, {live:.2f} s with the live view: {costs[-1]:+.1%}", flush=True)
    print(f"median cost of the live view: {statistics.median(costs):+.1%}")


if __name__ == "__main__":
    main()
