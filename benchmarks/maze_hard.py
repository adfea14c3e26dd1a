"""Benchmark: generate 30x30 mazes and run a training step on them.

Reports the quartiles of wall density and path length and, with `--real FOLDER`, those of Maze-Hard.
Each part runs in its own process on one thread, so its peak memory is measured separately.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Report = dict[str, Any]


def quartiles(walls: np.ndarray, moves: np.ndarray) -> Report:
    """Quartiles of the share of walls and of the moves of a shortest path, each ``[N]``."""
    shares = (25, 50, 75)
    return {"walls": np.percentile(walls, shares).round(3).tolist(), "moves": np.percentile(moves, shares).tolist()}


def generation(count: int, seed: int) -> Report:
    """Seconds to generate `count` hard mazes, and their quartiles."""
    from trm_tasks_maze.generator import MazeStyle, generate
    from trm_tasks_maze.grid import PATH, WALL

    started = time.perf_counter()
    inputs, labels = generate(MazeStyle.hard(), "test", seed, count)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, **quartiles((inputs == WALL).mean(axis=1), (labels == PATH).sum(axis=1) + 1)}


def real(folder: Path) -> Report:
    """Quartiles of Maze-Hard, from a folder of arrays with a `train` half."""
    from trm_tasks_maze.grid import PATH, WALL

    inputs, labels = (np.load(folder / "train" / f"all__{name}.npy") for name in ("inputs", "labels"))
    return quartiles((inputs == WALL).mean(axis=1), (labels == PATH).sum(axis=1) + 1)


def training_step(preset: str, batch_size: int, steps: int) -> Report:
    """Median seconds per step after the first, and peak memory beyond the libraries and the data."""
    import torch

    from trm.data.sampler import GroupSampler
    from trm.devices import get_backend
    from trm.experiment.experiment import Experiment
    from trm.model import TinyRecursiveModel
    from trm.training.monitor import Monitor
    from trm.training.trainer import Trainer

    class Clock(Monitor):
        def __init__(self) -> None:
            self.ends = [time.perf_counter()]

        def step(self, trainer: Trainer, progress: float) -> None:
            self.ends.append(time.perf_counter())

    torch.set_num_threads(1)
    sets = (f"training.batch_size={batch_size}", f"training.max_steps={steps + 1}", "training.log_interval=1000")
    small = ("task.train_puzzles=64", "task.test_puzzles=1", "training.n_supervision_eval=1")
    experiment = Experiment.from_preset("maze", preset, (*sets, *small), dataset="generated")
    train = experiment.puzzles("train")
    before = peak_memory()
    model = TinyRecursiveModel(experiment.model_config(train))
    assert experiment.training is not None
    clock = Clock()
    trainer = Trainer(model, experiment.training, get_backend("cpu"), monitor=clock)
    stream = GroupSampler(train, 0, experiment.task.augmentation(), True)
    trainer.fit(stream, experiment.test_batches(experiment.puzzles("test")), experiment.task.metrics())
    return {
        "parameters": model.num_parameters(),
        "seconds": statistics.median(np.diff(clock.ends)[1:]),
        "megabytes": (peak_memory() - before) / 2**20,
    }


def peak_memory() -> float:
    """Peak resident memory of this process, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def alone(function: Callable[..., Report], *arguments: Any) -> Report:
    """Run a function in a fresh process."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def show_quartiles(name: str, report: Report) -> None:
    walls = " / ".join(f"{value:.1%}" for value in report["walls"])
    moves = " / ".join(f"{value:.0f}" for value in report["moves"])
    print(f"{name:<10} quartiles: walls {walls}, moves {moves}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="mazes to generate (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the generator (default: 0)")
    parser.add_argument("--real", type=Path, help="folder with Maze-Hard in the array layout")
    parser.add_argument("--preset", default="hard", help="preset of the training step (default: hard)")
    parser.add_argument("--batch-size", type=int, default=8, help="batch size of the training step (default: 8)")
    parser.add_argument("--steps", type=int, default=10, help="training steps to time after the first (default: 10)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    report = {"generated": alone(generation, options.count, options.seed)}
    if options.real:
        report["real"] = alone(real, options.real)
    report["step"] = alone(training_step, options.preset, options.batch_size, options.steps)
    if options.json:
        print(json.dumps(report, indent=2))
        return
    print(f"{options.count:,} hard mazes in {report['generated']['seconds']:.1f} s on one thread")
    for name in ("generated", "real"):
        if name in report:
            show_quartiles(name, report[name])
    step = report["step"]
    print(
        f"one training step of preset {options.preset} ({step['parameters']:,} parameters) with batch "
        f"{options.batch_size}: {step['seconds']:.2f} s, {step['megabytes']:.0f} MB"
    )


if __name__ == "__main__":
    main()
