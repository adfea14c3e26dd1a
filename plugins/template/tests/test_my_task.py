import numpy as np

from trm.testing import parametrize_with_checks
from trm_tasks_my_task.task import Config, build, mirrored


@parametrize_with_checks("my-task")
def test_conformance(check):
    check()


def test_a_corner_is_mirrored_to_the_right_and_down():
    assert mirrored(np.array([[[1, 2], [3, 4]]])).reshape(4, 4).tolist() == [
        [1, 2, 2, 1],
        [3, 4, 4, 3],
        [3, 4, 4, 3],
        [1, 2, 2, 1],
    ]


def test_a_quarter_of_each_picture_is_shown():
    puzzles = build(Config(half=4, train_puzzles=20), "train", seed=0)
    assert ((puzzles.inputs > 0).sum(axis=1) == 16).all()
    assert ((puzzles.inputs == puzzles.labels) | (puzzles.inputs == 0)).all()
