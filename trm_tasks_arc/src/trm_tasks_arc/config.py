"""Settings of the ARC task, and the description of its positions and tokens."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from trm import Structure
from trm.data import Description
from trm_tasks_arc.grids import COLOURS, FIRST_COLOUR, MAX_SIDE, PAD, VOCABULARY

NEIGHBOURS = [(-1, 0), (1, 0), (0, -1), (0, 1)]


class ArcConfig(BaseModel):
    """Settings of the ARC task."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    training: tuple[str, ...] = Field(
        ("arcagi1:training",),
        description="sources of training tasks, whose test pairs are trained on too: a name such as arcagi1:training, a folder "
        "of task files, or a challenges file",
    )
    evaluation: tuple[str, ...] = Field(
        ("arcagi1:evaluation",),
        description="sources of scored tasks, whose demonstration pairs are trained on and whose test pairs are scored",
        min_length=1,
    )
    tasks: tuple[str, ...] | None = Field(None, description="use only the tasks with these ids; unset: all")
    subset: Literal["easy"] | None = Field(None, description="use only a named list of tasks; unset: all")
    leaks: Literal["refuse", "drop"] = Field(
        "refuse",
        description="scored tasks that are also training tasks: refuse to build the data, or drop them from training",
    )
    side: int = Field(
        MAX_SIDE,
        description="number of rows and columns of the canvas; tasks with larger grids are skipped",
        ge=1,
        le=MAX_SIDE,
    )
    variants: int = Field(
        1000, description="maximum number of variants of a task besides itself, each with its own puzzle vector", ge=0
    )
    transforms: bool = Field(True, description="rotate and reflect variants")
    recolour: bool = Field(True, description="permute the colours 1 to 9 of variants")
    translate: bool = Field(
        True, description="place all training pairs except one of each variant at random on the canvas"
    )
    interchangeable: bool = Field(
        False,
        description="declare the colours 1 to 9 interchangeable; a relational model then has a state per cell and colour",
    )


def describe(config: ArcConfig) -> Description:
    """Return vocabulary, length and structure of the canvas."""
    side = config.side
    return Description(
        vocab_size=VOCABULARY,
        seq_len=side * side,
        pad_id=PAD,
        token_names=("pad", "end", *map(str, range(COLOURS))),
        structure=Structure(
            grid=(side, side),
            relations={
                "row": [row for row in range(side) for _ in range(side)],
                "column": [*range(side)] * side,
            },
            neighbours=NEIGHBOURS,
            interchangeable=list(range(FIRST_COLOUR + 1, VOCABULARY)) if config.interchangeable else [],
        ),
    )
