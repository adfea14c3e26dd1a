"""`benchmarks/gpu.py`: a rehearsal on the CPU runs every part, and failures are reported and stop nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.support.gpu_benchmark_parts import Settings, parts, report, running
from tests.support.paths import ROOT

BENCHMARKS = ROOT / "benchmarks"
SKIPPED = {"two processes", "tests of the trainer", "paper's code, eager", "paper's code, compiled"}


def test_a_rehearsal_on_the_cpu(tmp_path: Path) -> None:
    options = ("--device", "cpu", "--quick", "--minutes", "90")  # more time than any part needs on a busy machine
    command = [sys.executable, str(BENCHMARKS / "gpu.py"), *options, "--output", str(tmp_path)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, timeout=500, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    written = json.loads((tmp_path / "gpu.json").read_text())
    for name, part in ((part["name"], part) for part in written["parts"]):
        needs_a_gpu = name.endswith(("graphs", "compiled")) and part["status"] == "skipped"
        assert part["status"] == ("skipped" if name in SKIPPED or needs_a_gpu else "ok"), part
    assert written["passed"]
    rates = {(row["way"], row["precision"]) for row in written["steps"]}
    assert rates >= {(way, kind) for way in ("eager", "textbook", "compiled") for kind in ("fp32", "bf16")}
    page = (tmp_path / "gpu.md").read_text()
    assert "| resume | ok |" in page
    assert "| arithmetic:quick | trainer | auto |" in page


def test_a_device_that_is_not_there(tmp_path: Path) -> None:
    command = [sys.executable, str(BENCHMARKS / "gpu.py"), "--device", "cuda:99", "--output", str(tmp_path / "report")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 2
    assert "Device 'cuda:99' is not available" in done.stderr
    assert not (tmp_path / "report").exists()


def test_a_part_that_fails_dies_or_hangs_stops_no_other() -> None:
    seen: list[str] = []
    results = running.run_parts(parts, Settings("cpu"), running.FULL_BUDGET, lambda result: seen.append(result.name))
    found = {result.name: result for result in results}
    assert seen == list(found)
    assert {name: result.status for name, result in found.items()} == {
        "succeeds": "ok",
        "succeeds again": "ok",
        "cannot": "skipped",
        "fails": "failed",
        "dies": "failed",
        "succeeds at last": "ok",
        "hangs": "failed",
        "is too long": "not run",
    }
    assert found["fails"].rows == found["hangs"].rows == [{"before": 1}]
    assert found["fails"].detail.startswith("ValueError: no such number (gpu_benchmark_parts.py:")
    assert found["dies"].detail == "the process died: exit code 7"
    assert found["hangs"].detail == "out of time"
    processes = [found[name].rows[0]["process"] for name in ("succeeds", "succeeds again", "succeeds at last")]
    assert processes[0] == processes[1] != processes[2]
    assert not report.passed(results)
    assert report.passed([running.Result("a", "check", "skipped"), running.Result("b", "measurement", "failed")])
    page = report.markdown(report.document(results, {"minutes": 8.5}, 1.0))
    assert "| fails | failed |" in page
    assert "| is too long | not run | 0.0 | no time left |" in page
