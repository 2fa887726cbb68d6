"""What decisions make of groups, compared with a slow account of it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gemel.duplicates import Duplicates
from gemel.duplicates.duplicate_groups import ScoredPairs
from gemel.service.moderated_groups import moderate

NONE = ScoredPairs(
    np.zeros(0, np.int32), np.zeros(0, np.int32), *[np.zeros(0, np.float32) for _ in range(3)]
)
ANSWERS = ("same", "different", "skipped")


def grouped(numbers):
    """Questions that are one where they have one number; their keys are 10, 20, 30 and so on."""
    appearance = {number: place for place, number in enumerate(dict.fromkeys(numbers))}
    copies = np.array([appearance[number] for number in numbers], np.int32)
    ids = [f"q{place}" for place in range(len(numbers))]
    exact = len(numbers) - len(appearance)
    keys = 10 * np.arange(1, len(numbers) + 1, dtype=np.int64)
    return Duplicates(ids, ids, copies, exact, NONE, 0.5, 0.6), keys


def slowly(duplicates, keys, decided):
    """Do what `moderate` does, one question after another."""
    ids = dict(zip(keys.tolist(), duplicates.ids, strict=True))
    said = [(ids[a], ids[b], answer) for (a, b), answer in decided.items() if {a, b} <= ids.keys()]
    found = []
    for group in duplicates.groups:
        names = [member.id for member in group.members]
        inner = [each for each in said if each[0] in names and each[1] in names]

        def one_with(name, inner=inner):
            chain = {name}
            for _ in inner:
                for left, right, answer in inner:
                    if answer == "same" and {left, right} & chain:
                        chain |= {left, right}
            return chain

        middle = one_with(names[0])
        out = set()
        for left, right, answer in inner:
            if answer == "different" and (left in middle) != (right in middle):
                out |= one_with(right if left in middle else left)
        members = [name for name in names if name not in out]
        split = [name for name in names if name in out]
        if len(members) > 1:
            found.append((members, split, set(members[1:]) & middle))
    return found


def names(moderated):
    return [
        (
            [each.id for each in group.members],
            [each.id for each in group.split],
            set(group.accepted),
        )
        for group in moderated
    ]


keys_of_two = st.tuples(st.integers(0, 14), st.integers(0, 14)).filter(
    lambda pair: pair[0] < pair[1]
)


@given(
    st.lists(st.integers(0, 3), max_size=12),
    st.dictionaries(
        keys_of_two.map(lambda pair: (10 * pair[0], 10 * pair[1])),
        st.sampled_from(ANSWERS),
        max_size=25,
    ),
)
def test_any_decisions_about_any_groups(numbers, decided):
    duplicates, keys = grouped(numbers)
    moderated = moderate(duplicates, keys, decided)
    assert names(moderated) == slowly(duplicates, keys, decided)
    for group in moderated:
        assert group.is_accepted == (len(group.accepted) == len(group.members) - 1)


def test_nothing_decided_leaves_all_as_it_was():
    duplicates, keys = grouped([0, 0, 0, 1, 1, 2])
    (large, small) = moderate(duplicates, keys, {})
    assert [each.id for each in large.members] == ["q0", "q1", "q2"]
    assert not large.split
    assert not large.is_accepted
    assert len(small.members) == 2


def test_accepting_splitting_and_what_follows_from_it():
    duplicates, keys = grouped([0] * 5)
    central = duplicates.groups[0].members[0].id
    first = 10 * (int(central[1:]) + 1)
    a, b, c, d = (key for key in keys.tolist() if key != first)

    def about(*decisions):
        return moderate(
            duplicates, keys, {(min(x, y), max(x, y)): answer for x, y, answer in decisions}
        )

    (all_same,) = about(*((first, key, "same") for key in (a, b, c, d)))
    assert all_same.is_accepted
    (chained,) = about((first, a, "same"), (a, b, "same"))
    assert len(chained.accepted) == 2
    assert not chained.is_accepted
    (parted,) = about((first, a, "different"), (a, b, "same"))
    assert len(parted.split) == 2
    assert about(*((first, key, "different") for key in (a, b, c, d))) == []
    (elsewhere,) = about((a, b, "different"), (c, d, "skipped"))
    assert len(elsewhere.members) == 5
