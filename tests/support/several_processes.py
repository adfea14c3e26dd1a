"""`trm train` in several processes for the tests: the real commands, under torchrun."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.torch import load_file

from trm.data.layout_writing import write_split
from trm.experiment.experiment import Experiment

DATA = ("task.train_puzzles=200", "task.test_puzzles=50")
COMMON = (
    "training.log_interval=1",
    "training.precision=fp32",  # bf16 would round the sums of the processes a thousand times as coarsely
    "training.halt_exploration=0.3",
    "training.halt_when_right=0.5",
    "training.state_noise=0.3",
    "model.n_recursions=1",
    "model.n_supervision=4",
    "training.n_supervision_eval=4",
)
MODELS = {
    "relational": ("training.batch_size=8",),
    "attention": ("model.mixing=attention", "model.num_heads=4", "model.puzzle_tokens=1", "training.batch_size=16"),
    "mlp": ("model.mixing=mlp", "training.batch_size=16"),
}
"""Settings of three small models; those that aren't relational have puzzle vectors, trained on `data_with_ids`."""


def data_with_ids(folder: Path) -> Path:
    """Sudoku 4x4 with eight puzzle identifiers."""
    experiment = Experiment.from_preset("sudoku", "mini", DATA)
    for split in ("train", "test"):
        puzzles = experiment.puzzles(split)
        write_split(
            folder,
            split,
            replace(
                puzzles,
                puzzle_ids=np.arange(len(puzzles.puzzle_ids), dtype=np.int32) % 8,
                identifiers=tuple(f"kind {number}" for number in range(8)),
                description=replace(puzzles.description, num_puzzle_identifiers=8),
            ),
        )
    return folder


def command(output: Path, settings: tuple[str, ...], *more: str) -> list[str]:
    """The words after `trm`."""
    data = () if "--data" in more else DATA
    sets = [word for setting in (*data, *COMMON, *settings) for word in ("--set", setting)]
    return ["train", "sudoku", "--preset", "mini", "--device", "cpu", *sets, "--output", str(output), *more]


def start(processes: int, words: list[str], *torchrun: str, **environment: str) -> subprocess.Popen[str]:
    """Start `trm` in so many processes; with one, without torchrun."""
    launcher = ["torch.distributed.run", f"--nproc-per-node={processes}", *torchrun, "-m"] if processes > 1 else []
    return subprocess.Popen(
        [sys.executable, "-m", *launcher, "trm", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
    )


def train(processes: int, output: Path, settings: tuple[str, ...], *more: str) -> Path:
    """Train to the end."""
    process = start(processes, command(output, settings, *more))
    _, error = process.communicate(timeout=300)
    assert process.returncode == 0, error
    return output


def losses(run: Path) -> list[float]:
    """The loss of every step."""
    records = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [record["loss"] for record in records if "loss" in record]


def scores(run: Path) -> dict[str, float]:
    """The final scores."""
    metrics: dict[str, float] = json.loads((run / "summary.json").read_text())["final_metrics"]
    return metrics


def differences(one: Path, other: Path) -> tuple[float, float]:
    """The largest differences between the losses of two runs, and between their final weights and averages."""
    pairs = list(zip(losses(one), losses(other), strict=True))
    weights = [
        float((value - load_file(other / (run_latest(other)) / file)[name]).abs().max())
        for file in ("model.safetensors", "ema.safetensors")
        for name, value in load_file(one / run_latest(one) / file).items()
    ]
    return max(abs(a - b) for a, b in pairs), max(weights)


def run_latest(run: Path) -> str:
    """The latest checkpoint, relative to the run."""
    return (run / "latest").read_text().strip()
