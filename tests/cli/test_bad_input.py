"""Wrong requests about puzzles, data, output folders and checkpoints: each with its sentence and exit code."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from trm.cli.main import main
from trm.experiment.experiment import Experiment
from trm.model import TinyRecursiveModel
from trm.runs.weights_file import read_weights_metadata, save_weights_file

EASY = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
SOLVED = "534678912672195348198342567859761423426853791713924856961537284287419635345286179"


def weights(task: str, path: Path, *sets: str) -> str:
    """A file of untrained weights of a task."""
    experiment = Experiment.from_preset(task, None, ["model.hidden_dim=8", "model.mlp_multiple_of=8", *sets])
    config = experiment.model_config(experiment.puzzles("test"))
    run = experiment.run_config(config)
    save_weights_file(path, run, TinyRecursiveModel(config).state_dict(), {})
    return str(path)


@pytest.fixture(scope="module")
def sudoku(tmp_path_factory: pytest.TempPathFactory) -> str:
    return weights("sudoku", tmp_path_factory.mktemp("weights") / "sudoku.safetensors", "task.test_puzzles=2")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and error of a command that must fail without a traceback."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    error = capsys.readouterr().err
    assert "Traceback" not in error
    assert len([line for line in error.splitlines() if line.startswith("Error:")]) == 1
    return int(str(ended.value.code)), " ".join(error.split())


@pytest.mark.parametrize(
    ("puzzle", "message"),
    [
        (EASY[:-1], "Puzzle 1, line 1, column 1: This line has 80 cells."),
        ("z" + EASY[1:], "line 1, column 1: 'z' is not a cell of a Sudoku."),
        ("55" + EASY[2:], "The digit 5 stands twice in row 1: at row 1, column 1, and at row 1, column 2."),
        ("531" + EASY[3:], "The puzzle has no solution: its clues contradict each other."),
        (EASY[:-2] + "..", "The puzzle has several solutions: the cell at"),
        ("1234" * 4, "digit 1 stands twice in column 1"),
        (" \n ", "There is no puzzle in the text."),
        ("", "There is no puzzle in the text."),
    ],
)
def test_puzzles_that_are_none(capsys: pytest.CaptureFixture[str], sudoku: str, puzzle: str, message: str) -> None:
    code, error = refused(capsys, "solve", "sudoku", puzzle, "--checkpoint", sudoku)
    assert code == 2
    assert message in error


@pytest.mark.parametrize("command", ["solve", "trace"])
def test_a_file_that_is_not_there(capsys: pytest.CaptureFixture[str], sudoku: str, command: str) -> None:
    code, error = refused(capsys, command, "sudoku", "puzle.txt", "--checkpoint", sudoku)
    assert code == 2
    assert "Cannot read puzle.txt: there is no such file." in error


def test_a_puzzle_of_another_size(capsys: pytest.CaptureFixture[str], sudoku: str) -> None:
    code, error = refused(capsys, "solve", "sudoku", "1..." + "." * 11 + "2", "--checkpoint", sudoku)
    assert code == 2
    assert "16 cells" in error or "several solutions" in error


def csv_folder(folder: Path, text: str) -> str:
    for split in ("train", "test"):
        (folder / f"{split}.csv").write_text(text)
    return f"task.csv={folder}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            f"source,frage,answer\nx,{EASY},{SOLVED}\n",
            "no column for the question in its first line. Found: 'source', 'frage'",
        ),
        (
            f"question,answer\n{EASY},{SOLVED}\n{EASY[:-1]},{SOLVED}\n",
            "line 3: the question has 80 characters, not 81.",
        ),
        (f"question,answer\n{EASY},{SOLVED}\n{EASY}\n", "line 3: the answer has 0 characters, not 81."),
        (f"question,answer\n{EASY},{'0' + SOLVED[1:]}\n", "line 2: the answer has an empty cell."),
        (
            f"question,answer\n{EASY},{SOLVED}\n{EASY},{SOLVED[::-1]}\n",
            "line 3: the answer does not solve the question.",
        ),
        (f"question,answer,rating\n{EASY},{SOLVED},hard\n", "line 2: the rating 'hard' is not a whole number."),
        ("question,answer\n", "holds no puzzles."),
    ],
)
def test_csv_files_that_are_broken(capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str, message: str) -> None:
    setting = csv_folder(tmp_path, text)
    code, error = refused(
        capsys, "train", "sudoku", "--dataset", "extreme", "--set", setting, "--output", str(tmp_path / "run")
    )
    assert code == 2
    assert message in error
    assert not (tmp_path / "run").exists()


def test_csv_folder_that_is_missing(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code, error = refused(
        capsys, "train", "sudoku", "--dataset", "extreme", "--set", f"task.csv={tmp_path / 'no'}", "--output", "/x"
    )
    assert code == 2
    assert "Cannot read" in error
    assert "as CSV: " in error


def test_output_folder_that_cannot_be_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    (tmp_path / "file").write_text("in the way")
    few = ["--set", "task.train_puzzles=20", "--set", "task.test_puzzles=5", "--set", "training.max_steps=1"]
    code, error = refused(
        capsys, "train", "sudoku", "--preset", "mini", *few, "--output", str(tmp_path / "file" / "run")
    )
    assert code == 2
    assert "Cannot write" in error
    assert (tmp_path / "file").read_text() == "in the way"


def test_checkpoint_of_another_task(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    pytest.importorskip("trm_tasks_arithmetic")
    other = weights("arithmetic", tmp_path / "arithmetic.safetensors")
    code, error = refused(capsys, "solve", "sudoku", EASY, "--checkpoint", other)
    assert code == 2
    assert "belongs to task 'arithmetic', not 'sudoku'" in error


def test_checkpoint_of_another_vocabulary(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    plain = ["model.mixing=attention", "model.num_heads=2", "task.test_puzzles=2"]
    nine = weights("sudoku", tmp_path / "nine.safetensors", *plain)
    code, error = refused(capsys, "evaluate", nine, "--set", "task.size=4", "--set", "task.clues=6")
    assert code == 2
    assert "The checkpoint takes 81 positions and 11 tokens, the puzzles have 16 and 6." in error


def test_truncated_weights_file(capsys: pytest.CaptureFixture[str], tmp_path: Path, sudoku: str) -> None:
    damaged = tmp_path / "damaged.safetensors"
    content = Path(sudoku).read_bytes()
    damaged.write_bytes(content[: len(content) // 2])
    code, error = refused(capsys, "evaluate", str(damaged))
    assert code == 2
    assert "is damaged or not a safetensors file" in error


def test_pytorch_file_is_called_one(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    torch.save({"weight": torch.zeros(2)}, tmp_path / "model.pth")
    code, error = refused(capsys, "evaluate", str(tmp_path / "model.pth"))
    assert code == 2
    assert "a PyTorch file, not a safetensors file. Import it with `trm import-checkpoint`." in error


def test_weights_of_whole_numbers_are_called_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, sudoku: str
) -> None:
    run, _ = read_weights_metadata(Path(sudoku))
    tensors = {name: value.to(torch.int32) for name, value in load_file(sudoku).items()}
    save_weights_file(tmp_path / "whole.safetensors", run, tensors)
    code, error = refused(capsys, "evaluate", str(tmp_path / "whole.safetensors"))
    assert code == 2
    assert "has values of type torch.int32, not floating-point numbers" in error


def test_easy_puzzle_is_answered_by_any_weights(capsys: pytest.CaptureFixture[str], sudoku: str) -> None:
    """The counterpart of the refusals: a proper puzzle gets an answer, judged by the rules."""
    with pytest.raises(SystemExit) as ended:
        main(["solve", "sudoku", EASY, "--checkpoint", sudoku, "--steps", "2", "--restarts", "2"])
    assert ended.value.code in (0, 3)
    assert "valid" in capsys.readouterr().out
