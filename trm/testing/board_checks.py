"""Checks of the board that `trm play` draws."""

from __future__ import annotations

import json
import shutil
import subprocess
from importlib import resources
from typing import Any

from trm.data.puzzle_set import Description, IntArray
from trm.errors import PluginError
from trm.render.play.board import Board
from trm.testing.check import CheckFailure, CheckSkipped, plugin_code, require
from trm.testing.subject import Subject

PROGRAM = """
const rules = require(process.argv[1]);
const { board, inputs, answers } = JSON.parse(require("fs").readFileSync(0));
console.log(JSON.stringify(inputs.map((puzzle, row) => rules.check(board, puzzle, answers[row]))));
"""
"""Applies the rules of a board by the page's own script."""

SECONDS = 60


def board_fits(subject: Subject) -> None:
    """The board is plain data that fits vocabulary and length of the puzzles."""
    board = _board(subject)
    try:
        json.dumps(board.as_json())
    except (TypeError, ValueError) as error:
        raise CheckFailure(
            f"The board cannot be written as JSON: {error}.",
            "Most likely it has NumPy numbers: convert them with int().",
        ) from error


def board_accepts_answers(subject: Subject) -> None:
    """The rules of the board accept the right answers of test puzzles. Needs Node.js."""
    board = _board(subject)
    if not board.rules:
        raise CheckSkipped("the board has no rules")
    if shutil.which("node") is None:
        raise CheckSkipped("Node.js, which runs the rules of the page, is not installed")
    results = apply_rules(board, subject.description, subject.inputs, subject.answers)
    refused = [result for result in results if not result["valid"]]
    reasons = next((sentences[0] for result in refused for sentences in result["reasons"].values()), "it is incomplete")
    require(
        not refused,
        f"The rules of the board refuse the right answers of {len(refused)} of {len(results)} test puzzles: {reasons}.",
        "Most likely a rule names the wrong tokens or positions, or holds for other puzzles only.",
    )


def apply_rules(board: Board, description: Description, inputs: IntArray, answers: IntArray) -> list[dict[str, Any]]:
    """What the page's rules say about answers ``[N, L]`` to puzzles ``[N, L]``: `violations`, `reasons` and `valid` of each.

    Raises:
        OSError: Node.js cannot be started.
        subprocess.SubprocessError: it fails.
    """
    fixed = {"fixed": description.fixed, "fixed_tokens": description.fixed_tokens}
    given = {"board": {**board.as_json(), **fixed}, "inputs": inputs.tolist(), "answers": answers.tolist()}
    with resources.as_file(resources.files("trm.render.play").joinpath("rules.js")) as script:
        done = subprocess.run(
            ["node", "-e", PROGRAM, str(script)],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=True,
        )
    results: list[dict[str, Any]] = json.loads(done.stdout)
    return results


def _board(subject: Subject) -> Board:
    """The task's own board.

    Raises:
        CheckSkipped: it has none.
        CheckFailure: it does not fit the puzzles.
    """
    if subject.spec.board is None:
        raise CheckSkipped("the task has no `board`")
    subject.need(subject.spec.board)
    with plugin_code("`board`"):
        try:
            return subject.task.board()
        except PluginError as error:
            raise CheckFailure(
                str(error),
                "Most likely it was written for another size of the puzzle, or counts the padding differently.",
            ) from error
