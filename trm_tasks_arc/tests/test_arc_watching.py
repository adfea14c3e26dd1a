"""`trm trace arc` and `trm demo arc`: watching networks learn a task."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from trm_tasks_arc.committee import Committee
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.grids import crop
from trm_tasks_arc.pairs import Task, read_task
from trm_tasks_arc.validation import VALIDATION
from trm_tasks_arc.watching import FRAMES, SHOWN, refinement, refinements

from trm.cli.main import cli
from trm.errors import UsageError
from trm.evaluation import UntrainedRequest

PAIRS = [
    {"input": [[1, 0], [0, 2]], "output": [[2, 0, 0], [0, 1, 0]]},
    {"input": [[3, 0], [0, 0]], "output": [[0, 0, 0], [0, 3, 0]]},
]
TEST = {"input": [[0, 4], [0, 0]], "output": [[0, 0, 0], [0, 0, 4]]}


def task(*tests: dict[str, Any]) -> Task:
    return read_task("made", {"train": PAIRS, "test": list(tests or [TEST])})


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "made.json"
    path.write_text(json.dumps({"train": PAIRS, "test": [TEST, TEST]}))
    return str(path)


def test_frames_are_the_leading_answers_of_the_networks_on_the_way() -> None:
    watched = refinement(task(), ArcConfig(), steps=8, seed=3)
    frames = list(watched.frames)
    assert [frame.step for frame in frames] == [1, 2, 3, 4, 5, 6, 7, 8]
    committee = Committee(task(), seed=3)
    for frame in frames:
        committee.step()
        committee.answer()
        (grid, share), *_ = committee.ranked()[0]
        assert np.array_equal(crop(frame.answer), grid)
        assert frame.halt == pytest.approx(share)
        assert frame.probabilities.sum(1) == pytest.approx(1, abs=1e-5)


def test_frames_are_spread_over_the_steps() -> None:
    steps = [frame.step for frame in refinement(task(), ArcConfig(), steps=50, seed=0).frames]
    assert len(steps) == FRAMES
    assert steps[-1] == 50
    assert steps == sorted(steps)


def test_cells_are_right_exactly_where_the_answer_is_the_solution() -> None:
    watched = refinement(task(), ArcConfig(), steps=3, seed=0)
    assert watched.puzzle.labels is not None
    for frame in watched.frames:
        assert frame.wrong is not None
        assert np.array_equal(frame.wrong, frame.answer != watched.puzzle.labels)
        assert frame.right == np.array_equal(crop(frame.answer), np.array(TEST["output"]))


def test_a_solution_of_another_size_than_the_answer_is_wrong() -> None:
    large = {"input": TEST["input"], "output": np.zeros((5, 5), int).tolist()}
    watched = refinement(task(large), ArcConfig(), steps=1, seed=0)
    assert next(watched.frames).right is False
    assert watched.config.model_dump()["side"] == 5


def test_without_a_solution_nothing_is_wrong() -> None:
    frame = next(refinement(task({"input": TEST["input"]}), ArcConfig(), steps=1, seed=0).frames)
    assert frame.wrong is None
    assert frame.right is None


def test_tasks_that_are_shown_are_not_among_those_trained_on() -> None:
    assert set(SHOWN) <= set(VALIDATION)
    shown = refinements(UntrainedRequest(config=ArcConfig(), limit=3))
    names = [one.origin.split()[1] for one in shown]
    assert names == [f"{SHOWN[place]}," for place in (0, 12, 23)]


def test_trace_lists_the_first_test_input_and_says_so(file: str) -> None:
    result = run("trace", "arc", file, "--steps", "2")
    assert result.exit_code == 0, result.output
    assert "Task made has 2 test inputs. The first one is shown." in result.stderr
    assert [line.split(":")[0] for line in result.stdout.splitlines() if line.startswith("step")] == [
        "step  1",
        "step  2",
    ]
    assert result.stdout.startswith("input 1  output 1  input 2  output 2\n1 0 ")


def test_trace_writes_a_page(file: str, tmp_path: Path) -> None:
    result = run("trace", "arc", file, "--steps", "2", "--html", str(tmp_path / "page.html"))
    assert result.exit_code == 0, result.output
    page = (tmp_path / "page.html").read_text()
    assert "Task made, learned from its demonstrations by 4 networks" in page
    assert "What it learns from" in page
    assert all(title in page for title in ("input 1", "output 1", "input 2", "output 2"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--cycles",), "learns each puzzle from scratch: omit --cycles and --states"),
        (("--states", "states.npz"), "learns each puzzle from scratch: omit --cycles and --states"),
        (("--renderer", "nope"), "no renderer 'nope'"),
    ],
)
def test_options_without_a_use_are_refused_before_learning(file: str, options: tuple[str, ...], message: str) -> None:
    result = run("trace", "arc", file, "--steps", "1000000", *options)
    assert isinstance(result.exception, UsageError)
    assert message in str(result.exception)


def test_demo_shows_tasks_and_how_they_end() -> None:
    result = run("demo", "arc", "--puzzles", "1", "--steps", "2")
    assert result.exit_code == 0, result.output
    assert f"arc, puzzle 1: Task {SHOWN[0]}, learned from its demonstrations" in " ".join(result.output.split())
    assert "solved" in result.output
    assert "input 1" in result.output
