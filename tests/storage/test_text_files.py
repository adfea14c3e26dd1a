"""Reading text files as people have them, and saying what other files are."""

from __future__ import annotations

import gzip
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from trm.errors import UsageError
from trm.storage.text_files import open_text, read_puzzle_text

TEXT = "1.. # eins\n..2\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("packed", [False, True])
def test_encodings(tmp_path: Path, encoding: str, ending: str, packed: bool) -> None:
    content = TEXT.replace("\n", ending).encode(encoding)
    path = tmp_path / "puzzles.txt"
    path.write_bytes(gzip.compress(content) if packed else content)
    assert read_puzzle_text(path) == read_puzzle_text(path.read_bytes()) == TEXT
    with open_text(path) as file:
        assert list(file) == TEXT.splitlines(keepends=True)


def test_a_name_in_another_encoding_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "a.sdk").write_bytes("#AAndré\n1..2\n".encode("latin-1"))
    assert read_puzzle_text(tmp_path / "a.sdk").endswith("\n1..2\n")


def pytorch_file(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"")


def zip_file(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("puzzle.txt", TEXT)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.pth", pytorch_file, "it is a PyTorch file, not text"),
        ("archive.zip", zip_file, "it is a zip archive, not text"),
        ("broken.zip", b"PK\x03\x04 and more", "it is a zip archive or a PyTorch file, and damaged"),
        ("old.pt", pickle.dumps([1], protocol=2), "it is a pickle or a PyTorch file"),
        ("a.png", b"\x89PNG\r\n\x1a\n", "it is a PNG image"),
        ("a.pdf", b"%PDF-1.7\n", "it is a PDF document"),
        ("a.bin", bytes(range(100)), "it is a binary file"),
        ("a.txt", b"", "it is empty"),
        ("a.txt.gz", gzip.compress(TEXT.encode(), mtime=0)[:-9], "its gzip compression is damaged"),
        ("objects.npy", lambda path: np.save(path, np.array([{}], object), allow_pickle=True), "Python objects"),
        ("deep.npy", lambda path: np.save(path, np.zeros((1, 1, 1, 2), int)), "1x1x1x2 elements of type int64"),
    ],
)
def test_what_is_not_text_is_called_by_its_name(tmp_path: Path, name: str, content: object, message: str) -> None:
    path = tmp_path / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        assert callable(content)
        content(path)
    with pytest.raises(UsageError) as refused:
        read_puzzle_text(path)
    assert str(refused.value).startswith(f"Cannot read {path}: ")
    assert message in str(refused.value)


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="it is a folder, not a file"):
        read_puzzle_text(tmp_path)
    with pytest.raises(UsageError, match="there is no such file"):
        read_puzzle_text(tmp_path / "gone.txt")


def test_arrays_are_rows_of_numbers_or_letters(tmp_path: Path) -> None:
    np.save(tmp_path / "numbers.npy", np.arange(8).reshape(2, 2, 2))
    assert read_puzzle_text(tmp_path / "numbers.npy") == "0 1\n2 3\n\n4 5\n6 7"
    np.savez(tmp_path / "several.npz", a=np.array([[True, False]]), b=np.array([["S", "#"]]))
    assert read_puzzle_text(tmp_path / "several.npz") == "1 0\n\nS#"
