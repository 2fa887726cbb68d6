"""Groups, decisions, files of both, and what the model says of itself."""

import csv
import io
import json
import time

import pytest


@pytest.fixture(scope="module")
def grouped(client, site):
    """A client of a service whose groups are there."""
    first = client.get("/duplicates")
    assert first.status_code == 202
    assert first.json()["state"] == "computing"
    site.until(lambda: client.get("/duplicates").status_code == 200, 60)
    return client


def groups(client, **asked):
    answer = client.get("/duplicates", params=asked)
    assert answer.status_code == 200, answer.text
    return answer.json()


def decide(client, left, right, answer, **more):
    decision = {"left": left, "right": right, "answer": answer}
    return client.post("/review", json={"decisions": [decision], **more})


def test_groups(grouped):
    told = groups(grouped)
    assert told["state"] == "ready"
    assert told["current"]
    assert told["questions"] == 30
    assert told["groups"] == len(told["page"])
    found = {frozenset(each["id"] for each in group["members"]) for group in told["page"]}
    assert {"1-0", "1-1"} in found
    assert told["grouped"] == sum(map(len, found))
    assert groups(grouped, offset=1, limit=2)["page"] == told["page"][1:3]
    assert groups(grouped, offset=10**30)["page"] == []
    assert groups(grouped, probability=1)["groups"] <= told["groups"]


@pytest.mark.parametrize(
    "asked",
    [{"offset": -1}, {"limit": 101}, {"probability": 0}, {"probability": "nan"}, {"limit": "x"}],
)
def test_pages_that_are_none(grouped, asked):
    answer = grouped.get("/duplicates", params=asked)
    assert answer.status_code == 422
    assert next(iter(asked)) in answer.json()["error"]["message"]


def test_groups_as_files(grouped):
    exported = grouped.get("/duplicates/export")
    assert exported.headers["content-type"].startswith("text/csv")
    assert "1-0" in exported.text
    assert 'filename="groups.csv"' in exported.headers["content-disposition"]
    lines = grouped.get("/duplicates/export", params={"format": "jsonl"}).text.splitlines()
    assert len(lines) == groups(grouped)["groups"]
    assert all(json.loads(line) for line in lines)
    page = grouped.get("/duplicates/export", params={"format": "html", "probability": 0.9})
    assert page.headers["content-type"].startswith("text/html")
    assert grouped.get("/duplicates/export", params={"format": "exe"}).status_code == 422


def test_accepting_a_group_splitting_it_and_undoing(grouped):
    before = next(g for g in groups(grouped)["page"] if g["members"][0]["id"] in ("1-0", "1-1"))
    left, right = (member["id"] for member in before["members"][:2])
    told = decide(grouped, left, right, "same", reviewer="Ada").json()
    assert told["decided"] == 1
    assert told["counts"]["same"] == 1
    shown = groups(grouped)["page"][before["number"]]
    assert shown["members"][1]["decision"] == "same"
    assert shown["members"][1]["reviewer"] == "Ada"
    again = decide(grouped, right, left, "different")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "conflict")
    assert "Ada" in again.json()["error"]["message"]
    assert decide(grouped, right, left, "different", replace=True).status_code == 200
    in_groups = [m["id"] for group in groups(grouped)["page"] for m in group["members"]]
    assert not {left, right} <= set(in_groups)
    undone = grouped.delete("/review", params={"left": left, "right": right})
    assert undone.json()["undone"] == 1
    assert undone.json()["counts"]["different"] == 0
    assert groups(grouped)["page"][before["number"]] == before
    undone = grouped.delete("/review", params={"left": left, "right": right})
    assert (undone.status_code, undone.json()["error"]["code"]) == (404, "not_found")


def test_decisions_that_cannot_be(grouped):
    assert decide(grouped, "2-0", "nothing", "same").status_code == 404
    assert decide(grouped, "2-0", "2-0", "same").status_code == 422
    half = [
        {"left": "2-0", "right": "3-0", "answer": "same"},
        {"left": "2-0", "right": "nothing", "answer": "same"},
    ]
    assert grouped.post("/review", json={"decisions": half}).status_code == 404
    counts = grouped.get("/review").json()["counts"]
    assert counts["same"] == counts["different"] == 0


def test_reviewing(grouped):
    lot = grouped.get("/review", params={"count": 4}).json()
    assert lot["state"] == "ready"
    assert len(lot["pairs"]) == 4
    pair = lot["pairs"][0]
    left, right = pair["left"]["id"], pair["right"]["id"]
    assert decide(grouped, left, right, "skipped").status_code == 200
    for answer in ("same", "different"):
        told = decide(grouped, left, right, answer, replace=answer == "different").json()
        assert told["counts"][answer] == 1
    later = grouped.get("/review", params={"count": 100}).json()
    assert later["remaining"] == lot["remaining"] - 1
    shown = [{each["left"]["id"], each["right"]["id"]} for each in later["pairs"]]
    assert {left, right} not in shown
    exported = grouped.get("/review/export")
    (row,) = csv.DictReader(io.StringIO(exported.text))
    assert (row["question1"], row["is_duplicate"]) == (pair["left"]["question"], "0")
    assert {row["id1"], row["id2"]} == {left, right}
    grouped.delete("/review", params={"left": left, "right": right})


def test_the_model(grouped):
    told = grouped.get("/model").json()
    assert told["questions"] == 30
    assert len(told["reviewed"]["edges"]) == 101
    assert sum(told["corpus"]["pairs"]) > 0
    assert told["card"].startswith("# ")  # without the front matter, which is for hubs
    assert told["neighbours"]["name"]
    assert 0 < told["decision"]["threshold"] < 1


def test_figures(grouped):
    text = grouped.get("/metrics").text
    assert 'gemel_requests_total{method="GET",route="/duplicates",status="200"}' in text
    for path in ("/a", "/b", "/questions/c"):
        grouped.get(path)
    text = grouped.get("/metrics").text
    assert 'route="/a"' not in text
    assert 'route="/questions/c"' not in text


def test_newer_groups_are_made_when_something_has_changed(grouped, site):
    at = groups(grouped)["computed_at"]
    asked = [f"Could one {what} with a pen?" for what in ("draw a whale", "draw the whale")]
    several = {"questions": [{"question": text} for text in asked]}
    names = set(grouped.post("/questions", json=several).json()["ids"])
    assert not groups(grouped)["current"]
    site.until(lambda: groups(grouped)["computed_at"] != at, 60)
    found = [{m["id"] for m in group["members"]} for group in groups(grouped)["page"]]
    assert any(names <= group for group in found)
    for name in names:
        grouped.delete(f"/questions/{name}")
    members = [m["id"] for group in groups(grouped)["page"] for m in group["members"]]
    assert isinstance(members, list)


def test_what_is_forgotten_is_shown_no_more_though_newer_groups_are_not_there_yet(
    new_corpus, within
):
    with within(new_corpus()) as (client, site):
        end = time.monotonic() + 600
        while client.get("/duplicates").status_code != 200:
            assert time.monotonic() < end
            time.sleep(0.05)
        site.grouping.close()  # no newer ones will be made
        names = {m["id"] for group in groups(client)["page"] for m in group["members"]}
        assert {"1-0", "1-1"} <= names
        client.delete("/questions/1-0")
        sent = {"question": "Is it about whales?", "id": "2-0", "replace": True}
        assert client.post("/questions", json=sent).status_code == 201
        told = groups(client)
        assert not told["current"]
        shown = [m["id"] for group in told["page"] for m in group["members"]]
        assert not {"1-0", "1-1", "2-0", "2-1"} & set(shown)
        exported = client.get("/duplicates/export").text
        assert "How do I export my tasks?" not in exported
        assert "How do I print my calendar?" not in exported
        lot = client.get("/review", params={"count": 100}).json()
        asked = [each[side]["question"] for each in lot["pairs"] for side in ("left", "right")]
        assert asked
        assert "How do I export my tasks?" not in asked
        assert "How do I print my calendar?" not in asked
