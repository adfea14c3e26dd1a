"""The output of `trm solve`: formats, torn records, other files, two writers, and a job that continues it."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.text import Text

from trm.errors import UsageError
from trm.experiment.answer_file import AnswerFile
from trm.experiment.answer_formats import FIELDS, FORMATS, format_of
from trm.experiment.results import Solved

MAZE = "#S#\n#.#\n#G#"
ANSWERS = [
    Solved(1, "12", Text, puzzle="1.", valid=True, steps=3, confidence=0.5),
    Solved(
        2, MAZE.replace(".", "o"), Text, puzzle=MAZE, valid=False, problem='no "way", none', steps=16, confidence=1e-4
    ),
    Solved(3, "", Text, puzzle="", problem="Puzzle 3, line 5, column 1: 'x' is not a cell.", unreadable=True),
    Solved(4, "a\\nb\t", Text, puzzle="a\\n\t", steps=1, confidence=1.0),
]


def written(path: Path, answers: list[Solved]) -> bytes:
    with AnswerFile(path) as file:
        for answer in answers:
            file.write(answer)
    return path.read_bytes()


@pytest.mark.parametrize("suffix", FORMATS)
def test_what_is_written_is_read_again(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"answers{suffix}"
    written(path, ANSWERS)
    with AnswerFile(path) as file:
        assert list(file.puzzles()) == [answer.puzzle for answer in ANSWERS]
        assert (file.kept.valid, file.kept.undecided, file.kept.unreadable, file.kept.problems) == (1, 2, 1, 2)
    assert sorted(tmp_path.iterdir()) == [path]


def test_csv_and_json_lines_are_read_by_their_libraries(tmp_path: Path) -> None:
    written(tmp_path / "a.csv", ANSWERS)
    written(tmp_path / "a.jsonl", ANSWERS)
    with open(tmp_path / "a.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [tuple(row) for row in rows] == [FIELDS] * 4
    assert [row["valid"] for row in rows] == ["true", "false", "", ""]
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [line["valid"] for line in lines] == [True, False, None, None]
    assert [row["answer"] for row in rows] == [line["answer"] for line in lines] == [answer.text for answer in ANSWERS]


@pytest.mark.parametrize("suffix", FORMATS)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_wherever_a_job_is_killed_no_answer_is_lost_or_doubled(
    tmp_path: Path, suffix: str, data: st.DataObject
) -> None:
    path = tmp_path / f"answers{suffix}"
    path.unlink(missing_ok=True)
    whole = written(path, ANSWERS)
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with AnswerFile(path) as file:
        kept = list(file.puzzles())
        assert kept == [answer.puzzle for answer in ANSWERS[: len(kept)]]
        for answer in ANSWERS[len(kept) :]:
            file.write(answer)
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.csv", "puzzle,solution\n1,2\n"),
        ("a.csv", "puzzle,answer,valid,steps,confidence,problem,made_by\n1,2\n"),
        ("a.txt", "53..7....\n"),
        ("a.jsonl", "[1, 2]\n"),
        ("a.jsonl", '{"puzzle": "1"}\n'),
        ("a.jsonl", "\xff\n"),
    ],
)
def test_a_file_with_other_content_is_left_alone(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="latin-1")
    with pytest.raises(UsageError, match="exists and is not an output of `trm solve`"), AnswerFile(path):
        pass
    assert path.read_text(encoding="latin-1") == content


def test_a_file_has_the_answers_of_one_job(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with AnswerFile(path, "weights a, 16 steps") as file:
        file.write(ANSWERS[0])
    with AnswerFile(path, "weights a, 16 steps") as file:
        assert file.kept.puzzles == 1
    message = (
        r"a\.csv has answers by weights a, 16 steps, but this job would add answers by weights b, 16 steps\. Repeat"
    )
    with pytest.raises(UsageError, match=message), AnswerFile(path, "weights b, 16 steps"):
        pass


def test_a_job_without_an_answer_leaves_no_file(tmp_path: Path) -> None:
    with AnswerFile(tmp_path / "a.csv"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_one_process_at_a_time_writes_a_file(tmp_path: Path) -> None:
    with (
        AnswerFile(tmp_path / "a.csv") as first,
        pytest.raises(UsageError, match="is being written by another process"),
        AnswerFile(tmp_path / "a.csv"),
    ):
        pass
    first_answer = replace(ANSWERS[0])
    assert b"true" in written(tmp_path / "a.csv", [first_answer])
    assert first.kept.puzzles == 0


@pytest.mark.parametrize("name", ["answers", "answers.xlsx", "answers.csv.gz"])
def test_an_unknown_suffix_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"expected one that ends in \.csv, \.jsonl"):
        format_of(Path(name))


def test_a_folder_or_a_missing_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.csv").mkdir()
    for path in (tmp_path / "a.csv", tmp_path / "gone" / "a.csv"):
        with pytest.raises(UsageError, match=r"Cannot write .*a\.csv"), AnswerFile(path):
            pass
    assert not (tmp_path / "gone").exists()
