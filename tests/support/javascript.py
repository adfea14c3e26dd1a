"""Running the JavaScript engine: in node, in a context of its own without anything that belongs to node, or in a page."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.support.chromium import Chromium
from trm.render.play.network import engine_source

RUN = """
function run({network, starts, steps, simd}) {
  const net = TRMEngine.create(network, {simd});
  return starts.map((start) => {
    net.start(start);
    return Array.from({length: steps}, () => {
      const {tokens, probabilities, halt} = net.step();
      return {tokens: [...tokens], probabilities: [...probabilities], halt};
    });
  });
}
"""
"""A function of the job that gives the frames of each start."""

NODE = """
const vm = require("vm"), context = vm.createContext({});
const {source, program, job} = JSON.parse(require("fs").readFileSync(0, "utf8"));
vm.runInContext(source, context);
context.job = JSON.stringify(job);
process.stdout.write(vm.runInContext(`JSON.stringify((${program})(JSON.parse(job)))`, context));
"""

Frames = list[dict[str, Any]]


def has_node() -> bool:
    """Whether there is a node to run JavaScript in."""
    return shutil.which("node") is not None


def call_in_node(program: str, job: Any, source: str | None = None) -> Any:
    """The value of a JavaScript function for a JSON value. `source` runs before it: by default, the engine and `run`."""
    request = json.dumps(
        {"source": engine_source() + RUN if source is None else source, "program": program, "job": job}
    )
    done = subprocess.run(["node", "-e", NODE], input=request, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def call_in_page(browser: Chromium, folder: Path, program: str, job: Any) -> Any:
    """The same in a page that a browser opens from a file."""
    script = f"{engine_source()}{RUN}\nwindow.answer = ({program})({json.dumps(job)});"
    page = folder / "engine.html"
    page.write_text(f"<!doctype html><script>{script.replace('</', '<' + chr(92) + '/')}</script>", encoding="utf-8")
    browser.open(page)
    assert not browser.problems, browser.problems
    return browser.evaluate("window.answer")


def engine_job(
    network: Mapping[str, Any], puzzles: Sequence[npt.ArrayLike], steps: int, simd: bool = True, **start: Any
) -> dict[str, Any]:
    """The job of `run`: frames of some puzzles from the same seed and puzzle id."""
    starts = [{"tokens": np.asarray(puzzle).tolist(), **start} for puzzle in puzzles]
    return {"network": network, "starts": starts, "steps": steps, "simd": simd}
