"""A task as HTML, for notebooks: its puzzles, its parts and its presets."""

from __future__ import annotations

from pydantic import BaseModel

from trm.data.puzzle_set import Description
from trm.markup import facts, note, panel, table
from trm.specs import TaskSpec
from trm.words import counted

NAMES = 24
"""Number of token names shown."""


def task_html(
    spec: TaskSpec, config: BaseModel, description: Description, dataset: str, augmentation: str | None
) -> str:
    """A task as HTML.

    Args:
        spec: what the plugin registered.
        config: the task's settings.
        description: its puzzles.
        dataset: name of the dataset.
        augmentation: name of the augmentation; None or empty for none.
    """
    structure, names = description.structure, description.token_names
    more = f", and {len(names) - NAMES:,} more" if len(names) > NAMES else ""
    changed = [f"{name}={value}" for name, value in config.model_dump(mode="json", exclude_defaults=True).items()]
    presets = [
        (preset.name, preset.summary, preset.reaches, preset.cost, "yes" if preset.weights else "")
        for preset in spec.presets
    ]
    return panel(
        f"Task {spec.name}",
        note(spec.summary),
        facts(
            {
                "puzzles": f"{counted(description.seq_len, 'position')}, {counted(description.vocab_size, 'token')}",
                "grid": "{} × {}".format(*structure.grid) if structure.grid else "",
                "tokens": " ".join(name if name.strip() else repr(name) for name in names[:NAMES]) + more,
                "relations": ", ".join(structure.relations),
                "settings": ", ".join(changed),
                "dataset": dataset,
                "augmentation": augmentation or "none",
                "metrics": ", ".join(("cell_accuracy", "exact_accuracy", *spec.metric_names)),
                "reads text": "yes" if spec.reads_text else "no",
                "checks answers": "yes" if spec.check is not None else "no",
            }
        ),
        table(("preset", "what it is", "reaches", "training cost", "shipped"), presets) if presets else "",
    )
