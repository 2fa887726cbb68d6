import pytest

from gemel.cli.compare import describe_explanation
from gemel.decision import Verdict
from gemel.inference import Explanation, WordShare


def explanation(answer, left, right, unknown=()):
    verdict = Verdict(
        answer=answer,
        similarity=0.5,
        probability=0.25,
        is_duplicate=answer == "the same",
        threshold=0.5,
    )
    sides = (
        tuple(
            WordShare(word=word, share=share, is_known=word not in unknown) for word, share in each
        )
        for each in (left, right)
    )
    return Explanation(verdict=verdict, left=next(sides), right=next(sides))


def test_words_in_their_order_with_number_and_bar():
    found = explanation(
        "the same", [("how", 0.1), ("olld", 0.4), ("?", 0.0001)], [("안녕", -0.2)], ["olld"]
    )
    assert (
        "\n".join(describe_explanation(found))
        == """\
the same  (probability 0.25, similarity 0.500 >= threshold 0.500)

similarity that each word adds: how far it falls without the word
  first question
    how   +0.100  +++++
    olld* +0.400  ++++++++++++++++++++
    ?     +0.000
  second question
    안녕  -0.200  ----------
    (without its only word it is like nothing: similarity 0)
  * not in the vocabulary

"olld" and "how" spoke most for "the same", "안녕" most against it"""
    )


@pytest.mark.parametrize(
    ("answer", "shares", "sentence"),
    [
        ("the same", [0.1, -0.2], '"a" spoke most for "the same", "b" most against it'),
        ("not the same", [0.1, -0.2], '"b" spoke most for "not the same", "a" most against it'),
        ("ask a person", [0.1, -0.2], '"a" spoke most for "the same", "b" most against it'),
        ("the same", [0.1, 0.2], '"b" and "a" spoke most for "the same", none against it'),
        ("not the same", [0.1, 0.2], 'no word spoke for "not the same", "b" and "a" most against'),
        ("the same", [0.0, -0.0004], 'no word spoke for "the same", none against it'),
    ],
)
def test_the_strongest_words_are_named(answer, shares, sentence):
    found = explanation(answer, [("a", shares[0])], [("b", shares[1])])
    assert [*describe_explanation(found)][-1].startswith(sentence)


def test_a_word_on_both_sides_is_named_once_and_two_at_most():
    found = explanation(
        "the same", [("a", 0.3), ("b", 0.1)], [("a", 0.2), ("c", 0.15), ("d", -0.1)]
    )
    last = [*describe_explanation(found)][-1]
    assert last == '"a" and "c" spoke most for "the same", "d" most against it'


@pytest.mark.parametrize("columns", [24, 30, 60, 200])
@pytest.mark.parametrize("word", ["x" * 100_000, "한" * 500, "a\ud800\u2067" * 99])
def test_lines_are_no_wider_than_the_terminal(monkeypatch, columns, word):
    from rich.cells import cell_len

    monkeypatch.setenv("COLUMNS", str(columns))
    text = "\n".join(describe_explanation(explanation("the same", [(word, 0.3)], [("b", -0.1)])))
    bars = [line for line in text.splitlines() if line.startswith("    ") and "(" not in line]
    assert len(bars) == 2
    assert max(map(cell_len, bars)) <= columns
    assert all(line.isprintable() for line in text.splitlines())
    assert len(text) < 600
