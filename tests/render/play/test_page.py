"""The pages of `trm play` in a real browser, without a network."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.support import chromium
from trm.experiment.playing import Playing
from trm.experiment.solver import Solver, load

pytestmark = pytest.mark.skipif(chromium.find() is None, reason="there is no Chromium")

BOARDS = ("sudoku", "maze", "arithmetic")
DONE = "!state.running && state.done !== null"
STATUS = "document.getElementById('status').textContent"
PROBLEM = "document.getElementById('problem').textContent"
EASY = "530070000600195000098000060800060003400803001700020006060000280000419005000080079"
AXE = os.environ.get("AXE_CORE")
"""The path of axe-core's axe.min.js, from the npm package of that name."""


@pytest.fixture(scope="module")
def solvers() -> dict[str, Solver]:
    return {task: load(task, device="cpu") for task in BOARDS}


@pytest.fixture(scope="module")
def pages(solvers: dict[str, Solver], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A page of each task, with few examples."""
    folder = tmp_path_factory.mktemp("pages")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trm.experiment.playing.CELLS", 0)
        patch.setattr("trm.experiment.playing.FEWEST", 12)
        for task, solver in solvers.items():
            (folder / f"{task}.html").write_text(Playing.of(solver, 1, None).html(), encoding="utf-8")
    return {task: folder / f"{task}.html" for task in solvers}


@pytest.fixture(scope="module")
def shared_browser() -> Iterator[chromium.Chromium]:
    with chromium.Chromium() as browser:
        browser.call(
            "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
        )
        yield browser


@pytest.fixture
def browser(shared_browser: chromium.Chromium) -> Iterator[chromium.Chromium]:
    """The browser; after each test, that no page asked for anything or had a problem."""
    yield shared_browser
    assert [url for url in shared_browser.requests if not url.startswith(("file:", "blob:", "data:"))] == []
    assert shared_browser.problems == []


def shown(browser: chromium.Chromium) -> str:
    """What the cells of the board show, a dot for nothing."""
    text: str = browser.evaluate(
        "[...document.querySelectorAll('#board .cell')].map(c => c.textContent || '.').join('')"
    )
    return text


def play(browser: chromium.Chromium) -> str:
    """Press Play, wait for the answer, and return the status."""
    browser.evaluate("document.getElementById('play').click()")
    browser.wait_for(DONE)
    status: str = browser.evaluate(STATUS)
    return status


def test_a_sudoku_is_typed_and_solved_by_the_keyboard_alone(
    browser: chromium.Chromium, pages: dict[str, Path], solvers: dict[str, Solver]
) -> None:
    browser.open(pages["sudoku"])
    while browser.evaluate("document.activeElement.id") != "clear":
        browser.press("Tab")
        if browser.evaluate("document.activeElement.tagName") == "SUMMARY" and not browser.evaluate(
            "document.activeElement.parentElement.open"
        ):
            browser.press("Enter")
    browser.press("Enter")
    assert set(shown(browser)) == {"."}
    for _ in range(40):
        browser.press("Tab", modifiers=8)
        if browser.evaluate("document.activeElement.getAttribute('role')") == "gridcell":
            break
    browser.press("Home", modifiers=2)
    for position, digit in enumerate(EASY):
        if digit != "0":
            browser.press(digit)
        browser.press("ArrowRight" if position % 9 < 8 else "ArrowDown")
        if position % 9 == 8:
            browser.press("Home")
    assert shown(browser) == EASY.replace("0", ".")
    browser.press("Enter", modifiers=2)
    browser.wait_for(DONE)
    assert browser.evaluate(STATUS).startswith("✓ Solved at step ")
    assert shown(browser) == solvers["sudoku"].solve(EASY).text
    last = browser.evaluate("state.now")
    browser.press("PageUp")
    assert (browser.evaluate("state.now"), browser.evaluate(STATUS)[:5]) == (last - 1, "Step " if last > 1 else "The s")


@pytest.mark.parametrize(
    ("text", "place"), [("55", "row 1"), ("5" + "." * 44 + "5", "column 1"), ("5" + "." * 9 + "5", "a box")]
)
def test_repeated_digits_are_refused_before_solving(
    text: str, place: str, browser: chromium.Chromium, pages: dict[str, Path]
) -> None:
    browser.open(pages["sudoku"])
    browser.evaluate(f"readText('{text:.<81}', '')")
    assert browser.evaluate("document.querySelectorAll('#board .wrong').length") == 2
    browser.evaluate("document.getElementById('play').click()")
    assert browser.evaluate(STATUS) == f"The sudoku breaks a rule already: 5 appears twice in {place}."


def test_repeated_digits_on_a_diagonal_are_named(browser: chromium.Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["sudoku"])
    browser.evaluate(
        "board.rules.find((rule) => rule.kind === 'distinct').groups.push([8, 16, 24, 32, 40, 48, 56, 64, 72])"
    )
    browser.evaluate(f"readText('{'.' * 8}5{'.' * 63}5{'.' * 8}', '')")
    browser.evaluate("document.getElementById('play').click()")
    assert browser.evaluate(STATUS) == "The sudoku breaks a rule already: 5 appears twice on a diagonal."


def test_examples_are_loaded_and_frames_are_gone_through(browser: chromium.Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["sudoku"])
    levels = browser.evaluate("[...document.querySelectorAll('#examples button')].map(b => b.textContent)")
    assert levels[0] == "Easy"
    browser.evaluate("document.querySelector('#examples button:last-child').click()")
    assert " example 1 of 1, " in browser.evaluate(STATUS)
    puzzle = shown(browser)
    browser.evaluate("document.getElementById('stop').click()")
    browser.evaluate("document.getElementById('steps').value = 5")
    play(browser)
    assert browser.evaluate("state.frames.length") == 5
    browser.evaluate("document.getElementById('slider').value = 1")
    browser.evaluate("document.getElementById('slider').dispatchEvent(new Event('input'))")
    assert browser.evaluate(STATUS).startswith("Step 1: ")
    browser.evaluate("document.getElementById('previous').click()")
    assert shown(browser) == puzzle
    browser.evaluate("document.getElementById('next').click()")
    browser.point_at("#board .cell:not(.given)")
    assert browser.evaluate("document.querySelectorAll('.likely li').length") >= 1
    assert "%" in browser.evaluate("document.getElementById('inspector').textContent")


def test_a_run_can_be_stopped(browser: chromium.Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["sudoku"])
    browser.evaluate("document.getElementById('steps').value = 1000, document.getElementById('stop').checked = false")
    browser.evaluate("document.getElementById('play').click()")
    browser.wait_for("state.frames.length > 1")
    assert browser.evaluate("document.getElementById('play').textContent").strip() == "Stop"
    browser.evaluate("document.getElementById('previous').click()")  # a look back does not stop it
    browser.wait_for("state.frames.length > state.now + 2")
    assert browser.evaluate("state.running")
    browser.press("Escape")
    assert browser.evaluate(STATUS).startswith("Stopped after step ")
    count = browser.evaluate("state.frames.length")
    assert (
        browser.evaluate("new Promise(done => setTimeout(() => done(state.frames.length), 300)), state.frames.length")
        == count
    )


def test_a_puzzle_is_pasted_and_shared_by_a_fragment(browser: chromium.Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["sudoku"])
    grid = "\\n".join(EASY[row : row + 9] for row in range(0, 81, 9))
    browser.evaluate(
        f"(d => (d.setData('text', '{grid}'), document.body.dispatchEvent(new ClipboardEvent('paste',"
        " {clipboardData: d, bubbles: true}))))(new DataTransfer())"
    )
    assert shown(browser) == EASY.replace("0", ".")
    browser.evaluate("share()")
    fragment = browser.evaluate("location.hash")
    assert fragment == "#p=" + EASY.replace("0", ".")
    browser.open(pages["arithmetic"])
    browser.open(pages["sudoku"], fragment=fragment)
    assert shown(browser) == EASY.replace("0", ".")
    browser.evaluate("location.hash = '#p=123'")
    browser.wait_for(f"{PROBLEM} !== ''")
    assert browser.evaluate(PROBLEM) == "The text has 3 cells. This network takes a sudoku of 81."
    assert shown(browser) == EASY.replace("0", ".")


@pytest.mark.parametrize(
    "text",
    [
        EASY,
        EASY.replace("0", "."),
        "\n".join(" ".join(EASY[row : row + 9]) for row in range(0, 81, 9)),
        "\n".join(
            ("------+-------+------\n" if row in (3, 6) else "")
            + " | ".join(" ".join(EASY[9 * row + column : 9 * row + column + 3]) for column in (0, 3, 6))
            for row in range(9)
        ),
    ],
)
def test_usual_forms_of_a_sudoku_are_read(text: str, browser: chromium.Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["sudoku"])
    assert browser.evaluate(f"readText({json.dumps(text)}, '')"), browser.evaluate(PROBLEM)
    assert shown(browser) == EASY.replace("0", ".")


def test_a_maze_is_drawn_with_the_pointer(
    browser: chromium.Chromium, pages: dict[str, Path], solvers: dict[str, Solver]
) -> None:
    browser.open(pages["maze"])
    browser.evaluate("document.getElementById('clear').click()")
    browser.drag('[data-position="11"]', '[data-position="13"]', '[data-position="83"]')
    walls = [11, 12, *range(13, 84, 10)]
    assert browser.evaluate("state.puzzle.flatMap((token, place) => token === 1 ? [place] : [])") == sorted(walls)
    browser.drag('[data-position="12"]')  # a wall over a wall is erased
    browser.evaluate("document.querySelector('#palette button:nth-child(4)').click()")  # the goal moves
    browser.drag('[data-position="95"]')
    assert browser.evaluate("[state.puzzle.indexOf(4), state.puzzle.lastIndexOf(4), state.puzzle[99]]") == [95, 95, 2]
    status = play(browser)
    assert status.startswith("✓ Solved")
    text = browser.evaluate("TRMText.write(board, state.puzzle)")
    assert browser.evaluate("TRMText.write(board, state.frames.at(-1).tokens)") == solvers["maze"].solve(text).text
    assert browser.evaluate(
        "TRMText.fromFragment(board, TRMText.toFragment(board, state.puzzle)).join()"
    ) == browser.evaluate("state.puzzle.join()")
    assert browser.evaluate(f"readText({json.dumps(text)}, '') && TRMText.write(board, state.puzzle)") == text


def test_a_sum_is_read_typed_and_solved(browser: chromium.Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["arithmetic"])
    assert browser.evaluate("readText('99 + 7', '')")
    assert shown(browser) == "+0099+0007?????"
    browser.evaluate("view.moveTo(7)")
    browser.press("4")
    assert shown(browser) == "+0099+0407?????"
    assert play(browser).startswith("✓ Solved")
    assert browser.evaluate("TRMText.write(board, state.frames.at(-1).tokens)") == "99 + 407 = 506"
    assert not browser.evaluate("readText('99 - 7', '')")
    assert "as in 123+321" in browser.evaluate(PROBLEM)


def test_a_line_joins_the_middles_of_two_cells_and_leaves_them_clickable(
    browser: chromium.Chromium, pages: dict[str, Path]
) -> None:
    browser.open(pages["sudoku"], width=400)
    browser.evaluate("board.lines = [[0, 80]]; view.build(); draw()")
    away = browser.evaluate(
        "(() => { const box = (query) => document.querySelector(query).getBoundingClientRect();"
        " const line = box('#board line'), first = box('[data-position=\"0\"]'), last = box('[data-position=\"80\"]');"
        " return [line.left - (first.left + first.right) / 2, line.top - (first.top + first.bottom) / 2,"
        " line.right - (last.left + last.right) / 2, line.bottom - (last.top + last.bottom) / 2]; })()"
    )
    assert max(map(abs, away)) < 3, away
    middle = "document.querySelector('[data-position=\"40\"]').getBoundingClientRect()"
    assert browser.evaluate(
        f"(b => document.elementFromPoint(b.x + b.width / 2, b.y + b.height / 2).closest('.cell') !== null)({middle})"
    )


def test_text_from_outside_stays_text(browser: chromium.Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages["sudoku"])
    browser.evaluate("readText('<img src=x onerror=\"document.title=1\">', '')")
    assert browser.evaluate("document.querySelectorAll('img').length") == 0


@pytest.mark.parametrize("task", BOARDS)
def test_nothing_is_wider_than_a_phone(task: str, browser: chromium.Chromium, pages: dict[str, Path]) -> None:
    browser.open(pages[task], width=400)
    assert browser.evaluate("document.documentElement.scrollWidth") == 400
    small = browser.evaluate(
        "[...document.querySelectorAll('button')].filter(b => b.getBoundingClientRect().height < 24).length"
    )
    assert small == 0


@pytest.mark.skipif(AXE is None, reason="AXE_CORE does not name axe-core's axe.min.js")
@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (400, False), (400, True)])
@pytest.mark.parametrize("task", BOARDS)
def test_axe_finds_nothing_serious(
    task: str, width: int, dark: bool, browser: chromium.Chromium, pages: dict[str, Path]
) -> None:
    browser.open(pages[task], width=width, dark=dark)
    play(browser)
    browser.evaluate("show(1), document.querySelectorAll('details').forEach(d => { d.open = true })")
    browser.evaluate(Path(str(AXE)).read_text() + ";0")
    browser.evaluate("axe.run().then(r => { window.found = r.violations })")
    browser.wait_for("window.found !== undefined")
    found = browser.evaluate("found.map(v => [v.impact, v.id, v.nodes.length, v.nodes[0].html])")
    assert [violation for violation in found if violation[0] in ("serious", "critical")] == []


@pytest.mark.skipif(subprocess.call(["which", "node"], stdout=subprocess.DEVNULL) != 0, reason="there is no node")
@pytest.mark.parametrize(
    ("task", "settings"),
    [
        ("sudoku", {"size": 6}),
        ("maze", {}),
        ("arithmetic", {"operation": "multiply"}),
        ("arithmetic", {"operation": "subtract"}),
    ],
)
def test_the_rules_of_a_board_agree_with_the_task(task: str, settings: dict[str, object]) -> None:
    from trm.experiment.task import Task
    from trm.testing.board_checks import apply_rules

    few = {"sudoku": "test_puzzles", "maze": "test_puzzles", "arithmetic": "test_examples"}[task]
    bound = Task.named(task, {few: 40, **settings})
    puzzles = bound.puzzles("test", 0)
    inputs = np.asarray(puzzles.inputs).astype(int)
    answers = np.where(puzzles.scored_labels(slice(None)) < 0, inputs, puzzles.scored_labels(slice(None)))
    rng = np.random.default_rng(0)
    for row in range(len(answers) // 2):  # wrong answers: a cell that the puzzle leaves open gets another cell's token
        places = np.flatnonzero(answers[row] != inputs[row])
        answers[row, rng.choice(places)] = answers[row, rng.choice(places)]
    verdicts = [result["valid"] for result in apply_rules(bound.board(), bound.description, inputs, answers)]
    assert verdicts == [bound.check(*pair) is None for pair in zip(inputs, answers, strict=True)]
    assert not all(verdicts[: len(verdicts) // 2]) or task == "maze"


@pytest.mark.slow
@pytest.mark.parametrize("weights", ["sudoku", "sudoku:hard", "maze", "arithmetic"])
def test_the_page_answers_like_trm_solve(
    weights: str, browser: chromium.Chromium, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trm.devices.cpu._has_bf16_units", lambda: False)  # the page computes in fp32
    solver = load(weights, device="cpu")
    page = tmp_path / "page.html"
    page.write_text(Playing.of(solver, 0, None).html(), encoding="utf-8")
    browser.open(page)
    puzzles = solver.loaded.experiment.puzzles("test", limit=50)
    for row in range(50):
        inputs = np.asarray(puzzles.inputs[row])
        browser.evaluate(f"setPuzzle({inputs.tolist()})")
        play(browser)
        answer = browser.evaluate("TRMText.write(board, state.frames[state.now - 1].tokens)")
        solved = solver.solve(inputs)
        assert (answer, browser.evaluate("state.frames[state.now - 1].valid")) == (solved.text, solved.valid), row
