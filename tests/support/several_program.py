"""A training through the Python API, alone or under torchrun: MODEL WEIGHTS [DATA]. Alone it computes each step in two halves.

Two processes add up the gradients of their halves of the batch, so the weights must be the same to the last bit.
"""

from __future__ import annotations

import sys
from pathlib import Path

from safetensors.torch import save_file

import tests.support.several_processes as several
from trm import TinyRecursiveModel, Trainer
from trm.data.sampler import GroupSampler
from trm.devices.processes import joined
from trm.experiment.experiment import Experiment
from trm.utils import set_seed


def main(model: str, weights: str, data: str | None = None) -> None:
    settings = (*several.DATA, *several.COMMON, *several.MODELS[model], "training.max_steps=50")
    experiment = Experiment.from_preset("sudoku", "mini", settings, data=Path(data) if data else None)
    assert experiment.training is not None
    with joined() as processes:
        puzzles = experiment.puzzles("train")
        set_seed(0)
        network = TinyRecursiveModel(experiment.model_config(puzzles))
        trainer = Trainer(network, experiment.training, processes.backend("cpu"), processes=processes)
        if processes.size == 1:
            trainer.state.accumulation.rows = experiment.training.batch_size // 2
        stream = GroupSampler(puzzles, 0, experiment.task.augmentation())
        trainer.fit(stream, lambda limit: puzzles.head(16).batches(16), experiment.task.metrics())
        if processes.is_rank_zero:
            save_file(network.state_dict(), weights)


if __name__ == "__main__":
    main(*sys.argv[1:])
