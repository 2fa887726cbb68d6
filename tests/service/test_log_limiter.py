import logging

import pytest

from gemel.service.limits import LogLimiter


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.WARNING, "gemel.service")
    return lambda: [record.getMessage() for record in caplog.records]


def test_a_flood_is_a_line_at_once_and_one_a_minute(lines):
    now = [0.0]
    limiter = LogLimiter(lambda: now[0])
    for _ in range(38):
        limiter.count("malformed requests")
        limiter.flush()
    assert lines() == ["malformed requests: first one; more are counted, with a line a minute"]
    now[0] = 60.0
    limiter.flush()
    assert lines()[1:] == ["malformed requests: 37 in the last 60 seconds"]
    for now[0] in (61.0, 100.0):
        limiter.count("malformed requests")
        limiter.flush()
    now[0] = 120.5
    limiter.flush()
    assert lines()[2:] == ["malformed requests: 2 in the last 60 seconds"]


def test_after_a_quiet_minute_the_next_is_reported_at_once(lines):
    now = [0.0]
    limiter = LogLimiter(lambda: now[0])
    limiter.count("requests with a wrong key")
    now[0] = 75.0
    limiter.flush()
    assert len(lines()) == 1
    limiter.count("requests with a wrong key")
    assert len(lines()) == 2


def test_kinds_are_counted_apart(lines):
    now = [0.0]
    limiter = LogLimiter(lambda: now[0])
    for what in ("a", "b", "a", "a", "b"):
        limiter.count(what)
    now[0] = 90.0
    limiter.flush()
    assert lines()[2:] == ["a: 2 in the last 90 seconds", "b: 1 in the last 90 seconds"]
