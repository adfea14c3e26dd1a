"""Whether a training compiles its network, and where the compiled code is kept."""

from __future__ import annotations

import contextlib
import logging
import math
import os

import torch
import torch.nn.functional as F

from trm.config import TrainingConfig
from trm.data.cache import cache_folder
from trm.devices import Backend
from trm.model import TinyRecursiveModel
from trm.progress import progress

logger = logging.getLogger(__name__)

LONG_TRAINING = 2.5e13
"""Floating-point operations from which a CPU compiles: about seven minutes of one core.

Compiling takes about half a minute, and steps are up to 1.5 times as fast afterwards; see docs/explanation/recipes.md.
The limit does not depend on measured times, because compiled code rounds differently and a training has to be repeatable.
"""


def compile_network(model: TinyRecursiveModel, config: TrainingConfig, backend: Backend) -> None:
    """Compile a network for its training if the settings ask for it.

    The code is kept in the cache folder, so the next training of such a network starts sooner.
    """
    if not _asked_for(model, config, backend):
        return
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str(cache_folder() / "compiled"))
    problem = None if config.compile == "on" else compiler_problem()
    if problem is None:
        model.compile()
        return
    logger.warning(
        "torch.compile does not work here, so this training takes up to 1.5 times as long (%s). Install a C++ compiler, or "
        "set training.compile=off to train without this warning.",
        problem,
    )


def compiler_problem() -> str | None:
    """Why `torch.compile` does not work on this CPU, in a line; None if it does."""
    try:
        with progress("Trying the compiler"):
            torch.compile(F.relu)(torch.ones(8))
    except Exception as error:  # of any of the many packages behind it
        reason = getattr(error, "inner_exception", error)  # what the code generator raised
        return str(reason).strip().partition("\n")[0] or type(reason).__name__
    return None


def evaluation_mode(model: TinyRecursiveModel, backend: Backend) -> contextlib.AbstractContextManager[object]:
    """The context in which a network is evaluated between steps: a CPU computes the layers as they are written.

    Evaluation has batches of several sizes, each of which would be compiled for half a minute.
    """
    if model.compiled and backend.device.type == "cpu" and hasattr(torch.compiler, "set_stance"):  # since torch 2.6
        return torch.compiler.set_stance("force_eager")
    return contextlib.nullcontext()


def training_operations(model: TinyRecursiveModel, config: TrainingConfig) -> float:
    """About how many floating-point operations a training takes: each weight is used once at each position.

    Infinite if `max_steps` is not set.
    """
    if config.max_steps is None:
        return math.inf
    architecture = model.config
    weights = sum(parameter.numel() for parameter in model.core.parameters())
    positions = math.prod(model.state_shape()[:-1])
    calls = (architecture.T_steps + 2) * (
        architecture.n_recursions + 1
    )  # the last cycle back, too, which is twice as much
    return 2.0 * weights * positions * calls * config.batch_size * config.max_steps


def _asked_for(model: TinyRecursiveModel, config: TrainingConfig, backend: Backend) -> bool:
    if config.compile != "auto":
        return config.compile == "on"
    return backend.compiles() or (backend.device.type == "cpu" and _pays_on_a_cpu(model, config))


def _pays_on_a_cpu(model: TinyRecursiveModel, config: TrainingConfig) -> bool:
    """Whether a training is long. Puzzles of different sizes would be compiled again for each size and number of them."""
    return not model.any_size and LONG_TRAINING <= training_operations(model, config) < math.inf
