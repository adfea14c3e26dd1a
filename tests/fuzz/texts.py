"""Readers of what people write: puzzles, settings, and the records that are shown in the terminal."""

from __future__ import annotations

import io
import random
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from pathlib import Path

from trm_tasks_arc.solve import read_tasks
from trm_tasks_sudoku.reading import read_grids
from trm_tasks_sudoku.text import explain

from trm.cli.main import cli
from trm.errors import PuzzleError, printable
from trm.experiment.experiment import Experiment

from .checkpoints import corrupt_run, runs
from .data import TASK, dumps, kaggle
from .harness import Files
from .mutate import ODD_TEXTS, corrupt_text, corrupted_json, dumped, odd_value

EASY = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
TEXTS = {
    "sudoku": (
        EASY + "\n", "\n".join(EASY[row * 9 : row * 9 + 9] for row in range(9)), f"{EASY}\n\n{EASY.replace('.', '0')}\n",
        "1..4\n....\n4..1\n....\n", "+---+\n|1 . . 4|\n....\n4..1\n....",
    ),
    "maze": ("S....\n###..\n....#\n.###.\n....G\n", "S" + "." * 23 + "G", "#####\n#S..#\n#.#.#\n#..G#\n#####\n\n" * 2),
    "arithmetic": ("123 + 456\n", "1+2\n3 + 4 = 7\n", "999+999 = ?\n\n0 + 0"),
}  # fmt: skip


def puzzles(task: str) -> list[Files]:
    return [{"text": text.encode()} for text in TEXTS[task]]


def corrupt_puzzles(rng: random.Random, files: Files) -> Files:
    return {"text": corrupt_text(rng, files["text"].decode()).encode(errors="surrogatepass")}


@cache
def preset(task: str) -> Experiment:
    return Experiment.from_preset(task)


def read_puzzles(task: str, folder: Path) -> None:
    """Read puzzles as `trm solve` does."""
    text = (folder / "text").read_text(encoding="utf-8", errors="replace")
    sized = preset(task).task.resized_for(text)
    for tokens in sized.parse(text):
        sized.format(tokens)
        sized.solvable(tokens)


def read_sudoku(folder: Path) -> None:
    """Read Sudoku puzzles of all sizes at once, and explain whether each has one solution."""
    for grid in read_grids((folder / "text").read_text(encoding="utf-8", errors="replace")).puzzles:
        if not isinstance(grid, PuzzleError):
            explain(grid)


def read_maze(folder: Path) -> None:
    read_puzzles("maze", folder)


def read_arithmetic(folder: Path) -> None:
    read_puzzles("arithmetic", folder)


def arc_texts() -> list[Files]:
    return [{"text": dumps(TASK)}, {"text": kaggle()[0]["x_challenges.json"]}]


def corrupt_arc_text(rng: random.Random, files: Files) -> Files:
    return {"text": corrupted_json(rng, files["text"])}


def read_arc_text(folder: Path) -> None:
    read_tasks([("x.json", (folder / "text").read_text(encoding="utf-8", errors="replace"))], 30)


SETTINGS = (
    ("sudoku", "training.learning_rate=0.001"), ("sudoku", "model.hidden_dim=64"), ("sudoku", "size=9"),
    ("maze", "task.min_walls=0.1"), ("arc", 'task.evaluation=["arcagi1:training"]'), ("arithmetic", "task.digits=4"),
    ("sudoku", "training.betas=[0.9,0.95]"), ("maze", "model.mixing=attention"), ("arc", "task.tasks=none"),
)  # fmt: skip


def settings() -> list[Files]:
    return [{"text": f"{task}\n{setting}".encode()} for task, setting in SETTINGS]


def corrupt_settings(rng: random.Random, files: Files) -> Files:
    task, _, setting = files["text"].decode().partition("\n")
    name, _, value = setting.partition("=")
    if rng.random() < 0.6:
        fields = [
            *preset(task).task.config.model_dump(),
            *[f"model.{f}" for f in MODEL],
            *[f"training.{f}" for f in TRAIN],
        ]
        value = dumped(odd_value(rng)).decode()[: 2**17]
        setting = f"{rng.choice((name, *fields))}={rng.choice((value, rng.choice(ODD_TEXTS)))}"
    else:
        setting = corrupt_text(rng, setting)
    return {"text": f"{task}\n{setting}".encode(errors="surrogatepass")}


MODEL = ("hidden_dim", "num_layers", "num_heads", "mixing", "positions", "mlp_ratio", "n_supervision", "dropout")
TRAIN = ("batch_size", "max_steps", "optimizer", "betas", "ema_decay", "output_dir", "warmup_steps")


def read_settings(folder: Path) -> None:
    task, _, setting = (folder / "text").read_text(encoding="utf-8", errors="surrogateescape").partition("\n")
    chosen = Experiment.from_preset(task, None, [setting])
    chosen.task.description  # noqa: B018


def records() -> list[Files]:
    """Run folders without their checkpoints."""
    return [{name: content for name, content in files.items() if "/" not in name} for files in runs()]


def corrupt_records(rng: random.Random, files: Files) -> Files:
    return corrupt_run(rng, files, within=".json")


def read_records(folder: Path) -> None:
    """Show a run by `trm compare` and `trm plot`; nothing that could steer the terminal may come out."""
    for arguments in (["compare", str(folder), "--all"], ["compare", str(folder), "--json"], ["plot", str(folder)]):
        shown = io.StringIO()
        with redirect_stdout(shown), redirect_stderr(shown):
            cli.main(arguments, standalone_mode=False)
        assert printable(shown.getvalue()) == shown.getvalue(), "something that steers the terminal was shown"
