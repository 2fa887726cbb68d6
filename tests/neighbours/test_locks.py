import threading

import pytest

from gemel.neighbours.base import SharedLock

SOON = 600.0


def start(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def test_many_share_it():
    lock, met = SharedLock(), threading.Barrier(3)

    def share():
        with lock.shared():
            met.wait(SOON)

    for thread in [start(share) for _ in range(3)]:
        thread.join(SOON)
        assert not thread.is_alive()


def test_no_one_is_next_to_one_who_has_it_alone():
    lock, inside, seen = SharedLock(), [], []

    def work(turn):
        for _ in range(200):
            with lock.alone() if turn else lock.shared():
                inside.append(turn)
                seen.append(list(inside))
                inside.remove(turn)

    threads = [start(lambda turn=turn: work(turn)) for turn in (0, 0, 1, 2)]
    for thread in threads:
        thread.join(SOON)
    assert len(seen) == 800
    assert all(len(there) == 1 or not any(there) for there in seen)


def test_those_who_come_after_one_who_waits_wait_too():
    lock, order = SharedLock(), []
    first = lock.shared()
    first.__enter__()

    def alone():
        with lock.alone():
            order.append("alone")

    def shared():
        with lock.shared():
            order.append("shared")

    writer = start(alone)
    while not lock._waiting:
        pass
    reader = start(shared)
    while len(lock._waiting) < 2:
        pass
    first.__exit__(None, None, None)
    for thread in (writer, reader):
        thread.join(SOON)
    assert order == ["alone", "shared"]


@pytest.mark.parametrize("way", ["alone", "shared"])
def test_an_error_inside_lets_go_of_it(way):
    lock = SharedLock()
    with pytest.raises(KeyError), getattr(lock, way)():
        raise KeyError
    with lock.alone():
        pass


def test_who_gives_up_waiting_stands_in_no_ones_way(monkeypatch):
    lock = SharedLock()

    def interrupted(ready):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(lock._changed, "wait_for", interrupted)
        with pytest.raises(KeyboardInterrupt), lock.shared():
            pass
    with lock.alone():
        pass
