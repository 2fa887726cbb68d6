"""The process that makes the groups: what it returns, and that its end is reported."""

import multiprocessing
import pickle
import time

import numpy as np
import psutil
import pytest

from gemel.api import open_index
from gemel.duplicates import Duplicates, ScoredPairs
from gemel.pretrained import DEFAULT_MODEL
from gemel.service.group_process import ComputedGroups, GroupProcess
from gemel.store import StoreState, open_store

NONE = ScoredPairs(*[np.zeros(0, np.int32)] * 2, *[np.zeros(0, np.float32)] * 3)


def until(is_so, seconds=600):
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.fixture
def grouping(new_corpus):
    """Of a corpus of its own, at `grouping.db`."""
    db = new_corpus()
    made = GroupProcess(str(db), str(DEFAULT_MODEL))
    made.db = db
    yield made
    made.close()
    assert not makers()


def makers(of=None):
    """The processes that make groups; multiprocessing has another of its own."""
    children = psutil.Process(of).children()
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def state_of(grouping):
    with open_store(str(grouping.db), create=False) as store:
        return store.state()


def maker():
    until(makers)
    return makers()[0]


def test_groups_are_made_once_and_again_when_something_has_changed(grouping):
    state = state_of(grouping)
    assert grouping.ask(state) is None
    assert grouping.progress is not None
    until(lambda: grouping.ask(state) is not None)
    made = grouping.ask(state)
    assert made.state == state
    assert len(made.keys) == len(made.duplicates.ids) == 30
    assert grouping.progress is None
    with open_index(grouping.db, DEFAULT_MODEL) as index:
        index.add("How might I print my calendar?", id="new")
    later = state_of(grouping)
    until(lambda: grouping.ask(later) is not made)
    assert "new" in grouping.ask(later).duplicates.ids


def test_groups_do_not_wait_for_a_clock_that_was_set_back(new_corpus, monkeypatch):
    seconds = [1000.0]
    grouping = GroupProcess(str(new_corpus()), str(DEFAULT_MODEL), clock=lambda: seconds[0])
    begun = []
    monkeypatch.setattr(grouping, "_begin", lambda: begun.append(seconds[0]))
    monkeypatch.setattr(time, "time", lambda: 0.0)  # 1970
    old = StoreState(1, 0, "m", 8, 5, "", 0, "a")
    new = old._replace(sequence=2)
    made = ComputedGroups(
        duplicates=Duplicates([], [], np.zeros(0, np.int32), 0, NONE, 0.5, 0.5),
        keys=np.zeros(0, np.int64),
        state=old,
        at=2e9,
        took=3.0,
    )
    ours, theirs = multiprocessing.Pipe(duplex=False)
    theirs.send_bytes(pickle.dumps(made))
    theirs.close()
    grouping._listen(ours)
    assert grouping.ask(old).at == 2e9
    assert grouping.ask(new).at == 2e9
    assert begun == []  # so young that it is not worth it yet
    seconds[0] += 12.5
    grouping.ask(old)
    assert begun == []
    grouping.ask(new)
    assert begun == [1012.5]


def test_a_killed_process_is_reported_and_the_next_who_asks_begins_again(grouping):
    state = state_of(grouping)
    assert grouping.ask(state) is None
    maker().kill()
    until(lambda: grouping.progress is None)
    assert "ended early" in grouping.failed
    assert grouping.ask(state) is None
    assert "ended early" in grouping.failed  # until it goes well
    until(lambda: grouping.ask(state) is not None)
    assert grouping.failed == ""


def test_what_fails_in_the_process_is_reported_without_its_place(grouping, caplog):
    state = state_of(grouping)
    aside = grouping.db.rename(grouping.db.with_suffix(".aside"))
    for path in grouping.db.parent.glob("site.db-*"):
        path.unlink()
    assert grouping.ask(state) is None
    until(lambda: grouping.progress is None)
    assert grouping.failed == "the groups could not be computed; see the log of the service"
    assert str(grouping.db) in caplog.text
    aside.rename(grouping.db)
    until(lambda: grouping.ask(state) is not None)
    assert grouping.failed == ""


def test_closing_ends_it(grouping):
    grouping.ask(state_of(grouping))
    child = maker()
    grouping.close()
    until(lambda: not child.is_running())
    until(lambda: grouping.progress is None)
    assert grouping.failed == ""
    assert grouping.ask(state_of(grouping)) is None
    assert grouping.progress is None


def test_a_service_that_cannot_make_groups_reports_it_and_recovers(new_corpus, serving):
    with serving(new_corpus()) as served:
        served.client.get("/duplicates")
        (maker,) = served.until(lambda: makers(served.process.pid))
        maker.kill()
        maker.wait(600)

        def told():
            return served.client.get("/duplicates").json()

        failed = served.until(lambda: found if (found := told())["why"] else None)
        assert failed["state"] == "failed"
        assert failed["progress"]  # it is being tried again
        export = served.client.get("/duplicates/export")
        assert (export.status_code, export.json()["error"]["code"]) == (503, "not_ready")
        served.until(lambda: told()["state"] == "ready", 60)
        assert told()["why"] == ""
