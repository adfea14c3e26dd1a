"""End-to-end tests of the ARC commands on tiny jobs: build, train, evaluate, resume, solve."""

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from trm_tasks_arc.config import ArcConfig
from trm_tasks_arc.datasets import Selection, build_selection
from trm_tasks_arc.finetune import TABLE, learn_vectors, with_new_vectors
from trm_tasks_arc.image import svg
from trm_tasks_arc.pairs import read_task
from trm_tasks_arc.renderer import GridRenderer
from trm_tasks_arc.scoring import Ballot, encode

from trm.cli.main import cli
from trm.data.layout import read_split
from trm.errors import TRMError
from trm.experiment.experiment import Experiment
from trm.runs.locate import locate
from trm.testing import parametrize_with_checks

TINY = {
    "task.training": [],
    "task.variants": 3,
    "model.hidden_dim": 16,
    "model.n_supervision": 2,
    "training.max_steps": 4,
    "training.batch_size": 4,
    "training.eval_batch_size": 5,
    "training.eval_interval": 4,
}


@parametrize_with_checks("arc")
def test_conformance(check: Any) -> None:
    check()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def settings_of(values: dict[str, Any]) -> list[str]:
    return [part for name, value in values.items() for part in ("--set", f"{name}={json.dumps(value)}")]


def made_task(seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(3):
        grid = rng.integers(0, 10, (3, 3))
        pairs.append({"input": grid.tolist(), "output": grid[::-1].tolist()})
    return {"train": pairs[:2], "test": pairs[2:]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three tasks, and a run with a few training steps on them."""
    path = tmp_path_factory.mktemp("arc")
    (path / "tasks").mkdir()
    for number in range(3):
        (path / "tasks" / f"task{number}.json").write_text(json.dumps(made_task(number)))
    values = {**TINY, "task.evaluation": [str(path / "tasks")], "task.subset": None, "task.side": 4}
    trained = run("train", "arc", "--output", str(path / "run"), "--quiet", "--json", *settings_of(values))
    assert trained.exit_code == 0, trained.output
    return path


def test_training_ends_with_votes_counted_and_training_pairs_scored(folder: Path) -> None:
    summary = json.loads((folder / "run" / "summary.json").read_text())
    assert {"pass@1", "pass@2", "pass@1000", "train_exact", "exact_accuracy"} <= summary["final_metrics"].keys()
    assert_valid_submission(
        folder / "run" / "evaluations" / "step_4-all" / "submission.json", ["task0", "task1", "task2"]
    )


def assert_valid_submission(path: Path, tasks: list[str], inputs: int = 1) -> None:
    submission = json.loads(path.read_text())
    assert list(submission) == tasks
    for answers in submission.values():
        assert len(answers) == inputs
        for answer in answers:
            assert list(answer) == ["attempt_1", "attempt_2"]
            for grid in answer.values():
                assert 1 <= len(grid) <= 30
                assert len({len(row) for row in grid}) == 1
                assert all(0 <= colour <= 9 for row in grid for colour in row)


def test_an_interrupted_evaluation_resumes_with_the_same_result(folder: Path, tmp_path: Path) -> None:
    whole = run("evaluate", str(folder / "run"), "--output", str(tmp_path / "whole"), "--json")
    assert whole.exit_code == 0, whole.output
    parts = sorted((tmp_path / "whole" / "predictions").iterdir())
    assert len(parts) == 3  # twelve predictions, five at once
    shutil.copytree(tmp_path / "whole", tmp_path / "cut")
    for name in ("submission.json", "scores.json", f"predictions/{parts[1].name}"):
        (tmp_path / "cut" / name).unlink()
    damaged = tmp_path / "cut" / "predictions" / parts[2].name
    damaged.write_bytes(damaged.read_bytes()[:50])
    kept = (tmp_path / "cut" / "predictions" / parts[0].name).stat().st_mtime_ns
    resumed = run("evaluate", str(folder / "run"), "--output", str(tmp_path / "cut"), "--json")
    assert json.loads(resumed.stdout)["metrics"] == json.loads(whole.stdout)["metrics"]
    assert (tmp_path / "cut" / "predictions" / parts[0].name).stat().st_mtime_ns == kept
    for name in ("submission.json", "scores.json"):
        assert (tmp_path / "cut" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    with pytest.raises(TRMError, match="contains another evaluation with different supervision_steps"):
        cli.main(
            ["evaluate", str(folder / "run"), "--output", str(tmp_path / "cut"), "--steps", "1"], standalone_mode=False
        )


def test_votes_and_limit_choose_variants_and_tasks(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    report = run("evaluate", str(folder / "run"), "--votes", "2", "--limit", "2", "--output", str(out), "--json")
    assert report.exit_code == 0, report.output
    assert json.loads(report.stdout)["puzzles"] == 2
    assert_valid_submission(out / "submission.json", ["task0", "task1"])
    with np.load(next((out / "predictions").iterdir())) as arrays:
        assert len(arrays["predictions"]) == 4


def test_the_train_split_scores_training_examples(folder: Path) -> None:
    report = run("evaluate", str(folder / "run"), "--split", "train", "--json")
    assert report.exit_code == 0, report.output
    metrics = json.loads(report.stdout)["metrics"]
    few = run("evaluate", str(folder / "run"), "--split", "train", "--limit", "3", "--json")
    assert json.loads(few.stdout)["puzzles"] == 3
    assert metrics.keys() == {"train_exact"}
    final = json.loads((folder / "run" / "summary.json").read_text())["final_metrics"]
    assert metrics["train_exact"] == final["train_exact"]


def test_tasks_without_solutions_get_a_submission_and_no_score(folder: Path, tmp_path: Path) -> None:
    challenges = {
        name: {"train": task["train"], "test": [{"input": task["test"][0]["input"]}] * 2}
        for name, task in {"a": made_task(7), "b": made_task(8)}.items()
    }
    path = tmp_path / "x_challenges.json"
    path.write_text(json.dumps(challenges))
    values = {**TINY, "task.evaluation": [str(path)], "task.subset": None, "task.side": 4}
    trained = run("train", "arc", "--output", str(tmp_path / "run"), "--quiet", "--json", *settings_of(values))
    assert trained.exit_code == 0, trained.output
    assert not any(name.startswith("pass") for name in json.loads(trained.stdout)["final_metrics"])
    assert "2 of 2 tasks have no solutions, for example a: wrote a submission without a score." in trained.stderr
    assert_valid_submission(tmp_path / "run" / "evaluations" / "step_4-all" / "submission.json", ["a", "b"], inputs=2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--set", "task.variants=2"], "puzzle vectors for 13 ids, but the data has 10"),
        (["--seed", "9"], "they belong to different datasets"),
        (["--restarts", "2"], "omit --restarts"),
    ],
)
def test_vectors_of_other_ids_are_refused(folder: Path, change: list[str], message: str) -> None:
    with pytest.raises(TRMError, match=message):
        cli.main(["evaluate", str(folder / "run"), *change], standalone_mode=False)


def test_built_data_trains_and_scores_like_data_made_on_the_fly(folder: Path, tmp_path: Path) -> None:
    values = {"task.training": [], "task.variants": 3, "task.side": 4, "task.subset": None}
    values["task.evaluation"] = [str(folder / "tasks")]
    built = run("data", "build", "arc", "--output", str(tmp_path / "built"), *settings_of(values))
    assert built.exit_code == 0, built.output
    made = Experiment.from_run(locate(folder / "run").run)
    for split in ("train", "test"):
        on_disk, on_the_fly = read_split(tmp_path / "built", split), made.puzzles(split)
        assert np.array_equal(on_disk.inputs, on_the_fly.inputs)
        assert np.array_equal(on_disk.labels, on_the_fly.labels)
        assert np.array_equal(on_disk.puzzle_ids, on_the_fly.puzzle_ids)
        assert on_disk.identifiers == on_the_fly.identifiers
    out = tmp_path / "out"
    scored = run("evaluate", str(folder / "run"), "--data", str(tmp_path / "built"), "--output", str(out), "--json")
    assert scored.exit_code == 0, scored.output
    assert_valid_submission(out / "submission.json", ["task0", "task1", "task2"])
    (tmp_path / "built" / "test_puzzles.json").write_text(json.dumps({"other": made_task(1)}))
    with pytest.raises(TRMError, match=r"test_puzzles\.json is damaged: its checksum"):
        cli.main(["evaluate", str(folder / "run"), "--data", str(tmp_path / "built")], standalone_mode=False)
    (tmp_path / "built" / "checksums.json").unlink()
    with pytest.raises(TRMError, match=r"Task task0 of the test split is not in test_puzzles\.json"):
        cli.main(["evaluate", str(folder / "run"), "--data", str(tmp_path / "built")], standalone_mode=False)


def test_an_interrupted_build_leaves_nothing(tmp_path: Path) -> None:
    values = {"task.subset": None, "task.side": 30, "task.variants": 200, "task.recolour": True}
    target = tmp_path / "built"
    command = [sys.executable, "-m", "trm", "data", "build", "arc", "--output", str(target), *settings_of(values)]
    # A test run in a shell's background ignores SIGINT, and what it starts would too.
    heed = functools.partial(signal.signal, signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ, preexec_fn=heed
    )
    deadline = time.monotonic() + 60
    while not any(tmp_path.rglob("*.npy")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    assert list(tmp_path.iterdir()) == []


def test_an_imported_official_checkpoint_is_evaluated(folder: Path, tmp_path: Path) -> None:
    from trm import TinyRecursiveModel, TRMConfig
    from trm.interop.official import save_checkpoint

    torch.manual_seed(0)
    model = TinyRecursiveModel(
        TRMConfig(
            vocab_size=12, context_length=900, hidden_dim=32, num_heads=2, num_puzzles=7, puzzle_tokens=2,
            n_recursions=1, T_steps=1, n_supervision=1,
        )
    )  # fmt: skip
    save_checkpoint(model, tmp_path / "official", 5)
    data = {"task.training": [], "task.evaluation": [str(folder / "tasks")], "task.variants": 1}
    sets = settings_of(data)
    made = run(
        "import-checkpoint", str(tmp_path / "official"), "--task", "arc", "--preset", "paper-1", *sets,
        "--output", str(tmp_path / "run"),
    )  # fmt: skip
    assert made.exit_code == 0, repr(made.exception)
    report = run("evaluate", str(tmp_path / "run"), "--output", str(tmp_path / "out"), "--json")
    assert report.exit_code == 0, report.output
    assert 0 <= json.loads(report.stdout)["metrics"]["pass@2"] <= 1
    assert_valid_submission(tmp_path / "out" / "submission.json", ["task0", "task1", "task2"])


def test_fine_tuning_changes_vectors_alone_and_learns(folder: Path) -> None:
    loaded = locate(folder / "run")
    task = read_task("new", made_task(11))
    config = ArcConfig(side=4, variants=1, translate=False)
    train = build_selection(Selection({}, {"new": task}), config, "train", 0)
    model = with_new_vectors(loaded.model(), 3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    assert torch.equal(before[TABLE][1], loaded.model().state_dict()[TABLE].mean(0))
    assert loaded.run.training is not None
    from trm.devices import get_backend

    assert list(learn_vectors(model, train, loaded.run.training, get_backend("cpu"), steps=5)) == [1, 2, 3, 4, 5]
    after = model.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed == {TABLE}
    assert torch.equal(after[TABLE][0], before[TABLE][0])  # the blank id


def test_solve_prints_two_attempts_a_test_input(folder: Path, tmp_path: Path) -> None:
    learning = ["--checkpoint", str(folder / "run"), "--budget", "5steps"]
    task = made_task(12)
    path = tmp_path / "mine.json"
    path.write_text(json.dumps({"train": task["train"], "test": [{"input": task["test"][0]["input"]}] * 2}))
    told = run("solve", "arc", str(path), *learning, "--votes", "2")
    assert told.exit_code == 0, told.output
    assert told.output.count("attempt 1:") == 2
    answers = run("solve", "arc", str(path), *learning, "--votes", "2", "--json")
    report = json.loads(answers.stdout)
    assert [(item["task"], item["test_input"]) for item in report] == [("mine", 1), ("mine", 2)]
    path.write_text(json.dumps({"train": task["train"], "test": [{"input": [[1]], "output": [[0]]}]}))
    judged = run("solve", "arc", str(path), *learning, "--votes", "1")
    assert judged.exit_code == (0 if ", right" in judged.output else 3)


def test_solve_writes_a_record_for_each_test_input(folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "answers.jsonl"
    words = ["solve", "arc", str(folder / "tasks"), "--checkpoint", str(folder / "run"), "--votes", "1"]
    words += ["--budget", "2steps"]
    done = run(*words, "--output", str(output))
    records = [json.loads(line) for line in output.read_text().splitlines()]
    assert [record["puzzle"] for record in records] == [f"task{number}, test input 1" for number in range(3)]
    assert all(1 <= len(json.loads(record["answer"])) <= 2 for record in records)
    assert {record["valid"] for record in records} <= {True, False}
    assert done.exit_code == (0 if all(record["valid"] for record in records) else 3)
    assert records[0]["made_by"].endswith(", 1 vote, budget 2steps")
    again = CliRunner().invoke(cli, [*words, "--output", str(output)])
    assert "solves all puzzles together, so that they cannot be continued" in str(again.exception)
    assert len(output.read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nowhere.json", r"Cannot read nowhere\.json"),
        ("{", "is not a JSON file"),
        ("[]", "The text contains no tasks"),
        ('{"train": [], "test": [{"input": [[1]]}]}', "Task task has no demonstration pairs"),
        (
            json.dumps({"train": [{"input": [[0] * 5], "output": [[1]]}], "test": [{"input": [[1]]}]}),
            "the model accepts at most 4",
        ),
        (json.dumps({"train": [{"input": [[1, 2], [3]], "output": [[1]]}], "test": [{"input": [[1]]}]}), "is ragged"),
    ],
)
def test_solve_refuses_what_is_no_task(folder: Path, text: str, message: str) -> None:
    with pytest.raises(TRMError, match=message) as error:
        cli.main(["solve", "arc", text, "--checkpoint", str(folder / "run")], standalone_mode=False)
    assert error.value.exit_code == 2


def drawn(renderable: Any) -> str:
    from rich.console import Console

    console = Console(width=80, color_system=None)
    with console.capture() as capture:
        console.print(renderable)
    return capture.get()


def test_renderer_shows_three_grids_with_digits_and_crosses() -> None:
    config = ArcConfig(side=6)
    given, wanted = encode([[1, 2]], side=6), encode([[3], [4]], side=6)
    labels = np.where(wanted == 0, -100, wanted.astype(int))
    wrong = wanted.copy()
    wrong[0] = 9
    text = drawn(GridRenderer(config).render(given, wrong, labels))
    lines = text.splitlines()
    assert lines[0].split() == ["input", "target", "prediction"]
    assert "".join(lines[1].split()) == "123·7×·"
    assert "×" not in drawn(GridRenderer(config).render(given, wanted, labels))


def test_large_grids_stay_within_eighty_columns() -> None:
    grid = np.random.default_rng(0).integers(0, 10, (30, 30))
    tokens = encode(grid)
    text = drawn(GridRenderer(ArcConfig()).render(tokens, tokens, tokens.astype(int)))
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("".join(map(str, grid[0]))) == 3


def test_image_has_every_cell_with_its_digit() -> None:
    picture = svg([("input <a>", [[1, 2]]), ("prediction", [])])
    assert picture.count("<rect") == 3
    assert "#0074d9" in picture
    assert ">2</text>" in picture
    assert "input &lt;a&gt;" in picture


def test_ballots_from_reports_are_the_same_as_the_evaluations(folder: Path) -> None:
    tasks = {f"task{number}": made_task(number) for number in range(3)}
    scores = json.loads((folder / "run" / "evaluations" / "step_4-all" / "scores.json").read_text())
    submission = json.loads((folder / "run" / "evaluations" / "step_4-all" / "submission.json").read_text())
    ballot = Ballot(tasks)
    for name, answers in submission.items():
        for attempt in ("attempt_1", "attempt_2"):
            ballot.add(name, tasks[name]["test"][0]["input"], answers[0][attempt], 0.5)
    assert ballot.pass_at(2) == scores["pass@2"]
