"""Other sites, other names, and errors that reveal nothing private."""

import re

import httpx
import pytest

from gemel.service.access import AccessPolicy

FORUM = "https://forum.example"


def code_of(answer):
    return answer.status_code, answer.json()["error"]["code"]


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


QUESTION = {"question": "May a page of another site write this?"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "http://["},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "nonsense"},
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
    ],
)
def test_pages_of_other_sites_write_nothing(client, headers):
    for method, path in [
        ("POST", "/questions"), ("POST", "/review"), ("DELETE", "/questions/0-0"),
        ("DELETE", "/review?left=0-0&right=0-1"), ("POST", "/check"),
    ]:  # fmt: skip
        answer = client.request(method, path, json=QUESTION, headers=headers)
        assert code_of(answer) == (403, "cross_site"), path
        assert "access-control-allow-origin" not in answer.headers
    assert client.get("/questions/0-0").status_code == 200


def test_its_own_page_writes(site):
    for origin in (site.url.rstrip("/"), f"http://localhost:{site.port}"):
        headers = {"Origin": origin, "Sec-Fetch-Site": "same-origin"}
        url = f"{origin}/questions"
        assert httpx.post(url, json=QUESTION, headers=headers, timeout=600).status_code == 201


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "[", "[::1", "a b", "127.0.0.1@evil.x"]
)
def test_a_name_that_leads_here_is_not_enough(client, host):
    for path in ("/", "/health", "/questions/0-0", "/page/page.css"):
        answer = client.get(path, headers={"Host": host})
        assert answer.status_code in (400, 421)
        if answer.status_code == 421:
            assert code_of(answer) == (421, "wrong_host")


def test_names_that_are_let_in(new_corpus, within):
    with within(new_corpus(), AccessPolicy(hosts=("gemel.example", "localhost"))) as (client, _):
        for host in ("gemel.example", "GEMEL.example:80", "localhost:1"):
            assert client.get("/health", headers={"Host": host}).status_code == 200
        assert client.get("/health").status_code == 421


def preflight(client, origin, path="/check"):
    headers = {"Origin": origin, "Access-Control-Request-Method": "POST"}
    return client.options(path, headers=headers)


def test_no_other_site_may_read_unless_it_is_listed(client, keyed):
    assert code_of(preflight(client, FORUM)) == (403, "cross_site")
    got = client.get("/questions/0-0", headers={"Origin": FORUM})
    assert "access-control-allow-origin" not in got.headers

    may = preflight(keyed.client, FORUM)
    assert (may.status_code, may.content) == (204, b"")
    assert may.headers["access-control-allow-origin"] == FORUM
    assert may.headers["vary"] == "Origin"
    assert "authorization" in may.headers["access-control-allow-headers"]
    assert "DELETE" in may.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in may.headers
    for other in ("https://evil.example", "null", FORUM + ".evil.example", "*"):
        refused = preflight(keyed.client, other)
        assert code_of(refused) == (403, "cross_site")
        assert "access-control-allow-origin" not in refused.headers


def test_a_listed_site_needs_a_key_and_is_refused(keyed):
    no = keyed.client.post("/check", json=QUESTION, headers={"Origin": FORUM})
    assert code_of(no) == (401, "no_key")
    assert no.headers["access-control-allow-origin"] == FORUM
    headers = {"Origin": FORUM, "Sec-Fetch-Site": "cross-site"} | bearer(keyed.keys["write"])
    yes = keyed.client.post("/check", json=QUESTION, headers=headers)
    assert yes.status_code == 200
    assert yes.headers["access-control-allow-origin"] == FORUM


def test_every_answer_has_the_headers_that_keep_browsers_safe(client):
    asked = [
        client.get("/"), client.get("/page/page.css"), client.get("/health"),
        client.get("/nothing"), client.post("/check", content=b"{"), client.put("/check"),
        client.get("/", headers={"Host": "evil.example"}), client.get("/openapi.json"),
        client.post("/check", json=QUESTION, headers={"Origin": "null"}), client.get("/metrics"),
    ]  # fmt: skip
    for answer in asked:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in answer.headers
        assert "set-cookie" not in answer.headers
    assert client.get("/model").headers["cache-control"] == "no-store"


def test_what_no_one_expected_is_reported_as_a_number_and_logged(new_corpus, within, caplog):
    with within(new_corpus()) as (client, site):

        def fail(*_, **__):
            raise RuntimeError("secret /home/somebody")

        for broken, ask in [
            ("match", lambda: client.post("/check", json={"question": "Why?"})),
            ("compare", lambda: client.post("/compare", json={"left": "Why?", "right": "Why?"})),
            ("read", lambda: client.get("/questions/0-0")),
            ("add", lambda: client.post("/questions", json={"question": "Why?"})),
        ]:
            setattr(site, broken, fail)
            caplog.clear()
            answer = ask()
            assert code_of(answer) == (500, "internal")
            assert "content-security-policy" in answer.headers
            assert not re.search(r"secret|home|Traceback|\.py", answer.text)
            incident = answer.json()["error"]["incident"]
            assert incident in answer.json()["error"]["message"]
            (logged,) = [each for each in caplog.records if incident in each.getMessage()]
            assert logged.exc_info[1].args == ("secret /home/somebody",)
        assert client.get("/health").status_code == 200


def test_a_path_cannot_write_lines_of_its_own_into_the_log(new_corpus, within, caplog):
    with within(new_corpus()) as (client, site):
        del site.store
        client.get("/questions/a%0aincident 0000: all is well")
    assert "\n" not in caplog.records[0].getMessage()


def test_errors_name_no_place_of_the_machine(new_corpus, within):
    db = new_corpus()
    with within(db) as (client, site):
        site.index.store.close()
        site.problem = ""
        answers = [
            client.get("/questions/0-0"),
            client.post("/questions", json={"question": "Why?"}),
            client.delete("/questions/0-0"),
            client.get("/duplicates"),
            client.get("/ready"),
        ]
        for answer in answers:
            assert answer.status_code >= 500 or answer.request.url.path == "/ready"
            assert str(db.parent) not in answer.text
            assert db.name not in answer.text
            assert ".py" not in answer.text
