"""How many ARC-AGI-1 tasks are learned from their demonstrations within some seconds of one core; and pre-training for it.

    python benchmarks/arc_learning.py score --seconds 30
    python benchmarks/arc_learning.py score --part 0 --parts 2 --members 0 --set learning_rate=0.002
    python benchmarks/arc_learning.py pretrain --out weights.safetensors

Scores are of the validation tasks, which pre-training leaves out. A task counts if one of two attempts is right for each of
its test inputs. Seconds are of the processor. No evaluation task is read.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from trm_tasks_arc.attempts import Standing, standings
from trm_tasks_arc.committee import MEMBERS
from trm_tasks_arc.curriculum import training_tasks
from trm_tasks_arc.network import PairNetwork, Shape, save_network
from trm_tasks_arc.pairs import Task
from trm_tasks_arc.pretraining import Pretraining, pretrain
from trm_tasks_arc.tasks import load_source
from trm_tasks_arc.validation import VALIDATION

MARKS = (1, 2, 5, 10, 15, 20, 30, 45, 60, 90, 120, 180)
ATTEMPTS = 2


def verdict(task: Task, standing: Standing, attempts: int) -> str:
    """ "right", "wrong size", "nearly right" (at least 95 % of the cells of every output) or "wrong"."""
    worst = 1.0
    for pair, ranked in zip(task.test, standing.ranked, strict=True):
        assert pair.output is not None
        shares = [
            float(np.mean(grid == pair.output)) if grid.shape == pair.output.shape else -1.0
            for grid, _ in ranked[:attempts]
        ]
        worst = min(worst, max(shares, default=-1.0))
    if worst == 1:
        return "right"
    return "wrong size" if worst < 0 else "nearly right" if worst >= 0.95 else "wrong"


def score(options: argparse.Namespace) -> None:
    """Learn the validation tasks and print one JSON line for each, then the score by seconds."""
    members = [MEMBERS[number] for number in options.members]
    changes = {key: json.loads(value) for key, value in options.set}
    members = [dataclasses.replace(one, recipe=dataclasses.replace(one.recipe, **changes)) for one in members]
    tasks = load_source("arcagi1:training")
    ids = options.tasks or VALIDATION[options.part :: options.parts]
    marks = [mark for mark in MARKS if mark <= options.seconds]
    solved: dict[int, list[int]] = {mark: [0, 0] for mark in marks}
    for task_id in ids:
        task, last = tasks[task_id], None
        seen: dict[int, Standing] = {}
        for standing in standings(
            task, budget_seconds=options.seconds, seed=options.seed, members=members, interval=0.2
        ):
            seen |= {mark: standing for mark in marks if standing.seconds <= mark}
            last = standing
        assert last is not None
        seen |= {mark: last for mark in marks if mark == options.seconds}
        for mark, standing in seen.items():
            for place, attempts in enumerate((1, ATTEMPTS)):
                solved[mark][place] += verdict(task, standing, attempts) == "right"
        row = {"task": task_id, "verdict": verdict(task, last, ATTEMPTS), "steps": last.steps}
        row["right_at"] = [mark for mark in marks if mark in seen and verdict(task, seen[mark], ATTEMPTS) == "right"]
        print(json.dumps(row), flush=True)
    print(f"{len(ids)} tasks, pass@1 / pass@2:", *(f"{mark} s {a}/{b}" for mark, (a, b) in solved.items()), flush=True)


def train(options: argparse.Namespace) -> None:
    """Train on the training tasks of `trm_tasks_arc.curriculum`, and write the weights."""
    tasks = training_tasks()
    print(f"{len(tasks)} tasks", flush=True)
    start, losses = time.process_time(), []

    def watch(update: int, loss: float, network: PairNetwork) -> None:
        losses.append(loss)
        if update % options.every == 0:
            minutes = (time.process_time() - start) / 60
            print(f"update {update}, {minutes:.1f} min, loss {np.mean(losses[-options.every :]):.3f}", flush=True)
            save_network(network, options.out)

    settings = Pretraining(updates=options.updates)
    save_network(pretrain(tasks, settings, Shape(), seed=options.seed, watch=watch), options.out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=1, help="threads (default: 1)")
    parser.add_argument("--seed", type=int, default=0, help="seed (default: 0)")
    commands = parser.add_subparsers(required=True)
    scoring = commands.add_parser("score", help="learn the validation tasks")
    scoring.add_argument("--seconds", type=float, default=30, help="seconds for each task (default: 30)")
    scoring.add_argument("--part", type=int, default=0, help="which part of the tasks, from 0 (default: 0)")
    scoring.add_argument("--parts", type=int, default=1, help="number of parts (default: 1)")
    scoring.add_argument("--tasks", nargs="+", help="ids of the tasks, in place of all validation tasks")
    scoring.add_argument(
        "--members", nargs="+", type=int, default=range(len(MEMBERS)), help="numbers of the members (default: all)"
    )
    scoring.add_argument(
        "--set", action="append", default=[], type=_setting, help="a setting of all recipes, KEY=VALUE"
    )
    scoring.set_defaults(run=score)
    training = commands.add_parser("pretrain", help="train on the other training tasks")
    training.add_argument("--updates", type=int, default=5000, help="updates (default: 5000)")
    training.add_argument("--every", type=int, default=100, help="updates between two reports (default: 100)")
    training.add_argument("--out", type=Path, required=True, help="file of the weights")
    training.set_defaults(run=train)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.run(options)


def _setting(text: str) -> tuple[str, Any]:
    key, _, value = text.partition("=")
    return key, value


if __name__ == "__main__":
    main()
