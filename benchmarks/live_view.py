"""What the live view costs: the same training with it and without it, in turns, by processor time.

    python benchmarks/live_view.py [TASK] [STEPS] [ROUNDS]

Processor time, not the clock, so that other work on the machine does not matter much. The view draws to a terminal that
throws everything away.
"""

from __future__ import annotations

import io
import statistics
import sys
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
    """Processor seconds of one training."""
    train, test = experiment.split("train"), experiment.split("test").head(16)
    set_seed(0)
    model = TinyRecursiveModel(experiment.model_config(train))
    console = Console(file=io.StringIO(), force_terminal=True, width=100, height=50, color_system="truecolor")
    monitor = LiveMonitor(console, experiment) if live else Monitor()
    assert experiment.training is not None
    trainer = Trainer(model, experiment.training, "cpu", monitor=monitor)
    stream = GroupSampler(train, 0, experiment.build_augmentation())
    started = time.process_time()
    trainer.fit(stream, experiment.test_batches(test), experiment.build_metrics())
    return time.process_time() - started


def main() -> None:
    task, steps, rounds = [*sys.argv[1:], *("sudoku", "200", "5")[len(sys.argv) - 1 :]]
    torch.set_num_threads(1)
    experiment = Experiment.from_preset(task, sets=[f"training.max_steps={steps}", "training.eval_interval=none"])
    seconds(experiment, live=True)  # the first run of anything is slow
    costs = []
    for number in range(1, int(rounds) + 1):
        plain, live = seconds(experiment, False), seconds(experiment, True)
        costs.append(live / plain - 1)
        print(f"round {number}: {plain:.2f} s without, {live:.2f} s with the live view: {costs[-1]:+.1%}", flush=True)
    print(f"median cost of the live view: {statistics.median(costs):+.1%}")


if __name__ == "__main__":
    main()
