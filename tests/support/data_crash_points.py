"""Kill the writing of a dataset at each of its file operations and read what is left: a program for `test_layout.py`.

`python data_crash_points.py FOLDER` writes one JSON line: the number of file operations, and what went wrong at which.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.support.crash_points import Counter, forked
from trm.data import Description, PuzzleSet
from trm.data.layout import read_split
from trm.data.layout_writing import write_split
from trm.storage.atomic import replaced_folder

SPLITS = ("train", "test")


def puzzles(token: int) -> PuzzleSet:
    tokens = np.full((3, 4), token)
    return PuzzleSet(tokens, tokens, Description(vocab_size=4, seq_len=4))


def write_one_split(folder: Path, token: int) -> None:
    """As the cache does."""
    write_split(folder, "train", puzzles(token))


def write_whole_dataset(folder: Path, token: int) -> None:
    """As `trm data build` does."""
    with replaced_folder(folder) as temporary:
        for split in SPLITS:
            write_split(temporary, split, puzzles(token))


def tokens_of(folder: Path) -> set[int]:
    return {
        int(token)
        for split in SPLITS
        if (folder / split).exists()
        for token in np.unique(read_split(folder, split).inputs)
    }


def problem_at(base: Path, write: Callable[[Path, int], None], number: int) -> str | None:
    """Kill the replacement of token 1 by token 2 at one operation, read, then write token 3: what is wrong, if anything."""
    folder = base / str(number) / "data"
    folder.parent.mkdir()
    write(folder, 1)

    def killed() -> None:
        Counter(folder.parent, number)
        write(folder, 2)

    if forked(killed) != -signal.SIGKILL:
        return "was not killed"
    read = {int(token) for token in np.unique(read_split(folder, "train").inputs)}
    if read not in ({1}, {2}) or tokens_of(folder) != read:
        return f"read {read}"
    write(folder, 3)
    if tokens_of(folder) != {3}:
        return "not written anew"
    left = [path.name for path in folder.parent.rglob("*") if path.suffix in (".tmp", ".old")]
    shutil.rmtree(folder.parent)
    return f"left {left}" if left else None


def operations(base: Path, write: Callable[[Path, int], None]) -> int:
    """How many file operations the replacement of a dataset takes."""
    folder = base / "whole" / "data"
    folder.parent.mkdir()
    write(folder, 1)

    def counted() -> None:
        counter = Counter(folder.parent, None)
        write(folder, 2)
        base.joinpath("count").write_text(str(counter.count))

    assert forked(counted) == 0
    shutil.rmtree(folder.parent)
    return int(base.joinpath("count").read_text())


def main() -> None:
    base = Path(sys.argv[1])
    report = {}
    for write in (write_one_split, write_whole_dataset):
        problems = {}
        count = operations(base, write)
        for number in range(1, count + 1):
            try:
                problem = problem_at(base, write, number)
            except Exception as error:
                problem = f"{type(error).__name__}: {error}"
            if problem:
                problems[number] = problem
        report[write.__name__] = {"operations": count, "problems": problems}
    print(json.dumps(report))


if __name__ == "__main__":
    main()
