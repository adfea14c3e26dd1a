"""Commands that only read runs, and completion in the shell, import no torch: it takes seconds."""

import os
import subprocess
import sys
from pathlib import Path

from tests.support.run_folders import write_run

PROGRAM = """
import contextlib, os, sys
from trm.cli.main import main

def call(arguments):
    with contextlib.suppress(SystemExit):
        main(arguments)
    print(f"TORCH after {arguments or os.environ['COMP_LINE']}" if "torch" in sys.modules else "light", file=sys.stderr)

for arguments in (["runs"], ["runs", "--json"], ["compare", "runs"], ["plot", "runs"], ["data", "clear", "TASK"]):
    call(arguments)
os.environ |= {"_TRM_COMPLETE": "bash_complete", "COMP_CWORD": "0", "COMP_WORDBREAKS": " =:"}
for line in ("trm ", "trm compare ", "trm evaluate runs/", "trm train TASK --set training.", "trm train --resume runs/"):
    os.environ |= {"COMP_WORDS": line, "COMP_LINE": line}
    call([])
"""


def test_reading_runs_and_completing_import_no_torch(tmp_path: Path) -> None:
    write_run(tmp_path / "runs" / "a")
    write_run(tmp_path / "runs" / "b", seed=1)
    path = os.pathsep.join(entry for entry in sys.path if entry)
    result = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert "TORCH" not in result.stderr, result.stderr
    assert result.stderr.count("light") == 10, result.stderr
    assert "exact_accuracy" in result.stdout
