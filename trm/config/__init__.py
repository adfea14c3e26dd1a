"""Settings of model, training and run: pydantic models that refuse unknown fields and describe every known one."""

from trm.config.base import Settings
from trm.config.model import NeighbourPooling, TRMConfig
from trm.config.run import RunConfig
from trm.config.structure import PuzzleStructure, Structure
from trm.config.training import AnswerChoice, TrainingConfig

__all__ = [
    "AnswerChoice",
    "NeighbourPooling",
    "PuzzleStructure",
    "RunConfig",
    "Settings",
    "Structure",
    "TRMConfig",
    "TrainingConfig",
]
