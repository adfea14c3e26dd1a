"""Evaluating a model: metrics, answers, and requests to tasks with their own evaluator or solver.

Names are imported on first use, so that a metric costs no import of torch.

Metrics:
    `Metric`: the protocol. `Share`: base class of metrics that are a ratio of counts. `ValidAnswers`: base class of those
    that judge answers one by one.
    `CellAccuracy`, `ExactAccuracy`: the two that every task has.

Answers:
    `answer`, `Answer`: run a model on a batch, and its last output.

The inside of a model:
    `States`: the states and messages of a trace. `Convergence`: how states move over many steps.
    `Trajectory`: the paths of a state from several initial states.

Tasks with their own evaluator or solver (`TaskSpec.evaluate`, `TaskSpec.solve`):
    `EvaluationRequest`, `SolveRequest`: what the task's function receives. `SolvedPuzzle`: what a solver yields.
    `UntrainedRequest`: the same for a task that learns each puzzle from scratch. `Refinement`: how it learned one; `Puzzle`,
    `Frame`: its parts.
    `Budget`: how long a task may learn.
    `ScoreRequest`: what `TaskSpec.score` receives: answers that were made elsewhere.
    `Progress`, `silently`: the type of a progress display, and the one that shows nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trm.lazy import lazy_names

if TYPE_CHECKING:
    from trm.evaluation.budget import Budget as Budget
    from trm.evaluation.convergence import Convergence as Convergence
    from trm.evaluation.metrics import CellAccuracy as CellAccuracy
    from trm.evaluation.metrics import ExactAccuracy as ExactAccuracy
    from trm.evaluation.metrics import Metric as Metric
    from trm.evaluation.metrics import Share as Share
    from trm.evaluation.metrics import ValidAnswers as ValidAnswers
    from trm.evaluation.refine import Frame as Frame
    from trm.evaluation.refine import Puzzle as Puzzle
    from trm.evaluation.requests import EvaluationRequest as EvaluationRequest
    from trm.evaluation.requests import Progress as Progress
    from trm.evaluation.requests import Refinement as Refinement
    from trm.evaluation.requests import ScoreRequest as ScoreRequest
    from trm.evaluation.requests import SolvedPuzzle as SolvedPuzzle
    from trm.evaluation.requests import SolveRequest as SolveRequest
    from trm.evaluation.requests import UntrainedRequest as UntrainedRequest
    from trm.evaluation.requests import silently as silently
    from trm.evaluation.scoring import Answer as Answer
    from trm.evaluation.scoring import answer as answer
    from trm.evaluation.states import States as States
    from trm.evaluation.trajectory import Trajectory as Trajectory

__getattr__, __dir__, __all__ = lazy_names(
    __name__,
    {
        "Answer": "trm.evaluation.scoring",
        "Budget": "trm.evaluation.budget",
        "CellAccuracy": "trm.evaluation.metrics",
        "Convergence": "trm.evaluation.convergence",
        "EvaluationRequest": "trm.evaluation.requests",
        "ExactAccuracy": "trm.evaluation.metrics",
        "Frame": "trm.evaluation.refine",
        "Metric": "trm.evaluation.metrics",
        "Progress": "trm.evaluation.requests",
        "Puzzle": "trm.evaluation.refine",
        "Refinement": "trm.evaluation.requests",
        "Share": "trm.evaluation.metrics",
        "ScoreRequest": "trm.evaluation.requests",
        "SolveRequest": "trm.evaluation.requests",
        "SolvedPuzzle": "trm.evaluation.requests",
        "States": "trm.evaluation.states",
        "Trajectory": "trm.evaluation.trajectory",
        "UntrainedRequest": "trm.evaluation.requests",
        "ValidAnswers": "trm.evaluation.metrics",
        "answer": "trm.evaluation.scoring",
        "silently": "trm.evaluation.requests",
    },
)
