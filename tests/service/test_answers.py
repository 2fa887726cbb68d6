"""What every route answers, and how it says no."""

import json
import math
import uuid

import pytest

import gemel


def added(client, question, **more):
    answer = client.post("/questions", json={"question": question, **more})
    assert answer.status_code == 201, answer.text
    (name,) = answer.json()["ids"]
    return name


def refused(answer, status, code):
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    error = answer.json()["error"]
    assert error["code"] == code, error
    return error["message"]


def at(name):
    return "/questions/" + "".join(f"%{byte:02x}" for byte in name.encode())


def test_compare(client):
    same = client.post("/compare", json={"left": "How old are you?", "right": "What is your age?"})
    assert same.status_code == 200
    assert set(same.json()) == {
        "answer", "similarity", "probability", "is_duplicate", "threshold", "explanation",
    }  # fmt: skip
    assert same.json()["explanation"] is None
    other = client.post("/compare", json={"left": "How old are you?", "right": "Where is my car?"})
    assert other.json()["answer"] == "not the same"
    assert not other.json()["is_duplicate"]
    assert other.json()["probability"] < same.json()["probability"]


def test_compare_states_why(client):
    asked = {"left": "How old are you?", "right": "How tall are you?", "explain": True}
    told = client.post("/compare", json=asked).json()
    words = {
        side: [word["word"] for word in told["explanation"][side]] for side in told["explanation"]
    }
    assert "old" in words["left"]
    assert "tall" in words["right"]
    assert set(told["explanation"]["left"][0]) == {"word", "share", "is_known"}


def test_encode(client):
    told = client.post("/encode", json={"questions": ["How old are you?", "Why?", "Why?"]}).json()
    assert set(told) == {"model", "dim", "vectors"}
    assert [len(vector) for vector in told["vectors"]] == [told["dim"]] * 3
    assert all(math.isclose(math.hypot(*vector), 1, abs_tol=1e-3) for vector in told["vectors"])
    assert told["vectors"][1] == told["vectors"][2]
    assert told["model"] == client.get("/model").json()["fingerprint"]


def test_search(client):
    told = client.post("/search", json={"question": "How can I print my calendar?", "k": 5}).json()
    assert told["matches"][0]["id"] == "2-1"
    assert len(told["matches"]) == 5
    cosines = [match["cosine"] for match in told["matches"]]
    assert cosines == sorted(cosines, reverse=True)
    assert told["matches"][0]["metadata"] == {"topic": 2}


def test_check(client):
    told = client.post("/check", json={"question": "How can I export my tasks?"}).json()
    assert told["asked_before"]
    assert len(told["matches"]) == 3
    assert {match["id"] for match in told["matches"][:2]} == {"1-0", "1-1"}
    similarities = [match["similarity"] for match in told["matches"]]
    assert similarities == sorted(similarities, reverse=True)
    told = client.post("/check", json={"question": "Is there life on Mars?"}).json()
    assert not told["asked_before"]


def test_where(client):
    asked = {"question": "How can I export my tasks?", "k": 9, "where": {"topic": 4}}
    for route in ("/search", "/check"):
        matches = client.post(route, json=asked).json()["matches"]
        assert {match["id"] for match in matches} == {"4-0", "4-1", "4-2"}
        none = client.post(route, json=asked | {"where": {"topic": 40}}).json()
        assert none["matches"] == []
        assert client.post(route, json=asked | {"where": {}}).json()["matches"]


def test_more_metadata_asked_for_than_a_question_has(client):
    where = {f"name {number}": number for number in range(600)}
    for route in ("/search", "/check"):
        answer = client.post(route, json={"question": "Why?", "where": where})
        assert "50" in refused(answer, 413, "too_large")


def test_what_is_added_is_found_at_once(client):
    for number in range(10):
        text = f"What does error {uuid.uuid4().hex[:6]} mean on floor {number}?"
        name = added(client, text)
        told = client.post("/check", json={"question": text}).json()
        assert told["asked_before"]
        assert told["matches"][0]["id"] == name
        assert client.get(at(name)).json() == {"id": name, "question": text, "metadata": {}}


def test_what_is_removed_is_found_no_more(client):
    name = added(client, "Who feeds the penguins in winter?", id="penguins")
    assert client.delete(at(name)).json() == {"removed": [name]}
    told = client.post("/search", json={"question": "Who feeds the penguins in winter?"}).json()
    assert name not in [match["id"] for match in told["matches"]]
    assert "penguins" in refused(client.get(at(name)), 404, "not_found")
    refused(client.delete(at(name)), 404, "not_found")


def test_several_at_once_are_kept_all_or_none(client):
    several = [{"question": f"Is {n} a prime?", "id": f"prime-{n}"} for n in (2, 3, 5)]
    answer = client.post("/questions", json={"questions": several})
    assert (answer.status_code, answer.json()) == (201, {"ids": ["prime-2", "prime-3", "prime-5"]})
    again = [{"question": "Is 7 a prime?", "id": "prime-7"}, several[0]]
    message = refused(client.post("/questions", json={"questions": again}), 409, "conflict")
    assert "prime-2" in message
    assert "replace" in message
    refused(client.get("/questions/prime-7"), 404, "not_found")


def test_replacing(client):
    added(client, "Is the cat in?", id="cat", metadata={"colour": "black"})
    refused(client.post("/questions", json={"question": "Is it?", "id": "cat"}), 409, "conflict")
    added(client, "Is the cat out?", id="cat", replace=True)
    assert client.get("/questions/cat").json()["question"] == "Is the cat out?"
    assert client.get("/questions/cat").json()["metadata"] == {}
    answer = client.post(
        "/questions",
        json={"questions": [{"question": "Is the cat up?", "id": "cat"}], "replace": True},
    )
    assert answer.status_code == 201
    found = client.post("/search", json={"question": "Is the cat up?", "k": 1}).json()
    assert found["matches"][0]["question"] == "Is the cat up?"


def test_an_id_that_occurs_twice(client):
    twice = [{"question": "Is it?", "id": "twice"}, {"question": "Is he?", "id": "twice"}]
    message = refused(client.post("/questions", json={"questions": twice}), 422, "invalid")
    assert "twice" in message


@pytest.mark.parametrize(
    "name",
    [
        "a/b", "/", "//", "a//b/", "..", "../..", "./x", "%2F", "?q=1&r", "#", "a b", "é", "🐱" * 9,
        "\n", "\t", "'; DROP TABLE questions; --", "\\", '"', "<script>", "+", "export", "\u202e",
        "x" * 1000,
    ],
)  # fmt: skip
def test_odd_ids(client, name):
    added(client, "What is odd?", id=name)
    assert client.get(at(name)).json()["id"] == name
    assert client.delete(at(name)).json() == {"removed": [name]}
    refused(client.get(at(name)), 404, "not_found")


@pytest.mark.parametrize("name", ["", "x" * 1001, "a\0b", 7, ["a"]])
def test_ids_that_are_none(client, name):
    answer = client.post("/questions", json={"question": "What is none?", "id": name})
    assert "id" in refused(answer, 422, "invalid")
    if isinstance(name, str):
        refused(client.get(at(name)), 404, "not_found")


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u200b"])
def test_blank_questions(client, text):
    for route in ("/search", "/check", "/questions"):
        refused(client.post(route, json={"question": text}), 422, "blank")
    refused(client.post("/compare", json={"left": "Why?", "right": text}), 422, "blank")
    sent = ["Why?", text]
    assert "question 1" in refused(client.post("/encode", json={"questions": sent}), 422, "blank")
    several = [{"question": each} for each in sent]
    refused(client.post("/questions", json={"questions": several}), 422, "blank")


def test_questions_that_are_too_long(client):
    text = "why " * 2501
    for route in ("/search", "/check", "/questions"):
        message = refused(client.post(route, json={"question": text}), 413, "too_large")
        assert "10,004" in message
        assert "10,000" in message
    answer = client.post("/compare", json={"left": text, "right": "Why?"})
    assert "first" in refused(answer, 413, "too_large")
    refused(client.post("/encode", json={"questions": [text]}), 413, "too_large")
    assert client.post("/check", json={"question": text[:10_000]}).status_code == 200


def test_more_than_one_request_may_hold(client):
    questions = [f"What is {number}?" for number in range(257)]
    answer = client.post("/encode", json={"questions": questions})
    assert "256" in refused(answer, 413, "too_large")
    assert client.post("/encode", json={"questions": questions[:256]}).status_code == 200
    several = {"questions": [{"question": question} for question in questions]}
    refused(client.post("/questions", json=several), 413, "too_large")
    refused(client.post("/search", json={"question": "Why?", "k": 101}), 413, "too_large")
    metadata = {f"name {number}": number for number in range(51)}
    sent = {"question": "Why?", "metadata": metadata}
    refused(client.post("/questions", json=sent), 413, "too_large")
    decisions = [{"left": "0-0", "right": "0-1", "answer": "same"}] * 257
    refused(client.post("/review", json={"decisions": decisions}), 413, "too_large")
    body = b'{"question": "' + b" " * 1_000_000 + b'"}'
    answer = client.post("/check", content=body, headers={"Content-Type": "application/json"})
    assert "1,000,000" in refused(answer, 413, "too_large")


@pytest.mark.parametrize(
    ("route", "sent", "named"),
    [
        ("/compare", {"left": "Why?"}, "right"),
        ("/compare", {"left": "Why?", "right": None}, "right"),
        ("/compare", {"left": "Why?", "right": "Why?", "explain": "yes"}, "explain"),
        ("/check", {"question": "Why?", "kk": 3}, "kk"),
        ("/check", {"question": "Why?", "k": "3"}, "k"),
        ("/check", {"question": "Why?", "k": 0}, "k"),
        ("/check", {"question": "Why?", "k": 1.5}, "k"),
        ("/check", {"question": 7}, "question"),
        ("/check", {"question": "half \ud800"}, "question"),
        ("/check", {"question": "nothing \0"}, "question"),
        ("/check", {"question": "Why?", "where": {"a": [1]}}, "where"),
        ("/check", [], "body"),
        ("/check", "Why?", "body"),
        ("/check", None, "body"),
        ("/encode", {"questions": []}, "questions"),
        ("/encode", {"questions": "Why?"}, "questions"),
        ("/questions", {}, "question"),
        ("/questions", {"question": "Why?", "metadata": {"a": {}}}, "metadata"),
        ("/questions", {"question": "Why?", "tags": []}, "tags"),
        ("/questions", {"questions": [{"question": "Why?", "tags": []}]}, "questions.0.tags"),
        ("/questions", {"questions": [{"id": "a"}]}, "questions.0.question"),
        ("/review", {"decisions": []}, "decisions"),
        ("/review", {"decisions": [{"left": "a", "right": "b", "answer": "no"}]}, "answer"),
        ("/review", {"decisions": [], "reviewer": ""}, "reviewer"),
    ],
)
def test_bodies_that_do_not_fit(client, route, sent, named):
    body = json.dumps(sent).encode()
    answer = client.post(route, content=body, headers={"Content-Type": "application/json"})
    assert named in refused(answer, 422, "invalid")


@pytest.mark.parametrize(
    "body",
    [b"{", b"nonsense", b"\xff\xfe", b'{"question": NaN', b"[" * 100_000, b'{"k": ' + b"9" * 5000],
)
def test_bodies_that_are_no_json(client, body):
    answer = client.post("/check", content=body, headers={"Content-Type": "application/json"})
    assert refused(answer, 400, "bad_json")


@pytest.mark.parametrize(
    "written", [b"NaN", b"Infinity", b"-Infinity", b"1e999", b'"\\ud800"', b'"a\\u0000b"']
)
def test_metadata_that_json_can_hardly_write(client, written):
    body = b'{"question": "Why?", "%s": {"a": ' + written + b"}}"
    kinds = {"Content-Type": "application/json"}
    answer = client.post("/questions", content=body % b"metadata", headers=kinds)
    assert answer.status_code in (201, 422)
    if answer.status_code == 201:
        assert client.get("/questions/" + answer.json()["ids"][0]).status_code == 200
    assert client.post("/check", content=body % b"where", headers=kinds).status_code in (200, 422)


def test_large_numbers_in_metadata(client):
    for value in (2**53 + 1, 2**63, -(10**40), 1.5e300):
        name = added(client, "How large is it?", metadata={"n": value})
        assert client.get("/questions/" + name).json()["metadata"] == {"n": value}
        asked = {"question": "How large is it?", "where": {"n": value}}
        assert [m["id"] for m in client.post("/check", json=asked).json()["matches"]] == [name]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None])
def test_bodies_of_another_kind(client, kind):
    headers = {} if kind is None else {"Content-Type": kind}
    answer = client.post("/check", content=b'{"question": "Why?"}', headers=headers)
    assert "application/json" in refused(answer, 415, "not_json")
    kind = "application/json; charset=utf-8"
    answer = client.post("/check", content=b'{"question": "Why?"}', headers={"Content-Type": kind})
    assert answer.status_code == 200


def test_what_is_not_there(client):
    hidden = ("/page/..%2fapp.py", "/page/%2e%2e/app.py", "/page/%2fetc/passwd")
    for path in ("/nothing", "/check/", "/page", "/page/", "/page/nothing.js", "/%00", *hidden):
        refused(client.get(path), 404, "not_found")
    answer = client.get("/check")
    refused(answer, 405, "not_allowed")
    assert answer.headers["allow"] == "POST"
    for method, path in [("PUT", "/questions"), ("PATCH", "/review"), ("POST", "/health")]:
        answer = client.request(method, path)
        refused(answer, 405, "not_allowed")
        assert answer.headers["allow"]


def test_head_and_options(client):
    for path in ("/", "/health", "/ready", "/metrics", "/questions/0-0", "/page/page.css"):
        head, got = client.head(path), client.get(path)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-type"] == got.headers["content-type"]
    assert client.head("/questions/nothing").status_code == 404
    answer = client.options("/check")
    refused(answer, 405, "not_allowed")
    assert answer.headers["allow"] == "POST"


def test_half_a_character_that_others_kept_harms_no_answer(new_corpus, serving):
    db = new_corpus()
    with gemel.open_index(db) as index:
        index.add("What is half a character?", id="half", metadata={"sign": "\ud800"})
    with serving(db) as served:
        answer = served.client.post("/check", json={"question": "What is half a character?"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["matches"][0]["metadata"] == {"sign": "\ud800"}
