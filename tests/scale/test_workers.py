import pickle
import sys

import pytest

from gemel import ConfigError, DataError, MissingExtraError
from gemel.config import ShardOptions
from gemel.errors import GemelError, ScaleError, StoreError
from gemel.scale import choose_workers
from gemel.scale.executor import LocalWorkers


def test_processes_of_this_machine_are_the_usual_ones():
    with choose_workers(ShardOptions(engine="local", processes=3)) as workers:
        assert isinstance(workers, LocalWorkers)
        assert workers.count == 3


@pytest.mark.parametrize(
    ("engine", "expected"), [("rai", "'ray'"), ("Local", "'local'"), ("xyz", "local, ray")]
)
def test_the_nearest_name_is_suggested(engine, expected):
    with pytest.raises(ConfigError, match=expected):
        choose_workers(ShardOptions(engine=engine, processes=1))


def test_an_address_without_ray_is_refused():
    with pytest.raises(ConfigError, match="ray"):
        choose_workers(ShardOptions(engine="local", processes=1, address="host:6379"))


def test_without_ray_it_states_what_to_install(monkeypatch):
    monkeypatch.delitem(sys.modules, "gemel.scale.ray_workers", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'gemel\[ray\]'"):
        choose_workers(ShardOptions(engine="ray", processes=1))


@pytest.mark.parametrize(
    "error",
    [
        DataError("no question", path="q.txt", line=3),
        DataError("no question"),
        MissingExtraError("Ray", "ray"),
        ScaleError("died"),
        StoreError(28, "no space", "site.db"),
        *(kind("told") for kind in GemelError.__subclasses__() if kind is not MissingExtraError),
    ],
)
def test_an_error_comes_out_of_another_process_as_it_was(error):
    error.add_note("seen there")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
