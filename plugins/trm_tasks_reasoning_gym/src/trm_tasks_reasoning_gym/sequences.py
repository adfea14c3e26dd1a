"""Tasks whose questions are sequences: how their questions and answers are read and their answers written."""

from __future__ import annotations

from collections.abc import Callable
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from trm_tasks_reasoning_gym.gym_task import Entry, GymTask, Rows, nothing
from trm_tasks_reasoning_gym.layouts import flat, line, one_row, text, words


def characters(
    name: str,
    symbols: str,
    length: int,
    question: Callable[[dict[str, Any]], object],
    write: Callable[[Rows], str] = text,
    metadata: Callable[[Rows, Rows], dict[str, Any]] = nothing,
    read_answer: Callable[[str], str] = str,
    **settings: Any,
) -> GymTask:
    """Create a task whose questions, built from an entry's metadata, and answers are single characters."""
    return GymTask(
        name,
        tuple(symbols),
        one_row(length),
        lambda entry: (line(question(entry["metadata"])), line(read_answer(entry["answer"]))),
        write,
        settings,
        metadata,
    )


LETTERS = ascii_lowercase + ascii_uppercase
TEXT = LETTERS + "0123456789 .,;:!?'\"()-_—’"


def commas(rows: Rows) -> str:
    return ", ".join(words(rows))


def spaces(answer: str) -> str:
    return answer.replace(",", "")


spell_backward = characters("spell_backward", LETTERS, 10, lambda meta: meta["word"], max_word_len=10)
word_sequence_reversal = characters(
    "word_sequence_reversal", TEXT, 40, lambda meta: " ".join(meta["words"]), commas, read_answer=spaces, max_words=4
)
word_sorting = characters(
    "word_sorting",
    TEXT + "<>",
    40,
    lambda meta: ("<" if meta["direction"] == "ascending" else ">") + " ".join(meta["original_words"]),
    commas,
    lambda question, answer: {"sorted_words": words(answer)},
    spaces,
    max_words=4,
)
string_insertion = characters("string_insertion", "ABCDE", 25, lambda meta: meta["string"])
caesar_cipher = characters(
    "caesar_cipher", ascii_uppercase + " ", 40, lambda meta: meta["cipher_text"], min_words=3, max_words=6
)
letter_counting = characters(
    "letter_counting", TEXT, 60, lambda meta: f"{meta['target_letter']} {' '.join(meta['span'])}", max_words=10
)
binary_alternation = characters("binary_alternation", "0123456789-", 32, lambda meta: meta["string"], max_n=30)

number_sequence = characters(
    "number_sequence", "0123456789- ", 40, lambda meta: " ".join(map(str, meta["sequence"][:-1]))
)
chain_sum = characters("chain_sum", "0123456789+-", 30, lambda meta: meta["expression"].replace(" ", ""))
products = characters("products", "0123456789*-", 11, lambda meta: meta["expression"].replace(" ", ""))
gcd = characters("gcd", "0123456789 ", 9, lambda meta: " ".join(map(str, meta["numbers"])))
lcm = characters("lcm", "0123456789 ", 7, lambda meta: " ".join(map(str, meta["numbers"])))
count_bits = characters("count_bits", "0123456789", 10, lambda meta: meta["number"])
base_conversion = characters(
    "base_conversion",
    "0123456789abcdef ",
    16,
    lambda meta: f"{meta['source_base']} {meta['target_base']} {meta['source_repr']}",
    min_value=1,  # reasoning-gym writes 0 as an empty text
)
simple_equations = characters(
    "simple_equations", f"0123456789+-*={ascii_lowercase}", 32, lambda meta: meta["equation"].replace(" ", "")
)
prime_factorization = characters(
    "prime_factorization",
    "0123456789×",
    18,
    lambda meta: meta["number"],
    lambda rows: text(rows).replace("×", " × "),
    read_answer=lambda answer: answer.replace(" ", ""),
)


def fractions(question: Rows, answer: Rows) -> dict[str, Any]:
    (numerator, denominator), (simple_numerator, simple_denominator) = (
        text(rows).split("/") for rows in (question, answer)
    )
    return {
        "numerator": int(numerator),
        "denominator": int(denominator),
        "simplified_numerator": int(simple_numerator),
        "simplified_denominator": int(simple_denominator),
    }


fraction_simplification = characters(
    "fraction_simplification",
    "0123456789/",
    13,
    lambda meta: f"{meta['numerator']}/{meta['denominator']}",
    metadata=fractions,
    styles=("plain",),
)


def read_number_sorting(entry: Entry) -> tuple[Rows, Rows]:
    """Return rows in which each integer is one symbol."""
    meta = entry["metadata"]
    return [[meta["direction"], *meta["original_numbers"]]], [meta["sorted_numbers"]]


number_sorting = GymTask(
    "number_sorting",
    ("ascending", "descending", "-0.0", *(f"{number}.0" for number in range(-100, 101))),
    lambda settings: (1, settings["max_numbers"] + 1),
    read_number_sorting,
    lambda rows: str([str(symbol) for row in rows for symbol in row]),
    {"max_numbers": 10, "min_decimals": 0, "max_decimals": 0},
    lambda question, answer: {"direction": question[0][0]},
)


def read_ab(entry: Entry) -> tuple[Rows, Rows]:
    program = entry["question"].split("program:\n\n")[-1].split("\n")[0]
    return [program.split()], [entry["answer"].split()]


ab = GymTask("ab", ("A#", "#A", "B#", "#B"), lambda settings: (1, settings["length"]), read_ab, flat, {"length": 10})
