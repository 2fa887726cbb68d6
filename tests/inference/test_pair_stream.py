import io
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemel.data import BadRows, Source
from gemel.errors import DataError
from gemel.inference import Engine, compare_stream
from gemel.inference import streams as comparing

questions = st.text(st.characters(codec="utf-8"), max_size=9) | st.sampled_from(
    ["how old", "are you?", "age", " "]
)


@pytest.fixture(scope="module")
def engine(tiny_model):
    return Engine(tiny_model)


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(comparing, "_PAIRS", 3)


def stream(pairs):
    lines = (json.dumps({"question1": one, "question2": two}) + "\n" for one, two in pairs)
    raw = io.BytesIO("".join(lines).encode())
    content = io.BufferedReader(raw, 64)
    return Source(path=Path("standard input"), kind=".jsonl", stream=content)


@given(st.lists(st.tuples(questions, questions), min_size=1, max_size=12), st.integers(1, 5))
@settings(max_examples=40)
def test_every_pair_gets_the_verdict_it_gets_alone(tmp_path_factory, engine, pairs, chunk):
    bad_rows = BadRows(len(pairs), tmp_path_factory.getbasetemp() / "list")
    expected = [
        (*pair, line)
        for line, pair in enumerate(pairs, 1)
        if all(engine.model.tokenizer.words(text) for text in pair)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparing, "_PAIRS", chunk)
        if not expected:
            with pytest.raises(DataError, match="standard input: has no pairs"):
                list(compare_stream(engine, stream(pairs), None, bad_rows))
            return
        found = list(compare_stream(engine, stream(pairs), None, bad_rows))
    assert [each[:3] for each in found] == expected
    empty = sum(not (left or right) for left, right in pairs)
    assert bad_rows.count == len(pairs) - len(expected) - empty
    for left, right, _, verdict in found:
        alone = engine.predict(left, right)
        assert verdict.similarity == pytest.approx(alone.similarity, abs=1e-6)
        assert verdict.threshold == alone.threshold


@pytest.mark.parametrize("before", [0, 1, 3, 4])
def test_what_comes_before_a_bad_row_is_judged(engine, few, before):
    rows = compare_stream(engine, stream([("how", "old")] * before + [("how", " \a")]))
    for line in range(1, before + 1):
        assert next(rows).line == line
    message = rf"standard input:{before + 1}: the second question has no word or mark, only ' \\x07"
    with pytest.raises(DataError, match=message):
        next(rows)


def test_no_more_is_read_than_is_judged_at_once(engine, few):
    source = stream([(f"how {number}", "old") for number in range(1000)])
    rows = compare_stream(engine, source)
    next(rows)
    length = source.stream.raw.seek(0, io.SEEK_CUR)
    # a text stream takes 8,192 bytes at a time
    assert length <= 2 * 8192


def test_long_questions_are_judged_in_smaller_batches(engine, monkeypatch):
    asked = []

    def predict_all(left, right):
        asked.append(len(left))
        return Engine.predict_all(engine, left, right)

    monkeypatch.setattr(comparing, "_CHARACTERS", 100)
    monkeypatch.setattr(engine, "predict_all", predict_all)
    list(compare_stream(engine, stream([("how " * 10, "old " * 10)] * 5)))
    assert asked == [2, 2, 1]


def test_memory_does_not_grow_with_the_file(engine, monkeypatch):
    monkeypatch.setattr(comparing, "_PAIRS", 32)
    peaks = []
    for count in (150, 900):
        source = stream([(f"how {n} old", "are you") for n in range(count)])
        tracemalloc.start()
        assert sum(1 for _ in compare_stream(engine, source)) == count
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]
