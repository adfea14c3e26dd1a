"""Readers of puzzles in files: arrays, the CSV of Sudoku-Extreme and Maze-Hard, ARC's JSON in both layouts."""

from __future__ import annotations

import gzip
import io
import json
import random
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.datasets import build as build_arc
from trm_tasks_arc.evaluation import scored_tasks
from trm_tasks_arc.scoring import Ballot
from trm_tasks_maze.config import MazeConfig
from trm_tasks_maze.datasets import build_maze_hard
from trm_tasks_sudoku.config import SudokuConfig
from trm_tasks_sudoku.datasets import build_extreme

from tests.support.graph_puzzles import Trees, build, described
from trm.data import Edge, Graph, Group
from trm.data.layout import read_split
from trm.data.layout_writing import write_split
from trm.data.puzzle_set import Description, PuzzleSet
from trm.data.sampler import GroupSampler
from trm.errors import UsageError
from trm.experiment.experiment import Experiment
from trm.storage.text_files import read_puzzle_text

from .checkpoints import contents, experiment
from .formats import corrupted_npy
from .harness import Files
from .mutate import ODD_TEXTS, corrupt_text, corrupted_json

TASK = {"train": [{"input": [[1, 2]], "output": [[3]]}], "test": [{"input": [[0]], "output": [[4, 5], [6, 7]]}]}


@lru_cache(maxsize=1)
def arrays() -> list[Files]:
    """Data sets in the array layout: Sudoku's, one with groups, identifiers and further columns, one of ARC, and trees."""
    grouped = PuzzleSet(
        inputs=np.arange(6 * 16).reshape(6, 16) % 6,
        labels=np.arange(6 * 16).reshape(6, 16) % 5 + 1,
        description=Description(vocab_size=6, seq_len=16, num_puzzle_identifiers=3),
        puzzle_ids=np.array([0, 1, 2]),
        puzzle_indices=np.array([0, 2, 3, 6]),
        group_indices=np.array([0, 1, 3]),
        identifiers=("<blank>", "a", "b|||t3|||0192837465"),
        ignore_label=0,
        extras={"rating": np.arange(6) / 7, "source": np.array(list("abcdef"))},
    )
    arc = Experiment.from_preset("arc", None, [f"task.{k}={json.dumps(v)}" for k, v in ARC.items()])
    found = []
    for halves in (
        {split: experiment().puzzles(split) for split in ("train", "test")},
        {"train": grouped, "test": grouped},
        {split: arc.puzzles(split) for split in ("train", "test")},
        {split: build(Trees(), split, 0).head(20) for split in ("train", "test")},
        {split: everything() for split in ("train", "test")},
    ):
        with tempfile.TemporaryDirectory() as folder:
            for split, puzzles in halves.items():
                write_split(Path(folder), split, puzzles)
            found.append(contents(Path(folder)))
    return found


ARC = {"training": [], "evaluation": ["arcagi1:training"], "subset": "easy", "side": 4, "variants": 1}


def everything() -> PuzzleSet:
    """A puzzle with structure of every kind."""
    graph = Graph(
        3,
        (Edge("less", 0, 1, (4, -1)), Edge("near", 2, 1, (9, 0))),
        (Group("cage", (0, 2), (45,)), Group("line", (2, 1, 0), (-3,))),
        ((1,), (-3,), (0,)),
    )
    row = described(6).row(np.array([1, 2, 3]), graph)
    return PuzzleSet(np.stack([row] * 4), np.array([[1, 2, 3, -100, -100, -100]] * 4), described(6))


def corrupt_arrays(rng: random.Random, files: Files) -> Files:
    files = dict(files)
    for _ in range(rng.choice((1, 1, 2))):
        name = rng.choice(sorted(files))
        files[name] = (corrupted_npy if name.endswith(".npy") else corrupted_json)(rng, files[name])
        if rng.random() < 0.05:
            files[rng.choice((*ODD_TEXTS, *files))] = files.pop(name)
    if rng.random() < 0.8:  # else the checksums stop everything at once
        return {name: content for name, content in files.items() if not name.endswith("checksums.json")}
    return files


def read_arrays(folder: Path) -> None:
    """Read both halves and go through them as training and scoring do."""
    for split in ("train", "test"):
        puzzles = read_split(folder, split)
        if len(puzzles):
            GroupSampler(puzzles, 0).take(4)
        for batch in puzzles.head(100).batches(64):
            assert len(batch.inputs) == len(batch.labels) == len(batch.puzzle_ids)
    if "test_puzzles" in puzzles.documents:
        Ballot(scored_tasks(puzzles))


def array_files() -> list[Files]:
    """Mazes and Sudoku puzzles that somebody saved as NumPy files."""
    found = []
    for array in (np.ones((2, 5, 5), np.uint8), np.arange(81).reshape(9, 9) % 10, np.array(["S...G", "....."])):
        single, several = io.BytesIO(), io.BytesIO()
        np.save(single, array)
        np.savez_compressed(several, first=array, second=array)
        found += [{"text": single.getvalue()}, {"text": several.getvalue()}]
    return found


def corrupt_array_file(rng: random.Random, files: Files) -> Files:
    return {"text": corrupted_npy(rng, files["text"])}


def read_array_file(folder: Path) -> None:
    read_puzzle_text(folder / "text")


def sudoku_csv() -> list[Files]:
    question = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
    answer = "534678912672195348198342567859761423426853791713924856961537284287419635345286179"
    rows = [f"puzzles0,{question},{answer},{rating}" for rating in range(4)]
    full = "source,question,answer,rating\n" + "\n".join(rows) + "\n"
    short = f"question,answer\n{question},{answer}\n"
    other = f"\ufeffpuzzle;solution\n{question};{answer}\n"
    return [{"train.csv": text.encode()} for text in (full, short, other)]


def maze_csv() -> list[Files]:
    question, answer = "S" + " " * 23 + "G", "S" + "o" * 4 + "    o" * 3 + "    G"
    row = f"x,{question},{answer},1"
    text = f'source,question,answer,rating\n{row}\n"a ""b""",{question},{answer},2\n'
    return [{"train.csv": text.encode()}, {"train.csv": text.replace("\n", "\r\n").encode()}]


def corrupt_csv(rng: random.Random, files: Files) -> Files:
    text = corrupt_text(rng, files["train.csv"].decode())
    if rng.random() < 0.02:
        text += "x" * rng.choice((131_073, 2**20 + 5)) + '"' * rng.randrange(3)
    return {"train.csv": text.encode(errors="surrogatepass")}


def read_sudoku_csv(folder: Path) -> None:
    build_extreme(SudokuConfig(csv=folder, train_puzzles=3), "train", 0)


def read_maze_csv(folder: Path) -> None:
    build_maze_hard(MazeConfig(csv=folder, size=5), "train", 0)


def arc_folders() -> list[Files]:
    wide = {**TASK, "test": [{"input": [[0] * 31]}]}
    return [
        {"tasks/a.json": dumps(TASK), "tasks/b.json": dumps({**TASK, "test": TASK["test"] * 2})},
        {"tasks/c/a.json": dumps(TASK), "tasks/d/a.json": dumps(wide), "tasks/all.json": dumps({"x": TASK, "y": wide})},
        {"tasks/a.json.gz": gzip.compress(dumps(TASK)), "tasks/list.json": dumps([{"id": "z", **TASK}])},
    ]


def kaggle() -> list[Files]:
    challenges = {
        "a": {**TASK, "test": [{"input": [[0]]}]},
        "b": {**TASK, "test": [{"input": [[9]]}, {"input": [[8]]}]},
    }
    solutions = {"a": [[[1]]], "b": [[[2]], [[3]]]}
    return [
        {"x_challenges.json": dumps(challenges), "x_solutions.json": dumps(solutions)},
        {"x_challenges.json": dumps(challenges)},
    ]


def dumps(value: Any) -> bytes:
    return json.dumps(value).encode()


def corrupt_arc(rng: random.Random, files: Files) -> Files:
    files = dict(files)
    name = rng.choice(sorted(files))
    packed = name.endswith(".gz")
    changed = corrupted_json(rng, gzip.decompress(files[name]) if packed else files[name])
    files[name] = gzip.compress(changed) if packed and rng.random() < 0.9 else changed
    return files


def read_arc(source: Path) -> None:
    config = ArcConfig(training=(), evaluation=(str(source),), variants=1)
    for split in ("train", "test"):
        puzzles = build_arc(config, split, 0)
        GroupSampler(puzzles, 0).take(2)
    Ballot(scored_tasks(puzzles))


def read_arc_folder(folder: Path) -> None:
    if not (folder / "tasks").is_dir():
        raise UsageError("The folder was renamed.")
    read_arc(folder / "tasks")


def read_kaggle(folder: Path) -> None:
    read_arc(folder / "x_challenges.json")
