"""What people type who do not read manuals, with the exit code and a part of the answer that they get.

The commands run in a folder that `prepare` fills: a run, a copy of it in `runs/`, arrays, puzzles, and files of other kinds.
"""

from __future__ import annotations

import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path

from trm.data.layout_writing import write_split
from trm.experiment.experiment import Experiment
from trm.experiment.fit import fit
from trm.experiment.session import Session

SETS = (
    "task.size=4", "task.clues=8", "task.train_puzzles=12", "task.test_puzzles=4", "model.hidden_dim=8",
    "model.mlp_multiple_of=8", "model.n_recursions=1", "model.T_steps=1", "training.batch_size=4", "training.max_steps=2",
    "training.save_interval=1",
)  # fmt: skip
PUZZLE = "12343412214343.."


@dataclass(frozen=True)
class Careless:
    """A command that a careless person types.

    Attributes:
        command: the words after `trm`, between blanks; `'` encloses a word with blanks, and PUZZLE is a 4x4 Sudoku.
        meant: what the person wanted.
        code: the exit code.
        answer: a part of the output, whose white space is blanks.
        typed: what stdin has.
    """

    command: str
    meant: str
    code: int
    answer: str
    typed: str = ""


CARELESS = (
    # wrong names
    Careless("trian sudoku", "train", 2, "There is no command 'trian'. Did you mean 'train'"),
    Careless("data bild sudoku", "data build", 2, "No such command 'bild'. Did you mean 'build'"),
    Careless("presets sudok", "sudoku", 2, "There is no task 'sudok'. Did you mean 'sudoku'?"),
    Careless("presets sudoku quik", "quick", 2, "has no preset 'quik'. Did you mean 'quick'?"),
    Careless("runs nowhere", "runs", 2, "There is no folder nowhere."),
    Careless("train sudoku --epochs none --batch-size many", "64", 2, "many"),
    Careless("train sudoku --lr 1e-3x", "1e-3", 2, "1e-3x"),
    Careless("list", "list-tasks", 2, "There is no command 'list'. Did you mean 'list-tasks'"),
    Careless("train sudku", "sudoku", 2, "There is no task 'sudku'. Did you mean 'sudoku'?"),
    Careless("train Sudoku", "sudoku", 2, "There is no task 'Sudoku'. Did you mean 'sudoku'?"),
    Careless("solve sudku PUZZLE", "sudoku", 2, "There is no task 'sudku'. Did you mean 'sudoku'?"),
    Careless("train sudoku --preset quik", "quick", 2, "has no preset 'quik'. Did you mean 'quick'?"),
    Careless("train sudoku:quick", "--preset quick", 2, "Name the task 'sudoku' with --preset quick."),
    Careless("train sudoku --prest quick", "--preset", 2, "No such option '--prest'"),
    Careless("train sudoku --dataset extrem", "extreme", 2, "has no dataset 'extrem'. Did you mean 'extreme'?"),
    Careless("train sudoku --augmentation mirror", "symmetries", 2, "has no augmentation 'mirror'. Available: symmetries."),
    Careless("train sudoku --device gpu", "cuda", 2, "There is no device 'gpu'. Did you mean 'cuda' or 'mps'?"),
    Careless("train sudoku --device cuda:x", "cuda:0", 2, "expected a number after the colon, as in cuda:0"),
    Careless("train sudoku --device cpuu", "cpu", 2, "There is no device 'cpuu'. Did you mean 'cpu'"),
    Careless("evaluate run --metric exact_acuracy", "exact_accuracy", 2, "Did you mean 'exact_accuracy'"),
    Careless("plot run --metric valed", "valid", 2, "--metric valed: no run has this quantity. Did you mean 'valid'?"),
    Careless("trace sudoku PUZZLE --renderer bord", "a renderer", 2, "has no renderer 'bord'."),
    Careless("check-task sudok", "sudoku", 2, "There is no task 'sudok'. Did you mean 'sudoku'?"),
    # wrong settings
    Careless("train sudoku --set learning_rate=1", "training.learning_rate", 2, "Did you mean 'training.learning_rate'?"),
    Careless("train sudoku --set model.hiden_dim=8", "hidden_dim", 2, "Did you mean 'hidden_dim'"),
    Careless("train sudoku --set training.max_steps 10", "a value with =", 2, "unexpected extra argument (10)"),
    Careless("train sudoku --set trainig.max_steps=10", "training", 2, "no section 'trainig'. Did you mean 'training'"),
    Careless("train sudoku --set training.max_steps=ten", "10", 2, "training.max_steps = 'ten' is not possible"),
    Careless("train sudoku --set training.learning_rate=-1", "1", 2, "greater than 0"),
    Careless("train sudoku --set training.optimizer=adam", "adamw", 2, "'adamw'"),
    Careless("train sudoku --set training.betas=0.9", "two numbers", 2, "training.betas = [0.9] is not possible"),
    Careless("train sudoku --set task.size=10", "9", 2, "task.size"),
    Careless("train sudoku --seed -1", "1", 2, "-1 is not in the range x>=0"),
    Careless("train sudoku --seed one", "1", 2, "'one' is not a valid integer"),
    Careless("evaluate run --set training.max_steps=5", "train longer", 2, "Only settings of the task's data"),
    # runs and checkpoints that are not there
    Careless("evaluate runs/sudoku-quik-1", "sudoku-quick-1", 2, "Did you mean 'runs/sudoku-quick-1'"),
    Careless("evaluate runs", "one of the runs", 2, "runs/sudoku-quick-1"),
    Careless("evaluate run/step_3", "step_2", 2, "The run run has no checkpoint step_3. Did you mean"),
    Careless("evaluate run/checkpoints/step_20", "step_2", 2, "has no checkpoint step_20. Did you mean 'step_2'"),
    Careless("evaluate run/config.json", "run", 2, "is one of the files of run. Give that folder instead."),
    Careless("evaluate run/checkpoints/step_2/model.safetensors", "the step", 2, "files of run/checkpoints/step_2."),
    Careless("evaluate sudoku:hrad", "sudoku:hard", 2, "no weights for a preset 'hrad'. Did you mean 'hard'"),
    Careless("evaluate arc", "a run of arc", 2, "Task 'arc' ships no weights."),
    Careless("train --resume runs/sudoku-quik-1", "sudoku-quick-1", 2, "Did you mean 'runs/sudoku-quick-1'"),
    Careless("train --resume run/checkpoints/step_2", "run", 2, "is not a run folder. Give the run: run"),
    Careless("train --resume puzzle.txt", "a run", 2, "puzzle.txt is not a run folder"),
    Careless("train maze --resume run", "a run of maze", 2, "belongs to task 'sudoku', not 'maze'"),
    Careless("train --resume run --set model.hidden_dim=16", "a wider model", 2, "make it a different training"),
    Careless("compare run nowhere", "runs/...", 2, "There is no run folder nowhere."),
    Careless("plot data", "run", 2, "data is not a run folder"),
    Careless("export sudoku:qick --format weights -o x.safetensors", "quick", 2, "Did you mean 'quick'"),
    # files of the wrong kind
    Careless("evaluate notes.txt", "a weights file", 2, "notes.txt"),
    Careless("evaluate weights.pt", "weights of another program", 2, "weights.pt"),
    Careless("solve sudoku photo.png --checkpoint run", "a photo of a puzzle", 2, "photo.png"),
    Careless("solve sudoku puzle.txt --checkpoint run", "puzzle.txt", 2, "no such file. Did you mean 'puzzle.txt'?"),
    Careless("solve sudoku empty.txt --checkpoint run", "a puzzle", 2, "Cannot read empty.txt: it is empty."),
    Careless("solve sudoku PUZZLE --checkpoint data", "run", 2, "data is not a run folder"),
    Careless("train sudoku --data run", "data", 2, "run"),
    Careless("train sudoku --data nowhere", "data", 2, "nowhere"),
    Careless("train sudoku --output run", "a new folder", 2, "The output folder run is not empty."),
    Careless("train sudoku --output puzzle.txt", "a folder", 2, "puzzle.txt is a file"),
    Careless("train sudoku --output puzzle.txt/run", "a folder", 2, "puzzle.txt is a file"),
    Careless("trace sudoku PUZZLE --checkpoint run --html nowhere/x.html", "a folder", 2, "Cannot write nowhere/x.html"),
    Careless("import-checkpoint run", "the paper's checkpoint", 2, "run has no file step_N."),
    Careless("solve sudoku puzzle.txt --checkpoint run --output notes.txt/a.csv", "a folder", 2, "notes.txt"),
    Careless("train sudoku --config notes.txt", "a file of settings", 2, "notes.txt"),
    Careless("train sudoku --config setings.yaml", "settings.yaml", 2, "setings.yaml"),
    Careless("solve sudoku puzzle.txt --checkpoint run --output a.docx", "a.csv", 2, "a.docx"),
    # forgotten and swapped arguments, options of other programs
    Careless("train", "train sudoku", 2, "Name a task: `trm train TASK`."),
    Careless("evaluate", "evaluate run", 2, "Missing argument 'CHECKPOINT'"),
    Careless("solve", "solve sudoku", 2, "Missing argument 'TASK'"),
    Careless("solve PUZZLE", "solve sudoku PUZZLE", 2, "There is no task '12343412214343..'"),
    Careless("solve puzzle.txt sudoku", "solve sudoku puzzle.txt", 2, "There is no task 'puzzle.txt'"),
    Careless("solve run PUZZLE --steps 2 --no-check", "solve sudoku PUZZLE --checkpoint run", 3, "valid"),
    Careless("solve sudoku --checkpoint", "--checkpoint run", 2, "Option '--checkpoint' requires an argument."),
    Careless("sudoku train", "train sudoku", 2, "There is no command 'sudoku'."),
    Careless("export run", "export run --format weights", 2, "Missing option '--format'"),
    Careless("export run --format pth --output x", "weights", 2, "'pth' is not one of"),
    Careless("help", "--help", 2, "There is no command 'help'."),
    Careless("--verison", "--version", 2, "No such option '--verison'"),
    Careless("train sudoku --gpus 1", "--device cuda", 2, "No such option '--gpus'"),
    # puzzles that are none
    Careless("solve sudoku 1234 --checkpoint run", "a whole puzzle", 2, "only 1 of its 4 rows"),
    Careless("solve sudoku 1234341221434&.. --checkpoint run", "a digit", 2, "'&'"),
    Careless("solve sudoku 11343412214343.. --checkpoint run", "a puzzle", 2, "digit 1 stands twice in row 1"),
    Careless("solve sudoku - --checkpoint run", "a puzzle on stdin", 2, "Cannot read stdin: it is empty."),
    Careless("solve arithmetic 12plus30", "12+30", 2, "12plus30"),
    Careless("solve maze '####' --steps 1", "a maze", 2, "maze"),
    Careless("solve sudoku PUZZLE --steps 0 --checkpoint run", "1", 2, "0 is not in the range x>=1"),
    Careless("demo sudoku --checkpoint run --puzzles 100 --delay 0", "all of them", 0, "has 4 puzzles to show, not 100."),
    Careless("demo --record demo.gif", "an animation", 2, "use a name that ends in .svg"),
    Careless("plot run --output curves.txt", "a picture", 2, "use a name that ends in .png"),
    Careless("new-task Sudoku", "a new task", 2, "not a valid task name"),
    Careless("new-task sudoku", "a new task", 2, "already used"),
    Careless("data clear sudku", "sudoku", 2, "There is no task 'sudku'. Did you mean 'sudoku'?"),
)  # fmt: skip


def prepare(folder: Path) -> None:
    """Fill a folder with what the commands find: a run of two steps, arrays, puzzles, and files of other kinds."""
    experiment = Experiment.from_preset("sudoku", None, SETS)
    fit(experiment, Session.open("cpu"), folder / "run")
    shutil.copytree(folder / "run", folder / "runs" / "sudoku-quick-1")
    for split in ("train", "test"):
        write_split(folder / "data", split, experiment.puzzles(split))
    (folder / "puzzle.txt").write_text(PUZZLE)
    (folder / "notes.txt").write_text("Remember the milk.\n")
    (folder / "empty.txt").write_text("")
    (folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    with zipfile.ZipFile(folder / "weights.pt", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}q\x00.")
