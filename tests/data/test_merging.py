from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gemel.data import Pairs, merge_pairs

rows = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcd"), st.booleans()))


def pairs_of(rows, path=None):
    left, right, labels = zip(*rows, strict=True) if rows else ((), (), ())
    return Pairs.of(left, right, labels, path=path)


@given(st.lists(rows, max_size=3))
def test_each_pair_stays_once_with_the_last_label(parts):
    merged = merge_pairs([pairs_of(part) for part in parts])
    last = {frozenset(ends): label for part in parts for *ends, label in part}
    found = zip(merged.left_texts, merged.right_texts, merged.labels.tolist(), strict=True)
    kept = [(frozenset(ends), label) for *ends, label in found]
    assert len(kept) == len(last)
    assert dict(kept) == last


def test_the_first_file_gives_the_name():
    one, other = pairs_of([("a", "b", True)], Path("one.csv")), pairs_of([], Path("other.csv"))
    assert merge_pairs([one, other]).path == Path("one.csv")
    assert len(merge_pairs([])) == 0
