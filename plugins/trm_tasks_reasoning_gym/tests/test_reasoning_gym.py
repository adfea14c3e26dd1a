"""Tests against reasoning-gym: its scorer accepts the answers of every task, and every task trains."""

from __future__ import annotations

import json
import pickle
import random
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from reasoning_gym.factory import DATASETS

from trm.cli.main import cli
from trm.errors import DataError, UsageError
from trm.testing import check_task
from trm_tasks_reasoning_gym import task_name, tasks
from trm_tasks_reasoning_gym.catalog import TASKS
from trm_tasks_reasoning_gym.gym_task import GymConfig, GymTask, Score, pattern, scored

README = Path(__file__).parents[1] / "README.md"


def by_name(name: str) -> GymTask:
    task: GymTask = getattr(tasks, name)
    return task


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))


def test_the_catalog_and_the_tasks_are_the_same() -> None:
    assert set(TASKS) == {name for name, value in vars(tasks).items() if isinstance(value, GymTask)}
    assert all(by_name(name).name == name for name in TASKS)


def test_the_readme_names_every_dataset_of_reasoning_gym() -> None:
    covered, left_out = README.read_text().split("## Datasets that are not included")
    assert set(TASKS) == set(re.findall(r"^\| `(\w+)` \|", covered, re.MULTILINE))
    assert set(re.findall(r"`(\w+)`", left_out)) == set(DATASETS) - set(TASKS)


@pytest.mark.parametrize("name", TASKS)
def test_reasoning_gym_scores_our_answers_as_its_own(name: str) -> None:
    """The decoded label scores 1, and a wrong answer scores the same as it does with the whole entry."""
    task, config = by_name(name), GymConfig()
    source, shape, rng = task.source(config, seed=2, size=60), task.grid(config), random.Random(0)
    fitting = 0
    for index in range(len(source)):
        entry = source[index]
        rows = task.read(entry)
        inputs, labels = (task.encode(part, shape) for part in rows) if rows else (None, None)
        if inputs is None or labels is None:
            continue
        fitting += 1
        ours = task.entry(inputs, labels, shape)
        assert scored(source, ours["answer"], entry) == 1
        assert scored(source, entry["answer"], ours) == 1
        wrong = labels.copy()
        wrong[rng.choice(np.flatnonzero(labels >= 0))] = rng.randrange(1, len(task.symbols) + 1)
        answer = task.write(task.decode(wrong, shape))
        assert scored(source, answer, ours) == scored(source, answer, entry)
    assert fitting >= 30


@pytest.mark.parametrize("name", TASKS)
def test_the_task_passes_the_conformance_kit(name: str) -> None:
    assert [result for result in check_task(task_name(name)) if not result.ok] == []


@pytest.mark.parametrize("name", TASKS)
def test_the_task_trains_for_a_few_steps_and_evaluates(name: str, tmp_path: Path) -> None:
    run = tmp_path / "run"
    small = ["task.train_puzzles=40", "task.test_puzzles=20", "model.hidden_dim=32", "training.max_steps=4"]
    small.append("training.batch_size=8")
    sets = [argument for setting in small for argument in ("--set", setting)]
    _invoke("train", task_name(name), "--output", str(run), *sets)
    metrics = json.loads((run / "summary.json").read_text())["final_metrics"]
    assert 0 <= metrics["score"] <= 1
    assert json.loads(_invoke("evaluate", str(run), "--json"))["metrics"]["score"] == pytest.approx(metrics["score"])


def _invoke(*arguments: str) -> str:
    result = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_settings_of_reasoning_gym_change_puzzles_and_shape() -> None:
    task = by_name("rotate_matrix")
    config = GymConfig(gym={"min_n": 3, "max_n": 3, "min_rotations": 1, "max_rotations": 1}, train_puzzles=5)
    puzzles = task.build(config, "train", seed=0)
    assert puzzles.inputs.shape == (5, 12)
    question, answer = (array[0].reshape(4, 3)[1:] for array in (puzzles.inputs, puzzles.labels))
    assert np.array_equal(np.rot90(question, -1), answer)


def test_settings_that_reasoning_gym_rejects_give_one_sentence() -> None:
    with pytest.raises(UsageError, match=r"reasoning-gym's mini_sudoku rejects \{'empty': 3\}"):
        by_name("mini_sudoku").build(GymConfig(gym={"empty": 3}), "train", 0)


def test_a_request_for_more_puzzles_than_fit_is_refused() -> None:
    config = GymConfig(gym={"min_words": 8, "max_words": 8}, train_puzzles=10)
    with pytest.raises(DataError, match=r"only [0-9] fit the train split of 10 puzzles"):
        by_name("word_sorting").build(config, "train", 0)


def test_tasks_are_pickled_by_reference() -> None:
    score = pickle.loads(pickle.dumps(Score(GymConfig(), by_name("ab"))))
    assert score.task is by_name("ab")


def test_unscored_cells_do_not_reach_the_scorer() -> None:
    task, config = by_name("kakurasu"), GymConfig(train_puzzles=20)
    puzzles = task.build(config, "train", 0)
    noise = np.where(puzzles.labels == -100, 7, puzzles.labels)
    metric = task.metric(config)
    metric.update({"inputs": puzzles.inputs, "labels": puzzles.labels, "predictions": noise})
    assert metric.compute() == 1


@pytest.mark.parametrize("name", ["arc_1d", "game_of_life", "kakurasu", "rotate_matrix", "survo"])
def test_every_unscored_position_is_fixed(name: str) -> None:
    """Otherwise an answer would show the model's predictions at positions that are not part of it."""
    puzzles = by_name(name).build(GymConfig(train_puzzles=20), "train", 0)
    unscored = puzzles.labels == -100
    assert unscored.any()
    assert not (unscored & ~puzzles.description.fixed_in(puzzles.inputs)).any()
    puzzles.check_fixed()


@pytest.mark.parametrize("name", ["mini_sudoku", "modulo_grid"])
def test_no_test_answer_is_a_training_answer_with_other_tokens(name: str) -> None:
    config = GymConfig(train_puzzles=200, test_puzzles=40)
    train, test = (
        {pattern(answer).tobytes() for answer in by_name(name).build(config, split, 0).labels}
        for split in ("train", "test")
    )
    assert not train & test
