"""Readers of weights: shipped files, run folders, the state of a training, checkpoints of the paper's code."""

from __future__ import annotations

import hashlib
import io
import json
import random
import tempfile
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import torch
import yaml

from trm.config import RunConfig
from trm.data.sampler import GroupSampler
from trm.devices import get_backend
from trm.evaluation.examples import Example, examples_of_card
from trm.evaluation.refine import Puzzle
from trm.experiment.experiment import Experiment
from trm.interop.official import load_checkpoint, save_checkpoint
from trm.model import TinyRecursiveModel
from trm.runs.checkpoint_folder import newest_good
from trm.runs.locate import locate
from trm.runs.run_folder import RunFolder
from trm.runs.weights_file import save_weights_file
from trm.training.monitor import Monitor
from trm.training.trainer import Trainer

from .formats import corrupted_archive, corrupted_safetensors
from .harness import Files
from .mutate import MARKS, ODD_TEXTS, corrupt_bytes, corrupt_json, corrupt_lines, corrupt_text, corrupted_json

SMALL = (
    "model.hidden_dim=8",
    "model.mlp_multiple_of=8",
    "model.n_recursions=1",
    "model.T_steps=1",
    "model.num_layers=1",
)
MIXINGS = {
    "relational": (),
    "attention": ("model.mixing=attention", "model.num_heads=2"),
    "mlp": ("model.mixing=mlp",),
}
SUDOKU = ("task.size=4", "task.clues=8", "task.train_puzzles=12", "task.test_puzzles=4")
TRAINING = ("training.batch_size=4", "training.max_steps=4", "training.save_interval=2", "training.eval_interval=2")


def contents(folder: Path) -> Files:
    """All files of a folder by their paths."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


@cache
def experiment(*sets: str) -> Experiment:
    return Experiment.from_preset("sudoku", None, [*SMALL, *SUDOKU, *TRAINING, *sets])


def untrained(*sets: str) -> tuple[RunConfig, dict[str, torch.Tensor]]:
    chosen = experiment(*sets)
    config = chosen.model_config(chosen.puzzles("test"))
    torch.manual_seed(0)
    return chosen.run_config(config), dict(TinyRecursiveModel(config).state_dict())


@lru_cache(maxsize=1)
def shipped() -> list[Files]:
    """Files of weights with their cards."""
    found = []
    for sets in MIXINGS.values():
        puzzles = experiment(*sets).puzzles("test")
        examples = [Example(Puzzle(puzzles.inputs[row], puzzles.scored_labels([row])[0]), row) for row in range(2)]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "weights.safetensors"
            save_weights_file(path, *untrained(*sets), {"examples": [example.as_json() for example in examples]})
            found.append({"weights.safetensors": path.read_bytes()})
    return found


def corrupt_shipped(rng: random.Random, files: Files) -> Files:
    return {name: corrupted_safetensors(rng, content) for name, content in files.items()}


def read_shipped(folder: Path) -> None:
    path = folder / "weights.safetensors"
    loaded = locate(path)
    description = Experiment.from_run(loaded.run).task.description
    examples_of_card(locate(path).card, path, description, loaded.run.model.num_puzzles)
    answer(loaded.model())


def answer(model: TinyRecursiveModel) -> None:
    """What was read must work, if it is not made to be slow."""
    config = model.config
    if config.n_recursions * config.T_steps <= 64 and config.context_length <= 1024:
        model.predict(torch.randint(config.vocab_size, (1, config.context_length or 16)), n_supervision=1)


@lru_cache(maxsize=1)
def runs() -> list[Files]:
    """Run folders of short trainings, one of them unfinished."""
    found = []
    for sets in (MIXINGS["relational"], (*MIXINGS["attention"], "training.optimizer=muon")):
        chosen = experiment(*sets)
        with tempfile.TemporaryDirectory() as folder:
            model = TinyRecursiveModel(chosen.model_config(chosen.puzzles("train")))
            run = RunFolder.create(Path(folder) / "run", chosen.run_config(model.config))
            trainer = made_trainer(chosen, model, run)
            trainer.fit(stream_of(chosen), chosen.test_batches(chosen.puzzles("test")), chosen.task.metrics())
            found.append(contents(Path(folder) / "run"))
    unfinished = {name: content for name, content in found[0].items() if name != "summary.json"}
    return [*found, unfinished]


def made_trainer(chosen: Experiment, model: TinyRecursiveModel, run: RunFolder | None = None) -> Trainer:
    assert chosen.training is not None
    return Trainer(model, chosen.training, get_backend("cpu"), run=run, monitor=Monitor(), seed=0)


def stream_of(chosen: Experiment) -> GroupSampler:
    return GroupSampler(chosen.puzzles("train"), 0, chosen.task.augmentation())


def corrupt_run(rng: random.Random, files: Files, within: str = "") -> Files:
    """A run with one file corrupted and, mostly, the checksums made to fit again."""
    files = dict(files)
    name = rng.choice([name for name in files if within in name])
    if name.endswith(".safetensors"):
        files[name] = corrupted_safetensors(rng, files[name])
    elif name.endswith("metrics.jsonl"):
        files[name] = corrupt_lines(rng, files[name], corrupted_json)
    elif name.endswith(".json"):
        files[name] = corrupted_json(rng, files[name])
    else:
        files[name] = corrupt_text(rng, files[name].decode()).encode(errors="surrogatepass")
    if rng.random() < 0.05:
        files[rng.choice((name + rng.choice(("²", ".old", "٣", "9" * 30)), *ODD_TEXTS))] = files.pop(name)
    return sealed(files) if rng.random() < 0.8 and not name.endswith("checksums.json") else files


def sealed(files: Files) -> Files:
    """The files with right checksums, as somebody hostile would give them."""
    for name in [name for name in files if name.endswith("/checksums.json")]:
        folder = name.removesuffix("checksums.json")
        inside = {other.removeprefix(folder): content for other, content in files.items() if other.startswith(folder)}
        digests = {
            other: hashlib.sha256(content).hexdigest() for other, content in inside.items() if other != "checksums.json"
        }
        files[name] = json.dumps(digests).encode()
    return files


def read_run(folder: Path) -> None:
    loaded = locate(folder)
    Experiment.from_run(loaded.run).task.description  # noqa: B018
    answer(loaded.model())


def corrupt_state(rng: random.Random, files: Files) -> Files:
    return corrupt_run(rng, files, within="/step_")


def read_state(folder: Path) -> None:
    """Go on with the training for a step, as `--resume` does."""
    sets = (
        (*MIXINGS["attention"], "training.optimizer=muon") if b'"muon"' in (folder / "config.json").read_bytes() else ()
    )
    chosen = experiment(*sets)
    train, test = chosen.puzzles("train"), chosen.puzzles("test")
    model = TinyRecursiveModel(chosen.model_config(train))
    trainer, stream = made_trainer(chosen, model), stream_of(chosen)
    checkpoint, _ = newest_good(folder)
    trainer.resume(checkpoint, stream)
    if trainer.step < 4:
        trainer.fit(stream, chosen.test_batches(test), chosen.task.metrics())


def state_seeds() -> list[Files]:
    """Runs whose newest checkpoint is of the middle."""
    return [
        {name: content for name, content in files.items() if "step_4" not in name and name not in ("latest", "best")}
        for files in runs()[:2]
    ]


@lru_cache(maxsize=1)
def official() -> list[Files]:
    """Checkpoints as the paper's code writes them."""
    settings: dict[str, Any] = {
        "vocab_size": 5, "context_length": 6, "hidden_dim": 8, "num_heads": 2, "num_layers": 1, "n_recursions": 1,
        "T_steps": 1, "n_supervision": 2, "num_puzzles": 3, "puzzle_tokens": 2, "mlp_ratio": 0.1,
    }  # fmt: skip
    variants: list[dict[str, Any]] = [
        {}, {"positions": "learned", "puzzle_dim": 12}, {"mixing": "mlp"}, {"num_puzzles": 0, "puzzle_tokens": 0},
        {"architecture": "hrm", "num_layers": 2, "num_layers_high": 1, "puzzle_tokens": 1},
    ]  # fmt: skip
    found = []
    for variant in variants:
        config = experiment().model_config(experiment().puzzles("test")).model_validate({**settings, **variant})
        with tempfile.TemporaryDirectory() as folder:
            save_checkpoint(TinyRecursiveModel(config), folder, 1)
            found.append(contents(Path(folder)))
    return found


def corrupt_official(rng: random.Random, files: Files) -> Files:
    files = dict(files)
    if rng.random() < 0.35:
        text = files["all_config.yaml"]
        if rng.random() < 0.5:
            text = yaml.safe_dump(corrupt_json(rng, yaml.safe_load(text)))
            for mark, meant in MARKS.items():
                text = text.replace(f"'{mark}'", meant.replace("NaN", ".nan").replace("-Infinity", "-.inf"))
            files["all_config.yaml"] = text.encode(errors="surrogatepass")
        else:
            files["all_config.yaml"] = corrupt_text(rng, text.decode()).encode(errors="surrogatepass")
        return files
    if rng.random() < 0.15:
        files["step_1"] = strange_tensors(rng, files["step_1"])
        return files
    corrupt = corrupted_archive if rng.random() < 0.9 else corrupt_bytes
    files["step_1"] = corrupt(rng, files["step_1"])
    return files


def strange_tensors(rng: random.Random, data: bytes) -> bytes:
    """A state dict of which a tensor is another kind of thing, well packed."""
    tensors: dict[Any, Any] = dict(torch.load(io.BytesIO(data), weights_only=True))
    name = rng.choice(sorted(tensors))
    value = tensors[name]
    things = (
        value.to_sparse(), value.half(), value.to(torch.complex64), torch.zeros(1).expand(10**6, 10**6), value.bool(), 3,
        value.to("meta"), torch.nn.Parameter(value), value * float("nan"), value.to(torch.float8_e4m3fn), None, "x",
        torch.quantize_per_tensor(value, 1.0, 0, torch.qint8), {"a": value}, value.T, value[:0], value.new_zeros(10**5),
    )  # fmt: skip
    tensors[rng.choice((name, name, 5, name + "x", ""))] = rng.choice(things)
    output = io.BytesIO()
    torch.save(rng.choice((tensors, tensors, tensors, list(tensors), {})), output)
    return output.getvalue()


def read_official(folder: Path) -> None:
    answer(load_checkpoint(folder))
