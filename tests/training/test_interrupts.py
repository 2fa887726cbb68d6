import os
import signal
import threading

import pytest

from gemel.training.checkpoint import stop_requests


@pytest.fixture(autouse=True)
def heeded():
    """Tests may run in the background or under nohup, where some signals are ignored."""
    usual = {signal.SIGINT: signal.default_int_handler, signal.SIGHUP: signal.SIG_DFL}
    before = {number: signal.signal(number, handler) for number, handler in usual.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_first_signal_is_a_request(number):
    before = signal.getsignal(number)
    with stop_requests() as is_asked:
        assert not is_asked()
        os.kill(os.getpid(), number)
        assert is_asked()
    assert signal.getsignal(number) is before


def test_a_second_one_does_what_it_always_does():
    with stop_requests() as is_asked:
        os.kill(os.getpid(), signal.SIGINT)
        assert is_asked()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


def test_in_another_thread_nothing_is_held_back():
    before = signal.getsignal(signal.SIGINT)
    answers = []

    def work():
        with stop_requests() as is_asked:
            answers.append((is_asked(), signal.getsignal(signal.SIGINT) is before))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert answers == [(False, True)]


def test_a_signal_that_is_ignored_stays_so():
    """As under nohup, or in a shell's background."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with stop_requests() as is_asked:
            os.kill(os.getpid(), signal.SIGHUP)
            assert not is_asked()
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
