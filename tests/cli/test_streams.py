"""Output in any encoding, at any width, and for readers that do not stay."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("trm_tasks_sudoku")

from trm.cli.main import main
from trm.cli.output import print_json
from trm.cli.streams import PLAIN, OutputClosed, ending_with_reader, make_tolerant
from trm.cli.wrapping import fitted, wrapped
from trm.render.chart import chart
from trm.render.console import Console

PUZZLE = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
COMMANDS = (
    ["list-tasks", "-v"],
    ["data", "info", "sudoku", "--set", "task.size=4", "--set", "task.clues=8", "--set", "task.test_puzzles=4", "--set",
     "task.train_puzzles=4"],
    ["solve", "sudoku", PUZZLE, "--checkpoint", "sudoku:quick", "--device", "cpu"],
    ["trace", "sudoku", PUZZLE, "--checkpoint", "sudoku:quick", "--steps", "2", "--device", "cpu"],
    ["train", "--help"],
    ["presets", "sudoku"],
    ["train", "zażółć"],
)  # fmt: skip


class Encoded(io.TextIOWrapper):
    """A stream of an encoding that keeps what it is given."""

    def __init__(self, encoding: str) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="strict", write_through=True)

    def content(self) -> bytes:
        self.flush()
        assert isinstance(self.buffer, io.BytesIO)
        return self.buffer.getvalue()


def run(monkeypatch: pytest.MonkeyPatch, arguments: list[str], encoding: str) -> tuple[int, str]:
    out, err = Encoded(encoding), Encoded(encoding)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0), (out.content() + err.content()).decode(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1"])
@pytest.mark.parametrize("arguments", COMMANDS, ids=lambda words: " ".join(words[:2]))
def test_any_encoding(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, arguments: list[str], encoding: str) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path))
    code, shown = run(monkeypatch, arguments, encoding)
    assert code == (2 if arguments[-1] == "zażółć" else 0), shown
    assert "bug in trm" not in shown
    assert shown.strip()
    if arguments[-1] == "zażółć":
        assert "za\\u017c" in shown


def test_pictures_stay_aligned(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = Encoded("ascii")
    monkeypatch.setattr(sys, "stdout", stdout)
    make_tolerant()
    curves = {"one": [(0.0, 1.0), (9.0, 2.0)], "other": [(0.0, 2.0), (9.0, 1.0)]}
    Console(highlight=False, width=40).print(chart("loss", curves, "steps", 40))
    lines = stdout.content().decode().splitlines()
    assert {line.index("|") for line in lines if "|" in line} == {9}
    assert {len(line) for line in lines[1:14]} == {40}
    assert "*" in "".join(lines)
    assert "o" in "".join(lines)


def test_each_mark_of_a_picture_has_one_character() -> None:
    marks = "─│┼█▀▄•×○●△·"
    assert all(len(PLAIN[mark]) == 1 for mark in marks)


def test_json_is_the_same_in_any_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    stdout = Encoded("ascii")
    monkeypatch.setattr(sys, "stdout", stdout)
    make_tolerant()
    print_json({"name": "─ zażółć 😀"})
    assert stdout.content() == b'{\n  "name": "\\u2500 za\\u017c\\u00f3\\u0142\\u0107 \\ud83d\\ude00"\n}\n'


@pytest.mark.parametrize(
    "command",
    [
        "list-tasks -v",
        "list-tasks --json",
        "--help",
        "train --help",
        "doctor",
        "solve arithmetic 1+1 2+2 --device cpu",
        "demo arithmetic --delay 0 --steps 1 --puzzles 1 --device cpu",
        "trian",
    ],
)
def test_a_reader_that_has_gone_ends_a_command_quietly(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdout", "stderr"):
        reading, writing = os.pipe()
        os.close(reading)
        monkeypatch.setattr(sys, name, os.fdopen(writing, "w"))
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    assert ended.value.code == 0
    for stream in (sys.stdout, sys.stderr):
        stream.close()  # as Python does at exit


def test_head(tmp_path: Path) -> None:
    program = f"{sys.executable} -m trm list-tasks -v"
    ran = subprocess.run(
        ["bash", "-c", f"{program} | head -1; echo ${{PIPESTATUS[0]}}"], capture_output=True, text=True, timeout=120
    )
    assert ran.stdout.splitlines()[1:] == ["0"]
    assert ran.stderr == ""


def test_a_closed_pipe_is_no_error_of_the_command() -> None:
    with pytest.raises(OutputClosed) as ended, ending_with_reader():
        raise BrokenPipeError
    assert ended.value.code == 0


def test_numbers_paths_and_commands_are_not_broken() -> None:
    line = (
        "  The run is in runs/sudoku-quick-1 with 20,000 puzzles; score it again with: trm evaluate runs/sudoku-quick-1"
    )
    parts = wrapped(line, 30).split("\n")
    assert parts[-1] == "  trm evaluate runs/sudoku-quick-1"
    assert all(len(part) <= 30 for part in parts[:-1])
    assert "20,000" in " ".join(parts).split()
    assert wrapped("use `trm train --resume RUN` now", 20).split("\n") == ["use", "`trm train --resume RUN`", "now"]


def test_only_a_terminal_gets_line_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    leader, follower = pty.openpty()
    with open(follower, "w") as terminal, io.StringIO() as file:
        assert fitted("a line of more than 20 characters", terminal).count("\n") == 1
        assert fitted("a line of more than 20 characters", file).count("\n") == 0
    os.close(leader)


@pytest.mark.parametrize("arguments", [["list-tasks"], ["list-tasks", "-v"], ["presets", "sudoku"]])
def test_forty_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    with pytest.raises(SystemExit):
        main(arguments)
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 40
    for word in ("trm-tasks-sudoku", "Sudoku") if arguments[0] == "list-tasks" else ("1,000",):
        assert word in shown.split()
