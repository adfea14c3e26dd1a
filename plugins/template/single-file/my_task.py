"""My task for `trm`, in one file. Include its folder to use it:

    trm --include-path . check-task my-task
    trm --include-path . train my-task
    trm --include-path . evaluate runs/my-task-quick-1

The puzzle: restore a picture, symmetric left to right and top to bottom, from a quarter of its cells. Replace it with
your own. `trm new-task` without --single-file makes a package of it that can be installed and published.
"""

import numpy as np
from pydantic import BaseModel, ConfigDict, Field
from rich.text import Text

from trm import Structure
from trm.data import Description, PuzzleSet
from trm.evaluation import Share
from trm.hookspecs import hookimpl
from trm.specs import AugmentationSpec, DatasetSpec, MetricSpec, PresetSpec, RendererSpec, TaskSpec

TOKENS = ".RGBY"  # token 0 is a hidden cell, tokens 1 to 4 are colours
STYLES = ("dim", "red", "green", "blue", "yellow")


class Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    half: int = Field(3, description="number of cells from the edge of the picture to its middle", ge=2, le=15)
    train_puzzles: int = Field(2000, description="number of training puzzles", ge=1)
    test_puzzles: int = Field(500, description="number of test puzzles", ge=1)


def describe(config):
    size = 2 * config.half
    cells = np.arange(size**2).reshape(size, size)
    images = {"left_right": cells[:, ::-1], "top_bottom": cells[::-1]}  # a cell and its mirror image form a group
    relations = {name: np.minimum(cells, image).ravel().tolist() for name, image in images.items()}
    structure = Structure(grid=(size, size), relations=relations, interchangeable=[1, 2, 3, 4])
    return Description(vocab_size=5, seq_len=size**2, token_names=tuple(TOKENS), structure=structure)


def build(config, split, seed):
    rng = np.random.default_rng(np.random.SeedSequence([seed, split == "test"]))
    count = config.test_puzzles if split == "test" else config.train_puzzles
    corners = rng.integers(1, 5, size=(10 * count + 100, config.half, config.half))
    in_test = patterns(corners).sum(axis=1) % 5 == 0  # no symmetry changes the sum
    answers = mirrored(corners[in_test == (split == "test")][:count])
    shown = mirrored(rng.integers(4, size=(count, config.half, config.half)))
    quarters = np.kron([[0, 1], [2, 3]], np.ones((config.half, config.half))).ravel()
    return PuzzleSet(np.where(shown == quarters, answers, 0), answers, describe(config))


def patterns(corners):
    """Return for each cell of the corners [N, half, half] the first cell of its colour, whatever the colours are."""
    cells = corners.reshape(len(corners), -1)
    first = np.stack([(cells == colour).argmax(axis=1) for colour in range(1, 5)], axis=1)
    return np.take_along_axis(first, cells - 1, axis=1)


def mirrored(corners):
    """Return whole pictures [N, L] from their upper left corners [N, half, half]."""
    half = corners.shape[1]
    return np.pad(corners, ((0, 0), (0, half), (0, half)), mode="symmetric").reshape(len(corners), -1)


class Turn:
    def __init__(self, config):
        self.config = config

    def apply(self, rng, inputs, labels):
        token = rng.random((len(inputs), 1)) < 0.5  # whether to rotate each picture by half a turn
        return self.invert(inputs, token), self.invert(labels, token), token

    def invert(self, predictions, token):
        return np.where(token, predictions[:, ::-1], predictions)


class Symmetric(Share):
    def count(self, batch):
        return (batch["predictions"] == batch["predictions"][:, ::-1]).all(axis=1).sum(), len(batch["predictions"])


class Picture:
    def __init__(self, config):
        self.size = 2 * config.half

    def render(self, inputs, prediction=None, target=None):
        text = Text()
        for cell, token in enumerate(inputs if prediction is None else prediction):
            mark = "!" if target is not None and token != target[cell] else " "
            text.append(TOKENS[token] + mark + "\n" * (cell % self.size == self.size - 1), STYLES[token])
        return text


MODEL = {"mixing": "relational", "hidden_dim": 32, "mlp_multiple_of": 32, "n_recursions": 2, "n_supervision": 2}
TRAINING = {"batch_size": 32, "max_steps": 150, "learning_rate": 4e-3, "ema_decay": 0.98}
QUICK = PresetSpec(name="quick", summary="6x6 in four colours", model=MODEL, training=TRAINING)


@hookimpl
def trm_register_tasks():
    task = TaskSpec(
        name="my-task",
        summary="restore a picture from a quarter of its cells",
        config=Config,
        describe=describe,
        dataset=DatasetSpec(
            name="random", summary="random pictures", build=build, reads=("train_puzzles", "test_puzzles")
        ),
        augmentation=AugmentationSpec(name="turn", summary="half a turn", factory=Turn),
        metrics=(MetricSpec(name="symmetric", summary="symmetric answers", factory=Symmetric),),
        renderer=RendererSpec(name="picture", summary="one letter per cell", factory=Picture),
        presets=(QUICK,),
    )
    return [task]
