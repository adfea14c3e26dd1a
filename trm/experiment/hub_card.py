"""The README of a model on the Hugging Face Hub: metadata for the Hub, then what the model is and reaches, for people."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from trm.errors import UsageError, quoted
from trm.experiment.loaded import LoadedModel
from trm.experiment.portable import without_folders
from trm.experiment.provenance import source_of
from trm.experiment.reproduction import training_command
from trm.experiment.structure_note import structure_note
from trm.plugins.registry import get_registry
from trm.runs.hub import LIBRARY, HubReference
from trm.storage.hub_client import hub_client
from trm.storage.untrusted_input import as_number
from trm.words import counted

PAPER = "2510.04871"
"""The arXiv number of the paper on Tiny Recursive Models."""

LONGEST_PUZZLE = 100
"""Number of characters of a puzzle that is shown in an example."""


def hub_card(
    loaded: LoadedModel,
    card: Mapping[str, Any],
    summary: Mapping[str, Any],
    reference: HubReference,
    licence: str | None,
) -> str:
    """Write the README.

    Args:
        loaded: the weights.
        card: their model card, see `trm.experiment.card`.
        summary: the summary of their run.
        reference: the name that the model is going to have.
        licence: the Hub's identifier of a licence. Default: none is stated.

    Raises:
        UsageError: `huggingface_hub` is not installed, or the licence is no identifier.
    """
    if licence is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.+-]*", licence):
        raise UsageError(f"--license {quoted(licence)}: expected an identifier of the Hub, such as mit or apache-2.0.")
    metadata = _metadata(loaded, card, reference, licence)
    sections = (
        _title(loaded, card, reference),
        _use(loaded, card, reference),
        _scores(loaded, card, summary),
        _training(loaded, card, summary),
        _licence(licence),
    )
    return f"---\n{metadata}\n---\n\n" + "\n\n".join(sections) + "\n"


def _metadata(loaded: LoadedModel, card: Mapping[str, Any], reference: HubReference, licence: str | None) -> str:
    """The front matter, made by the client's own classes."""
    hub = hub_client("A model card for the Hub")
    task, dataset = card["task"], card["dataset"]
    results = [
        hub.EvalResult(
            task_type="other",
            task_name=f"{task} puzzles",
            dataset_type=f"{task}-{dataset}",
            dataset_name=_data_of(loaded),
            dataset_split="test",
            metric_type=name,
            metric_name=name.replace("_", " "),
            metric_value=round(value, 6),
        )
        for name, value in _test_scores(card).items()
    ]
    data = hub.ModelCardData(
        library_name=LIBRARY,
        pipeline_tag="other",
        license=licence,
        tags=["tiny-recursive-model", "puzzle", re.sub("[^a-z0-9-]", "-", task), f"arxiv:{PAPER}"],
        model_name=reference.repository.partition("/")[2],
        eval_results=results or None,
        trm={"task": task, "preset": card["preset"], "parameters": card["parameters"]},
    )
    return str(data.to_yaml())


def _title(loaded: LoadedModel, card: Mapping[str, Any], reference: HubReference) -> str:
    config = loaded.checkpoint.run.model
    summary = loaded.task.spec.summary.rstrip(".")
    return (
        f"# {reference.repository.partition('/')[2]}\n\n"
        f"A Tiny Recursive Model ([arXiv:{PAPER}](https://arxiv.org/abs/{PAPER})) for the task `{card['task']}`: {summary}. "
        f"It has {card['parameters']:,} parameters and {config.mixing} mixing, and was trained with `trm`."
    )


def _use(loaded: LoadedModel, card: Mapping[str, Any], reference: HubReference) -> str:
    plugin = get_registry().owner(loaded.task.spec).distribution
    puzzle = _short_puzzle(loaded, card)
    shown = "solver.evaluate(limit=100)" if puzzle is None else f"solver.solve({puzzle!r})"
    return f"""\
## Use it

Install `trm` with the extra `hub`, and the plugin of the task: `pip install 'trm[hub]' {plugin}`. Then, in Python:

```python
import trm
solver = trm.load("{reference}")
print({shown})
```

or in a shell:

```sh
trm evaluate {reference}
trm solve {reference} {"FILE" if puzzle is None else shlex.quote(puzzle)}
trm train {loaded.task.name} --init {reference}
```"""


def _short_puzzle(loaded: LoadedModel, card: Mapping[str, Any]) -> str | None:
    """The first example of the model card as text, if that fits on a line and the task can read it."""
    spec = loaded.task.spec
    if not card["examples"] or not spec.reads_text or spec.solve is not None:
        return None
    text = loaded.task.format(np.asarray(card["examples"][0]["inputs"])).strip()
    return text if len(text) <= LONGEST_PUZZLE and text.isprintable() else None


def _scores(loaded: LoadedModel, card: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    note = f"[^structure]: {structure_note(loaded.checkpoint.run.model)}"
    scores = _test_scores(card)
    if not scores:
        return f"## Scores\n\nThe scores of these weights were not recorded.[^structure]\n\n{note}"
    intervals = card.get("intervals", {})
    rows = [f"| {_cell(name)} | {value:.2%} | {_between(intervals.get(name))} |" for name, value in scores.items()]
    leaked = as_number(summary.get("test_puzzles_in_training"))
    unseen = (
        "" if leaked is None else f" {'None' if leaked == 0 else f'{leaked:,.0f}'} of them are in the training data."
    )
    measured = _data(summary, "test") or _data_of(loaded)
    return "\n".join(
        [
            "## Scores",
            "",
            f"On {counted(card['puzzles'], 'test puzzle')}, with {counted(card['supervision_steps'], 'supervision step')} "
            f"{_search(loaded)}.[^structure] Data: {measured}.{unseen}",
            "",
            "| metric | score | 95 % confidence interval |",
            "|---|---|---|",
            *rows,
            "",
            *_about_intervals(intervals),
            note,
        ]
    )


def _about_intervals(intervals: Mapping[str, Any]) -> list[str]:
    if not intervals:
        return []
    return [
        "The intervals are Wilson's, for the number of puzzles. They do not cover the choice of the seed. A score without one "
        "counts cells, which are not independent of each other, or none was recorded.",
        "",
    ]


def _test_scores(card: Mapping[str, Any]) -> dict[str, float]:
    """The scores on test puzzles; a task's own evaluator also scores training examples."""
    return {name: value for name, value in card["scores"].items() if not name.startswith("train_")}


def _search(loaded: LoadedModel) -> str:
    """How the answers were found, beside the number of steps."""
    training = loaded.experiment.training
    if loaded.task.spec.evaluate is not None:
        return "and the search of the task's own evaluator"
    if training is not None and training.eval_answer == "surest":
        return "and the most confident answer of all steps"
    return "and no further test-time search"


def _training(loaded: LoadedModel, card: Mapping[str, Any], summary: Mapping[str, Any]) -> str:
    rows = "\n".join(f"| {name} | {_cell(text)} |" for name, text in _facts(loaded, card, summary))
    command = training_command(loaded.checkpoint.run)
    repeat = f"\n\nThe settings as a command:\n\n```sh\n{command}\n```" if command else ""
    return f"## Training\n\n| | |\n|---|---|\n{rows}{repeat}"


def _facts(loaded: LoadedModel, card: Mapping[str, Any], summary: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    run = loaded.checkpoint.run
    yield "data", _data(summary, "train") or _data_of(loaded)
    if run.preset:
        yield "preset", run.preset
    yield "seed", str(run.seed)
    if run.init or run.starts_from:
        yield "started from", run.init or f"the weights of preset {run.starts_from}, trained before it"
    steps, seconds = as_number(summary.get("steps")), as_number(summary.get("seconds"))
    if steps:
        yield "optimizer steps", f"{steps:,.0f}"
    if seconds is not None:
        yield "time", f"{seconds / 60:.2g} minutes"
    elif card.get("minutes") is not None:
        yield "time", f"{card['minutes']} minutes"
    if card.get("machine"):
        yield "scored on", card["machine"]
    if run.versions:
        yield "versions", ", ".join(f"{name} {version}" for name, version in run.versions.items())
    if run.changes:
        yield "changed while training", "; ".join(run.changes)


def _licence(licence: str | None) -> str:
    if licence is None:
        return "## Licence\n\nThe author has not stated a licence."
    return f"## Licence\n\n`{licence}`"


def _data(summary: Mapping[str, Any], split: str) -> str | None:
    """The puzzles of a split, as the summary describes them; None if it does not."""
    known = summary.get("data")
    data = known.get(split) if isinstance(known, dict) else None
    if not isinstance(data, dict) or as_number(data.get("puzzles")) is None:
        return None
    origin = f"of {data.get('source')}, seed {data.get('seed')}, fingerprint {data.get('fingerprint')}"
    return f"{data['puzzles']:,} puzzles {origin}"


def _data_of(loaded: LoadedModel) -> str:
    return str(without_folders(source_of(loaded.task)))


def _between(interval: Any) -> str:
    return f"{interval[0]:.2%} to {interval[1]:.2%}" if interval else ""


def _cell(text: str) -> str:
    """Text for a cell of a Markdown table."""
    return " ".join(text.replace("|", "\\|").split())
