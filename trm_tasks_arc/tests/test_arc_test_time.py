"""Learning at test time on tiny jobs: budgets, resumption, reports, and scoring submissions."""

import csv
import itertools
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from trm_tasks_arc.adapting import Adapter
from trm_tasks_arc.attempts import Standing
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.judging import mode_of
from trm_tasks_arc.outcomes import Outcome
from trm_tasks_arc.pairs import read_task
from trm_tasks_arc.settling import until_settled

from trm.cli.main import cli
from trm.devices import get_backend
from trm.errors import TRMError, UsageError
from trm.evaluation import Budget
from trm.runs.locate import locate

TINY = {
    "task.training": [],
    "task.variants": 3,
    "task.subset": None,
    "task.side": 4,
    "model.hidden_dim": 16,
    "model.n_supervision": 2,
    "training.max_steps": 2,
    "training.batch_size": 4,
    "training.eval_interval": 4,
}


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def made_task(seed: int, side: int = 3) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(3):
        grid = rng.integers(0, 10, (side, side))
        pairs.append({"input": grid.tolist(), "output": grid[::-1].tolist()})
    return {"train": pairs[:2], "test": pairs[2:]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four new tasks, one of them too large, and a run with two training steps on another task."""
    path = tmp_path_factory.mktemp("arc")
    (path / "old.json").write_text(json.dumps(made_task(9)))
    tasks = {f"task{number}": made_task(number) for number in range(3)} | {"large": made_task(3, side=5)}
    (path / "new.json").write_text(json.dumps(tasks))
    values = {**TINY, "task.evaluation": [str(path / "old.json")]}
    sets = [part for name, value in values.items() for part in ("--set", f"{name}={json.dumps(value)}")]
    trained = run("train", "arc", "--output", str(path / "run"), "--quiet", *sets)
    assert trained.exit_code == 0, trained.output
    return path


def evaluate(folder: Path, output: Path, *options: str) -> Result:
    source = f"task.evaluation={json.dumps([str(folder / 'new.json')])}"
    words = ["--set", source, "--budget", "3steps", "--output", str(output), "--json", *options]
    result = run("evaluate", str(folder / "run"), *words)
    assert result.exit_code == 0, result.output + repr(result.exception)
    return result


FILES = {"submission.json", "results.csv", "protocol.json", "scores.json", "curve.csv", "index.html"}


def test_an_evaluation_learns_each_task_and_reports_it(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = json.loads(evaluate(folder, out, "--jobs", "1").stdout)
    assert report["puzzles"] == 4
    assert {path.name for path in out.iterdir()} == FILES | {"evaluation.json", "predictions"}
    rows = {row["task"]: row for row in csv.DictReader((out / "results.csv").open())}
    assert rows["large"]["status"] == rows["large"]["failure"] == "too large"
    assert rows["large"]["solved@2"] == "0.0"
    assert {row["steps"] for name, row in rows.items() if name != "large"} == {"3"}
    submission = json.loads((out / "submission.json").read_text())
    assert submission["large"] == [{"attempt_1": [[0, 0], [0, 0]], "attempt_2": [[0, 0], [0, 0]]}]
    protocol = json.loads((out / "protocol.json").read_text())
    assert protocol["budget_per_task"] == "3steps"
    assert protocol["trained_on"]["demonstrations_of"] == [str(folder / "old.json")]
    assert (out / "index.html").read_text().count("<article") == 4
    scores = json.loads((out / "scores.json").read_text())
    assert sum(scores["failures"].values()) == 4 * (1 - scores["pass@2"])
    assert list(csv.DictReader((out / "curve.csv").open()))[-1]["pass@2"] == str(scores["pass@2"])
    scored = run(
        "score", "arc", str(out / "submission.json"), "--set", f"task.evaluation={folder / 'new.json'}", "--json"
    )
    assert scored.exit_code == 0, repr(scored.exception)
    assert json.loads(scored.stdout)["metrics"] == {"pass@1": scores["pass@1"], "pass@2": scores["pass@2"]}


def test_reruns_resumed_runs_and_other_numbers_of_processes_give_the_same_answers(folder: Path, tmp_path: Path) -> None:
    evaluate(folder, tmp_path / "whole", "--jobs", "1")
    evaluate(folder, tmp_path / "two", "--jobs", "2")
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    for name in FILES:
        (tmp_path / "cut" / name).unlink()
    (tmp_path / "cut" / "predictions" / "task1.json").unlink()
    (tmp_path / "cut" / "predictions" / "task2.json").write_text('{"task": "task2", "mom')
    kept = (tmp_path / "cut" / "predictions" / "task0.json").stat().st_mtime_ns
    evaluate(folder, tmp_path / "cut", "--jobs", "1")
    assert (tmp_path / "cut" / "predictions" / "task0.json").stat().st_mtime_ns == kept
    submissions = {(tmp_path / name / "submission.json").read_bytes() for name in ("whole", "two", "cut")}
    assert len(submissions) == 1
    source = f"task.evaluation={json.dumps([str(folder / 'new.json')])}"
    words = ["--set", source, "--budget", "1steps", "--output", str(tmp_path / "cut")]
    with pytest.raises(TRMError, match="contains another evaluation with different budget"):
        cli.main(["evaluate", str(folder / "run"), *words], standalone_mode=False)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--jobs", "2"], "it needs --budget"),
        (["--budget", "1steps", "--puzzle-ids", "random"], "omit --puzzle-ids and --split"),
        (["--budget", "10"], "'10' is not a budget"),
    ],
)
def test_options_without_a_use_are_refused(folder: Path, options: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        cli.main(["evaluate", str(folder / "run"), *options], standalone_mode=False)


def test_a_budget_is_refused_by_tasks_that_do_not_learn() -> None:
    with pytest.raises(UsageError, match="Task 'sudoku' does not learn at test time: omit --budget"):
        cli.main(["solve", "sudoku", "0" * 81, "--budget", "1m"], standalone_mode=False)


def ticking(step: float) -> Any:
    times = itertools.count()
    return lambda: next(times) * step


def adapter_of(folder: Path, clock: Any) -> Adapter:
    loaded = locate(folder / "run")
    config = ArcConfig(side=4, variants=1)
    return Adapter(loaded.model().eval(), loaded.run.training, get_backend("cpu"), config, 1, clock)


def test_learning_ends_with_its_time_and_ignores_solutions(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm_tasks_arc.adapting.EVERY", 2)
    task = read_task("new", made_task(5))
    adapter = adapter_of(folder, ticking(1.0))
    found = list(adapter.standings(task, Budget(seconds=8), 0))
    assert [standing.steps for standing in found] == [2, 4, 6]
    hidden = replace(task, test=tuple(replace(pair, output=None) for pair in task.test))
    again = list(adapter_of(folder, ticking(1.0)).standings(hidden, Budget(seconds=8), 0))
    for one, other in zip(found, again, strict=True):
        assert [share for _, share in one.ranked[0]] == [share for _, share in other.ranked[0]]
        assert np.array_equal(one.ranked[0][0][0], other.ranked[0][0][0])


def standing(seconds: float, *colours: int) -> Standing:
    grids = [np.full((1, 1), colour, np.uint8) for colour in colours]
    return Standing(seconds, int(seconds), [[(grid, 1 / len(grids)) for grid in grids]])


def test_learning_stops_when_the_leading_answers_stay_the_same() -> None:
    def forever() -> Iterator[Standing]:
        yield standing(1, 1, 2)
        yield standing(2, 2, 1)
        for second in itertools.count(3):
            yield standing(second, 1, 2)

    assert [found.steps for found in until_settled(forever(), patience=3)] == [1, 2, 3, 4, 5]
    scattered = [standing(second, 1, 2, 3, 4, 5) for second in range(10)]
    assert len(list(until_settled(scattered, patience=3))) == 10


def test_answers_that_come_too_late_do_not_count() -> None:
    outcome = Outcome.of("a", [standing(1, 1), standing(2, 1), standing(10.5, 2), standing(12, 3)], 10)
    assert [moment.seconds for moment in outcome.moments] == [1, 10.5]
    assert outcome.attempts(0, by=5)[0].tolist() == [[1]]
    assert outcome.attempts(0)[0].tolist() == [[2]]
    assert Outcome.from_json(json.loads(json.dumps(outcome.as_json()))) == outcome
    assert Outcome.of("a", [standing(12, 1)], 10).status == "timeout"


@pytest.mark.parametrize(
    ("attempts", "mode"),
    [
        ([[[1, 2]], [[3, 4]]], None),
        ([[[1, 2, 3]]], "wrong size"),
        ([[[3, 5]]], "wrong colours"),
        ([[[4, 3]]], "wrong cells"),
        ([], "no answer"),
    ],
)
def test_failures_are_named(attempts: list[Any], mode: str | None) -> None:
    assert mode_of([np.array(grid, np.uint8) for grid in attempts], np.array([[3, 4]], np.uint8)) == mode


def test_an_answer_with_one_wrong_cell_of_many_is_nearly_right() -> None:
    solution = np.zeros((4, 4), np.uint8)
    nearly = solution.copy()
    nearly[0, 0] = 5
    assert mode_of([nearly], solution) == "nearly right"


def test_an_interruption_gives_the_answers_so_far(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any) -> Iterator[Standing]:
        yield standing(1, 7)
        raise KeyboardInterrupt

    monkeypatch.setattr("trm_tasks_arc.adapting.Adapter.standings", interrupted)
    path = tmp_path / "task.json"
    path.write_text(json.dumps(made_task(4)))
    result = run("solve", "arc", str(path), "--checkpoint", str(folder / "run"))
    assert "attempt 1: confidence 100%" in result.output
    assert result.exit_code != 0


def test_a_submission_with_missing_and_unknown_tasks_names_them(folder: Path, tmp_path: Path) -> None:
    solution = made_task(0)["test"][0]["output"]
    path = tmp_path / "submission.json"
    path.write_text(json.dumps({"task0": [{"attempt_1": [[1]], "attempt_2": solution}], "strange": []}))
    sets = ["--set", f"task.evaluation={json.dumps([str(folder / 'new.json')])}"]
    scored = run("score", "arc", str(path), *sets)
    assert scored.exit_code == 0, repr(scored.exception)
    assert "3 of 4 tasks are missing and count as wrong: task1, task2, large." in scored.stderr
    assert "1 tasks are not among those to score and are ignored: strange." in scored.stderr
    assert "pass@1               0.00%" in scored.stdout
    assert "pass@2               25.00%" in scored.stdout


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "is not a submission"),
        ('{"task0": [[[1]]]}', "task 'task0': expected a list"),
        ('{"task0": [{"attempt_1": [[1], [2, 3]]}]}', "test input 1, attempt_1 is ragged"),
        ('{"other": [{"attempt_1": [[1]]}]}', "No task of .* is in .*new.json, for example other"),
    ],
)
def test_score_refuses_what_is_no_submission(folder: Path, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "submission.json"
    path.write_text(text)
    sets = ["--set", f"task.evaluation={json.dumps([str(folder / 'new.json')])}"]
    with pytest.raises(TRMError, match=message):
        cli.main(["score", "arc", str(path), *sets], standalone_mode=False)


def test_score_is_for_tasks_that_offer_it() -> None:
    with pytest.raises(UsageError, match="Task 'sudoku' cannot score a file of answers"):
        cli.main(["score", "sudoku", "x.json"], standalone_mode=False)


def test_without_weights_tasks_are_learned_from_scratch(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "task.json"
    path.write_text(json.dumps(made_task(4)))
    solved = run("solve", "arc", str(path), "--budget", "4steps", "--json")
    assert solved.exit_code in (0, 3), repr(solved.exception)
    (report,) = json.loads(solved.stdout)
    assert report["learning_steps"] == 4
    assert 0 < report["attempt_1"]["confidence"] <= 1
    source = f"task.evaluation={json.dumps([str(folder / 'new.json')])}"
    submissions = []
    for name, jobs in (("one", "1"), ("two", "2")):
        words = ["--set", source, "--budget", "4steps", "--output", str(tmp_path / name), "--jobs", jobs]
        scored = run("evaluate", "arc", *words)
        assert scored.exit_code == 0, scored.output + repr(scored.exception)
        assert "arc: 4 puzzles, each learned from scratch, budget 4steps" in scored.stdout
        submissions.append((tmp_path / name / "submission.json").read_text())
    assert submissions[0] == submissions[1]
    protocol = json.loads((tmp_path / "one" / "protocol.json").read_text())
    assert protocol["trained_on"].startswith("565 training tasks")
    assert [bool(member["weights"]) for member in protocol["members"]] == [True, False, True, False]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evaluate", "arc", "--output", "x"], "Give the time to learn each task"),
        (["evaluate", "arc", "--budget", "1s"], "name a folder for the results with --output"),
        (["evaluate", "arc", "--budget", "1s", "--output", "x", "--puzzle-ids", "random"], "omit --puzzle-ids"),
        (["evaluate", "arc", "--budget", "1s", "--output", "x", "--votes", "2"], "none of the other options"),
        (["solve", "arc", '{"train": [{"input": [[1]], "output": [[1]]}], "test": [{"input": [[1]]}]}', "-o", "x.csv"],
         "Use --json instead of --output"),
    ],
)  # fmt: skip
def test_options_that_need_weights_are_refused_without(
    words: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match=message):
        cli.main(words, standalone_mode=False)
    assert list(tmp_path.iterdir()) == []
