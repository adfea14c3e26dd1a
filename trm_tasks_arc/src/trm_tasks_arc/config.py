"""The settings of the ARC task, and what they say of its positions and tokens."""

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
        description="sources whose tasks are trained on, test pairs included: arcagi1:training and the like, a folder of "
        "task files, or a challenges file",
    )
    evaluation: tuple[str, ...] = Field(
        ("arcagi1:evaluation",),
        description="sources whose demonstration pairs are trained on and whose test pairs are scored",
        min_length=1,
    )
    tasks: tuple[str, ...] | None = Field(None, description="only the tasks with these ids; unset: all")
    subset: Literal["easy"] | None = Field(None, description="only a named list of tasks; unset: all")
    leaks: Literal["refuse", "drop"] = Field(
        "refuse",
        description="what to do with scored tasks that are among the training tasks: refuse, or drop them there",
    )
    side: int = Field(
        MAX_SIDE, description="rows and columns of the canvas; tasks with larger grids are left out", ge=1, le=MAX_SIDE
    )
    variants: int = Field(
        1000, description="most variants of a task beside itself, each with a puzzle vector of its own", ge=0
    )
    transforms: bool = Field(True, description="variants are rotated and reflected")
    recolour: bool = Field(True, description="variants have the colours 1 to 9 permuted")
    translate: bool = Field(True, description="training pairs but one of each variant lie anywhere on the canvas")
    interchangeable: bool = Field(
        False,
        description="declare the colours 1 to 9 interchangeable, for relational models: a state per cell and colour",
    )


def describe(config: ArcConfig) -> Description:
    """Vocabulary, length and structure of canvases of a side."""
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
