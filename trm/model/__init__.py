"""The network and its recursion."""

from trm.model.losses import IGNORED, StepLoss, step_loss
from trm.model.recursion import State
from trm.model.trm import StepOutput, TinyRecursiveModel

__all__ = ["IGNORED", "State", "StepLoss", "StepOutput", "TinyRecursiveModel", "step_loss"]
