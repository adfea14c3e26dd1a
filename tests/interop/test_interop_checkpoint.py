"""Checkpoints of the paper's code: read, written, read again; and refused where they are not what they should be."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from torch import Tensor

from tests.support.paths import SHARED
from trm import Structure, TinyRecursiveModel, TRMConfig
from trm.errors import CheckpointError, TRMError, UsageError
from trm.interop.official import load_checkpoint, save_checkpoint

PARITY = SHARED / "parity"
SHARED_NAMES = ("attention_learned_positions", "attention_rope_puzzle_ids", "hrm_rope", "mixer_4x4_sudoku")
needs_shared = pytest.mark.skipif(not PARITY.exists(), reason="the recordings of the paper's code are not here")

BASE: dict[str, Any] = {
    "vocab_size": 5, "context_length": 6, "hidden_dim": 8, "num_heads": 2, "num_layers": 1, "n_recursions": 2,
    "T_steps": 2, "n_supervision": 3, "num_puzzles": 3, "puzzle_tokens": 2,
}  # fmt: skip
VARIANTS: dict[str, dict[str, Any]] = {
    "rotary": {},
    "learned": {"positions": "learned", "puzzle_dim": 12},
    "mixer": {"mixing": "mlp"},
    "no puzzle vectors": {"num_puzzles": 0, "puzzle_tokens": 0, "loss": "softmax"},
    "hrm": {"architecture": "hrm", "num_layers": 2, "num_layers_high": 1, "puzzle_tokens": 1},
}


def build(**settings: Any) -> TinyRecursiveModel:
    torch.manual_seed(0)
    model = TinyRecursiveModel(TRMConfig(**{**BASE, **settings}))
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    return model


def file_tensors(path: Path) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = torch.load(path, weights_only=True)
    return tensors


def same_bytes(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    return one.keys() == other.keys() and all(
        value.dtype == other[name].dtype and value.numpy().tobytes() == other[name].numpy().tobytes()
        for name, value in one.items()
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_round_trip_is_exact(tmp_path: Path, variant: str) -> None:
    model = build(**VARIANTS[variant])
    file = save_checkpoint(model, tmp_path / "first", 12)
    assert file == tmp_path / "first" / "step_12"
    loaded = load_checkpoint(tmp_path / "first")
    assert loaded.config.model_dump() == model.config.model_dump() | {
        "num_layers_high": loaded.config.num_layers_high,
        "puzzle_dim": loaded.config.puzzle_dim,
    }
    assert same_bytes(dict(model.state_dict()), dict(loaded.state_dict()))
    again = save_checkpoint(loaded, tmp_path / "second", 12)
    assert same_bytes(file_tensors(file), file_tensors(again))
    assert (tmp_path / "first" / "all_config.yaml").read_text() == (tmp_path / "second" / "all_config.yaml").read_text()


@needs_shared
@pytest.mark.parametrize("name", SHARED_NAMES)
def test_checkpoint_of_the_papers_code_survives_import_and_export(tmp_path: Path, name: str) -> None:
    source = PARITY / f"{name}_checkpoint"
    written = save_checkpoint(load_checkpoint(source), tmp_path, 6)
    assert same_bytes(file_tensors(source / "step_6"), file_tensors(written))
    theirs, ours = (yaml.safe_load((folder / "all_config.yaml").read_text())["arch"] for folder in (source, tmp_path))
    theirs.pop("halt_exploration_prob"), ours.pop("halt_exploration_prob")
    assert ours == theirs


@pytest.mark.parametrize(
    "prefix", ["", "model.inner.", "_orig_mod.model.inner.", "model._orig_mod.inner.", "module.model.inner."]
)
def test_names_are_found_behind_any_wrapper(tmp_path: Path, prefix: str) -> None:
    model = build()
    file = save_checkpoint(model, tmp_path, 1)
    bare = {name.rpartition("inner.")[2]: value for name, value in file_tensors(file).items()}
    torch.save({prefix + name: value for name, value in bare.items()}, file)
    assert same_bytes(dict(model.state_dict()), dict(load_checkpoint(tmp_path).state_dict()))


def test_newest_step_is_taken_and_one_file_can_be_named(tmp_path: Path) -> None:
    old, new = build(), build(n_recursions=2)
    torch.nn.init.zeros_(old.embedding.tokens)
    save_checkpoint(old, tmp_path, 9)
    save_checkpoint(new, tmp_path, 10)
    assert torch.equal(load_checkpoint(tmp_path).embedding.tokens, new.embedding.tokens)
    assert torch.equal(load_checkpoint(tmp_path / "step_9").embedding.tokens, old.embedding.tokens)


def test_bare_state_dict_with_its_architecture_given(tmp_path: Path) -> None:
    model = build()
    file = save_checkpoint(model, tmp_path / "whole", 1)
    settings = tmp_path / "whole" / "all_config.yaml"
    bare = tmp_path / "weights.pt"
    shutil.copy(file, bare)
    with pytest.raises(CheckpointError, match=r"all_config\.yaml is missing"):
        load_checkpoint(bare)
    arch = yaml.safe_load(settings.read_text())["arch"]
    for given in (settings, arch, model.config):
        assert same_bytes(dict(model.state_dict()), dict(load_checkpoint(bare, given).state_dict()))


def test_model_without_a_known_length_takes_any(tmp_path: Path) -> None:
    model = build()
    file = save_checkpoint(model, tmp_path, 1)
    arch = yaml.safe_load((tmp_path / "all_config.yaml").read_text())["arch"]
    any_length = load_checkpoint(file, arch)
    assert any_length.config.context_length == 0
    for length in (6, 4):
        inputs = torch.randint(5, (2, length))
        fixed = load_checkpoint(file, arch, context_length=length)
        with torch.no_grad():
            torch.testing.assert_close(any_length(inputs)["logits_list"], fixed(inputs)["logits_list"], rtol=0, atol=0)
    with pytest.raises(UsageError, match=r"\[batch, positions\], got \[3\]"):
        any_length(torch.zeros(3, dtype=torch.long))


def test_other_puzzle_ids_get_the_mean_vector(tmp_path: Path) -> None:
    model = build()
    save_checkpoint(model, tmp_path, 1)
    assert model.embedding.puzzles is not None
    kept, moved = load_checkpoint(tmp_path, num_puzzles=3), load_checkpoint(tmp_path, num_puzzles=5)
    assert kept.embedding.puzzles is not None
    assert moved.embedding.puzzles is not None
    assert torch.equal(kept.embedding.puzzles.weight, model.embedding.puzzles.weight)
    assert torch.equal(moved.embedding.puzzles.weight, model.embedding.puzzles.weight.mean(0).expand(5, -1))
    with pytest.raises(UsageError, match="at least 1"):
        load_checkpoint(tmp_path, num_puzzles=0)


def test_weights_of_another_type_are_read_in_fp32(tmp_path: Path) -> None:
    file = save_checkpoint(build(), tmp_path, 1)
    halves = {name: value.bfloat16() for name, value in file_tensors(file).items()}
    torch.save(halves, file)
    loaded = load_checkpoint(tmp_path)
    assert loaded.embedding.tokens.dtype == torch.float32
    assert torch.equal(loaded.embedding.tokens, halves["_orig_mod.model.inner.embed_tokens.embedding_weight"].float())


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        (
            {"mixing": "relational", "puzzle_tokens": 0, "structure": Structure(relations={"all": [0] * 6})},
            "mixing 'relational'",
        ),
        ({"positions": "rope2d", "structure": Structure(grid=(2, 3))}, "positions 'rope2d'"),
        ({"mlp_multiple_of": 32}, "mlp_multiple_of 32"),
        ({"activation": "relu"}, "activation 'relu'"),
        ({"puzzle_tokens": 0}, "puzzle vectors without prefix tokens"),
        ({"architecture": "hrm"}, "HRM with 2 prefix tokens"),
    ],
)
def test_models_that_their_code_does_not_have_are_not_written(
    tmp_path: Path, settings: dict[str, Any], problem: str
) -> None:
    with pytest.raises(UsageError, match=f"The paper's code has no {problem}"):
        save_checkpoint(build(**settings), tmp_path / "out", 1)
    assert not (tmp_path / "out").exists()


class Foreign:
    """A class that a checkpoint has no business with."""


class Runs:
    """Unpickled, it would make a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        import os

        return os.mkdir, (str(self.folder),)


def edited(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the tensors of `folder/step_1`."""
    tensors = file_tensors(folder / "step_1")
    content = change(tensors)
    torch.save(tensors if content is None else content, folder / "step_1")


def without(folder: Path, name: str) -> None:
    """Leave a tensor out of `folder/step_1`."""
    edited(folder, lambda tensors: {key: value for key, value in tensors.items() if key != name})


def settings_edited(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change `folder/all_config.yaml`."""
    settings = yaml.safe_load((folder / "all_config.yaml").read_text())
    change(settings)
    (folder / "all_config.yaml").write_text(yaml.safe_dump(settings))


START = "_orig_mod.model.inner."
HEAD = START + "lm_head.weight"
WRONG_WEIGHTS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "cut short": (
        lambda folder: (folder / "step_1").write_bytes((folder / "step_1").read_bytes()[:-2000]),
        r"step_1 is truncated",
    ),
    "empty": (lambda folder: (folder / "step_1").write_bytes(b""), r"step_1 is damaged"),
    "no checkpoint at all": (lambda folder: (folder / "step_1").write_text("hello"), r"step_1 is damaged or not a checkpoint"),
    "a byte changed": (
        lambda folder: (folder / "step_1").write_bytes((folder / "step_1").read_bytes().replace(b"lm_head", b"lm_h\xffad")),
        r"step_1",
    ),
    "no file": (lambda folder: (folder / "step_1").unlink(), r"has no file step_N"),
    "missing key": (lambda folder: without(folder, HEAD), r"lm_head\.weight is missing"),
    "missing layer": (
        lambda folder: without(folder, START + "L_level.layers.0.self_attn.qkv_proj.weight"),
        r"qkv_proj\.weight is missing",
    ),
    "unknown key": (
        lambda folder: edited(folder, lambda t: t.update({START + "extra": t[HEAD]})), r"unexpected weight extra"
    ),
    "key twice": (lambda folder: edited(folder, lambda t: t.update({"lm_head.weight": t[HEAD]})), r"'lm_head\.weight' twice"),
    "other shape": (
        lambda folder: edited(folder, lambda t: t.update({START + "q_head.weight": torch.zeros(2, 9)})),
        r"q_head\.weight has shape \[2, 9\], expected \[2, 8\]",
    ),
    "other width": (
        lambda folder: settings_edited(folder, lambda s: s["arch"].update(hidden_size=16)),
        r"has shape \[8\], expected \[16\]",
    ),
    "other depth": (lambda folder: settings_edited(folder, lambda s: s["arch"].update(L_layers=3)), r"1 layers, .* L_layers to 3"),
    "no tensors": (lambda folder: edited(folder, lambda t: [1, 2]), r"not a state dict: it holds list"),
    "a number among them": (lambda folder: edited(folder, lambda t: t.update(step=3)), r"its entry 'step' is not a tensor"),
    "integers": (lambda folder: edited(folder, lambda t: t.update({HEAD: torch.zeros(5).int()})), r"not a tensor of real"),
    "a flat head": (lambda folder: edited(folder, lambda t: t.update({HEAD: torch.zeros(5)})), r"\[5\], expected a matrix"),
    "foreign class": (
        lambda folder: edited(folder, lambda t: t.update(what=Foreign())),
        r"refused: it asks to run '\S*Foreign', but a checkpoint may hold tensors only",
    ),
}  # fmt: skip


@pytest.mark.parametrize("problem", WRONG_WEIGHTS)
def test_wrong_weights_are_refused_with_a_sentence(tmp_path: Path, problem: str) -> None:
    save_checkpoint(build(), tmp_path, 1)
    spoil, sentence = WRONG_WEIGHTS[problem]
    spoil(tmp_path)
    with pytest.raises(CheckpointError, match=sentence):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("in_archive", [True, False])
def test_nothing_in_a_checkpoint_is_ever_run(tmp_path: Path, in_archive: bool) -> None:
    save_checkpoint(build(), tmp_path, 1)
    made, bomb = tmp_path / "made", {"weight": Runs(tmp_path / "made")}
    if in_archive:
        torch.save(bomb, tmp_path / "step_1")
    else:
        (tmp_path / "step_1").write_bytes(pickle.dumps(bomb, protocol=2))
    refusal = (
        r"refused: it asks to run '\w+\.mkdir'" if in_archive else "damaged or not a checkpoint: it is not an archive"
    )
    with pytest.raises(CheckpointError, match=refusal):
        load_checkpoint(tmp_path)
    (tmp_path / "step_1").unlink()
    (tmp_path / "all_config.yaml").write_text(f"!!python/object/apply:os.mkdir ['{made}']")
    save_checkpoint(build(), tmp_path / "other", 1)
    with pytest.raises(CheckpointError, match=r"Cannot read .*all_config\.yaml"):
        load_checkpoint(tmp_path / "other", tmp_path / "all_config.yaml")
    assert not made.exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda s: s.clear(), "not a TRM configuration: it has no section 'arch'"),
        (lambda s: s.update(arch="trm"), "not a TRM configuration"),
        (lambda s: s["arch"].pop("hidden_size"), "section arch has no 'hidden_size'"),
        (lambda s: s["arch"].update(name="gpt.model@GPT"), "for the model 'gpt.model@GPT'"),
        (lambda s: s["arch"].update(hidden_size="wide"), "hidden_size to 'wide', expected a number"),
        (lambda s: s["arch"].update(L_cycles=2.5), "L_cycles to 2.5, expected an integer"),
        (lambda s: s["arch"].update(num_heads=3), "hidden_dim 8 is not a multiple of num_heads 3"),
        (lambda s: s["arch"].update(pos_encodings="alibi"), "pos_encodings to 'alibi'"),
        (lambda s: s["arch"].update(rope_theta=500.0), "rope_theta to 500.0, expected 10000.0"),
        (lambda s: s["arch"].update(loss={"loss_type": "hinge"}), "the loss to 'hinge'"),
    ],
)
def test_configurations_that_are_none_are_refused(tmp_path: Path, change: Callable[[Any], Any], sentence: str) -> None:
    save_checkpoint(build(), tmp_path, 1)
    settings_edited(tmp_path, change)
    with pytest.raises(CheckpointError, match=sentence):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("text", ["", "- 1\n- 2\n", "{unclosed", "\x00", "just words"])
def test_yaml_that_is_no_configuration_is_refused(tmp_path: Path, text: str) -> None:
    save_checkpoint(build(), tmp_path, 1)
    (tmp_path / "all_config.yaml").write_text(text)
    with pytest.raises(
        CheckpointError, match=r"all_config\.yaml is not a TRM configuration|Cannot read .*all_config\.yaml"
    ):
        load_checkpoint(tmp_path)


def test_missing_places_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="There is no checkpoint"):
        load_checkpoint(tmp_path / "nowhere")
    (tmp_path / "file").write_text("")
    with pytest.raises(TRMError, match="Cannot write"):
        save_checkpoint(build(), tmp_path / "file", 1)
