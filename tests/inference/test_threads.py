import threading

import numpy as np
from threadpoolctl import threadpool_info

from gemel.inference import Engine
from gemel.inference.backend import one_compute_thread


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_one_thread_inside_and_the_old_number_after():
    np.ones((4, 4)) @ np.ones((4, 4))
    before = blas_threads()
    with one_compute_thread():
        assert blas_threads() == {1}
    assert blas_threads() == before


def test_the_last_to_leave_puts_it_back():
    before = blas_threads()
    with one_compute_thread():
        with one_compute_thread():
            assert blas_threads() == {1}
        assert blas_threads() == {1}
    assert blas_threads() == before


def test_the_engine_computes_on_one_thread(tiny_model, monkeypatch):
    seen = []
    engine = Engine(tiny_model)
    engine.encode(["warm"], progress=lambda *_: seen.append(blas_threads()))
    assert seen == [{1}]


def test_many_threads_get_the_same_answers(tiny_model):
    engine = Engine(tiny_model)
    texts = [f"how old is number {n}" for n in range(200)]
    expected = engine.encode(texts)
    answers = {}

    def work(name):
        answers[name] = engine.encode(texts)

    workers = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for name in range(8):
        np.testing.assert_array_equal(answers[name], expected)
