"""YAML as people write it, and YAML that is refused."""

import pytest

from trm.storage.yaml_text import parse_yaml, yaml_text


def test_words_and_numbers_are_read_as_yaml_1_2_does() -> None:
    text = "compile: on\nearly: no\nrate: 1e-4\nsteps: 2e3\nminus: -1.5E-3\nuse: true\nnothing: null\nname: step1e4\n"
    text += "word: Trueman\n"
    assert parse_yaml(text) == {
        "compile": "on",
        "early": "no",
        "rate": 1e-4,
        "steps": 2000.0,
        "minus": -1.5e-3,
        "use": True,
        "nothing": None,
        "name": "step1e4",
        "word": "Trueman",
    }


def test_what_is_written_is_read_back() -> None:
    value = {"compile": "on", "rate": 1e-05, "word": "true", "none": None, "list": [0.9, 0.95], "e": "1e-4", "m": {}}
    assert parse_yaml(yaml_text(value)) == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\nb: [1, 2\n", "line 3, column 1: expected"),
        ("a: !!bool maybe", "does not fit its tag"),
        ("a: !!timestamp soon", "does not fit its tag"),
        ("a: 1\nb: 2\na: 3\n", "line 3, column 1: 'a' stands here twice"),
        ("a: &x [1]\nb: *x\n", "aliases"),
        ("[" * 1000, "nested too deeply"),
        ("- " * 1000, "nested too deeply"),
        ("a: !!python/name:os.mkdir\n", "line 1, column 4: could not determine a constructor"),
        ("a: \x00\n", "not valid YAML"),
        ("a: 2020-99-99\n", "month must be in 1..12"),
    ],
)
def test_yaml_that_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_yaml(text)
