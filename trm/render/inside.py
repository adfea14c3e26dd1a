"""The panels of plots that look inside a network."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from trm.evaluation.convergence import Convergence
from trm.evaluation.states import States
from trm.evaluation.trajectory import Trajectory
from trm.render.panels import Curve, Panel

STEPS = "supervision steps"
QUARTILES = (0.25, 0.75)


def convergence_panels(measured: Mapping[str, Convergence]) -> list[Panel]:
    """Four quantities over the steps, for the solved and unsolved puzzles of each weights; bands span the quartiles."""
    quantities = (
        ("distance from the previous state, median", "change", np.median, True),
        ("distance from the last state, median", "remaining", np.median, True),
        ("share of changed cells, mean", "changed", np.mean, False),
        ("halting probability, median", "halting", np.median, False),
    )
    panels = []
    for title, name, middle, log in quantities:
        curves = {}
        for weights, run in measured.items():
            for group, rows in run.groups.items():
                label = f"{group} ({rows.sum()})" if len(measured) == 1 else f"{weights}, {group} ({rows.sum()})"
                values = getattr(run, name)[: -1 if name == "remaining" else None, rows]
                curves[label] = _over_steps(values, middle(values, axis=1))
        panels.append(Panel(title, STEPS, curves, log))
    return panels


def trajectory_panels(path: Trajectory) -> list[Panel]:
    """The paths in the plane of the first two principal components, and their distances from where restart 0 ends."""
    ends = [""] * len(path.points) if path.right is None else [", solved" if it else ", unsolved" for it in path.right]
    names = [f"restart {number}{end}" for number, end in enumerate(ends)]
    plane = {
        name: Curve(points[:, 0].tolist(), points[:, 1].tolist())
        for name, points in zip(names, path.points, strict=True)
    }
    first, second = (
        f"component {number} ({share:.0%} of the variance)" for number, share in enumerate(path.explained, 1)
    )
    steps = _numbers(path.distance.shape[1])
    distances = {name: Curve(steps, row.tolist()) for name, row in zip(names, path.distance, strict=True)}
    distances[names[0]] = Curve(steps[:-1], path.distance[0, :-1].tolist())
    return [
        Panel("states of y and z", first, plane, paths=True, height_label=second),
        Panel("distance from the last state of restart 0", STEPS, distances, log=True),
    ]


def message_panels(states: States) -> list[Panel]:
    """The size of what positions receive, by source: one panel a layer and update; bands span the positions' quartiles.

    Args:
        states: with messages.
    """
    assert states.received is not None
    panels = []
    for number, call in enumerate(states.calls):
        received = states.received[:, number].reshape(len(states.received), len(states.sources), -1)
        curves = {
            source: _over_steps(received[:, place], received[:, place].mean(1))
            for place, source in enumerate(states.sources)
        }
        panels.append(Panel(f"received in {call}, mean size", STEPS, curves))
    return panels


def _over_steps(values: npt.NDArray[np.floating], middle: npt.NDArray[np.floating]) -> Curve:
    """A line over the steps with a band between the quartiles of ``[K, n]``."""
    low, high = np.quantile(values, QUARTILES, axis=1)
    return Curve(_numbers(len(values)), middle.tolist(), low.tolist(), high.tolist())


def _numbers(count: int) -> list[float]:
    return [float(number) for number in range(1, count + 1)]
