"""Tests of the registered parts of the maze task, and the conformance checks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.console import Console
from trm_tasks_maze.answers import check as check_answer
from trm_tasks_maze.answers import format_tokens, solvable
from trm_tasks_maze.augmentation import Dihedral
from trm_tasks_maze.config import MazeConfig, describe
from trm_tasks_maze.datasets import build_maze_hard, symmetry_class
from trm_tasks_maze.generated import build_generated
from trm_tasks_maze.grid import FREE, GOAL, PATH, START, WALL
from trm_tasks_maze.metrics import ValidShortest
from trm_tasks_maze.presets import PRESETS
from trm_tasks_maze.reading import read
from trm_tasks_maze.renderer import BlockRenderer

from trm.errors import DataError, PuzzleError, UsageError
from trm.experiment.experiment import Experiment
from trm.model import TinyRecursiveModel
from trm.runs.locate import locate
from trm.testing import parametrize_with_checks

SMALL = MazeConfig(size=7, width=9, train_puzzles=60, test_puzzles=20)
BENT = "S....\n.###.\n.#G#.\n.#.#.\n....."


def parse(text: str, config: MazeConfig) -> list[np.ndarray]:
    """The mazes of a text; the first one that cannot be read is an error."""
    return read(text, config).strictly()


def test_settings() -> None:
    assert MazeConfig().shape == (10, 10)
    assert SMALL.shape == (7, 9)
    assert MazeConfig(size=12).least_moves == 12
    description = describe(SMALL)
    assert (description.seq_len, description.vocab_size) == (63, 6)
    assert description.token_names == ("pad", "#", ".", "S", "G", "o")
    assert description.structure.grid == (7, 9)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("task.size=4", "greater than or equal to 5"),
        ("task.size=81", "less than or equal to 80"),
        ("task.min_walls=0.5", r"min_walls 0.5 is greater than max_walls 0.45"),
        ("task.max_walls=1", "less than 1"),
        ("task.min_path=0", "greater than or equal to 1"),
    ],
)
def test_settings_out_of_range(setting: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Experiment.from_preset("maze", None, [setting])


def test_a_style_that_has_no_mazes() -> None:
    with pytest.raises(UsageError, match=r"Found no 6 x 6 mazes with 0% to 10% walls and at least 30 moves"):
        build_generated(MazeConfig(size=6, min_walls=0, max_walls=0.1, min_path=30), "train", 0)


def test_generated_puzzles() -> None:
    train, test = (build_generated(SMALL, split, 3) for split in ("train", "test"))
    assert (len(train), len(test)) == (60, 20)
    assert train.extras["moves"].min() >= 7
    assert np.array_equal(train.extras["walls"], (train.inputs == WALL).mean(axis=1))
    classes = [set(symmetry_class(puzzles.inputs, puzzles.labels, SMALL).tolist()) for puzzles in (train, test)]
    assert len(classes[0]) == 60
    assert not classes[0] & classes[1]


def test_symmetric_images_are_of_one_class() -> None:
    puzzles = build_generated(SMALL, "train", 0)
    images, _, _ = Dihedral(SMALL).apply(np.random.default_rng(0), puzzles.inputs, puzzles.labels)
    assert (images != puzzles.inputs).any()
    assert np.array_equal(
        symmetry_class(images, puzzles.labels, SMALL), symmetry_class(puzzles.inputs, puzzles.labels, SMALL)
    )


def test_maze_hard_from_csv(tmp_path: Path) -> None:
    question, answer = BENT.replace("\n", "").replace(".", " "), "S    o### o#G# o#o# ooo  "
    (tmp_path / "train.csv").write_text(f"source,question,answer,rating\nmade,{question},{answer},9\n")
    puzzles = build_maze_hard(MazeConfig(size=5, csv=tmp_path), "train", 0)
    assert np.array_equal(puzzles.inputs[0], parse(BENT, MazeConfig(size=5))[0])
    assert puzzles.extras["moves"].tolist() == [8]
    with pytest.raises(
        DataError, match=r"train.csv have 5x5 cells, but the settings say 10x10\. Use --set task.size=5"
    ):
        build_maze_hard(MazeConfig(csv=tmp_path), "train", 0)
    with pytest.raises(DataError, match=r"test.csv as CSV: there is no such file"):
        build_maze_hard(MazeConfig(size=5, csv=tmp_path), "test", 0)


def test_maze_hard_without_a_network(tmp_path: Path) -> None:
    imports = "from trm_tasks_maze.config import MazeConfig; from trm_tasks_maze.datasets import build_maze_hard"
    code = f"{imports}; build_maze_hard(MazeConfig(), 'test', 0)"
    offline = {"HF_HUB_OFFLINE": "1", "HF_HOME": str(tmp_path)}
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=os.environ | offline)
    # Without huggingface_hub, the message says how to install it.
    assert "DownloadError: Cannot download test.csv of sapientinc/maze-30x30-hard-1k" in result.stderr or (
        "needs huggingface_hub" in result.stderr and "pip install 'trm[hub]'" in result.stderr
    )
    assert "--set task.csv=FOLDER" in result.stderr


def test_any_shortest_path_scores_as_valid() -> None:
    config = MazeConfig(size=5)
    maze = parse("S....\n.....\n..#..\n.....\n....G", config)[0]
    labelled = np.array([START, *[FREE] * 4, *[PATH, *[FREE] * 4] * 2, PATH, *[FREE] * 4, *[PATH] * 4, GOAL])
    labelled[12] = WALL
    other = np.array([START, *[PATH] * 4, *[*[FREE] * 4, PATH] * 3, *[FREE] * 4, GOAL])
    other[12] = WALL
    metric = ValidShortest(config)
    metric.update({"inputs": np.stack([maze] * 3), "predictions": np.stack([labelled, other, maze])})
    assert metric.compute() == pytest.approx(2 / 3)
    assert check_answer(maze, labelled, config) is None
    assert check_answer(maze, other, config) is None
    assert check_answer(maze, maze, config) == "The answer has no path cells."


def test_text_round_trip_and_solvability() -> None:
    puzzles = build_generated(SMALL, "test", 0)
    for inputs, labels in zip(puzzles.inputs, puzzles.labels, strict=True):
        text = format_tokens(inputs, SMALL)
        assert " " not in text
        assert np.array_equal(parse(text, SMALL)[0], inputs)
        assert np.array_equal(parse(format_tokens(labels, SMALL), SMALL)[0], inputs)
        assert solvable(inputs, SMALL) is None
    closed = np.array([START, WALL, GOAL, *[WALL] * 22])
    assert solvable(closed, MazeConfig(size=5)) == "No path leads from the start S to the goal G."


def test_a_maze_of_another_size_is_refused() -> None:
    with pytest.raises(PuzzleError, match=r"Puzzle 1, line 2, column 1: The maze has 5x5 cells, expected 7x9\."):
        parse("\n" + BENT, SMALL)


def test_the_grid_weights_solve_unseen_mazes() -> None:
    puzzles = build_generated(MazeConfig(size=10, min_path=12, test_puzzles=8), "test", 9)
    inputs = torch.from_numpy(puzzles.inputs.astype(np.int64))
    answers = locate("maze:grid").model().predict(inputs, 16).numpy()
    assert (answers == puzzles.labels).all(1).sum() >= 6


def test_the_renderer_shows_mazes_answers_and_unscored_targets() -> None:
    puzzles = build_generated(SMALL, "test", 0)
    renderer = BlockRenderer(SMALL)
    console = Console(width=80)
    inputs, labels = puzzles.inputs[0], puzzles.labels[0].astype(np.int64)
    shown = renderer.render(inputs, labels, labels)
    assert len(console.render_lines(shown)) == 7
    assert shown.plain.count("•") == (labels == PATH).sum()
    unscored = np.full_like(labels, -100)
    assert renderer.render(inputs, labels, unscored).plain == shown.plain
    assert renderer.render(inputs, target=unscored).plain == renderer.render(inputs).plain


@pytest.mark.parametrize("preset", [preset.name for preset in PRESETS])
def test_presets_are_complete(preset: str) -> None:
    experiment = Experiment.from_preset("maze", preset)
    assert experiment.training is not None
    if preset != "paper":
        few = build_generated(experiment.task.config.model_copy(update={"train_puzzles": 2, "min_path": 9}), "train", 0)
        model = TinyRecursiveModel(experiment.model_config(few))
        assert model.num_parameters() < 250_000  # so that shipped weights stay below 1 MB


@parametrize_with_checks("maze")
def test_conformance(check: Callable[[], None]) -> None:
    check()
