"""`trm demo` on a pipe, in a terminal, and as a recording; and that any renderer will do."""

import io
import os
import pty
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np
import pytest
import torch
from rich.text import Text

from trm import TinyRecursiveModel, TRMConfig
from trm.cli.demo import default_task, settled
from trm.cli.main import main
from trm.data import Description, PuzzleSet
from trm.devices import get_backend
from trm.errors import UsageError
from trm.evaluation.examples import choose_examples
from trm.evaluation.refine import Frame, Puzzle, refine
from trm.plugins.registry import Plugin, Registry
from trm.render.console import Console
from trm.render.picture import NOWHERE, draw, locate
from trm.render.player import Player
from trm.render.recording import Recording
from trm.render.scene import Stage
from trm.specs import PresetSpec, TaskSpec

CELLS = 6
MODEL = TRMConfig(
    vocab_size=5, context_length=CELLS, hidden_dim=16, num_layers=1, num_heads=2, n_recursions=1, T_steps=3,
    n_supervision=4, mlp_multiple_of=16,
)  # fmt: skip


class Wide:
    """A renderer as a stranger may write one: two columns a cell, wide characters, a heading, colours only for the eye."""

    SIGNS = "〇一二三四"

    def render(
        self, inputs: np.ndarray, prediction: np.ndarray | None = None, target: np.ndarray | None = None
    ) -> Text:
        shown = inputs if prediction is None else prediction
        text = Text("a stranger's\n", style="bold")
        for index, token in enumerate(shown):
            wrong = target is not None and token != target[index]
            text.append(self.SIGNS[token], style="red" if wrong else "")
            text.append("! " if wrong else "  ")
            text.append("\n" if index % 3 == 2 else "")
        return text


def puzzle() -> Puzzle:
    return Puzzle(np.array([1, 0, 2, 0, 3, 0]), np.array([1, 4, 2, 4, 3, 1]))


def frames(cycles: bool = False) -> list[Frame]:
    backend = get_backend("cpu")
    return list(refine(TinyRecursiveModel(MODEL).eval(), puzzle(), 4, backend, cycles))


def test_the_last_frame_is_what_the_model_predicts_and_cycles_add_frames() -> None:
    import torch

    model = TinyRecursiveModel(MODEL).eval()
    steps = list(refine(model, puzzle(), 4, get_backend("cpu")))
    cycles = list(refine(model, puzzle(), 4, get_backend("cpu"), cycles=True))
    with get_backend("cpu").autocast():
        predicted = model.predict(torch.from_numpy(puzzle().inputs)[None], 4)[0].numpy()
    assert (steps[-1].answer == predicted).all()
    assert [(frame.step, frame.cycle) for frame in cycles] == [(s, c) for s in range(1, 5) for c in range(1, 4)]
    for frame, same in zip(steps, cycles[2::3], strict=True):
        np.testing.assert_array_equal(frame.probabilities, same.probabilities)
        assert (frame.wrong == (frame.answer != puzzle().labels)).all()
        np.testing.assert_allclose(frame.probabilities.sum(-1), 1, atol=1e-5)
        assert ((frame.entropy() >= 0) & (frame.entropy() <= 1)).all()
    assert (steps[0].changed == (steps[0].answer != puzzle().inputs)).all()


def test_unscored_positions_show_the_puzzle() -> None:
    labels = np.array([1, -100, 2, 4, 3, -100])
    given = Puzzle(puzzle().inputs, labels)
    frame = next(refine(TinyRecursiveModel(MODEL).eval(), given, 1, get_backend("cpu")))
    assert (frame.answer[[1, 5]] == 0).all()
    assert frame.wrong is not None
    assert not frame.wrong[[1, 5]].any()


def test_positions_are_found_in_any_picture() -> None:
    given = puzzle()
    places = locate(Wide(), given.inputs, given.inputs, given.labels)
    picture = draw(Wide().render(given.inputs, given.inputs, given.labels))
    assert places.shape == (len(picture.rows), picture.width)
    assert (places[0] == NOWHERE).all()
    for position in range(CELLS):
        row, column = 1 + position // 3, 4 * (position % 3)
        assert (places[row, column : column + 2] == position).all()


@pytest.mark.parametrize("count", [1, 2, 3, 100, 900])
def test_positions_are_found_whatever_their_number(count: int) -> None:
    class Plain:
        def render(self, inputs: np.ndarray, prediction: np.ndarray | None = None, target: object = None) -> Text:
            shown = inputs if prediction is None else prediction
            return Text("\n".join("".join(map(str, row)) for row in np.array_split(shown, max(count // 60, 1))))

    tokens = np.random.default_rng(0).integers(0, 10, count)
    places = locate(Plain(), tokens, tokens, None)
    assert sorted(places[places != NOWHERE]) == list(range(count))


def test_a_terminal_shows_changes_in_reverse_and_a_pipe_shows_lines() -> None:
    def shown(terminal: bool) -> str:
        colors = "standard" if terminal else "auto"
        console = Console(file=io.StringIO(), force_terminal=terminal, width=80, height=24, color_system=colors)
        player = Player(console)
        player.play("a puzzle", Stage(Wide(), puzzle()), frames(), 4)
        player.conclude(Text("the end"))
        return str(console.file.getvalue())  # type: ignore[attr-defined]

    plain = shown(False)
    assert "\x1b" not in plain
    assert [int(number) for number in re.findall(r"^step +(\d+): ", plain, re.M)] == [1, 2, 3, 4]
    assert "a stranger's" in plain
    assert plain.rstrip().endswith("the end")
    assert re.search(r"\x1b\[(\d+;)*7(;\d+)*m", shown(True))


def test_highlighted_are_exactly_the_changed_cells() -> None:
    stage = Stage(Wide(), puzzle())
    for frame in frames():
        picture = stage.highlighted(frame)
        reverse = {
            3 * (row - 1) + column // 4
            for row, cells in enumerate(picture.rows)
            for column, (_, style) in enumerate(cells)
            if style.reverse
        }
        assert reverse == set(np.flatnonzero(frame.changed))


def test_demo_ends_once_nothing_moves() -> None:
    first = frames()[0]
    still = Frame(2, 3, 3, first.answer, np.zeros(CELLS, bool), None, first.probabilities, 0.5)
    assert len(list(settled([first, *[still] * 9]))) == 4
    assert len(list(settled([still, first, still, still, first]))) == 5


def test_examples_go_from_easy_to_hard() -> None:
    torch.manual_seed(0)
    tokens = np.random.default_rng(1).integers(1, 4, (40, CELLS))
    puzzles = PuzzleSet(inputs=tokens, labels=tokens, description=Description(vocab_size=5, seq_len=CELLS))
    examples = choose_examples(TinyRecursiveModel(MODEL).eval(), puzzles, 4, get_backend("cpu"), 4)
    assert len(examples) == 4
    assert all(example.solved_at is None for example in examples)  # it is not trained, and six cells are many


def test_recording_is_an_svg_that_loads_nothing() -> None:
    recording = Recording("a <title>", 0.5)
    console = Console(width=80, force_terminal=True, file=io.StringIO())
    player = Player(console, recording=recording)
    player.play("x < y & z", Stage(Wide(), puzzle()), frames(), 4)
    player.conclude(Text("the end"))
    svg = recording.svg()
    root = ElementTree.fromstring(svg)
    assert root.find("{http://www.w3.org/2000/svg}title").text == "a <title>"  # type: ignore[union-attr]
    assert svg.count('class="scene"') == 6
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)", svg)
    assert "prefers-reduced-motion" in svg


def trm(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "trm", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def arithmetic() -> None:
    pytest.importorskip("trm_tasks_arithmetic")


@pytest.mark.usefixtures("arithmetic")
def test_demo_on_a_pipe() -> None:
    result = trm("demo", "arithmetic", "--puzzles", "2")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("✓ solved at step") == 2
    assert "\x1b" not in result.stdout


@pytest.mark.usefixtures("arithmetic")
def test_demo_in_a_terminal() -> None:
    leader, follower = pty.openpty()
    command = [sys.executable, "-m", "trm", "demo", "arithmetic", "--puzzles", "1", "--delay", "0"]
    environment = os.environ | {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(command, stdout=follower, stderr=subprocess.STDOUT, env=environment)
    os.close(follower)
    output = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        output += chunk
    os.close(leader)
    assert process.wait(60) == 0
    assert b"\x1b[7m" in output
    assert "✓ solved".encode() in output
    assert b"\x1b[?25h" in output  # the cursor is back


@pytest.mark.usefixtures("arithmetic")
def test_demo_writes_its_recording(tmp_path: Path) -> None:
    path = tmp_path / "demo.svg"
    with pytest.raises(SystemExit) as end:
        main(["demo", "arithmetic", "--puzzles", "1", "--record", str(path)])
    assert end.value.code == 0
    assert ElementTree.parse(path).getroot().tag.endswith("svg")


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (["demo", "sudokku"], "There is no task 'sudokku'. Did you mean 'sudoku'?", 2),
        (["demo", "--checkpoint", "nowhere"], "There is no checkpoint nowhere.", 2),
        (["demo", "arithmetic", "--checkpoint", __file__], "is damaged or not a safetensors file", 2),
        (["demo", "arithmetic", "--record", "demo.gif"], "use a name that ends in .svg", 2),
        (["demo", "--puzzles", "0"], "0 is not in the range x>=1", 2),
    ],
)
def test_demo_says_what_is_wrong(
    arguments: list[str], message: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert message in capsys.readouterr().err
    assert end.value.code == code


def test_without_a_task_the_one_with_the_most_presets_that_ships_weights_is_shown() -> None:
    def task(name: str, presets: int, weights: str | None) -> TaskSpec:
        made = tuple(PresetSpec(name=str(number), summary="", weights=weights) for number in range(presets))
        return TaskSpec(name=name, summary="", config="", describe="", dataset="", presets=made)

    registry = Registry()
    registry.add(Plugin("p", "d", "1"), [task("untrained", 9, None)])
    with pytest.raises(UsageError, match="No installed task ships weights"):
        default_task(registry)
    registry.add(Plugin("q", "d", "1"), [task("small", 1, "w"), task("large", 3, "w")])
    assert default_task(registry) == "large"
