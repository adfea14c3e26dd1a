"""Which parts there are, in order of importance, and their shares of the time."""

from __future__ import annotations

import functools
from collections.abc import Callable

from gpu_parts import checks, official, speed
from gpu_parts.part import CHECK, MEASUREMENT, Part, Settings, Work
from trm.plugins.registry import get_registry

MAIN = ("sudoku:paper", "maze:paper", "sudoku:quick", "arc:paper-1", "sudoku:paper-attention", "maze:quick")
"""Presets that are measured first, in every way."""
QUICK = ("arithmetic:quick",)
"""What a rehearsal with --quick measures."""


def parts(settings: Settings) -> list[Part]:
    """All parts, the most important first. The last ones need more than the budget."""
    return [*_checks(), *_measurements(settings)]


def _checks() -> list[Part]:
    found: list[tuple[str, float, Callable[[Work], str]]] = [
        ("device", 5, checks.device_is_there),
        ("same results as the CPU", 15, checks.same_results),
        ("same training as the CPU", 15, checks.same_training),
        ("puzzle table", 5, checks.puzzle_table),
        ("resume", 15, checks.resume),
        ("out of memory", 8, checks.out_of_memory),
        ("same answers as the CPU", 12, checks.same_answers),
        ("compiled step", 60, checks.compiled),
        ("two processes", 40, checks.two_processes),
        ("tests of the trainer", 45, checks.project_tests),
    ]
    return [Part(name, CHECK, seconds, run) for name, seconds, run in found]


def _measurements(settings: Settings) -> list[Part]:
    installed = _presets()
    main = [preset for preset in (QUICK if settings.quick else MAIN) if preset in installed]
    rest = [] if settings.quick else [preset for preset in installed if preset not in main]
    first = [_part("multiply rates", 10, speed.multiply_rates)]
    for preset in main:
        first += [_steps(preset, "eager"), _trainer(preset, "off", 6)]
    for preset in main[:1]:
        first += [_steps(preset, "compiled", 40), _steps(preset, "graphs", 40), _trainer(preset, "auto", 20)]
    for compile in (False, True):
        first.append(
            _part(
                f"paper's code, {'compiled' if compile else 'eager'}",
                25 if settings.official is not None else 0,
                functools.partial(official.compare, preset="sudoku:paper", compile=compile),
            )
        )
    first += [_steps(preset, "textbook") for preset in main]
    for preset in main[1:]:
        first += [_steps(preset, "compiled", 40), _steps(preset, "graphs", 40)]
    return first + [part for preset in rest for part in (_steps(preset, "eager"), _trainer(preset, "off", 6))]


def _presets() -> list[str]:
    return [f"{name}:{preset.name}" for name, task in get_registry().tasks().items() for preset in task.spec.presets]


def _part(name: str, seconds: float, run: Callable[[Work], str]) -> Part:
    return Part(name, MEASUREMENT, seconds, run)


def _steps(preset: str, way: str, seconds: float = 8) -> Part:
    if "paper" in preset:
        seconds += 7  # batches of 768, which are halved until they fit
    return _part(f"{preset}, {way}", seconds, functools.partial(speed.steps, preset=preset, way=way))


def _trainer(preset: str, compile: str, seconds: float) -> Part:
    name = f"{preset}, trainer" + ("" if compile == "off" else ", compiled")
    return _part(name, seconds, functools.partial(speed.trainer, preset=preset, compile=compile))
