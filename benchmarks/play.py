"""Benchmark: solving sudokus in the page that `trm play` writes, in headless Chromium with the network blocked.

Presses Play on a page with shipped weights, on an easy puzzle and on a hard one, and waits for the answer. The hard one needs
several steps; a puzzle that is never solved uses all of them, so the time of a whole run is given as well. Targets: an easy
puzzle in 3 s, all steps of a hard one in 60 s, and a page of less than 2 MB. The processor seconds of the page's
process depend little on other load; the wall-clock seconds do.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import trm
from tests.support.chromium import Chromium, find
from trm.experiment.playing import Playing

EASY = "53..7....6..195....98....6.8...6...34..8.3..17...2...6.6....28....419..5....8..79"
HARD = "8..........36......7..9.2...5...7.......457.....1...3...1....68..85...1..9....4.."
CASES = (("sudoku:quick", "easy", EASY), ("sudoku:hard", "easy", EASY), ("sudoku:hard", "hard", HARD))
MOST_SECONDS = 90.0

PLAY = """
(steps, stop) => {
  document.getElementById("steps").value = steps;
  document.getElementById("stop").checked = stop;
  window.took = null;
  const began = performance.now();
  document.getElementById("play").click();
  const timer = setInterval(() => {
    if (!state.done) return;
    clearInterval(timer);
    window.took = (performance.now() - began) / 1000;
  }, 5);
}
"""
"""Press Play, and note the seconds until the worker is done."""


@dataclass(frozen=True)
class Measured:
    """One run in a page.

    Attributes:
        weights: the network.
        puzzle: "easy" or "hard".
        until: "valid" if the run stops at a valid answer, "steps" if it uses all steps.
        valid: whether the last answer is valid.
        steps: supervision steps.
        seconds: from pressing Play to the end, in wall-clock time.
        cpu_seconds: processor time of the page's process in between.
        milliseconds_per_step: median wall-clock time of the network.
        page_kilobytes: size of the page.
    """

    weights: str
    puzzle: str
    until: str
    valid: bool
    steps: int
    seconds: float
    cpu_seconds: float
    milliseconds_per_step: float
    page_kilobytes: int


def cpu_seconds(browser: Chromium) -> float:
    """Processor time of the pages' processes."""
    session, browser.session = browser.session, None
    try:
        processes = browser.call("SystemInfo.getProcessInfo")["processInfo"]
    finally:
        browser.session = session
    return float(sum(process["cpuTime"] for process in processes if process["type"] == "renderer"))


def measure(browser: Chromium, page: Path, case: tuple[str, str], steps: int, stop: bool) -> Measured:
    """Press Play once on a page that was just opened, so that starting the worker counts."""
    browser.open(page)
    before = cpu_seconds(browser)
    browser.evaluate(f"({PLAY})({steps}, {json.dumps(stop)})")
    deadline = time.monotonic() + MOST_SECONDS
    while browser.evaluate("window.took") is None:
        if time.monotonic() > deadline:
            raise SystemExit(f"{case[0]} did not finish an {case[1]} puzzle in {MOST_SECONDS:.0f} s.")
        time.sleep(0.05)
    spent = cpu_seconds(browser) - before
    outside = [address for address in browser.requests if not address.startswith(("file:", "blob:", "data:"))]
    if outside or browser.problems:
        raise SystemExit(f"The page is not self-contained: {outside or browser.problems}")
    took, each, valid = browser.evaluate(
        "[took, state.frames.map((frame) => frame.milliseconds), state.frames.at(-1).valid]"
    )
    median = sorted(each)[len(each) // 2]
    kilobytes = page.stat().st_size // 1000
    until = "valid" if stop else "steps"
    return Measured(*case, until, valid, len(each), round(took, 2), round(spent, 2), round(median, 1), kilobytes)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=64, help="supervision steps at most (default: 64)")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    if find() is None:
        raise SystemExit("There is no Chromium to open the page in.")
    found: list[Measured] = []
    with tempfile.TemporaryDirectory() as folder, Chromium() as browser:
        blocked = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
        browser.call("Network.emulateNetworkConditions", **blocked)
        for weights, difficulty, puzzle in CASES:
            page = Path(folder) / "page.html"
            playing = Playing.of(trm.load(weights, device="cpu"), 0, puzzle)
            page.write_text(playing.html(), encoding="utf-8")
            for stop in (True, False) if difficulty == "hard" else (True,):
                found.append(measure(browser, page, (weights, difficulty), options.steps, stop))
                if not options.json:
                    print(line(found[-1]), flush=True)
    if options.json:
        print(json.dumps([asdict(one) for one in found], indent=2))


def line(one: Measured) -> str:
    """A run in one line."""
    verdict = "solved" if one.valid else "not solved"
    return (
        f"{one.weights}, {one.puzzle} puzzle: {verdict} after {one.steps} steps, {one.seconds:.2f} s from pressing Play "
        f"({one.cpu_seconds:.2f} s of processor time), {one.milliseconds_per_step:.1f} ms a step; page {one.page_kilobytes} kB"
    )


if __name__ == "__main__":
    main()
