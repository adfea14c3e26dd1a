"""Checkpoints made to harm: each is refused with a sentence before it takes memory, time or another file."""

from __future__ import annotations

import hashlib
import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from trm import TinyRecursiveModel, TRMConfig
from trm.config import RunConfig, TrainingConfig
from trm.data.batch import Batch
from trm.data.puzzle_set import Description, PuzzleSet
from trm.data.sampler import GroupSampler
from trm.errors import CheckpointError
from trm.evaluation.examples import examples_of_card
from trm.interop.official import load_checkpoint, save_checkpoint
from trm.runs.building import planned_shapes
from trm.runs.checkpoint_folder import read_run_config, verify
from trm.runs.history import read_history
from trm.runs.locate import locate
from trm.runs.run_folder import RunFolder, step_number
from trm.runs.weights_file import save_weights_file
from trm.training.monitor import Monitor
from trm.training.trainer import Trainer

SIZES: dict[str, Any] = {
    "vocab_size": 5, "context_length": 6, "hidden_dim": 8, "num_heads": 2, "num_layers": 1, "n_recursions": 1, "T_steps": 1,
    "n_supervision": 2, "mlp_multiple_of": 8,
}  # fmt: skip
CONFIG = TRMConfig(**SIZES)
TRAINING = TrainingConfig(batch_size=2, max_steps=2, save_interval=1, keep_checkpoints=5)
TOKENS = torch.arange(12).reshape(2, 6) % 5


def puzzles() -> PuzzleSet:
    return PuzzleSet(TOKENS.numpy(), TOKENS.numpy(), Description(vocab_size=5, seq_len=6))


def trained(folder: Path, steps: int = 2) -> Trainer:
    run = RunFolder.create(folder, RunConfig(model=CONFIG, training=TRAINING))
    trainer = Trainer(TinyRecursiveModel(CONFIG), TRAINING, "cpu", run=run, monitor=Monitor())
    batch = Batch(TOKENS, TOKENS, torch.zeros(2, dtype=torch.long))
    trainer.fit(GroupSampler(puzzles(), 0), lambda limit: [batch], {})
    return trainer


@pytest.fixture
def run(tmp_path: Path) -> Path:
    trained(tmp_path / "run")
    return tmp_path / "run"


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "weights.safetensors"
    save_weights_file(path, RunConfig(model=CONFIG), TinyRecursiveModel(CONFIG).state_dict(), {})
    return path


def sealed(checkpoint: Path) -> None:
    """Give a changed checkpoint right checksums."""
    files = [file for file in checkpoint.iterdir() if file.name != "checksums.json"]
    digests = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    (checkpoint / "checksums.json").write_text(json.dumps(digests))


def with_metadata(path: Path, change: Callable[[dict[str, str]], Any]) -> None:
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    change(header["__metadata__"])
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"hidden_dim": 10**9}, "less than or equal to 65536"),
        ({"hidden_dim": 65_536, "num_heads": 1}, "instead of [65536]"),
        ({"vocab_size": 10**6}, "tokens is [5, 8] instead of [1000000, 8]"),
        ({"context_length": 2**20, "hidden_dim": 8192, "num_heads": 1}, "GiB beside its weights"),
        ({"num_layers": 10**9}, "less than or equal to 1024"),
        ({"num_puzzles": 2**31, "puzzle_dim": 2**31, "puzzle_tokens": 1}, "cannot build a model"),
        ({"n_recursions": 10**12}, "less than or equal to 10000"),
        (
            {"mixing": "relational", "structure": {"relations": {"row": [0, 1, 2, 3, 4, 10**12]}}},
            "a group number from 0 to 5",
        ),
        ({"mixing": "relational", "structure": {"relations": {"row": [-1] * 6}}}, "a group number from 0 to 5"),
        (
            {"mixing": "relational", "structure": {"grid": [2, 3], "neighbours": [[10**9, 0]]}},
            "no farther than the grid",
        ),
        ({"structure": {"interchangeable": [0, 99]}}, "interchangeable must name tokens"),
        ({"positions": "rope2d", "structure": {"grid": [10**6, 10**6]}, "hidden_dim": 16}, "does not have 6 positions"),
    ],
)
def test_sizes_are_compared_before_memory_is_taken(weights: Path, changes: dict[str, Any], sentence: str) -> None:
    run = {"model": {**SIZES, **changes}}
    with_metadata(weights, lambda metadata: metadata.update(trm_run=json.dumps(run)))
    with pytest.raises(CheckpointError) as refused:
        locate(weights).model()
    assert sentence in str(refused.value)


def test_planned_shapes_are_those_of_the_model() -> None:
    structure = {
        "relations": {"row": [0, 0, 0, 1, 1, 1]},
        "interchangeable": [1, 2],
        "grid": [2, 3],
        "neighbours": [[0, 1]],
    }
    for settings in ({}, {"mixing": "relational", "structure": structure}, {"positions": "learned"}):
        config = TRMConfig(**{**SIZES, **settings})
        real = {name: value.shape for name, value in TinyRecursiveModel(config).state_dict().items()}
        assert planned_shapes(config, Path("x")) == real


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(run: Path, value: float) -> None:
    checkpoint = run / "checkpoints" / "step_2"
    tensors = load_file(checkpoint / "ema.safetensors")
    tensors["head.linear.weight"][0, 0] = value
    save_file(tensors, checkpoint / "ema.safetensors")
    sealed(checkpoint)
    with pytest.raises(CheckpointError, match=r"head\.linear\.weight has values that are not finite numbers"):
        locate(run).model()


@pytest.mark.parametrize("name", ["../../config.json", "..", "", "a/b", "/etc/hostname", "nul\0byte", "9" * 5000])
def test_checksums_name_no_file_elsewhere(run: Path, name: str) -> None:
    checkpoint = run / "checkpoints" / "step_2"
    checksums = json.loads((checkpoint / "checksums.json").read_text())
    (checkpoint / "checksums.json").write_text(json.dumps({**checksums, name: "0" * 64}))
    with pytest.raises(
        CheckpointError, match=r"not a file of a checkpoint|Cannot read .*: (it is|not a|File name too long)"
    ):
        verify(checkpoint)


@pytest.mark.parametrize(
    "text", ["[]", "{}", '{"training.json": "0"}', "[" * 5000, "\\ud800", '{"model.safetensors": 1e999}']
)
def test_lists_of_checksums_that_are_none(run: Path, text: str) -> None:
    (run / "checkpoints" / "step_2" / "checksums.json").write_text(text)
    with pytest.raises(CheckpointError, match=r"Cannot read|is damaged"):
        verify(run / "checkpoints" / "step_2")


@pytest.mark.parametrize(
    "text", [b"../../elsewhere/checkpoints/step_1", b"/etc", b"", b"\xff\xfe", b"x" * 10**6, "step_²".encode()]
)
def test_markers_lead_nowhere_else(run: Path, text: bytes) -> None:
    (run / "latest").write_bytes(text)
    marked = RunFolder(run).marked("latest")
    assert marked is None or marked == run / "checkpoints" / "step_1"
    assert locate(run).step in (1, 2)


def test_names_of_checkpoints_are_plain_numbers() -> None:
    assert step_number(Path("step_12")) == 12
    assert [step_number(Path(name)) for name in ("step_²", "step_٣", "step_", "step_-1", "step_" + "9" * 200)] == [
        -1
    ] * 5


def test_what_is_no_regular_file_does_not_block(run: Path) -> None:
    (run / "config.json").unlink()
    os.mkfifo(run / "config.json")
    with pytest.raises(CheckpointError, match=r"Cannot read .*config\.json: "):
        read_run_config(run)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"step": "x", "epoch": 0, "seconds": 0}', "line 1: not a line of metrics (step is 'x')"),
        ('{"step": NaN, "epoch": 0, "seconds": 0}', "step is nan"),
        ('{"step": 1, "epoch": 0, "seconds": 0, "test": 5}', "not a JSON object"),
        ("[" * 5000, "nested too deeply"),
        ('{"step": ' + "9" * 5000 + "}", "not a line of metrics"),
    ],
)
def test_lines_of_metrics_that_are_none(run: Path, text: str, sentence: str) -> None:
    (run / "metrics.jsonl").write_text(text + "\n")
    with pytest.raises(CheckpointError) as refused:
        read_history(run)
    assert sentence in str(refused.value)


def test_a_card_is_checked_against_the_model(weights: Path) -> None:
    description = Description(vocab_size=5, seq_len=6)
    example = {"inputs": [0] * 6, "labels": [0] * 6, "puzzle_id": 7, "solved_at": None}
    with_metadata(weights, lambda metadata: metadata.update(card=json.dumps({"examples": [example]})))
    with pytest.raises(CheckpointError, match="no vector for a puzzle's id"):
        examples_of_card(locate(weights).card, weights, description)
    assert len(examples_of_card(locate(weights).card, weights, description, num_puzzles=8)) == 1
    with_metadata(weights, lambda metadata: metadata.update(card="[" * 5000))
    with pytest.raises(CheckpointError, match=r"card in .*: it is nested too deeply"):
        locate(weights)


def state(change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Any]:
    def spoil(checkpoint: Path) -> None:
        content = json.loads((checkpoint / "training.json").read_text())
        change(content)
        (checkpoint / "training.json").write_text(json.dumps(content))

    return spoil


def tensors(file: str, change: Callable[[dict[str, Any]], Any]) -> Callable[[Path], Any]:
    def spoil(checkpoint: Path) -> None:
        content = load_file(checkpoint / file)
        change(content)
        save_file(content, checkpoint / file)

    return spoil


STATES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a step that is text": (state(lambda s: s.update(step="1")), r"Cannot read .*training\.json"),
    "no state": (lambda folder: (folder / "training.json").write_text("[]"), r"Cannot read .*training\.json"),
    "a place outside of the data": (state(lambda s: s["stream"].update(position=99)), "saved position is outside the data"),
    "a puzzle outside of the data": (state(lambda s: s["stream"].update(pending=[5])), "saved position is outside the data"),
    "a generator read beyond its end": (
        state(lambda s: s["generators"]["numpy"].__setitem__(2, 10**6)), "NumPy's generator can't be at number 1000000"
    ),
    "a generator of another kind": (state(lambda s: s["stream"]["rng"].update(bit_generator="X")), "is damaged"),
    "tokens that there are not": (tensors("slots.safetensors", lambda t: t["inputs"].fill_(99)), "inputs out of range"),
    "puzzles that there are not": (tensors("slots.safetensors", lambda t: t["puzzle_ids"].fill_(-1)), "puzzle_ids out of"),
    "slots of another kind": (
        tensors("slots.safetensors", lambda t: t.update(steps=t["steps"].float())), r"steps of \[2\] torch.float32"
    ),
    "moments of another shape": (
        tensors("optimizer.safetensors", lambda t: t.update({next(n for n in t if n.endswith("|exp_avg")): torch.zeros(3)})),
        r"exp_avg of \[3\] for a parameter",
    ),
    "moments that are missing": (
        tensors("optimizer.safetensors", lambda t: t.pop(next(n for n in t if n.endswith("|exp_avg")))), "lacks something"
    ),
    "moments of nothing": (tensors("optimizer.safetensors", lambda t: t.update(x=torch.zeros(3))), "is damaged"),
}  # fmt: skip


@pytest.mark.parametrize("problem", STATES)
def test_a_damaged_state_of_a_training_is_named(run: Path, problem: str) -> None:
    spoil, sentence = STATES[problem]
    spoil(run / "checkpoints" / "step_1")
    sealed(run / "checkpoints" / "step_1")
    trainer = Trainer(TinyRecursiveModel(CONFIG), TRAINING, "cpu", monitor=Monitor())
    with pytest.raises(CheckpointError, match=sentence):
        trainer.resume(run / "checkpoints" / "step_1", GroupSampler(puzzles(), 0))


def official(folder: Path) -> Path:
    save_checkpoint(TinyRecursiveModel(TRMConfig(**{**SIZES, "mlp_multiple_of": 256})), folder, 1)
    return folder


def repacked(path: Path, packing: int, extra: bytes = b"") -> None:
    with zipfile.ZipFile(path) as archive:
        members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    with zipfile.ZipFile(path, "w", packing) as archive:
        for name, content in members:
            archive.writestr(name, content + (extra if name.endswith("data.pkl") else b""))


def saved(path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    content = dict(torch.load(io.BytesIO(path.read_bytes()), weights_only=True))
    change(content)
    torch.save(content, path)


HEAD = "_orig_mod.model.inner.lm_head.weight"
OFFICIAL: dict[str, tuple[Callable[[Path], Any], str]] = {
    "packed members": (lambda folder: repacked(folder / "step_1", zipfile.ZIP_DEFLATED), "its part '.*' is compressed"),
    "a list that takes hours": (
        lambda folder: repacked(folder / "step_1", zipfile.ZIP_STORED, b"]" * 2**20), r"list of its tensors has 1,\d+,\d+ bytes"
    ),
    "numbers that are not there": (
        lambda folder: saved(folder / "step_1", lambda t: t.update({HEAD: torch.zeros(1).expand(10**6, 10**6)})),
        "larger than the file",
    ),
    "a tensor without numbers": (
        lambda folder: saved(folder / "step_1", lambda t: t.update({HEAD: t[HEAD].to("meta")})), "not a tensor of real numbers"
    ),
    "a sparse tensor": (
        lambda folder: saved(folder / "step_1", lambda t: t.update({HEAD: t[HEAD].to_sparse()})), "not a tensor of real numbers"
    ),
    "numbers that are none": (
        lambda folder: saved(folder / "step_1", lambda t: t[HEAD].fill_(float("nan"))), "values that are not finite"
    ),
    "a configuration of aliases": (
        lambda folder: (folder / "all_config.yaml").write_text("a: &a [1, 1]\nb: &b [*a, *a]\narch: {name: *b}\n"), "it has aliases"
    ),
    "a configuration of brackets": (
        lambda folder: (folder / "all_config.yaml").write_text("[" * 5000), "nested too deeply"
    ),
    "a configuration without end": (
        lambda folder: (folder / "all_config.yaml").write_text("#" * 10**6), "more than the limit of 32,768"
    ),
    "a number without end": (
        lambda folder: (folder / "all_config.yaml").write_text(f"arch: {{L_layers: 0x{'f' * 20_000}}}"),
        "L_layers to a number of 80,000 bits, expected a number",
    ),
}  # fmt: skip


@pytest.mark.parametrize("problem", OFFICIAL)
def test_a_hostile_checkpoint_of_other_code_is_refused(tmp_path: Path, problem: str) -> None:
    spoil, sentence = OFFICIAL[problem]
    spoil(official(tmp_path))
    with pytest.raises(CheckpointError, match=sentence):
        load_checkpoint(tmp_path)
