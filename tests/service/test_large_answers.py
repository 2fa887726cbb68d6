"""Answers do not grow with the stored metadata, nor memory with the number of clients."""

import asyncio
import concurrent.futures
import csv
import io
import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from gemel.api import open_index
from gemel.pretrained import DEFAULT_MODEL
from gemel.service.access import _send_in_parts
from gemel.store import NewQuestion, NewReview, open_store

QUESTIONS = 100
LARGE = 990_000
"""Characters of metadata that older releases took."""


def fill(db, size, *, older=False, questions=QUESTIONS, text="How do I reset my password {}?"):
    """Questions that ask much the same, and their metadata."""
    metadata = {"topic": 1, "long": "x" * (10 if older else size)}
    with open_index(db, DEFAULT_MODEL) as index:
        asked = (
            NewQuestion(id=str(n), text=text.format(n), metadata=metadata) for n in range(questions)
        )
        index.add_all(list(asked))
    if older:
        with open_store(str(db)) as store, store.changing() as (session, _):
            long = json.dumps(metadata | {"long": "x" * size})
            session.run("UPDATE questions SET metadata = ?", (long,))
    return db


@pytest.fixture(scope="module")
def older(tmp_path_factory):
    """A corpus of an older release, with metadata that would be refused today."""
    return fill(tmp_path_factory.mktemp("older") / "site.db", LARGE, older=True)


ASKED = {"question": "How do I reset my password?", "k": QUESTIONS}


def test_many_who_ask_for_large_metadata_do_not_fill_the_memory(older, serving):
    with serving(older) as served:
        process = psutil.Process(served.process.pid)
        assert served.client.post("/check", json=ASKED | {"k": 1}).status_code == 200
        before = most = process.memory_info().rss
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            waiting = [
                pool.submit(served.client.post, route, json=ASKED)
                for route in ("/check", "/search") * 12
            ]
            while not all(each.done() for each in waiting):
                most = max(most, process.memory_info().rss)
                time.sleep(0.005)
        for answer in (each.result() for each in waiting):
            assert answer.status_code == 200
            matches = answer.json()["matches"]
            assert len(matches) == QUESTIONS
            assert all(match["metadata_omitted"] and not match["metadata"] for match in matches)
        assert most - before < 300e6  # all of them took 2.7 GB
        shown = served.client.get("/questions/7").json()
        assert len(shown["metadata"]["long"]) == LARGE
        assert "metadata_omitted" not in shown


def test_metadata_are_there_as_far_as_they_fit_the_best_first(tmp_path, within):
    db = fill(tmp_path / "site.db", 3_000)
    with within(db, answer=100_000) as (client, _):
        answer = client.post("/search", json=ASKED)
        assert len(answer.content) <= 100_000
        matches = answer.json()["matches"]
        omitted = [match.get("metadata_omitted", False) for match in matches]
        assert sorted(omitted) == omitted
        assert 15 < omitted.count(False) < 33
        for match, is_omitted in zip(matches, omitted, strict=True):
            assert match["metadata"] == ({} if is_omitted else {"topic": 1, "long": "x" * 3_000})
        few = client.post("/check", json=ASKED | {"k": 5}).json()["matches"]
        assert not any("metadata_omitted" in match for match in few)
    with within(db, answer=5_000) as (client, _):
        refused = client.post("/check", json=ASKED)
        assert refused.status_code == 413
        assert refused.json()["error"]["message"] == (
            "the answer would have more than 5,000 bytes; ask for fewer questions (k)"
        )


def test_metadata_that_are_too_large_are_refused(tmp_path, within):
    with within(fill(tmp_path / "site.db", 10, questions=2)) as (client, _):
        for long, status in ((65_527, 201), (65_528, 413)):
            body = {"question": "Why?", "metadata": {"a": "x" * long}}
            answer = client.post("/questions", json=body)
            assert answer.status_code == status
        message = answer.json()["error"]["message"]
        assert message == (
            "the question 'Why?' has 65,537 characters of metadata; expected 65,536 at most: "
            "store long texts elsewhere, and their address here"
        )


def groups(client, **asked):
    end = time.monotonic() + 60
    while (answer := client.get("/duplicates", params=asked)).status_code == 202:
        assert time.monotonic() < end
        time.sleep(0.05)
    return answer


def test_groups_and_pairs_are_bounded_too(tmp_path, within):
    db = fill(tmp_path / "site.db", 3_000, text="How do I reset my password?")
    most = 10_000
    with within(db, answer=most) as (client, _):
        answer = groups(client)
        assert answer.status_code == 200
        assert len(answer.content) <= most
        found = answer.json()
        (group, *_) = found["page"]
        assert len(group["members"]) + group["members_omitted"] > 50
        assert any(member.get("metadata_omitted") for member in group["members"])
        exported = client.get("/duplicates/export", params={"format": "csv"})
        rows = list(csv.DictReader(io.StringIO(exported.text)))
        assert len(rows) == found["grouped"]
    with within(db) as (client, _):
        (group, *_) = groups(client).json()["page"]
        assert "members_omitted" not in group
        assert all(member["metadata"]["topic"] == 1 for member in group["members"])


def test_pairs_are_as_many_as_fit(tmp_path, within):
    db = fill(tmp_path / "site.db", 10, questions=60)  # more would be a template
    counts = []
    for most in (4_000_000, 10_000):
        with within(db, answer=most) as (client, _):
            groups(client)
            pairs = client.get("/review", params={"count": 100})
            assert pairs.status_code == 200
            assert len(pairs.content) <= most
            counts.append(len(pairs.json()["pairs"]))
    assert 0 < counts[1] < counts[0]


def test_an_export_comes_whole_though_it_is_sent_in_parts(tmp_path, within):
    db = fill(tmp_path / "site.db", 10, questions=40)
    with open_store(str(db)) as store:
        store.decide(
            [
                NewReview(left_id=str(a), right_id=str(b), answer="same", reviewer="ann" * 60)
                for a in range(40)
                for b in range(a)
            ]
        )
    with within(db, answer=20_000) as (client, _):
        answer = client.get("/review/export")
        assert len(answer.content) > 100_000
        assert "content-length" not in answer.headers
        assert len(list(csv.DictReader(io.StringIO(answer.text)))) == 780


def test_answers_that_no_one_takes_leave_room_for_small_ones(tmp_path, within):
    """Sixteen times the bound may be being sent; beyond the answer is 503, of large ones only."""
    size = 12_000_000  # far more than the system's buffers take
    db = fill(tmp_path / "site.db", size, older=True, questions=8)
    with within(db, answer=1_000_000) as (client, _):
        url = client.base_url
        request = f"GET /questions/7 HTTP/1.1\r\nHost: {url.host}:{url.port}\r\n\r\n".encode()
        statuses, held = [], []
        try:
            for _ in range(3):
                lazy = socket.socket()
                lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                lazy.connect((url.host, url.port))
                lazy.sendall(request)
                statuses.append(lazy.recv(12))
                held.append(lazy)
            assert statuses == [b"HTTP/1.1 200", b"HTTP/1.1 503", b"HTTP/1.1 503"]
            assert client.post("/check", json=ASKED | {"k": 1}).status_code == 200
            refused = client.get("/questions/7")
            assert refused.status_code == 503
            assert refused.headers["retry-after"] == "1"
            assert refused.headers["x-content-type-options"] == "nosniff"
        finally:
            for lazy in held:
                lazy.close()
        end = time.monotonic() + 20
        while (answer := client.get("/questions/7")).status_code == 503:
            assert time.monotonic() < end
            time.sleep(0.02)
        assert len(answer.json()["metadata"]["long"]) == size


def test_a_body_is_sent_in_parts_in_order():
    sent = []

    async def send(message):
        sent.append(message)

    body = bytes(range(256)) * 1000
    message = {"type": "http.response.body", "body": body, "more_body": False}
    with ThreadPoolExecutor(1) as thread:  # the browser of other tests has a loop in this one
        thread.submit(lambda: asyncio.run(_send_in_parts(message, send))).result()
    assert b"".join(each["body"] for each in sent) == body
    assert [each["more_body"] for each in sent] == [True] * (len(sent) - 1) + [False]
    assert max(len(each["body"]) for each in sent) == 1 << 16


def test_a_filter_that_does_not_fit_is_refused_for_who_sent_it_alone(site):
    def ask(where):
        body = {"question": "How can I export my tasks?", "where": where}
        return site.client.post("/check", json=body)

    wheres = [{"topic": 4}, {"topic": "4"}, {"topics": 4}, {"topic": True}, {}] * 4
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(ask, wheres))
    assert [each.status_code for each in answers] == [200, 422, 422, 422, 200] * 4
    messages = [each.json()["error"]["message"] for each in answers[1:4]]
    assert messages == [
        "topic holds integers; got the text '4'; filter by an integer",
        "no question has metadata named 'topics'; did you mean 'topic'? there are: topic",
        "topic holds integers; got true; filter by an integer",
    ]
    assert ask({"topic": [4]}).status_code == 422
    assert ask("topic=4").status_code == 422
