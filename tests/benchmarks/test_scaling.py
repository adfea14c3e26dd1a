"""`benchmarks/scaling.py`: the page with the costs of the paper's presets is up to date."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT


@pytest.fixture(scope="module")
def scaling() -> dict[str, Any]:
    """The names in the script."""
    sys.path.append(str(ROOT / "benchmarks"))
    return runpy.run_path(str(ROOT / "benchmarks" / "scaling.py"))


@pytest.fixture(scope="module")
def works(scaling: dict[str, Any]) -> list[Any]:
    return [scaling["work"](preset) for preset in scaling["PRESETS"]]


def test_the_page_has_what_the_script_computes(scaling: dict[str, Any], works: list[Any]) -> None:
    page = scaling["PAGE"].read_text(encoding="utf-8")
    assert page.count("<!-- table: ") == len(scaling["TABLES"])
    assert scaling["updated"](page, works) == page, "run `python benchmarks/scaling.py` and commit the result"


def test_the_measured_rates_are_those_in_the_results(scaling: dict[str, Any], works: list[Any]) -> None:
    """A core's rate is recorded in examples per second of `sudoku:paper`."""
    for rate, examples in zip(scaling["MEASURED_GFLOPS"].values(), (2.3, 8.1), strict=True):
        assert rate == pytest.approx(examples * works[0].per_example / 1e9, rel=1e-3)


def test_operations_follow_from_the_sizes_of_the_matrices(works: list[Any]) -> None:
    """Of Sudoku's MLPs: two layers, seven calls in each of three cycles, and twice that again for the last one's gradients."""
    tokens, width, inner, inner_positions = 81 + 16, 512, 1536, 512
    layer = 2 * tokens * width * 3 * inner + 2 * width * tokens * 3 * inner_positions
    calls = 7 * (3 + 2)
    assert works[0].per_example == pytest.approx(2 * layer * calls, rel=1e-2)


def test_times_at_measured_rates(scaling: dict[str, Any], works: list[Any], tmp_path: Path) -> None:
    row = {"preset": "sudoku:paper", "way": "compiled", "precision": "bf16", "examples_per_second": 5000.0}
    (tmp_path / "gpu.json").write_text(json.dumps({"steps": [row, row | {"preset": "sudoku:quick"}]}))
    lines = list(scaling["measured"](works, tmp_path / "gpu.json"))
    assert lines[2:] == ["| sudoku:paper | compiled | bf16 | 5,000 | 2.8 h |"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(59, "59 s"), (600, "10 min"), (7200, "2.0 h"), (3 * 86400, "3.0 days"), (1e8, "3.2 years")]
)
def test_times_are_written_shortly(scaling: dict[str, Any], seconds: float, text: str) -> None:
    assert scaling["time"](seconds) == text
