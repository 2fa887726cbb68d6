"""Two services on one PostgreSQL: what is done through one is so for the other."""

import concurrent.futures
import time

import psutil
import pytest

from gemel.store import open_store


@pytest.fixture(scope="module")
def database(new_database, fill):
    db = new_database()
    fill(db)
    return db


@pytest.fixture(scope="module")
def both(database, serving, tmp_path_factory):
    logs = tmp_path_factory.mktemp("logs")
    with serving(database, log=logs / "one") as one, serving(database, log=logs / "two") as two:
        yield one, two


def ids(served, question, k=3):
    told = served.client.post("/search", json={"question": question, "k": k}).json()
    return [match["id"] for match in told["matches"]]


def test_what_is_added_through_one_is_found_through_the_other(both):
    for number, (one, two) in enumerate([both, both[::-1]] * 3):
        text = f"Which whale sings song {number}?"
        (name,) = one.client.post("/questions", json={"question": text}).json()["ids"]
        assert ids(one, text)[0] == name
        two.until(lambda: name in ids(two, text))  # noqa: B023
        assert one.client.delete(f"/questions/{name}").is_success
        assert name not in ids(one, text)
        two.until(lambda: name not in ids(two, text))  # noqa: B023
        assert two.client.get(f"/questions/{name}").status_code == 404


def test_what_is_replaced_through_one_is_so_for_the_other(both):
    one, two = both
    sent = {"question": "Is the sea green?", "id": "sea"}
    assert one.client.post("/questions", json=sent).is_success
    two.until(lambda: "sea" in ids(two, "Is the sea green?"))
    assert two.client.post("/questions", json=sent).status_code == 409
    sent = {"question": "Are bees fond of tea?", "id": "sea", "replace": True}
    assert two.client.post("/questions", json=sent).is_success
    one.until(lambda: ids(one, "Are bees fond of tea?")[0] == "sea")
    assert one.client.get("/questions/sea").json()["question"] == "Are bees fond of tea?"
    assert one.client.delete("/questions/sea").is_success


def test_what_is_decided_through_one_is_so_for_the_other(both):
    one, two = both
    for served in both:
        served.until(lambda: served.client.get("/review").status_code == 200)  # noqa: B023
    pair = one.client.get("/review").json()["pairs"][0]
    decision = {"left": pair["left"]["id"], "right": pair["right"]["id"], "answer": "same"}
    assert one.client.post("/review", json={"decisions": [decision]}).is_success
    assert two.client.post("/review", json={"decisions": [decision]}).status_code == 409
    told = two.client.get("/review", params={"count": 100}).json()
    assert told["counts"]["same"] == 1
    assert pair["left"] not in [each["left"] for each in told["pairs"] if each == pair]
    undone = two.client.delete("/review", params={k: decision[k] for k in ("left", "right")})
    assert undone.json()["undone"] == 1
    assert one.client.get("/review").json()["counts"]["same"] == 0


def test_many_adders_through_both_at_once(both, database):
    def add(number):
        served = both[number % 2]
        body = {"question": f"Is {number} a square?", "id": f"square-{number}"}
        body["metadata"] = {"square": True}
        return served.client.post("/questions", json=body).status_code

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(add, range(100))) == {201}
    names = {f"square-{number}" for number in range(100)}
    with open_store(database, create=False) as store:
        assert None not in store.find(sorted(names))
    asked = {"question": "Is 7 a square?", "k": 100, "where": {"square": True}}

    def found(served):
        matches = served.client.post("/search", json=asked).json()["matches"]
        return {match["id"] for match in matches}

    for served in both:
        served.until(lambda: found(served) == names)  # noqa: B023


def test_metadata_that_postgres_cannot_keep_is_refused(both):
    one, _ = both
    for written in ("a\0b", "\0"):
        sent = {"question": "Why?", "metadata": {"a": written}}
        assert one.client.post("/questions", json=sent).status_code == 422
        sent = {"question": "Why?", "metadata": {written: 1}}
        assert one.client.post("/questions", json=sent).status_code == 422
        filtered = {"question": "Why?", "where": {"a": written}}
        assert one.client.post("/check", json=filtered).status_code == 422
        assert one.client.get("/questions/%00").status_code == 404
    sent = {"question": "Why?", "id": "large", "metadata": {"n": 10**40, "m": 1e300}}
    assert one.client.post("/questions", json=sent).is_success
    assert one.client.get("/questions/large").json()["metadata"] == {"n": 10**40, "m": 1e300}


def test_keys_while_the_database_server_is_gone(
    database, serving, kill_and_start_server, server, tmp_path
):
    with open_store(database, create=False) as store:
        key = store.add_key("who asks", "read")
    options = ("--require-keys",)
    with serving(database, *options, key=key, log=tmp_path / "log") as served:
        process = psutil.Process(server.get_pid())
        process.suspend()
        workers = process.children()
        process.kill()
        psutil.wait_procs([process, *workers])
        time.sleep(1.2)  # so long a key is remembered
        answer = served.client.get("/questions/0-0")
        server.ensure_postgres_running()
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store")
        assert "postgres" not in answer.text
        served.until(lambda: served.client.get("/questions/0-0").status_code == 200)
