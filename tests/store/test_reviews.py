import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gemel.errors import DataError
from gemel.store.backups import copy_all
from gemel.store.base import Corpus, NewReview
from gemel.store.connection import open_store, restore

NAMES = ["a", "b", "c", "d", "e"]


@pytest.fixture
def store(store, ask, vectors):
    store.add([ask(name, room=1) for name in NAMES], vectors(len(NAMES)), "model")
    return store


def review(left, right, answer="same", reviewer="ann", **more):
    return NewReview(left_id=left, right_id=right, answer=answer, reviewer=reviewer, **more)


def pairs(reviews):
    return [(each.left.id, each.right.id, each.answer, each.reviewer) for each in reviews]


def every(store, **how):
    return [each for lot in store.reviews(**how) for each in lot]


def test_it_is_all_that_a_corpus_keeps(store):
    assert isinstance(store, Corpus)


def test_a_decision_is_kept_with_who_and_when_and_what_the_model_said(store):
    before = store.state()
    said = {"similarity": 0.25, "probability": 0.75, "said_same": True, "model": "m"}
    (kept,) = store.decide([review("b", "a", "different", "ann", **said)])
    assert every(store) == [kept]
    assert pairs([kept]) == [("a", "b", "different", "ann")]
    assert {name: getattr(kept, name) for name in said} == said
    assert kept.left == store.find(["a"])[0]
    assert 1.7e9 < kept.decided_at < 4e9
    assert store.reviews_of([("a", "b"), ("b", "a"), ("a", "c"), ("a", "?")]) == [
        kept,
        kept,
        *[None] * 2,
    ]
    assert store.decided() == {(kept.left.key, kept.right.key): "different"}
    assert store.state() == before


def test_what_no_one_asked_the_model_stays_unknown(store):
    (kept,) = store.decide([review("a", "b")])
    assert (kept.similarity, kept.probability, kept.said_same, kept.model) == (*[None] * 3, "")


def test_decisions_come_in_the_order_they_were_made_in_batches(store):
    made = [("d", "e"), ("a", "b"), ("c", "e"), ("a", "c"), ("b", "d")]
    for left, right in made:
        store.decide([review(left, right)])
    assert [each[:2] for each in pairs(every(store, chunk=2))] == made
    assert [len(lot) for lot in store.reviews(chunk=2)] == [2, 2, 1]
    assert [each[:2] for each in pairs(every(store, after=3))] == made[3:]
    assert every(store, after=5) == []


def test_a_pair_is_decided_once_unless_that_is_wanted(store):
    store.decide([review("a", "b", "same", "ann")])
    with pytest.raises(DataError, match=r"ann decided on 20\d\d-.*'a' and 'b' are the same"):
        store.decide([review("c", "d"), review("b", "a", "different", "bob")])
    assert pairs(every(store)) == [("a", "b", "same", "ann")]
    store.decide([review("b", "a", "different", "bob")], replace=True)
    assert pairs(every(store)) == [("a", "b", "different", "bob")]


def test_a_skipped_pair_may_be_decided_by_somebody_else(store):
    store.decide([review("a", "b", "skipped", "ann")])
    store.decide([review("a", "b", "same", "bob")])
    assert pairs(every(store)) == [("a", "b", "same", "bob")]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"left": "a", "right": "?"}, "no question has the id '\\?'"),
        ({"left": "a", "right": "a"}, "'a' is on both sides"),
        ({"left": "a", "right": "b", "answer": "maybe"}, "one of same, different, skipped"),
        ({"left": "a", "right": "b", "reviewer": " "}, "reviewer cannot be called ' '"),
        ({"left": "a", "right": "b", "reviewer": "a\0"}, "reviewer cannot be called"),
        ({"left": "d", "right": "c"}, "'c', 'd' occurs 2 times"),
        (
            {"left": "a", "right": "b", "similarity": float("nan")},
            "must be finite or None, not nan",
        ),
        (
            {"left": "a", "right": "b", "probability": float("inf")},
            "must be finite or None, not inf",
        ),
    ],
)
def test_of_several_all_are_kept_or_none(store, wrong, why):
    with pytest.raises(DataError, match=why):
        store.decide([review("c", "d"), review(**wrong)])
    assert every(store) == []


def test_what_is_taken_back_is_gone(store):
    store.decide([review("a", "b"), review("c", "d", "different")])
    taken = store.undecide([("b", "a"), ("a", "c"), ("a", "?")])
    assert pairs(taken) == [("a", "b", "same", "ann")]
    assert pairs(every(store)) == [("c", "d", "different", "ann")]
    assert store.undecide([("b", "a")]) == []


def test_counts(store):
    assert store.review_count() == (0, 0, 0, 0, 0)
    store.decide(
        [
            review("a", "b", "same", said_same=True),
            review("a", "c", "same", said_same=False),
            review("a", "d", "different", said_same=False),
            review("a", "e", "different"),
            review("b", "c", "skipped", said_same=True),
        ]
    )
    count = store.review_count()
    assert count._asdict() == {"same": 2, "different": 2, "skipped": 1, "agreed": 2, "compared": 3}


def test_to_forget_a_question_is_to_forget_what_was_decided_about_it(store, ask, vectors):
    store.decide([review("a", "b"), review("b", "c"), review("c", "d"), review("d", "e")])
    store.remove(["b"])
    assert [each[:2] for each in pairs(every(store))] == [("c", "d"), ("d", "e")]
    store.add([ask("e", "Another text?")], vectors(1), "model", replace=True)
    (kept,) = every(store)
    assert pairs([kept]) == [("c", "d", "same", "ann")]
    assert store.decided() == {(kept.left.key, kept.right.key): "same"}
    assert sum(store.review_count()[:3]) == 1


def test_a_backup_carries_decisions_and_keys_over(store, tmp_path, new_store):
    store.decide([review("d", "c", "different", said_same=False), review("a", "b", "skipped")])
    key = store.add_key("ann", "write")
    store.add_key("bob", "read")
    store.revoke_key("bob")
    before = every(store), store.keys()
    store.backup(tmp_path / "backup.db")
    store.close()
    where = new_store()
    restore(tmp_path / "backup.db", where)
    with open_store(where) as restored:
        assert (every(restored), restored.keys()) == before
        assert restored.find_key(key).name == "ann"
        with open_store(str(tmp_path / "other.db")) as other:
            copy_all(restored, other)
            assert every(other) == before[0]


def test_of_simultaneous_decisions_all_but_one_are_refused(store, where):
    told = []
    together = threading.Barrier(6)

    def decide(name):
        with open_store(where, create=False) as own:
            together.wait()
            try:
                own.decide([review("a", "b", "same", name)])
            except DataError as error:
                told.append(str(error))

    threads = [threading.Thread(target=decide, args=(f"r{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (kept,) = every(store)
    assert len(told) == 5
    assert all(kept.reviewer in text for text in told)


# What outlives a killed process


DECIDER = """
import sys
from gemel.store.connection import open_store
from gemel.store.base import NewReview

with open_store(sys.argv[1], create=False) as store:
    for n in range(10_000):
        lot = [
            NewReview(left_id=f"{n % 50}-{side}", right_id=f"{n % 50}-{other}", answer="same",
                      reviewer=str(n))
            for side, other in ((0, 1), (0, 2), (1, 2))
        ]
        store.decide(lot, replace=True)
        print(n, flush=True)
"""


@pytest.fixture
def decide_until(store, where, ask, vectors):
    """A function that lets a process decide, stops it its own way, and says what was kept last.

    Decision `n` is about the three pairs of the questions `n % 50`, and takes the place of the
    one before.
    """
    store.add([ask(f"{n}-{side}") for n in range(50) for side in range(3)], vectors(150), "model")

    def decide(done, stop):
        command = [sys.executable, "-c", DECIDER, where]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        lines = [process.stdout.readline() for _ in range(done)]
        stop(process)
        said, wrong = process.communicate(timeout=600)
        return int((b"".join(lines) + said).split()[-1]), wrong

    return decide


def check_decided(where, last):
    """All that was acknowledged is there, and of what was not, three pairs or none."""
    with open_store(where, create=False) as store:
        reviews = every(store)
    by_group = {}
    for each in reviews:
        by_group.setdefault(each.left.id.partition("-")[0], []).append(int(each.reviewer))
    assert all(len(turns) == 3 and len(set(turns)) == 1 for turns in by_group.values())
    acknowledged = {str(n % 50): n for n in range(last + 1)}
    assert acknowledged.keys() <= by_group.keys()
    late = [turns[0] for group, turns in by_group.items() if turns[0] != acknowledged.get(group)]
    assert late in ([], [last + 1])


@pytest.mark.parametrize("done", [1, 2, 70])
def test_what_was_decided_outlives_a_killed_process(decide_until, where, done):
    last, wrong = decide_until(done, lambda process: process.send_signal(signal.SIGKILL))
    assert not wrong, wrong
    check_decided(where, last)


def test_what_was_decided_outlives_a_killed_server(decide_until, where, kill_and_start_server):
    if not where.startswith("postgresql:"):
        pytest.skip("has no server")
    last, wrong = decide_until(30, lambda _: kill_and_start_server())
    assert b"the server does not answer, or stopped" in wrong
    check_decided(where, last)


# What is left of those who decided


def bytes_of(where, server):
    """Of a store's files, whatever the kind."""
    if not where.startswith("postgresql:"):
        path = Path(where)
        return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))
    return b"".join(path.read_bytes() for path in (server.pgdata / "base").rglob("*/*"))


def test_who_decided_about_what_was_removed_is_in_no_file(where, server, store, ask, vectors):
    draw = random.Random(5)
    words = {n: f"<{draw.getrandbits(80):020x}>" for n in range(400)}
    store.add([ask(f"{side}{n}") for n in words for side in "lr"], vectors(800), "model")
    for start in range(0, 400, 40):
        made = range(start, start + 40)
        store.decide([review(f"l{n}", f"r{n}", reviewer=words[n] * (1 + n % 9)) for n in made])
    gone = set(draw.sample(range(400), 200))
    store.remove([draw.choice("lr") + str(n) for n in gone])
    assert store.erase()
    with open_store(where) as other:
        assert len(every(other)) == 200
    if where.startswith("postgresql:"):
        with store.session() as session:
            session.run("CHECKPOINT")
    content = bytes_of(where, server)
    assert [n for n in gone if words[n].encode() in content] == []
    assert all(words[n].encode() in content for n in words if n not in gone)
