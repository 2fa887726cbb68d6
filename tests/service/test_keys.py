"""Keys: no one gets in without one, and each key only as far as its scope."""

import subprocess
import sys
import time

import pytest

from gemel.service import access as keyring
from gemel.service.access import AccessPolicy
from gemel.store import open_store

OPEN = {"/health", "/ready"}


def code_of(answer):
    return answer.status_code, answer.json()["error"]["code"]


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


def gemel(*arguments):
    command = [sys.executable, "-m", "gemel", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def every_route(client, key):
    paths = client.get("/openapi.json", headers=bearer(key)).json()["paths"]
    return [(method.upper(), path) for path, each in paths.items() for method in each]


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_no_other_machine_is_served_without_keys(new_corpus, host):
    done = gemel("serve", "--db", new_corpus(), "--host", host, "--port", "0")
    assert done.returncode == 2
    assert "gemel key add" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_one_without_a_key_reads_or_writes(keyed):
    routes = every_route(keyed.client, keyed.keys["read"])
    assert len(routes) >= 15
    for method, path in [*routes, ("GET", "/openapi.json"), ("HEAD", "/model"), ("GET", "/no")]:
        answer = keyed.client.request(method, path.replace("{id}", "0-0"))
        if path in OPEN:
            assert answer.status_code == 200
            continue
        assert answer.status_code == 401, (method, path)
        assert answer.headers["www-authenticate"].startswith("Bearer")
        assert method == "HEAD" or code_of(answer) == (401, "no_key")
    assert keyed.client.get("/", headers={"Accept": "text/html"}).status_code == 200
    assert keyed.client.get("/page/page.css").status_code == 200


@pytest.mark.parametrize(
    "value",
    [
        "Basic YTpi", "Bearer", "gemel_00000000_" + "a" * 43, "bearer\tx", "Token x",
    ],
)  # fmt: skip
def test_what_is_no_key_at_all(keyed, value):
    answer = keyed.client.get("/model", headers={"Authorization": value})
    assert code_of(answer) == (401, "no_key")


def test_a_key_that_may_read_cannot_write(keyed):
    may_read = bearer(keyed.keys["read"])
    for method, path in every_route(keyed.client, keyed.keys["read"]):
        changes = method != "GET" and path.startswith(("/questions", "/review"))
        answer = keyed.client.request(method, path.replace("{id}", "0-0"), headers=may_read)
        assert (answer.status_code == 403) == changes, (method, path, answer.text)
    for path in ("/%71uestions", "/questions/", "/review?a=b", "/questions?"):
        answer = keyed.client.post(path, json={"question": "May I?"}, headers=may_read)
        assert answer.status_code in (403, 404), path
    asked = {"question": "How do I print my calendar?"}
    assert keyed.client.post("/check", json=asked, headers=may_read).status_code == 200


def test_a_key_that_may_write(keyed):
    may_write = bearer(keyed.keys["write"])
    added = keyed.client.post("/questions", json={"question": "May I?"}, headers=may_write)
    assert added.status_code == 201
    decision = {"left": "4-0", "right": "4-1", "answer": "same"}
    body = {"decisions": [decision], "reviewer": "somebody else"}
    assert keyed.client.post("/review", json=body, headers=may_write).status_code == 200
    exported = keyed.client.get("/review/export", headers=may_write).text
    assert "write key" in exported
    assert "somebody else" not in exported


def test_a_key_that_is_revoked_is_worth_nothing_soon(keyed):
    key = gemel("key", "add", "soon gone", "--db", keyed.db).stdout.strip()
    assert keyed.client.get("/openapi.json", headers=bearer(key)).status_code == 200
    with open_store(str(keyed.db), create=False) as store:
        store.revoke_key("soon gone")
    keyed.until(lambda: keyed.client.get("/openapi.json", headers=bearer(key)).status_code != 200)
    assert code_of(keyed.client.get("/model", headers=bearer(key))) == (401, "bad_key")


def test_one_key_that_asks_too_often_does_not_stop_another(keyed_slowly):
    keyed = keyed_slowly
    may_read, may_write = bearer(keyed.keys["read"]), bearer(keyed.keys["write"])
    answers = [keyed.client.get("/openapi.jso", headers=may_read) for _ in range(20)]
    slowed = [answer for answer in answers if answer.status_code == 429]
    assert slowed
    assert code_of(slowed[0]) == (429, "too_many")
    assert int(slowed[0].headers["retry-after"]) >= 1
    assert "read key" in slowed[0].json()["error"]["message"]
    assert keyed.client.get("/openapi.json", headers=may_write).status_code == 200
    time.sleep(int(slowed[0].headers["retry-after"]))
    assert keyed.client.get("/openapi.json", headers=may_read).status_code == 200


def test_guessing_is_slowed(new_corpus, within, monkeypatch):
    monkeypatch.setattr(keyring, "_GUESSES", 1)
    db = new_corpus()
    with open_store(str(db), create=False) as store:
        good = bearer(store.add_key("who asks", "write"))
    with within(db, AccessPolicy(keys=True)) as (client, _):
        said = []
        for number in range(20):
            wrong = bearer(f"gemel_{number:08x}_{'a' * 43}")
            said.append(code_of(client.get("/openapi.json", headers=wrong)))
        assert set(said) == {(401, "bad_key"), (429, "too_many")}
        assert client.get("/openapi.json", headers=good).status_code == 200
