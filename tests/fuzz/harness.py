"""Read corrupted inputs one after the other and count the outcomes, the time and the memory."""

from __future__ import annotations

import contextlib
import random
import resource
import shutil
import signal
import tempfile
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from trm.errors import TRMError

Files = dict[str, bytes]
"""An input: the contents of files by their paths."""

MEMORY = 2**30
SECONDS = 5.0
WAITING = 60.0
KEPT_FAULTS = 20


@dataclass(frozen=True)
class Target:
    """A reader.

    Attributes:
        name: what it reads.
        seeds: whole inputs, which it must read.
        corrupt: makes another input of one of them.
        read: reads the input that lies in a folder. What it raises must be a `TRMError`.
        share: how many inputs it gets beside the other targets: more where reading is fast.
    """

    name: str
    seeds: Callable[[], list[Files]]
    corrupt: Callable[[random.Random, Files], Files]
    read: Callable[[Path], object]
    share: int = 1


@dataclass
class Row:
    """What came of a target's inputs.

    Attributes:
        slowest: seconds of computing.
        faults: tracebacks of what is no error of ours, and hangs.
    """

    target: str
    inputs: int = 0
    read: int = 0
    refused: int = 0
    slowest: float = 0.0
    peak_mib: float = 0.0
    faults: list[str] = field(default_factory=list)


class Hang(BaseException):
    """An input took more than `SECONDS`."""


def fuzz(target: Target, inputs: int, seed: int, keep: Path | None = None) -> Row:
    """Read `inputs` corrupted inputs.

    Args:
        target: the reader.
        inputs: how many.
        seed: the same one makes the same inputs.
        keep: a folder for the inputs that a reader fails on.
    """
    warnings.simplefilter("ignore")  # numpy's and torch's on odd numbers are no faults
    row, seeds = Row(target.name), target.seeds()
    with tempfile.TemporaryDirectory(prefix="trm-fuzz-") as folder:
        for files in seeds:
            place = written(files, Path(folder) / "input")
            target.read(place)
        for number in range(inputs):
            rng = random.Random(f"{target.name}/{seed}/{number}")
            files = target.corrupt(rng, rng.choice(seeds))
            fault = _read(target, written(files, Path(folder) / "input"), row)
            if fault is not None and len(row.faults) < KEPT_FAULTS:
                row.faults.append(f"input {number}: {fault}")
                if keep is not None:
                    written(files, keep / f"{target.name.replace(' ', '-')}-{seed}-{number}")
    row.peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return row


def written(files: Files, folder: Path) -> Path:
    """The folder with the files and nothing else; names that no file in it can have are left out.

    The names are corrupted too: nothing is written unless its place is inside of the folder.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    inside = folder.resolve()
    for name, content in files.items():
        try:
            path = (inside / name).resolve()
            if inside not in path.parents:
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        except (OSError, ValueError):
            continue
    return folder


def _read(target: Target, place: Path, row: Row) -> str | None:
    """Count one input; what is wrong with how it was taken, if anything."""
    row.inputs += 1
    started = time.process_time()
    fault = None
    try:
        with _time_limit():
            target.read(place)
        row.read += 1
    except TRMError as error:
        row.refused += 1
        if not str(error).strip():
            fault = "its message is empty"
    except (Exception, Hang):
        fault = traceback.format_exc(limit=-6)
    seconds = time.process_time() - started
    row.slowest = max(row.slowest, seconds)
    return fault or (f"it took {seconds:.1f} s" if seconds > SECONDS else None)


@contextlib.contextmanager
def _time_limit() -> Iterator[None]:
    """Raises `Hang` after `SECONDS` of computing, or where nothing is computed, as on a pipe, of `WAITING`."""
    timers = ((signal.SIGPROF, signal.ITIMER_PROF, SECONDS), (signal.SIGALRM, signal.ITIMER_REAL, WAITING))
    for number, timer, seconds in timers:
        signal.signal(number, _hangs)
        signal.setitimer(timer, seconds)
    try:
        yield
    finally:
        for _, timer, _ in timers:
            signal.setitimer(timer, 0)


def _hangs(number: int, frame: FrameType | None) -> None:
    raise Hang


def limit_memory() -> None:
    """From here on this process can take `MEMORY` more bytes than it has, on systems that tell how many these are."""
    status = Path("/proc/self/status")
    if status.exists():
        size = next(line for line in status.read_text().splitlines() if line.startswith("VmSize"))
        limit = int(size.split()[1]) * 1024 + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
