"""Many evaluations and trainings in one process: nothing is left behind."""

import gc
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.small_run import SmallRun
from trm.devices import get_backend
from trm.evaluation import CellAccuracy, ExactAccuracy
from trm.evaluation.scoring import evaluate

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="counted by what Linux shows in /proc")
SELF = Path("/proc/self")
MEGABYTES_OF_NOISE = 4


@pytest.mark.parametrize(("trainings", "evaluations"), [(10, 50), pytest.param(200, 1000, marks=pytest.mark.slow)])
def test_nothing_is_left_behind(tmp_path: Path, trainings: int, evaluations: int) -> None:
    """After the first tenth, memory does not grow, and no thread, file handle or process is left."""

    def train(number: int) -> None:
        SmallRun(tmp_path / f"run_{number}", max_steps=4).fit()

    run = SmallRun(None)
    backend = get_backend("cpu")

    def score(number: int) -> None:
        metrics = {"cell_accuracy": CellAccuracy(), "exact_accuracy": ExactAccuracy()}
        evaluate(run.model, run.puzzles.batches(8), metrics, backend)

    for job, times in ((train, trainings), (score, evaluations)):
        repeat(job, range(times // 10))
        before, memory_before = held(), memory()
        repeat(job, range(times // 10, times))
        grown = memory() - memory_before
        print(f"{times} x {job.__name__}: {grown:+.1f} MB after the first tenth; {held()}")
        assert held() == before
        assert grown < MEGABYTES_OF_NOISE


def repeat(job: Callable[[int], None], numbers: range) -> None:
    for number in numbers:
        job(number)
    gc.collect()


def held() -> dict[str, int]:
    """Threads, open files and children of this process."""
    children = (SELF / "task" / SELF.resolve().name / "children").read_text().split()
    return {
        "threads": len(list((SELF / "task").iterdir())),
        "files": len(list((SELF / "fd").iterdir())),
        "processes": len(children),
    }


def memory() -> float:
    """Megabytes that this process holds in memory."""
    fields = dict(line.split(":", 1) for line in (SELF / "status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]) / 1024
