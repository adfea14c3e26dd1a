"""Whatever may take over two seconds is shown as a job with what is counted, in every command."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from trm.cli.main import main
from trm.progress import Job

pytest.importorskip("trm_tasks_sudoku")

TINY = [
    word
    for setting in ("task.train_puzzles=40", "task.test_puzzles=10", "training.max_steps=4", "training.batch_size=4",
                    "training.eval_interval=2", "training.eval_examples=6")
    for word in ("--set", setting)
]  # fmt: skip


class Recorder:
    """A reporter that keeps the jobs."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []

    @contextlib.contextmanager
    def showing(self, job: Job) -> Iterator[None]:
        self.jobs.append(job)
        yield

    def printing(self) -> contextlib.AbstractContextManager[None]:
        return contextlib.nullcontext()

    def amounts(self, heading: str) -> list[str]:
        """What was done in the jobs with a heading."""
        return [job.amount() for job in self.jobs if job.heading == heading]


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Recorder:
    """The jobs of the commands that a test runs, with an empty cache."""
    recorder = Recorder()
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("trm.cli.main.reporter_on", lambda stream: recorder)
    return recorder


def run(*words: object) -> None:
    with pytest.raises(SystemExit) as ended:
        main(list(map(str, words)))
    assert not ended.value.code


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    run("train", "sudoku", "--preset", "mini", *TINY, "--device", "cpu", "--quiet", "--output", folder)
    return folder


def test_training_shows_making_scoring_and_overlap(jobs: Recorder, tmp_path: Path) -> None:
    run("train", "sudoku", "--preset", "mini", *TINY, "--device", "cpu", "--output", tmp_path / "run")
    assert jobs.amounts("Making train puzzles")
    assert jobs.amounts("Making test puzzles")
    assert jobs.amounts("Scoring") == ["6 of 6 puzzles", "10 of 10 puzzles"]
    assert jobs.amounts("Training") == ["4 steps"]
    assert jobs.amounts("Looking for test puzzles in the training data")


def test_a_quiet_training_shows_no_job(jobs: Recorder, tmp_path: Path) -> None:
    run("train", "sudoku", "--preset", "mini", *TINY, "--device", "cpu", "--quiet", "--output", tmp_path / "run")
    assert jobs.jobs == []


def test_evaluating_makes_only_what_the_limit_asks_for(jobs: Recorder, trained: Path) -> None:
    run("evaluate", trained, "--limit", 3, "--device", "cpu")
    (made,) = jobs.amounts("Making test puzzles")
    assert made.endswith(" of 3 puzzles")
    assert "3 of 3 puzzles" in jobs.amounts("Scoring")


def test_building_data_shows_making_and_writing(jobs: Recorder, tmp_path: Path) -> None:
    run("data", "build", "sudoku", "--preset", "mini", *TINY[:4], "--output", tmp_path / "data")
    assert jobs.amounts("Making test puzzles")
    assert jobs.amounts("Writing the training puzzles") == ["80 of 80 rows"]
    assert any(heading.startswith("Checking ") for heading in {job.heading for job in jobs.jobs})


def test_describing_data_shows_making(jobs: Recorder) -> None:
    run("data", "info", "sudoku", "--preset", "mini", *TINY[:4])
    assert jobs.amounts("Making train puzzles")
    assert jobs.amounts("Making test puzzles")


def test_exporting_shows_its_evaluation(jobs: Recorder, trained: Path, tmp_path: Path) -> None:
    run("export", trained, "--format", "weights", "--output", tmp_path / "weights.safetensors")
    assert jobs.amounts("Scoring") == ["10 of 10 puzzles"]


def test_checking_a_task_counts_the_checks(jobs: Recorder) -> None:
    run("check-task", "sudoku", "--only", "presets")
    assert jobs.amounts("Checking sudoku") == ["1 of 1 check"]


def test_packing_writes_a_file_that_a_plugin_can_ship(jobs: Recorder, tmp_path: Path) -> None:
    run("data", "pack", "sudoku", "--preset", "mini", *TINY[:4], "--output", tmp_path / "mini.npz.xz")
    assert (tmp_path / "mini.npz.xz").stat().st_size < 5000


def test_packing_refuses_a_split_that_the_dataset_has_not(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["data", "pack", "sudoku", "--split", "tset", "--output", str(tmp_path / "mini.npz.xz")])
    assert ended.value.code == 2
    assert "no split 'tset' to ship: `counts` has train, validation, test" in " ".join(capsys.readouterr().err.split())
