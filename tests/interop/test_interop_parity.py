"""Model, losses, halting, optimizers and average against recordings of a second implementation and of the paper's code."""

from __future__ import annotations

import math
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tests.support.interop_reference import HRM, make_recording
from tests.support.paths import SHARED
from trm import TinyRecursiveModel, TRMConfig
from trm.errors import CheckpointError, UsageError
from trm.interop.official import load_checkpoint, replay
from trm.interop.official.parity import RECORDED_THREADS
from trm.interop.official.recording import Recording

PARITY = SHARED / "parity"
SHARED_NAMES = ("attention_learned_positions", "attention_rope_puzzle_ids", "hrm_rope", "mixer_4x4_sudoku")
needs_shared = pytest.mark.skipif(not PARITY.exists(), reason="the recordings of the paper's code are not here")

EXACT = ("halted", "steps", "current_inputs", "puzzle_table")
OUTPUTS = ("logits", "halt_logits", "losses", "eval_logits", "eval_halt_logits")

CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "rotary": {"L_layers": 2},
    "learned": {"pos_encodings": "learned", "puzzle_emb_len": 1, "L_layers": 3},
    "no positions": {"pos_encodings": "none", "num_heads": 4},
    "mixer": {"mlp_t": True, "pos_encodings": "none", "puzzle_emb_len": 5},
    "narrow puzzle vector": {"puzzle_emb_ndim": 24, "puzzle_emb_len": 0, "expansion": 2},
    "no puzzle vector": {"puzzle_emb_ndim": 0, "puzzle_emb_len": 0, "num_puzzle_identifiers": 1},
    "one step": {"halt_max_steps": 1},
    "batch of five": {"batch_size": 5, "seq_len": 3, "H_cycles": 1, "L_cycles": 3},
    "hrm": HRM,
    "hrm, unequal stacks": {**HRM, "H_layers": 2, "pos_encodings": "learned", "puzzle_emb_ndim": 24, "H_cycles": 3},
}  # fmt: skip


def check_bars(differences: dict[str, float]) -> None:
    """The agreement that is asked for: exact slots, 1e-5 in outputs and losses, 1e-4 in gradients and weights."""
    for name in EXACT:
        assert differences.get(name, 0.0) == 0.0, (name, differences)
    for name in OUTPUTS:
        assert differences[name] <= 1e-5, (name, differences)
    rest = {name: value for name, value in differences.items() if name not in (*EXACT, *OUTPUTS)}
    assert {"gradients_step1", "gradients_step6", "weights", "ema"} <= set(rest)
    assert max(rest.values()) <= 1e-4, rest


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_agrees_with_a_second_implementation(tmp_path: Path, name: str) -> None:
    seed = list(CONFIGURATIONS).index(name)
    check_bars(replay(make_recording(tmp_path / "recording.safetensors", seed, CONFIGURATIONS[name])))


def test_agrees_with_a_second_implementation_under_softmax_and_other_rates(tmp_path: Path) -> None:
    train = {
        "loss": "softmax_cross_entropy", "lr": 3e-3, "puzzle_emb_lr": 1e-2, "weight_decay": 1.0, "betas": [0.8, 0.99],
        "lr_warmup_steps": 1, "ema": 0.5, "steps": 8,
    }  # fmt: skip
    differences = replay(make_recording(tmp_path / "recording.safetensors", 3, {"halt_max_steps": 5}, train))
    differences["gradients_step6"] = differences.pop("gradients_step8")
    check_bars(differences)


@needs_shared
@pytest.mark.parametrize("name", SHARED_NAMES)
def test_agrees_with_the_papers_code(name: str) -> None:
    check_bars(replay(PARITY / f"{name}.safetensors"))


@needs_shared
@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the recordings were made on x86")
def test_is_the_papers_code_to_the_last_bit_with_the_instructions_it_was_recorded_with() -> None:
    """The order of operations is theirs too; what is left elsewhere is the width of the processor's sums."""
    program = (
        "import sys\nfrom trm.interop.official import replay\n"
        "for path in sys.argv[1:]:\n    assert not any(replay(path).values()), (path, replay(path))\n"
    )
    paths = [str(PARITY / f"{name}.safetensors") for name in SHARED_NAMES]
    result = subprocess.run(
        [sys.executable, "-c", program, *paths],
        env={**os.environ, "ATEN_CPU_CAPABILITY": "avx2"}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr


@needs_shared
@pytest.mark.parametrize("name", SHARED_NAMES)
def test_checkpoint_of_the_papers_code_gives_its_answers(name: str) -> None:
    model = load_checkpoint(PARITY / f"{name}_checkpoint")
    recorded = load_file(PARITY / f"{name}.safetensors")
    inputs, ids = recorded["eval.inputs"].long(), recorded["eval.puzzle_ids"].long()
    with torch.no_grad():
        outputs = model(inputs, puzzle_ids=ids)
    assert len(outputs["logits_list"]) == model.config.n_supervision
    difference = (outputs["logits_list"][-1] - recorded["eval.logits"]).abs().max() / recorded[
        "eval.logits"
    ].abs().max()
    assert difference <= 1e-5


@pytest.mark.parametrize(("use_attention", "count"), [(False, 5_028_866), (True, 6_828_034)])
def test_sudoku_settings_have_the_papers_number_of_parameters(use_attention: bool, count: int) -> None:
    config = TRMConfig(vocab_size=11, context_length=81, num_puzzles=1, puzzle_tokens=16, use_attention=use_attention)
    with torch.device("meta"):
        assert TinyRecursiveModel(config).num_parameters() == count


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_recording(tmp_path_factory.mktemp("recording") / "recording.safetensors", arch={"hidden_size": 8})


def changed(source: Path, target: Path, **tensors: torch.Tensor | None) -> Path:
    """A copy of a recording with some tensors replaced, or left out where None."""
    with safe_open(source, "pt") as file:
        metadata = file.metadata()
    kept = {**load_file(source), **{name.replace("__", "."): value for name, value in tensors.items()}}
    save_file({name: value for name, value in kept.items() if value is not None}, target, metadata)
    return target


@pytest.mark.parametrize(
    ("tensor", "group"),
    [
        ("step3.logits", "logits"),
        ("step2.halt_logits", "halt_logits"),
        ("step4.lm_loss", "losses"),
        ("step5.halt_loss", "losses"),
        ("step1.grad.inner.lm_head.weight", "gradients_step1"),
        ("step1.grad.puzzle_rows", "puzzle_gradients_step1"),
        ("final.inner.L_level.layers.0.mlp.down_proj.weight", "weights"),
        ("final.inner.puzzle_emb.weights", "puzzle_table"),
        ("ema.inner.q_head.weight", "ema"),
        ("eval.logits", "eval_logits"),
    ],
)
def test_replay_finds_every_difference(recording: Path, tmp_path: Path, tensor: str, group: str) -> None:
    value = load_file(recording)[tensor]
    largest = value.abs().max()
    other = changed(recording, tmp_path / "other.safetensors", **{tensor: value + 0.01 * largest})
    assert replay(recording)[group] < 1e-4
    assert replay(other)[group] > 5e-3


@pytest.mark.parametrize("tensor", ["halted", "steps", "current_inputs"])
def test_replay_counts_what_the_slots_hold_otherwise(recording: Path, tmp_path: Path, tensor: str) -> None:
    value = load_file(recording)[f"step2.{tensor}"].clone()
    value.view(-1)[0] = ~value.view(-1)[0] if value.dtype == torch.bool else value.view(-1)[0] + 1
    other = changed(recording, tmp_path / "other.safetensors", **{f"step2.{tensor}": value})
    assert replay(other)[tensor] == 1


def test_replay_does_not_take_a_missing_or_infinite_value_for_agreement(recording: Path, tmp_path: Path) -> None:
    without = changed(recording, tmp_path / "without.safetensors", **{"final.inner.lm_head.weight": None})
    assert replay(without)["weights"] == math.inf
    value = load_file(recording)["step1.logits"]
    infinite = changed(recording, tmp_path / "infinite.safetensors", **{"step1.logits": value / 0})
    assert replay(infinite)["logits"] == math.inf


def test_replay_leaves_the_number_of_threads_as_it_was(recording: Path) -> None:
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(RECORDED_THREADS + 1)
        replay(recording)
        assert torch.get_num_threads() == RECORDED_THREADS + 1
    finally:
        torch.set_num_threads(before)


def test_recordings_that_cannot_be_replayed_are_refused(recording: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="There is no recording"):
        replay(tmp_path / "nothing")
    damaged = tmp_path / "damaged.safetensors"
    damaged.write_bytes(recording.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="damaged or not a recording"):
        replay(damaged)
    plain = tmp_path / "plain.safetensors"
    save_file({"a": torch.zeros(1)}, plain)
    with pytest.raises(CheckpointError, match="not a recording"):
        replay(plain)
    with pytest.raises(CheckpointError, match=r"incomplete: it has no step4\.labels"):
        replay(changed(recording, tmp_path / "cut.safetensors", **{"step4.labels": None}))
    exploring = make_recording(tmp_path / "exploring.safetensors", arch={"halt_exploration_prob": 0.1})
    with pytest.raises(UsageError, match="random exploration"):
        Recording(exploring).training_config()
