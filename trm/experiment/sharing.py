"""Preparing a model for others: its weights with their model card, settings, metrics, scores and a README."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trm.config import RunConfig
from trm.experiment.card import model_card, recorded_card, unscored_card
from trm.experiment.hub_card import hub_card
from trm.experiment.loaded import LoadedModel
from trm.experiment.portable import portable_weights, without_folders
from trm.runs.history import read_metrics
from trm.runs.hub import CONFIG_FILE, METRICS_FILE, SUMMARY_FILE, WEIGHTS_FILE, HubReference
from trm.runs.run_folder import RunFolder
from trm.runs.weights_file import save_weights_file
from trm.storage.atomic import write_bytes, write_json

CARD_FILE = "README.md"


@dataclass(frozen=True)
class SharedModel:
    """A model as others get it. Paths of this machine are reduced to their last part.

    Attributes:
        run: the settings of the run that made it.
        tensors: the weights, by name.
        card: the model card in the weights file; see `trm.experiment.card`.
        summary: the content of `summary.json`.
        metrics: the lines of `metrics.jsonl`; empty for weights without a run.
        readme: the README, with the Hub's metadata at its beginning.
    """

    run: RunConfig
    tensors: Mapping[str, Any] = field(repr=False)
    card: Mapping[str, Any] = field(repr=False)
    summary: Mapping[str, Any]
    metrics: list[dict[str, Any]] = field(repr=False)
    readme: str = field(repr=False)

    def write(self, folder: Path) -> dict[str, Path]:
        """Write the files into an empty folder; their paths by name, in the order in which a person reads them.

        Raises:
            OSError: a file cannot be written.
        """
        write_bytes(folder / CARD_FILE, self.readme.encode())
        save_weights_file(folder / WEIGHTS_FILE, self.run, self.tensors, self.card)
        write_json(folder / CONFIG_FILE, self.run.model_dump(mode="json"))
        write_json(folder / SUMMARY_FILE, self.summary)
        names = [CARD_FILE, WEIGHTS_FILE, CONFIG_FILE, SUMMARY_FILE]
        if self.metrics:
            write_bytes(folder / METRICS_FILE, "".join(json.dumps(line) + "\n" for line in self.metrics).encode())
            names.append(METRICS_FILE)
        return {name: folder / name for name in names}


def share(loaded: LoadedModel, reference: HubReference, licence: str | None = None) -> SharedModel:
    """Prepare a model for the Hub.

    Scores are those that the run recorded for these weights. Weights without any are scored on the run's test puzzles, which
    takes as long as `trm evaluate`; a task with its own evaluator, which may take hours, gets a card without scores.

    Args:
        loaded: the weights.
        reference: the name that it is going to have.
        licence: the Hub's identifier of a licence, such as "mit". Default: the card states none.

    Raises:
        UsageError: the run names no task, `huggingface_hub` is not installed, or the licence is no identifier.
        DataError: the weights must be scored, but the test puzzles cannot be read.
    """
    checkpoint = loaded.checkpoint
    card = recorded_card(loaded)
    if card is None and loaded.task.spec.evaluate is not None:
        loaded.session.display.note(
            f"The model card has no scores: evaluate {checkpoint.name} at the end of its training."
        )
        card = unscored_card(loaded)
    card = without_folders(card if card is not None else model_card(loaded))
    portable = checkpoint.run.model_copy(update={"init": portable_weights(checkpoint.run.init)})
    run = RunConfig.model_validate(without_folders(portable.model_dump(mode="json")))
    summary = without_folders(_summary(loaded, card))
    return SharedModel(
        run=run,
        tensors=checkpoint.tensors,
        card=card,
        summary=summary,
        metrics=_metrics(loaded),
        readme=hub_card(loaded, card, summary, reference, licence),
    )


def _summary(loaded: LoadedModel, card: Mapping[str, Any]) -> dict[str, Any]:
    """The run's summary, made to describe these weights, which may be of an earlier step."""
    folder = loaded.checkpoint.folder
    recorded = (RunFolder(folder).read_summary() if folder is not None else None) or {}
    own = {
        "final_metrics": card["scores"],
        "intervals": card.get("intervals", {}),
        "steps": card["steps"],
        "parameters": card["parameters"],
        "test_puzzles": card.get("puzzles"),
        "supervision_steps": card["supervision_steps"],
        "seed": card["seed"],
    }
    return {key: value for key, value in recorded.items() if key != "run"} | own


def _metrics(loaded: LoadedModel) -> list[dict[str, Any]]:
    """The metrics up to the step of these weights."""
    folder, step = loaded.checkpoint.folder, loaded.checkpoint.step
    if folder is None or step is None:
        return []
    return [line for line in read_metrics(folder / "metrics.jsonl") if line["step"] <= step]
