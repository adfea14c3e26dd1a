"""Readers of what people write: puzzles, settings, and the records that are shown in the terminal."""

from __future__ import annotations

import gzip
import io
import random
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from functools import cache
from pathlib import Path

from trm_tasks_arc.solve import read_tasks
from trm_tasks_sudoku.reading import read_grids
from trm_tasks_sudoku.text import explain

from trm.cli.main import cli
from trm.config.settings_file import SettingsFile
from trm.errors import PuzzleError, printable
from trm.experiment.answer_file import AnswerFile
from trm.experiment.experiment import Experiment
from trm.experiment.results import Solved
from trm.plugins.registry import get_registry
from trm.storage.text_files import read_puzzle_text
from trm.storage.yaml_text import yaml_text

from .checkpoints import corrupt_run, runs
from .data import TASK, dumps, kaggle
from .harness import Files
from .mutate import ODD_TEXTS, corrupt_bytes, corrupt_text, corrupted_json, dumped, odd_value

EASY = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
TEXTS = {
    "sudoku": (
        EASY + "\n", "\n".join(EASY[row * 9 : row * 9 + 9] for row in range(9)), f"{EASY}\n\n{EASY.replace('.', '0')}\n",
        "1..4\n....\n4..1\n....\n", "+---+\n|1 . . 4|\n....\n4..1\n....",
        f"# easy\n[Puzzle]\n{EASY} ; 17 // a comment\n", f"id,puzzle\n1,{EASY.replace('.', '0')}\n",
        "0123456789ABCDEF" + "." * 240,
    ),
    "maze": ("S....\n###..\n....#\n.###.\n....G\n", "S" + "." * 23 + "G", "#####\n#S..#\n#.#.#\n#..G#\n#####\n\n" * 2,
        "# # # # #\n# S . E #\n. . . . .\n. . . . .\n. . . . .\n", "XXXXX\nXBOOX\nXOXEX\nXOOOX\nXXXXX\n",
        "1 2 3 2 2\n1 2 2 2 2\n4 2 2 1 1\n2 2 2 2 2\n2 2 2 2 2\n"),
    "arithmetic": ("123 + 456\n", "1+2\n3 + 4 = 7\n", "999+999 = ?\n\n0 + 0", "# sums\n0,123 + 4 // one\n5 + 6\n"),
}  # fmt: skip


def puzzles(task: str) -> list[Files]:
    return [{"text": text.encode()} for text in TEXTS[task]]


def corrupt_puzzles(rng: random.Random, files: Files) -> Files:
    text = corrupt_text(rng, files["text"].decode())
    return {
        "text": text.encode(rng.choice(("utf-8",) * 9 + ("utf-8-sig", "utf-16", "utf-16-le")), errors="surrogatepass")
    }


@cache
def preset(task: str) -> Experiment:
    return Experiment.from_preset(task)


def read_puzzles(task: str, folder: Path) -> None:
    """Read puzzles as `trm solve` does. One bad puzzle does not stop the rest."""
    text = read_puzzle_text(folder / "text")
    sized = preset(task).task.resized_for(text)
    bad: list[PuzzleError] = []
    for puzzle in sized.read(text).puzzles:
        if isinstance(puzzle, PuzzleError):
            bad.append(puzzle)
        elif len(puzzle) == sized.description.seq_len:
            sized.format(puzzle)
            sized.solvable(puzzle)
    if bad:
        raise bad[0]


def read_sudoku(folder: Path) -> None:
    """Read Sudoku puzzles of all sizes at once, and explain whether each has one solution."""
    bad: list[PuzzleError] = []
    for grid in read_grids(read_puzzle_text(folder / "text")).puzzles:
        if isinstance(grid, PuzzleError):
            bad.append(grid)
        else:
            explain(grid)
    if bad:
        raise bad[0]


def read_maze(folder: Path) -> None:
    read_puzzles("maze", folder)


def read_arithmetic(folder: Path) -> None:
    read_puzzles("arithmetic", folder)


def arc_texts() -> list[Files]:
    collection = [{"id": "a", **TASK}, {"task_id": "b", **TASK}]
    return [{"text": dumps(TASK)}, {"text": kaggle()[0]["x_challenges.json"]}, {"text": dumps(collection)}]


def corrupt_arc_text(rng: random.Random, files: Files) -> Files:
    return {"text": corrupted_json(rng, files["text"])}


def read_arc_text(folder: Path) -> None:
    read_tasks([("x.json", (folder / "text").read_text(encoding="utf-8", errors="replace"))], 30)


def text_files() -> list[Files]:
    """Text in the encodings and compressions that files of puzzles have."""
    return [
        {"text": content}
        for text in TEXTS["sudoku"][:3]
        for encoding in ("utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1")
        for content in (text.encode(encoding), gzip.compress(text.encode(encoding)))
    ]


def corrupt_text_file(rng: random.Random, files: Files) -> Files:
    return {"text": corrupt_bytes(rng, files["text"])}


def read_text_file(folder: Path) -> None:
    """Read a file, and the same bytes from a pipe, alike."""
    text = read_puzzle_text(folder / "text")
    assert text == read_puzzle_text((folder / "text").read_bytes())
    assert "\r" not in text


def settings_files() -> list[Files]:
    content = {"task": "sudoku", "preset": "quick", "training": {"learning_rate": 0.001}, "model": {"hidden_dim": 64}}
    return [{"x.json": dumps(content)}, {"x.yaml": yaml_text(content).encode()}]


def corrupt_settings_file(rng: random.Random, files: Files) -> Files:
    name, content = next(iter(files.items()))
    if name == "x.json":
        return {name: corrupted_json(rng, content)}
    return {name: corrupt_text(rng, content.decode()).encode(errors="surrogatepass")}


def read_settings_file(folder: Path) -> None:
    path = next(folder.iterdir())
    SettingsFile.read(path).preset(get_registry().task("sudoku"))


def answer_files() -> list[Files]:
    """Outputs of `trm solve` that a later job continues."""
    solved = Solved(number=1, puzzle=EASY, text=EASY, draw=str, valid=True, steps=3, confidence=0.5)
    found = []
    for suffix in (".csv", ".jsonl", ".txt"):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"x{suffix}"
            with AnswerFile(path) as file:
                file.write(solved)
                file.write(replace(solved, number=2, problem='bad, "indeed"\n', text="", valid=None))
            found.append({path.name: path.read_bytes()})
    return found


def corrupt_answer_file(rng: random.Random, files: Files) -> Files:
    name, content = next(iter(files.items()))
    return {name: corrupt_bytes(rng, content)}


def read_answer_file(folder: Path) -> None:
    with AnswerFile(next(folder.iterdir())) as file:
        for puzzle in file.puzzles():
            assert isinstance(puzzle, str)


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
