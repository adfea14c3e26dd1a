"""The kinds of `trm plot` that look inside a network: convergence, trajectory, messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trm.cli.common import load_torch, registry_with_warnings, use_threads
from trm.cli.output import echo
from trm.cli.puzzle_text import read_text
from trm.errors import UsageError

if TYPE_CHECKING:
    from trm.experiment.solver import Solver
    from trm.render.panels import Panel

CONVERGENCE_STEPS = 64


def panels_of(
    kind: str, weights: Sequence[str], options: Mapping[str, Any], quiet: bool
) -> tuple[list[Panel], dict[str, Any]]:
    """The panels of a kind of plot, and facts about what they show.

    Args:
        kind: "convergence", "trajectory" or "messages".
        weights: as `trm.runs.locate` takes them.
        options: those of `trm plot` by the names of Click's parameters.
        quiet: print nothing on stdout.

    Raises:
        UsageError: several weights for a plot of one, or something that `Solver` refuses.
    """
    if kind != "convergence" and len(weights) > 1:
        raise UsageError(f"--kind {kind} shows one model, got {len(weights)}: {', '.join(weights)}.")
    registry_with_warnings()
    use_threads(options["threads"])
    puzzle = None if options["puzzle"] is None else read_text(options["puzzle"])[1]
    load_torch()
    from trm.cli.display import CommandDisplay
    from trm.experiment.solver import load
    from trm.experiment.source import DataSource
    from trm.render.inside import convergence_panels, message_panels, trajectory_panels

    solvers = {name: load(name, device=options["device"], display=CommandDisplay()) for name in dict.fromkeys(weights)}
    if kind == "convergence":
        source = DataSource(dataset=options["dataset"], settings=options["sets"])
        steps = options["steps"] or CONVERGENCE_STEPS
        measured = {
            name: solver.convergence(steps=steps, limit=options["limit"], source=source)
            for name, solver in solvers.items()
        }
        facts = {"steps": steps, "weights": {name: _facts(solvers[name], run) for name, run in measured.items()}}
        if not quiet:
            for name, run in measured.items():
                echo("\n".join(run.report(name)) + "\n")
        return convergence_panels(measured), facts
    ((name, solver),) = solvers.items()
    if kind == "trajectory":
        path = solver.trajectory(puzzle, steps=options["steps"], restarts=options["restarts"])
        return trajectory_panels(path), {"weights": name, "origin": solver.origin(), **path.facts()}
    trace = solver.trace(puzzle, steps=options["steps"], messages=True)
    return message_panels(trace.states), {"weights": name, "origin": solver.origin(), "sources": trace.states.sources}


def _facts(solver: Solver, run: Any) -> dict[str, Any]:
    return {"origin": solver.origin(), **run.facts()}
