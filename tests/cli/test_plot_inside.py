"""`trm plot --kind`: pictures of what happens inside shipped weights, and the numbers in them."""

import csv
import json
from pathlib import Path

import pytest

from trm.cli.main import main
from trm.render.chart import chart, scatter

pytest.importorskip("trm_tasks_arithmetic")


def command(*arguments: str, code: int = 0) -> None:
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == code


def test_convergence_as_a_picture_and_as_numbers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    names = [str(tmp_path / f"plot.{suffix}") for suffix in ("svg", "csv", "json")]
    outputs = [part for name in names for part in ("-o", name)]
    command("plot", "arithmetic", "--kind", "convergence", "--steps", "10", "--limit", "6", *outputs)
    shown = capsys.readouterr().out
    assert "arithmetic: 6 puzzles, 10 steps, fp32" in shown
    assert "solved at step 8 and no longer at step 10: 0" in shown
    assert "distance from the previous state, median" in shown
    picture = Path(names[0]).read_text()
    assert ">halting probability, median</text>" in picture
    command("plot", "arithmetic", "--kind", "convergence", "--steps", "10", "--limit", "6", "-o", names[0])
    assert Path(names[0]).read_text() == picture
    capsys.readouterr()
    with open(names[1], encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["panel"] for row in rows} == {
        "distance from the previous state, median", "distance from the last state, median",
        "share of changed cells, mean", "halting probability, median",
    }  # fmt: skip
    assert len(rows) % 39 == 0  # three quantities of ten steps and one of nine, for each group
    for row in rows:
        assert float(row["low"]) <= float(row["high"])
    document = json.loads(Path(names[2]).read_text())
    assert document["weights"]["arithmetic"]["puzzles"] == 6
    assert [panel["title"] for panel in document["panels"]] == list(dict.fromkeys(row["panel"] for row in rows))
    assert document["panels"][0]["curves"][0]["x"] == [float(step) for step in range(1, 11)]


def test_json_on_stdout_is_one_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "numbers.json"
    command("plot", "arithmetic", "--kind", "trajectory", "--puzzle", "58+967", "--steps", "6", "--restarts", "2",
            "--json", "-o", str(output))  # fmt: skip
    shown = capsys.readouterr()
    assert json.loads(shown.out) == json.loads(output.read_text())
    assert f"Written: {output}" in shown.err
    document = json.loads(shown.out)
    assert document["right"] == [True, True]
    assert [curve["name"] for curve in document["panels"][0]["curves"]] == ["restart 0, solved", "restart 1, solved"]
    assert len(document["panels"][0]["curves"][0]["y"]) == 6


def test_messages_by_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = tmp_path / "numbers.csv"
    command("plot", "arithmetic", "--kind", "messages", "--puzzle", "1+1", "--steps", "3", "-o", str(output))
    assert "received in latent.0, mean size" in capsys.readouterr().out
    with open(output, encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4 * 8 * 3
    assert {"number", "place", "offset (0, -1)"} < {row["curve"] for row in rows}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["arithmetic", "--kind", "messages", "--restarts", "3"], "--restarts goes with --kind trajectory, not with"),
        (["arithmetic", "--kind", "convergence", "--metric", "loss"], "--metric goes with --kind curves, not with"),
        (["arithmetic", "maze", "--kind", "trajectory"], "--kind trajectory shows one model, got 2: arithmetic, maze."),
        (["arithmetic:quick"], "arithmetic:quick names shipped weights, which have no learning curves. Look inside"),
        (["nothing", "--kind", "convergence"], "There is no checkpoint nothing."),
        (["arithmetic", "--kind", "convergence", "--dataset", "gone"], "has no dataset 'gone'"),
        (["arithmetic", "--kind", "convergence", "-o", "x.txt"], "ends in .png, .svg, .pdf, .csv or .json"),
        (["arithmetic", "--kind", "convergence", "-o", "/nowhere/x.csv"], "Cannot write /nowhere/x.csv"),
    ],
)
def test_what_does_not_fit_is_said(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    command("plot", *arguments, code=2)
    assert message in capsys.readouterr().err


def test_a_logarithmic_chart_is_a_line_through_powers_and_omits_zeros() -> None:
    points = [(float(step), 10.0**-step) for step in range(11)]
    text = chart("t", {"down": [*points, (11.0, 0.0)]}, "steps", 50, log=True).plain.splitlines()
    assert [line.split()[0] for line in (text[1], text[7], text[12])] == ["1", "1e-05", "1e-10"]
    assert text[1][10:].startswith("●")
    assert text[12].rstrip().endswith("●")
    assert "no points yet" in chart("t", {"zero": [(1.0, 0.0)]}, "steps", 50, log=True).plain


def test_a_scatter_has_the_ends_of_paths_on_top() -> None:
    text = scatter("t", {"one": [(0, 0), (1, 1), (2, 2)], "two": [(2, 0), (0, 0)], "none": []}, "c", 50).plain
    rows = [line[10:] for line in text.splitlines()[1:13]]
    assert rows[0].endswith("●")
    assert (rows[-1][0], rows[-1][-1]) == ("○", "○")
    assert sum(row.count("●") for row in rows) == 2
    assert "none" not in text
