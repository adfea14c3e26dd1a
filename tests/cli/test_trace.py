"""`trm trace`: the page in a real browser, the pictures, and that text from outside stays text."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from rich.style import Style
from rich.text import Text

from tests.support import chromium
from trm import Structure, TinyRecursiveModel
from trm.cli.main import main
from trm.data import Description
from trm.devices import get_backend
from trm.errors import TRMError, UsageError
from trm.evaluation.examples import choose_examples
from trm.evaluation.refine import Frame, Puzzle
from trm.experiment.experiment import Experiment
from trm.render.page import build_page
from trm.render.page.build import style_css
from trm.render.scene import Stage
from trm.runs.weights_file import save_weights_file

HOSTILE = "</script><script>document.title='broken'</script><img src=http://example.invalid/x>"


class Grid:
    """A renderer as a stranger may write one, with markup in its picture."""

    def render(
        self, inputs: np.ndarray, prediction: np.ndarray | None = None, target: np.ndarray | None = None
    ) -> Text:
        shown = inputs if prediction is None else prediction
        size = int(len(shown) ** 0.5)
        text = Text("<b>&amp;</b>\n")
        for index, token in enumerate(shown):
            wrong = target is not None and token != target[index]
            text.append(
                f"{token}{'!' if wrong else ' '}", style="bold red" if wrong else "on blue" if token % 2 else ""
            )
            text.append("\n" if (index + 1) % size == 0 else "")
        return text


def refinement(size: int, vocab: int, steps: int, cycles: int = 1) -> tuple[Stage, list[Frame], Description]:
    """A made-up one in which every cell changes in every frame, the worst case for the size of a page."""
    rng = np.random.default_rng(0)
    length = size * size
    puzzle = Puzzle(np.zeros(length, np.int64), rng.integers(0, vocab, length))
    frames = []
    for step in range(1, steps + 1):
        for cycle in range(1, cycles + 1):
            answer = rng.integers(0, vocab, length)
            probabilities = rng.dirichlet(np.ones(vocab), length).astype(np.float32)
            wrong = answer != puzzle.labels
            frames.append(Frame(step, cycle, cycles, answer, np.ones(length, bool), wrong, probabilities, step / steps))
    names = (HOSTILE, *map(str, range(1, vocab)))
    description = Description(vocab, length, token_names=names, structure=Structure(grid=(size, size)))
    return Stage(Grid(), puzzle), frames, description


def page_of(size: int, vocab: int, steps: int, cycles: int = 1) -> str:
    stage, frames, description = refinement(size, vocab, steps, cycles)
    return build_page(stage, frames, description, title=HOSTILE, verdict=HOSTILE, footer=HOSTILE)


def test_a_page_of_900_cells_and_24_random_frames_stays_below_a_megabyte() -> None:
    assert len(page_of(30, 12, 8, 3).encode()) < 1_000_000


def test_a_page_that_would_be_larger_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trm.render.page.build.LIMIT", 20_000)
    with pytest.raises(
        UsageError, match=r"The page would have 0.1 MB, more than 0. Ask for fewer --steps, or leave out"
    ):
        page_of(9, 12, 9, 3)


def test_text_from_outside_stays_text() -> None:
    page = page_of(2, 4, 2)
    assert page.count("<script") == 2
    assert "<img" not in page
    assert "http://example" in page  # as text
    data = json.loads(re.search(r'id="data">(.*?)</script>', page, re.S)[1])  # type: ignore[index]
    assert data["tokens"][0] == HOSTILE


def test_styles_keep_colours_apart_from_the_theme() -> None:
    assert style_css(Style.parse("bold red")) == "color:var(--c1);font-weight:700"
    assert style_css(Style.parse("reverse")) == "color:var(--bg);background:var(--fg)"
    assert style_css(Style.parse("#102030 on color(3) underline")) == (
        "color:var(--bg);background:var(--c3);text-decoration:underline"
    )
    assert style_css(Style.parse("blue on #ffffff")) == "color:#000000;background:#ffffff"
    assert style_css(Style.parse("#123456 on #ffffff")) == "color:#123456;background:#ffffff"
    assert style_css(Style.parse("")) == ""


@pytest.fixture(scope="module")
def browser() -> Iterator[chromium.Chromium]:
    if chromium.find() is None:
        pytest.skip("there is no chromium")
    with chromium.Chromium() as started:
        yield started


def grid_text(browser: chromium.Chromium) -> str:
    return str(browser.evaluate("document.getElementById('picture').textContent"))


def slider(browser: chromium.Chromium) -> int:
    return int(browser.evaluate("document.getElementById('slider').value"))


def try_out(browser: chromium.Chromium, page: Path, width: int, steps: int) -> None:
    """Everything that can be done on a page, with real keys and a real mouse."""
    browser.open(page, width)
    opened = grid_text(browser)
    browser.press("ArrowRight")
    assert slider(browser) == 1
    assert grid_text(browser) != opened
    assert browser.evaluate("document.getElementById('status').textContent").startswith("Step 1 of ")
    browser.press("End")
    assert slider(browser) == steps
    browser.press("ArrowRight")
    assert slider(browser) == steps
    browser.press("Home")
    assert grid_text(browser) == opened
    browser.evaluate("(s => { s.value = 1; s.dispatchEvent(new Event('input')) })(document.getElementById('slider'))")
    assert grid_text(browser) != opened
    browser.point_at("#picture .cell")
    hovered = browser.evaluate("document.getElementById('inspector').textContent")
    assert re.match(r"(Row \d+, column|Position) \d+step 1 of", hovered)
    assert "%" in hovered
    browser.press("]")
    assert browser.evaluate("document.getElementById('inspector').textContent") != hovered
    browser.press("Home")
    browser.press(" ")
    deadline = time.monotonic() + 20
    while slider(browser) < min(2, steps) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert slider(browser) >= min(2, steps)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    assert browser.evaluate("document.title") != "broken"
    assert browser.evaluate("document.getElementById('picture').getAttribute('aria-label')")
    assert browser.problems == []
    assert browser.requests == [page.as_uri()]


@pytest.mark.parametrize("width", [1280, 400])
def test_page_of_a_strangers_renderer_in_a_browser(browser: chromium.Chromium, tmp_path: Path, width: int) -> None:
    page = tmp_path / "page.html"
    page.write_text(page_of(6, 5, 3), encoding="utf-8")
    try_out(browser, page, width, 3)


def test_the_verdict_appears_after_the_last_step_only(browser: chromium.Chromium, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(page_of(3, 4, 3), encoding="utf-8")
    browser.open(page)
    shown = []
    for _ in range(4):
        shown.append(browser.evaluate("getComputedStyle(document.getElementById('verdict')).visibility"))
        browser.press("ArrowRight")
    assert shown == ["hidden", "hidden", "hidden", "visible"]


@pytest.mark.parametrize("size", [4, 9, 30])
@pytest.mark.parametrize("width", [1280, 1920, 400])
def test_the_board_uses_the_page(browser: chromium.Chromium, tmp_path: Path, size: int, width: int) -> None:
    """It fills the width or the height that there is, up to letters of 4rem, and never overflows."""
    page = tmp_path / "page.html"
    page.write_text(page_of(size, 4, 2), encoding="utf-8")
    browser.open(page, width)
    box = "(e => { const b = e.getBoundingClientRect(); return [b.width, b.bottom] })"
    board, bottom = browser.evaluate(f"{box}(document.getElementById('picture'))")
    column, _ = browser.evaluate(f"{box}(document.querySelector('main > section'))")
    letters = browser.evaluate("parseFloat(getComputedStyle(document.getElementById('picture')).fontSize)")
    assert board <= column
    assert board > 0.9 * column or bottom > 0.75 * 900 or letters == 64
    assert bottom <= 900 or letters < 15


@pytest.mark.parametrize("dark", [False, True])
def test_a_maze_is_drawn_on_the_page_s_own_ground(browser: chromium.Chromium, tmp_path: Path, dark: bool) -> None:
    """Walls and path stand out from the floor, which is light on a light page and dark on a dark one."""
    blocks = pytest.importorskip("trm_tasks_maze.blocks")
    from trm.render.page.build import _without_seams
    from trm.render.picture import draw

    maze = np.array([[2, 1, 5], [3, 5, 5]])
    styles = {text: style_css(style) for text, style in map(_without_seams, draw(blocks.cells(maze)).rows[0])}
    assert set(styles) == {" ", "•"}
    page = tmp_path / "page.html"
    page.write_text(page_of(3, 4, 2), encoding="utf-8")
    browser.open(page, dark=dark)
    ground = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(17, 21, 26)" if dark else "rgb(255, 255, 255)")
    wall, path = (style_css(_without_seams(cell)[1]) for cell in (draw(blocks.cells(maze)).rows[0][2:6:2]))
    assert wall == "color:var(--bg);background:var(--fg);opacity:.75"
    assert path == "color:var(--c6);font-weight:700"
    free = style_css(draw(blocks.cells(maze)).rows[0][0][1])
    assert free == ""


@pytest.mark.parametrize("dark", [False, True])
def test_text_has_enough_contrast(browser: chromium.Chromium, tmp_path: Path, dark: bool) -> None:
    """WCAG 2 AA asks for 4.5 to 1, between every colour of text and both grounds it can stand on."""
    page = tmp_path / "page.html"
    page.write_text(page_of(3, 4, 2), encoding="utf-8")
    browser.open(page, dark=dark)
    names = ["--fg", "--soft", "--accent", *(f"--c{number}" for number in range(16))]
    script = "(n => getComputedStyle(document.documentElement).getPropertyValue(n).trim())"
    grounds = [browser.evaluate(f"{script}('{name}')") for name in ("--bg", "--panel")]
    for name in names:
        color = browser.evaluate(f"{script}('{name}')")
        for ground in grounds:
            assert contrast(color, ground) >= 4.5, (name, color, ground)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours ``#rrggbb`` as WCAG 2 defines it."""

    def luminance(color: str) -> float:
        channels = [int(color[index : index + 2], 16) / 255 for index in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def run(*arguments: str) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 0


def test_trace_of_shipped_weights_as_page_and_pictures(browser: chromium.Chromium, tmp_path: Path) -> None:
    pytest.importorskip("trm_tasks_arithmetic")
    image = pytest.importorskip("PIL.Image")
    pytest.importorskip("matplotlib")
    page, gif, png = (tmp_path / f"trace.{suffix}" for suffix in ("html", "gif", "png"))
    run("trace", "arithmetic", "58+967", "--cycles", "--html", str(page), "--gif", str(gif), "--png", str(png))
    with image.open(gif) as moving:
        assert moving.format == "GIF"
        assert moving.n_frames > 1
    with image.open(png) as sheet:
        assert sheet.width > 100
        assert len(sheet.getcolors(1 << 16)) > 2
    browser.open(page)
    browser.press("End")
    assert "1025" in grid_text(browser)
    assert "solved at step" in browser.evaluate("document.getElementById('verdict').textContent")
    try_out(browser, page, 400, 16)


@pytest.mark.parametrize("size", [2, 4, 9, 30])
def test_captions_of_pictures_are_complete(size: int) -> None:
    pytest.importorskip("PIL.Image")
    pytest.importorskip("matplotlib")
    from trm.render import raster

    stage, frames, _ = refinement(size, 3, 12, 2)
    images = raster._images(stage, frames)
    assert len({image.size for image in images}) == 1
    for image in images:
        width, height = image.size
        ink = image.convert("L").point(lambda value: 255 * (value < 200))
        left, top, right, bottom = ink.getbbox()
        assert left >= raster.MARGIN - 1
        assert top >= raster.MARGIN - 1
        assert right <= width - raster.MARGIN + 1
        assert bottom <= height - raster.MARGIN + 4  # descenders
    words = raster._together("step 12.1: 900 changed 812 wrong 8% sure").split(" ")
    assert words == ["step", "12.1:", "900\xa0changed", "812\xa0wrong", "8%\xa0sure"]


def untrained_weights(task: str, sets: list[str], path: Path) -> Puzzle:
    """A file of weights that know nothing, and an unseen puzzle of the task."""
    experiment = Experiment.from_preset(task, sets=sets)
    try:
        puzzles = experiment.puzzles("test")
    except TRMError as error:
        pytest.skip(f"no data of {task}: {error}")
    model = TinyRecursiveModel(experiment.model_config(puzzles))
    examples = choose_examples(model, puzzles, 2, get_backend("cpu"), 1)
    save_weights_file(
        path,
        experiment.run_config(model.config),
        model.state_dict(),
        {"examples": [example.as_json() for example in examples]},
    )
    return examples[0].puzzle


@pytest.mark.parametrize(
    ("task", "sets"),
    [
        ("sudoku", ["task.test_puzzles=3"]),
        ("maze", ["task.size=30", "task.test_puzzles=3", "task.min_path=20"]),
        ("arc", []),
    ],
)
def test_page_of_every_task_in_a_browser(
    browser: chromium.Chromium, tmp_path: Path, task: str, sets: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(f"trm_tasks_{task}")
    monkeypatch.setenv("TRM_CACHE", str(tmp_path / "cache"))
    weights, page = tmp_path / "weights.safetensors", tmp_path / "page.html"
    untrained_weights(task, sets, weights)
    run("trace", task, "--checkpoint", str(weights), "--steps", "3", "--html", str(page))
    assert page.stat().st_size < 1_000_000
    for width in (1280, 400):
        try_out(browser, page, width, 3)


def test_trace_without_files_lists_the_steps(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("trm_tasks_arithmetic")
    run("trace", "arithmetic", "58+967", "--steps", "3")
    shown = capsys.readouterr().out
    assert re.findall(r"^step +(\d+): ", shown, re.M) == ["1", "2", "3"]
    assert "1025" in shown


def test_the_end_of_the_output_s_name_chooses_what_is_written(tmp_path: Path) -> None:
    pytest.importorskip("trm_tasks_arithmetic")
    run("trace", "arithmetic", "1+1", "--steps", "1", "-o", str(tmp_path / "trace.html"))
    assert "<html" in (tmp_path / "trace.html").read_text(encoding="utf-8")


def test_states_are_written_beside_a_page(tmp_path: Path) -> None:
    pytest.importorskip("trm_tasks_arithmetic")
    page, states = tmp_path / "trace.html", tmp_path / "trace.npz"
    run("trace", "arithmetic", "1+1", "--steps", "2", "--messages", "-o", str(states), "--html", str(page))
    assert page.exists()
    with np.load(states) as file:
        assert file["latent"].shape == (2, 15, 32)
        assert file["received"].shape == (2, 4, 8, 15)


def test_trace_by_another_renderer_and_of_its_own_puzzle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("trm_tasks_arithmetic")
    run("trace", "arithmetic", "--renderer", "tokens", "--steps", "2")
    assert "+ 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message", "code"),
    [
        (["arithmetic", "1+1", "--html", "/nowhere/x.html"], "Cannot write /nowhere/x.html: No such file", 2),
        (["arithmetic", "1+1\n2+2"], "Expected one puzzle, the text has 2.", 2),
        (["arithmetic", "one and one"], "Line 1: 'one and one' is not a problem.", 2),
        (["arithmetic", "1+1", "--renderer", "colums"], "has no renderer 'colums'. Did you mean 'columns'", 2),
        (
            ["arithmetic", "1+1", "-o", "x.svg"],
            "Cannot write x.svg: the name must end in .html, .gif, .png or .npz.",
            2,
        ),
        (["arithmetic", "-o", "x.gif", "--gif", "y.gif"], "Both --gif and --output name a file.", 2),
        (["arithmetic", "--messages"], "--messages adds to a file of states: name it with --states FILE.npz.", 2),
        (["arithmetic", "--states", "x.txt"], "--states x.txt: use a name that ends in .npz.", 2),
        (["arithmetic", "-o", "x.npz", "--states", "y.npz"], "Both --states and --output name a file.", 2),
        (["arithmetic", "-o", "x.npz", "--attention"], "Mixer 'relational' has no attention weights to record", 2),
        (["arithmetik"], "Did you mean 'arithmetic'", 2),
    ],
)
def test_trace_says_what_is_wrong(
    arguments: list[str], message: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("trm_tasks_arithmetic")
    with pytest.raises(SystemExit) as end:
        main(["trace", *arguments])
    assert message in capsys.readouterr().err
    assert end.value.code == code
