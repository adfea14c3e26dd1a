"""The network that looks at all pairs of a task: its symmetries, its views, and the learner behind it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close
from trm_tasks_arc.attempts import standings
from trm_tasks_arc.committee import MEMBERS, Committee, Member, Turns
from trm_tasks_arc.examples import IGNORED, OPTIONAL, Example, Examples, colours_of, prepare
from trm_tasks_arc.learner import Recipe, loss_of
from trm_tasks_arc.network import PairNetwork, Shape, load_network, save_network
from trm_tasks_arc.pairs import Pair, Task
from trm_tasks_arc.pretraining import Pretraining, pretrain
from trm_tasks_arc.rays import DIRECTIONS, rays
from trm_tasks_arc.tasks import load_source
from trm_tasks_arc.transforms import TRANSFORMS
from trm_tasks_arc.validation import VALIDATION
from trm_tasks_arc.views import object_features, views

GRID = np.array([[1, 1, 0], [0, 2, 0]], np.uint8)
SMALL = Shape(hidden_dim=8, ray_dim=3, layers=2, recursions=2)
seeds = st.integers(0, 2**16)


def random_examples(rng: np.random.Generator, count: int = 3) -> list[Example]:
    grids = [rng.integers(0, 4, rng.integers(1, 6, 2), dtype=np.uint8) for _ in range(2 * count)]
    return [Example(a, b, (b.shape[0], b.shape[1])) for a, b in zip(grids[:count], grids[count:], strict=True)]


def network(seed: int) -> PairNetwork:
    torch.manual_seed(seed)
    return PairNetwork(SMALL)


def masked(scores: torch.Tensor, examples: Examples) -> torch.Tensor:
    return scores * examples.output[:, None]


def test_rays_are_the_maxima_of_the_cells_that_come_before() -> None:
    values = torch.rand(4, 6, 1)
    found = rays(values)
    for number, (down, right) in enumerate(DIRECTIONS):
        for row in range(4):
            for column in range(6):
                before = [
                    float(values[row - n * down, column - n * right])
                    for n in range(1, 7)
                    if 0 <= row - n * down < 4 and 0 <= column - n * right < 6
                ]
                assert float(found[row, column, number]) == pytest.approx(max(before, default=0.0))


def test_gradients_of_rays_are_those_of_the_maxima() -> None:
    values = torch.rand(2, 5, 3, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(rays, (values,))


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_colours_other_than_black_are_alike(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plain = random_examples(rng)
    order = np.concatenate([[0], 1 + rng.permutation(9)]).astype(np.uint8)
    recoloured = [Example(order[one.given], order[one.wanted], one.size) for one in plain]
    shown = torch.tensor([True, True, False])
    colours = [0, 1, 2, 3]
    model = network(seed)
    a = model(prepare(plain, colours), shown)
    b = model(prepare(recoloured, [int(order[colour]) for colour in colours]), shown)
    assert_close(a, b)


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_the_order_of_the_pairs_does_not_matter(seed: int) -> None:
    examples = prepare(random_examples(np.random.default_rng(seed)), [0, 1, 2, 3])
    order = torch.randperm(3)
    shown = torch.tensor([True, False, True])
    model = network(seed)
    whole, part = model(examples, shown), model(examples.select(order), shown[order])
    assert_close(masked(whole, examples)[order], masked(part, examples.select(order)), atol=1e-4, rtol=1e-3)


@given(seeds, st.sampled_from(range(8)))
@settings(max_examples=15, deadline=None)
def test_canvases_larger_than_needed_change_nothing(seed: int, transform: int) -> None:
    rng = np.random.default_rng(seed)
    examples = prepare(random_examples(rng), [0, 1, 2, 3], transform)
    model = network(seed)
    together = model(examples, torch.zeros(3, dtype=torch.bool))
    for number in range(3):
        one = examples.select(torch.tensor([number]))
        alone = model(one, torch.zeros(1, dtype=torch.bool))
        height, width = alone.shape[2:]
        assert_close(
            masked(together, examples)[number, :, :height, :width], masked(alone, one)[0], atol=1e-4, rtol=1e-3
        )


@pytest.mark.parametrize("transform", range(8))
def test_objects_turn_with_their_grid(transform: int) -> None:
    turn = TRANSFORMS[transform]
    expected = np.stack([turn(plane) for plane in object_features(GRID)])
    np.testing.assert_array_equal(object_features(np.ascontiguousarray(turn(GRID))), expected)


def test_copies_of_an_input_lie_over_the_output() -> None:
    copies = views(GRID, (4, 6), (4, 6))
    np.testing.assert_array_equal(copies[0, :2, :3], GRID)
    assert (copies[0, 2:] == -1).all()
    np.testing.assert_array_equal(copies[1], GRID.repeat(2, 0).repeat(2, 1))
    np.testing.assert_array_equal(copies[2], np.tile(GRID, (2, 2)))
    np.testing.assert_array_equal(copies[3, 2:, 3:], GRID)
    np.testing.assert_array_equal(copies[4], np.tile(GRID, (2, 2))[::-1])


def test_hidden_outputs_do_not_reach_the_network() -> None:
    rng = np.random.default_rng(0)
    pairs = random_examples(rng)
    other = [*pairs[:2], Example(pairs[2].given, (pairs[2].wanted + 1) % 4, pairs[2].size)]
    shown = torch.tensor([True, True, False])
    model = network(0)
    assert_close(model(prepare(pairs, [0, 1, 2, 3]), shown), model(prepare(other, [0, 1, 2, 3]), shown))
    assert not torch.equal(model(prepare(pairs, [0, 1, 2, 3]), ~shown), model(prepare(other, [0, 1, 2, 3]), ~shown))


def recolouring() -> Task:
    """A task whose test input is also that of a demonstration, so that learning the demonstrations is enough."""
    rng = np.random.default_rng(0)
    inputs = [rng.integers(0, 2, (3, 3), dtype=np.uint8) for _ in range(3)]
    pairs = [Pair(grid, 2 * grid) for grid in inputs]
    return Task("recolour", tuple(pairs), (pairs[0],))


def test_learns_the_demonstrations() -> None:
    task = recolouring()
    *_, last = standings(task, budget_seconds=60, max_steps=40)
    assert last.steps == 40
    np.testing.assert_array_equal(last.ranked[0][0][0], task.test[0].output)
    assert sum(share for _, share in last.ranked[0]) == pytest.approx(1)


def test_the_outputs_of_test_pairs_are_not_used_and_runs_repeat() -> None:
    task = recolouring()
    blind = Task(task.id, task.train, (Pair(task.test[0].input, None),))
    results = []
    for one in (task, blind):
        *_, last = standings(one, budget_seconds=60, max_steps=8, seed=3)
        results.append([(grid.tolist(), share) for grid, share in last.ranked[0]])
    assert results[0] == results[1]


def test_without_shown_demonstrations_only_the_questions_are_answered() -> None:
    learner = Committee(recolouring(), (Member(Recipe(shown=0)),)).current
    learner.step()
    learner.answer()
    assert len(learner.prepared(0)[1]) == 1
    assert len(learner.ranked()) == 1


def test_shows_other_demonstrations_if_the_recipe_says_so() -> None:
    learner = Committee(recolouring(), (Member(Recipe(shown=1.0)),)).current
    learner.step()
    questions = learner.prepared(0)[1]
    assert (questions.target != IGNORED).flatten(1).any(1).tolist() == [True, True, True, False]


def test_validation_tasks_are_training_tasks() -> None:
    assert len(set(VALIDATION)) == 48
    tasks = load_source("arcagi1:training")
    assert set(VALIDATION) <= set(tasks)
    assert colours_of(tasks["6150a2bd"])[0] == 0


def test_weights_are_read_as_written(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_network(network(1), path)
    read = load_network(path)
    assert read.shape == SMALL
    for name, value in network(1).state_dict().items():
        assert torch.equal(read.state_dict()[name], value)
    learner = Committee(recolouring(), (Member(Recipe(), path),)).current
    assert learner.network.shape == SMALL


def test_training_on_other_tasks_lowers_their_loss() -> None:
    losses: list[float] = []
    tasks = {"a": recolouring()}
    settings = Pretraining(updates=40, tasks=1)
    trained = pretrain(tasks, settings, SMALL, watch=lambda update, loss, average: losses.append(loss))
    assert np.mean(losses[-10:]) < np.mean(losses[:10])
    assert trained.shape == SMALL


def test_members_take_turns_and_their_votes_add_up() -> None:
    committee = Committee(recolouring(), turns=Turns(most=4), seed=1)
    first = committee.current
    for _ in range(9):
        committee.step()
    assert committee.finished == 2
    assert committee.steps == 9
    assert committee.current is not first
    assert committee.current.recipe == MEMBERS[2].recipe
    assert sum(committee.votes[0].values()) == pytest.approx(2)
    assert sum(share for _, share in committee.ranked()[0]) == pytest.approx(1)


def test_a_beginner_does_not_outvote_a_member_that_has_learned() -> None:
    committee = Committee(recolouring(), turns=Turns(most=40))
    for _ in range(40):
        committee.step()
    before = committee.ranked()[0]
    committee.answer()
    assert committee.finished == 1
    assert committee.current.steps == 0
    assert committee.ranked()[0][0][0].tolist() == before[0][0].tolist()


def test_a_member_that_has_learned_the_demonstrations_makes_way() -> None:
    committee = Committee(recolouring(), turns=Turns(loss=10.0, least=2))
    committee.step()
    assert committee.finished == 0
    committee.step()
    assert committee.finished == 1


def test_answers_to_turned_questions_are_turned_back() -> None:
    task = recolouring()
    wide = Task(
        "wide", tuple(Pair(p.input[:2], p.output[:2]) for p in task.train), (Pair(task.test[0].input[:2], None),)
    )
    recipe = Recipe(shown=0, turned=True, learning_rate=1e-2)
    committee = Committee(wide, (Member(recipe),), Turns(loss=0.01, least=100))
    for _ in range(100):
        committee.step()
    np.testing.assert_array_equal(committee.ranked()[0][0][0], wide.train[0].output)


def test_steps_go_without_some_messages_and_features() -> None:
    learner = Committee(recolouring(), (Member(Recipe(missing=1.0)),)).current
    lesson, shown = learner._lesson()
    assert all(not lesson.features[..., group].any() for group in OPTIONAL)
    near = next(iter(learner.network.layers)).neighbours.weight
    loss_of(learner.network(lesson, shown, learner._hears), lesson, shown).backward()
    assert near.grad is None
