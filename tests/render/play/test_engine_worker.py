"""The engine and its worker in a browser: shipped weights agree with PyTorch, and puzzles are solved as `trm solve` does."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import trm
from tests.support.chromium import Chromium, find
from tests.support.javascript import call_in_page, engine_job
from trm.data.puzzle_set import IntArray
from trm.evaluation.options import SearchOptions
from trm.evaluation.row_pool import RowPool
from trm.evaluation.search import Found
from trm.experiment.answering import solve_texts
from trm.experiment.given import SourcedText
from trm.experiment.solver import Solver
from trm.render.play.network import engine_source, network_data

for package in ("trm_tasks_sudoku", "trm_tasks_maze", "trm_tasks_arithmetic"):
    pytest.importorskip(package)

STEPS = 16
VOTED = 4
"""Steps after which some of the sudokus are solved and others are not, before rounding is amplified in the latter."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Chromium]:
    if find() is None:
        pytest.skip("there is no chromium")
    with Chromium() as started:
        started.call(
            "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
        )
        yield started


@torch.no_grad()
def frames_of(solver: Solver, puzzles: list[IntArray], dtype: torch.dtype) -> list[tuple[Any, Any]]:
    """Probabilities and halting probabilities of some puzzles after each step."""
    model = trm.load(str(solver.checkpoint.path), device="cpu").model.to(dtype)
    inputs = torch.from_numpy(np.stack(puzzles).astype(np.int64))
    results = model.steps(inputs, model.initial_state(len(inputs)), None, STEPS)
    return [(output.logits.double().softmax(-1).numpy(), output.halt_logits.sigmoid().numpy()) for _, output in results]


@pytest.mark.parametrize(
    ("weights", "count"),
    [
        ("sudoku:quick", 4),
        ("sudoku:hard", 2),
        ("maze:quick", 3),
        pytest.param("maze:hard", 1, marks=pytest.mark.slow),
        ("arithmetic:quick", 4),
        pytest.param("sudoku:grid", 2, marks=pytest.mark.slow),
        pytest.param("maze:grid", 2, marks=pytest.mark.slow),
    ],
)
def test_shipped_weights_agree_with_pytorch(browser: Chromium, tmp_path: Path, weights: str, count: int) -> None:
    """Some networks amplify rounding while they have not found an answer, in PyTorch just as here. Such puzzles say nothing."""
    solver = trm.load(weights, device="cpu")
    puzzles = [np.asarray(example.puzzle.inputs) for example in solver.examples(count)]
    expected, exact = frames_of(solver, puzzles, torch.float32), frames_of(solver, puzzles, torch.float64)
    calm = [
        row
        for row in range(len(puzzles))
        if max(np.abs(one[0][row] - two[0][row]).max() for one, two in zip(expected, exact, strict=True)) < 1e-5
    ]
    assert len(calm) >= (len(puzzles) + 1) // 2
    found = call_in_page(browser, tmp_path, "run", engine_job(network_data(solver.model), puzzles, STEPS))
    for row in calm:
        for (probabilities, halt), frame in zip(expected, found[row], strict=True):
            answer = np.array(frame["probabilities"]).reshape(probabilities[row].shape)
            assert np.abs(answer - probabilities[row]).max() < 1e-4
            assert frame["halt"] == pytest.approx(halt[row], abs=1e-4)
            assert (answer.argmax(-1) == probabilities[row].argmax(-1)).all()


RULES = """
globalThis.TRMRules = {
  check: ({solutions}, inputs, tokens) => {
    const solution = solutions[inputs.join()];
    const violations = solution.flatMap((token, place) => (token === tokens[place] ? [] : [place]));
    return {violations, valid: violations.length === 0};
  },
};
"""
"""An answer is valid if it is the solution on the board."""

PAGE = """
window.messages = [];
const worker = new Worker(URL.createObjectURL(new Blob([SOURCE], {type: "text/javascript"})));
worker.onmessage = ({data}) => messages.push(data);
worker.onerror = (event) => messages.push({type: "crash", message: event.message});
window.send = (message) => worker.postMessage(message);
"""


class Worker:
    """A worker in a page, and the messages that it has sent."""

    def __init__(self, browser: Chromium, folder: Path) -> None:
        source = json.dumps("\n".join((engine_source(), RULES, worker_source())))
        page = folder / "worker.html"
        script = PAGE.replace("SOURCE", source.replace("</", "<\\/"))
        page.write_text(f"<!doctype html><script>{script}</script>", encoding="utf-8")
        browser.open(page)
        self.browser = browser

    def send(self, **message: Any) -> None:
        self.browser.evaluate(f"send({json.dumps(message)})")

    def wait(self, *types: str) -> list[dict[str, Any]]:
        """All messages up to one of some types, which are then forgotten."""
        deadline = time.monotonic() + 60
        while not self.browser.evaluate(f"messages.some((one) => {json.dumps(types)}.includes(one.type))"):
            assert time.monotonic() < deadline, "the worker did not answer"
            time.sleep(0.02)
        return self.browser.evaluate("messages.splice(0)")


def worker_source() -> str:
    return (Path(trm.__file__).parent / "render" / "play" / "worker.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def solver() -> Solver:
    return trm.load("sudoku:quick", device="cpu")


@pytest.fixture(scope="module")
def puzzles(solver: Solver) -> tuple[IntArray, IntArray]:
    shipped = solver.loaded.experiment.puzzles("test").head(50)
    return np.asarray(shipped.inputs), np.asarray(shipped.labels)


@pytest.fixture(scope="module")
def expected(solver: Solver, puzzles: tuple[IntArray, IntArray]) -> list[list[int]]:
    """What `trm solve` answers where it computes in fp32, with `VOTED` steps and a check."""
    plan = solver.loaded.experiment.search(solver.model.config, SearchOptions(steps=VOTED, check=True))
    pool: RowPool[int] = RowPool(solver.model, replace(plan, precision="fp32"), solver.loaded.session.backend, 64)
    for row, puzzle in enumerate(puzzles[0]):
        pool.add(row, puzzle)
    found: dict[int, Found] = {}
    while pool.busy:
        found |= dict(pool.step())
    return [found[row].answer.tolist() for row in range(len(found))]


def loaded_worker(browser: Chromium, folder: Path, solver: Solver, puzzles: tuple[IntArray, IntArray]) -> Worker:
    worker = Worker(browser, folder)
    inputs, labels = puzzles
    solutions = {
        ",".join(map(str, puzzle)): label for puzzle, label in zip(inputs.tolist(), labels.tolist(), strict=True)
    }
    worker.send(
        type="load",
        network=network_data(solver.model, solver.task.description, "surest"),
        board={"solutions": solutions},
    )
    assert worker.wait("ready", "error", "crash") == [{"type": "ready"}]
    return worker


def answers_of_worker(worker: Worker, inputs: IntArray, steps: int) -> list[list[int]]:
    answers = []
    for row, puzzle in enumerate(inputs.tolist()):
        worker.send(type="solve", id=row, tokens=puzzle, steps=steps, restarts=1, stopWhenValid=True, seed=0)
        *_, done = worker.wait("done", "error", "crash")
        assert (done["type"], done["id"]) == ("done", row)
        answers.append(list(done["answer"]["tokens"].values()))
    return answers


@pytest.mark.parametrize("weights", ["sudoku:quick", pytest.param("sudoku:hard", marks=pytest.mark.slow)])
def test_fifty_sudokus_get_the_answers_of_trm_solve(
    browser: Chromium, tmp_path: Path, weights: str, puzzles: tuple[IntArray, IntArray]
) -> None:
    solver = trm.load(weights, device="cpu")
    worker = loaded_worker(browser, tmp_path, solver, puzzles)
    texts = [SourcedText("", solver.task.format(puzzle)) for puzzle in puzzles[0]]
    solved = list(solve_texts(solver.loaded, texts, SearchOptions(steps=STEPS)))
    answers = answers_of_worker(worker, puzzles[0], STEPS)
    assert [one.valid for one in solved].count(True) >= 49
    for one, answer in zip(solved, answers, strict=True):
        # PyTorch computes in bf16 where the processor is fast at it, so an answer that it did not find may be another one.
        assert not one.valid or (one.tokens is not None and one.tokens.tolist() == answer)


def test_unsolved_sudokus_get_the_answer_with_the_most_votes(
    browser: Chromium,
    tmp_path: Path,
    solver: Solver,
    puzzles: tuple[IntArray, IntArray],
    expected: list[list[int]],
) -> None:
    inputs, labels = puzzles
    answers = answers_of_worker(loaded_worker(browser, tmp_path, solver, puzzles), inputs, VOTED)
    assert answers == expected
    assert (np.array(answers) != labels).any(1).sum() >= 2


def test_frames_come_step_by_step_until_the_answer_is_valid(
    browser: Chromium,
    tmp_path: Path,
    solver: Solver,
    puzzles: tuple[IntArray, IntArray],
    expected: list[list[int]],
) -> None:
    worker = loaded_worker(browser, tmp_path, solver, puzzles)
    inputs, labels = puzzles
    row = next(row for row in range(50) if expected[row] == labels[row].tolist())
    worker.send(type="solve", id="a", tokens=inputs[row].tolist(), steps=VOTED, restarts=2, stopWhenValid=True, seed=0)
    *frames, done = worker.wait("done")
    assert [frame["step"] for frame in frames] == list(range(1, len(frames) + 1))
    assert {(frame["type"], frame["id"], frame["attempt"]) for frame in frames} == {("frame", "a", 1)}
    assert [frame["valid"] for frame in frames] == [False] * (len(frames) - 1) + [True]
    assert frames[-1]["violations"] == []
    assert len(frames[0]["violations"]) == (np.array(list(frames[0]["tokens"].values())) != labels[row]).sum()
    assert all(frame["milliseconds"] > 0 and len(frame["probabilities"]) == 81 * 11 for frame in frames)
    assert (done["reason"], done["attempt"], done["step"]) == ("valid", 1, len(frames))
    assert done["answer"]["tokens"] == frames[-1]["tokens"]

    worker.send(
        type="solve", id="b", tokens=inputs[row].tolist(), steps=len(frames) + 1, restarts=1, stopWhenValid=False
    )
    *again, done = worker.wait("done")
    assert [frame["tokens"] for frame in again[:-1]] == [frame["tokens"] for frame in frames]
    assert (done["reason"], done["step"], done["answer"]["step"]) == ("steps", len(frames) + 1, len(frames))


def test_restarts_follow_one_another(
    browser: Chromium, tmp_path: Path, solver: Solver, puzzles: tuple[IntArray, IntArray]
) -> None:
    worker = loaded_worker(browser, tmp_path, solver, puzzles)
    puzzle = puzzles[0][0].tolist()
    runs = {}
    for name, seed in (("a", 0), ("b", 0), ("c", 5)):
        worker.send(type="solve", id=name, tokens=puzzle, steps=2, restarts=3, stopWhenValid=False, seed=seed)
        *frames, done = worker.wait("done")
        assert [(frame["attempt"], frame["step"]) for frame in frames] == [(a, s) for a in (1, 2, 3) for s in (1, 2)]
        assert (done["reason"], done["attempt"], done["step"]) == ("steps", 3, 2)
        runs[name] = [frame["halt"] for frame in frames]
    assert runs["a"] == runs["b"]
    assert runs["a"][:2] == runs["c"][:2]  # the first attempt has no noise
    assert len({*runs["a"][2:], *runs["c"][2:]}) == 8


def test_a_solve_can_be_stopped_and_replaced(
    browser: Chromium, tmp_path: Path, solver: Solver, puzzles: tuple[IntArray, IntArray]
) -> None:
    worker = loaded_worker(browser, tmp_path, solver, puzzles)
    puzzle = puzzles[0][0].tolist()
    endless = {"tokens": puzzle, "steps": 100_000, "restarts": 1, "stopWhenValid": False, "seed": 0}
    worker.send(type="solve", id=1, **endless)
    worker.wait("frame")
    worker.send(type="stop")
    *_, done = worker.wait("done")
    assert (done["id"], done["reason"]) == (1, "stopped")
    assert done["answer"]["step"] <= done["step"]
    worker.send(type="solve", id=2, **endless)
    worker.send(type="solve", id=3, **endless | {"steps": 1})
    messages = worker.wait("done")
    while not any(message["type"] == "done" and message["id"] == 3 for message in messages):
        messages += worker.wait("done")
    assert [(message["id"], message["reason"]) for message in messages if message["type"] == "done"] == [
        (2, "stopped"),
        (3, "steps"),
    ]
    assert [message["id"] for message in messages if message["type"] == "frame"][-1] == 3


def test_errors_are_messages(
    browser: Chromium, tmp_path: Path, solver: Solver, puzzles: tuple[IntArray, IntArray]
) -> None:
    worker = Worker(browser, tmp_path)
    worker.send(type="solve", id=4, tokens=[], steps=1)
    assert worker.wait("error") == [{"type": "error", "message": "No network is loaded.", "id": 4}]
    worker.send(type="dance")
    assert worker.wait("error") == [{"type": "error", "message": "Unknown message 'dance'.", "id": None}]
    worker = loaded_worker(browser, tmp_path, solver, puzzles)
    worker.send(type="solve", id=5, tokens=[1, 2], steps=1)
    assert worker.wait("error") == [{"type": "error", "message": "Expected a puzzle of 81 tokens, got 2.", "id": 5}]
    worker.send(type="solve", id=6, tokens=puzzles[0][0].tolist(), steps=1)
    assert [message["type"] for message in worker.wait("done")] == ["frame", "done"]
