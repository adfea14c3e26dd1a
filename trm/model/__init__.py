"""The network and its recursion."""

from trm.model.losses import IGNORED, StepLoss, step_loss
from trm.model.mixer import Mixer
from trm.model.recursion import State, last
from trm.model.trm import StepOutput, StepResult, TinyRecursiveModel

__all__ = [
    "IGNORED",
    "Mixer",
    "State",
    "StepLoss",
    "StepOutput",
    "StepResult",
    "TinyRecursiveModel",
    "last",
    "step_loss",
]
