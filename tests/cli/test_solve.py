"""`trm solve` at the command line: exit codes, JSON that comes item by item, the last line, and `--output`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from trm.cli.main import cli, main
from trm.errors import UsageError
from trm.experiment.answer_file import AnswerFile
from trm.experiment.solve_job import SolveJob

pytest.importorskip("trm_tasks_sudoku")

EASY = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
ANSWER = "534678912672195348198342567859761423426853791713924856961537284287419635345286179"
SEVERAL = "." * 81
HARD = "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4.."
QUICK = ["--checkpoint", "sudoku:quick", "--steps", "3", "--device", "cpu"]


def solve(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["solve", "sudoku", *arguments, *QUICK])


@pytest.fixture
def puzzles(tmp_path: Path) -> Path:
    path = tmp_path / "puzzles.txt"
    path.write_text("\n".join([EASY, SEVERAL, EASY.replace("53", "5.", 1), HARD, ANSWER]) + "\n")
    return path


def test_a_valid_answer_is_done() -> None:
    result = solve(EASY)
    assert result.exit_code == 0
    assert ANSWER in result.stdout
    assert "of 1 valid" not in result.stderr


def test_an_answer_that_is_not_valid_has_a_code_of_its_own() -> None:
    result = solve(HARD)
    assert result.exit_code == 3
    assert "invalid: " in result.stdout
    assert "--restarts 16" in result.stderr


def test_a_single_bad_puzzle_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["solve", "sudoku", SEVERAL, *QUICK])
    assert ended.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "several solutions" in printed.err


def test_a_bad_puzzle_among_others_is_reported_by_number_and_the_rest_is_solved(puzzles: Path) -> None:
    result = solve(str(puzzles))
    assert result.exit_code == 3
    assert "puzzle 2: no answer: The puzzle has several solutions" in result.stdout
    assert result.stdout.count(ANSWER) == 3
    last = [line for line in result.stderr.splitlines() if "valid" in line][-1]
    assert last.startswith("3 of 5 valid, 1 undecided, 1 unreadable (")
    assert "puzzles/s per core" in last


def test_the_json_list_is_valid_and_has_an_object_for_each_puzzle(puzzles: Path) -> None:
    result = solve(str(puzzles), "--json")
    answers = json.loads(result.stdout)
    assert [answer["answer"] for answer in answers][:2] == [ANSWER, None]
    assert [set(answer) for answer in answers] == [{"puzzle", "answer", "problem", "confidence", "steps"}] * 5
    assert result.stdout == json.dumps(answers, indent=2) + "\n"


def test_answers_are_printed_before_all_are_found(puzzles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = SolveJob.answers

    def failing(job: SolveJob) -> Any:
        answers = found(job)
        yield next(answers)
        raise UsageError("a failure after the first answer")

    monkeypatch.setattr(SolveJob, "answers", failing)
    result = solve(str(puzzles), "--json")
    assert isinstance(result.exception, UsageError)
    assert [answer["answer"] for answer in json.loads(result.stdout)] == [ANSWER]


@pytest.mark.parametrize("name", ["answers.csv", "answers.jsonl", "answers.txt"])
def test_a_killed_job_continues(puzzles: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path, written = tmp_path / name, []
    write = AnswerFile.write

    def killed(file: AnswerFile, solved: Any) -> None:
        if len(written) == 2:
            file.file.write(b'"torn')
            raise KeyboardInterrupt
        written.append(solved)
        write(file, solved)

    monkeypatch.setattr(AnswerFile, "write", killed)
    assert solve(str(puzzles), "-o", str(path)).exit_code == 1  # as Click reports Ctrl-C
    monkeypatch.undo()
    rest = solve(str(puzzles), "-o", str(path))
    assert rest.exit_code == 3
    assert f"Keeping 2 answers that {path} has from an earlier job with the same options." in rest.stderr
    assert "3 of 5 valid, 1 undecided, 1 unreadable (" in rest.stderr
    whole = tmp_path / f"whole{path.suffix}"
    assert solve(str(puzzles), "-o", str(whole)).stdout == ""
    assert path.read_bytes() == whole.read_bytes()
    again = solve(str(puzzles), "-o", str(path), "--json")
    assert again.exit_code == 3
    assert f"{path} is complete: there is nothing left to solve." in again.stderr
    assert json.loads(again.stdout)["valid"] == 3
    assert json.loads(again.stdout)["solved_now"] == 0
    assert path.read_bytes() == whole.read_bytes()


def test_another_input_does_not_continue_an_output(puzzles: Path, tmp_path: Path) -> None:
    path = tmp_path / "answers.csv"
    solve(str(puzzles), "-o", str(path))
    before = path.read_bytes()
    for other in (HARD, EASY):
        result = solve(other, "-o", str(path))
        assert isinstance(result.exception, UsageError)
        assert "Choose another --output." in str(result.exception)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (["--steps", "4"], ", 4 steps, 1 restart, 1 vote, surest answer, checked"),
        (["--restarts", "2"], ", 3 steps, 2 restarts, 1 vote, surest answer, checked"),
        (["--no-check"], ", 3 steps, 1 restart, 1 vote, surest answer, not checked"),
        (["--checkpoint", "sudoku:hard"], "sudoku:hard "),
    ],
)
def test_answers_of_other_options_are_not_mixed(tmp_path: Path, other: list[str], difference: str) -> None:
    path = tmp_path / "answers.csv"
    assert solve(EASY, "-o", str(path)).exit_code == 0
    before = path.read_bytes()
    result = CliRunner().invoke(cli, ["solve", "sudoku", EASY, "-o", str(path), *QUICK, *other])
    assert isinstance(result.exception, UsageError)
    message = str(result.exception)
    assert f"{path} has answers by sudoku:quick " in message
    assert ", 3 steps, 1 restart, 1 vote, surest answer, checked, but this job would add answers by " in message
    assert difference in message.partition("would add answers by ")[2]
    assert path.read_bytes() == before


def test_an_output_of_an_unknown_format_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    result = solve(EASY, "--output", str(tmp_path / "answers.xlsx"))
    assert isinstance(result.exception, UsageError)
    assert "Cannot tell the format" in str(result.exception)


def test_puzzles_come_from_stdin_too() -> None:
    result = CliRunner().invoke(cli, ["solve", "sudoku", "-", "--json", *QUICK], input=f"{EASY}\n{EASY}\n")
    assert result.exit_code == 0
    assert len(json.loads(result.stdout)) == 2
