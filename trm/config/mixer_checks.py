"""The conditions that the built-in mixers set on a configuration (`MixerSpec.check`)."""

from __future__ import annotations

from trm.config.model import TRMConfig


def check_attention(config: TRMConfig) -> None:
    """Raise ValueError if the width cannot be divided among the heads."""
    if config.hidden_dim % config.num_heads:
        raise ValueError(f"hidden_dim {config.hidden_dim} is not a multiple of num_heads {config.num_heads}")


def check_mlp(config: TRMConfig) -> None:
    """Raise ValueError for HRM, whose paper and code have no such model."""
    if config.architecture == "hrm":
        raise ValueError("architecture 'hrm' does not support mixing 'mlp': use 'attention' or 'relational'")


def check_relational(config: TRMConfig) -> None:
    """Raise ValueError if the task declares nothing that connects positions."""
    structure, own = config.structure, config.structure.per_puzzle
    if not (structure.relations or structure.neighbours or (own is not None and (own.edges or own.groups))):
        raise ValueError(
            "mixing 'relational' needs a task that declares relations or neighbours, or edges or groups of each puzzle"
        )


def check_grid(config: TRMConfig) -> None:
    """Raise ValueError if the positions form no grid, or the width cannot be divided among the heads."""
    check_attention(config)
    if config.structure.grid is None:
        raise ValueError("mixing 'grid' needs a task whose positions form a grid")
