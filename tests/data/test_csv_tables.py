"""CSV files whose columns have other names, separators and encodings."""

from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from trm.data import csv_rows, csv_table
from trm.errors import DataError

COLUMNS = {"question": ("question", "puzzle", "clues"), "answer": ("answer", "solution")}


def rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    return [tuple(row) for row in csv_rows(path, COLUMNS, {"rating": ("rating",)})]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("names", ["question answer", "Puzzle Solution", "CLUES ANSWER"])
def test_usual_names_in_any_case_and_separator(tmp_path: Path, separator: str, names: str) -> None:
    header = separator.join(["id", *names.split()])
    (tmp_path / "a.csv").write_text(f"{header}\n7{separator}1.{separator}12\n", encoding="utf-8-sig")
    assert rows(tmp_path / "a.csv") == [(2, {"question": "1.", "answer": "12", "rating": ""})]


def test_the_preferred_name_wins_and_compressed_files_are_found(tmp_path: Path) -> None:
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"id,clues,puzzle,solution,rating\n7,30,1.,12,5\n"))
    assert rows(tmp_path / "a.csv") == [(2, {"question": "1.", "answer": "12", "rating": "5"})]


def test_an_error_names_the_columns_found_and_accepted(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("frage,antwort\n1,2\n")
    with pytest.raises(DataError) as refused:
        rows(tmp_path / "a.csv")
    assert "no column for the question in its first line. Found: 'frage', 'antwort'." in str(refused.value)
    assert "Accepted for the question: question, puzzle, clues." in str(refused.value)


def test_text_that_is_no_table() -> None:
    assert csv_table(io.StringIO("1,2,3\n4,5,6\n"), COLUMNS) is None
    assert csv_table(io.StringIO(""), COLUMNS) is None
