"""Parts for the tests of how `benchmarks/gpu.py` runs its parts: they fail, die, hang and succeed."""

from __future__ import annotations

import os
import sys
import time

from tests.support.paths import ROOT

sys.path.append(str(ROOT / "benchmarks"))

from gpu_parts import report, running
from gpu_parts.part import CHECK, MEASUREMENT, Part, Settings, Skipped, Work

__all__ = ["Settings", "parts", "report", "running"]


def succeeds(work: Work) -> str:
    work.add({"process": os.getpid()})
    return "fine"


def fails(work: Work) -> str:
    work.add({"before": 1})
    raise ValueError("no such number")


def dies(work: Work) -> str:
    os._exit(7)


def hangs(work: Work) -> str:
    work.add({"before": 1})
    time.sleep(100)
    return "never"


def cannot(work: Work) -> str:
    raise Skipped("not on this machine")


def parts(settings: Settings) -> list[Part]:
    """The parts, of which the last has no time left."""
    return [
        Part("succeeds", MEASUREMENT, 60, succeeds),
        Part("succeeds again", CHECK, 60, succeeds),
        Part("cannot", CHECK, 60, cannot),
        Part("fails", CHECK, 60, fails),
        Part("dies", MEASUREMENT, 60, dies),
        Part("succeeds at last", CHECK, 60, succeeds),
        Part("hangs", MEASUREMENT, 1, hangs),
        Part("is too long", CHECK, 10_000, succeeds),
    ]
