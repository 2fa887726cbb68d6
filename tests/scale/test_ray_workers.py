import os
import signal
import socket
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import ray
import scale_tasks

from gemel import ConfigError, DataError
from gemel.config import ShardOptions
from gemel.errors import ScaleError
from gemel.inference import Engine, available_cores
from gemel.scale import choose_workers
from gemel.scale.executor import LocalWorkers
from gemel.scale.ray_workers import RayWorkers


@pytest.fixture(scope="module")
def workers():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(scale_tasks.__file__).parent))
        patch.delenv("OMP_NUM_THREADS", raising=False)
        with choose_workers(ShardOptions(engine="ray")) as workers:
            yield workers
        assert not ray.is_initialized()


def by_number(workers, task, numbers):
    return {done.number: done.value for done in workers.run(task, numbers)}


def test_it_has_this_machines_cores_and_uses_them_all(workers):
    assert isinstance(workers, RayWorkers)
    assert workers.count == available_cores()
    done = list(workers.run(scale_tasks.double, range(20)))
    assert sorted((one.number, one.value) for one in done) == [(n, 2 * n) for n in range(20)]
    assert all(10 < one.peak_mb < 500 for one in done)
    assert list(workers.run(scale_tasks.double, [])) == []
    assert os.getpid() not in by_number(workers, scale_tasks.process, range(4)).values()


def test_the_bytes_are_those_of_local_processes(workers, tmp_path):
    written = []
    with LocalWorkers(2) as local:
        for name, some in (("local", local), ("ray", workers)):
            folder = tmp_path / name
            folder.mkdir()
            threads = by_number(some, partial(scale_tasks.multiply, folder), range(6))
            assert set().union(*threads.values()) == {1}
            written.append({file.name: file.read_bytes() for file in folder.iterdir()})
    assert len(written[0]) == 6
    assert written[0] == written[1]


def test_a_killed_ones_task_runs_again_and_stdout_stays_clean(workers, tmp_path, caplog, capfd):
    task = partial(scale_tasks.die_at_first, tmp_path, 2)
    assert by_number(workers, task, range(6)) == {n: n for n in range(6)}
    tried = {path.stem: path.stat().st_size for path in tmp_path.iterdir()}
    assert tried == {str(n): 2 if n == 2 else 1 for n in range(6)}
    assert "task 2 runs again" in caplog.text
    time.sleep(0.5)  # Ray's own word on it comes from another thread
    assert capfd.readouterr().out == ""


def test_a_task_that_always_kills_its_process_is_named(workers, tmp_path):
    with pytest.raises(ScaleError, match="encoding: the process of task 1 died 3 times"):
        list(workers.run(partial(scale_tasks.die, tmp_path, 1), range(4), stage="encoding"))
    assert (tmp_path / "1.tried").stat().st_size == 3
    assert by_number(workers, scale_tasks.double, [7]) == {7: 14}


def test_an_exception_arrives_as_it_was(workers):
    with pytest.raises(DataError, match="no question") as caught:
        list(workers.run(scale_tasks.refuse, [5]))
    assert type(caught.value) is DataError
    assert (caught.value.path, caught.value.line) == (Path("some/q.txt"), 5)
    with pytest.raises(ScaleError, match="task 5 failed: _StubbornError: one"):
        list(workers.run(scale_tasks.refuse_stubbornly, [5]))


def test_who_is_stopped_stops_the_tasks(workers, tmp_path):
    def hear(number, frame):
        if len(list(tmp_path.glob("*.pid"))) == 2:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, hear)
    signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
    try:
        with pytest.raises(KeyboardInterrupt):
            list(workers.run(partial(scale_tasks.linger, tmp_path), range(4)))
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert len(list(tmp_path.glob("*.pid"))) == 2
    assert not list(tmp_path.glob("*.part"))
    assert by_number(workers, scale_tasks.double, [7]) == {7: 14}


def test_a_connection_that_was_there_stays(workers, tmp_path):
    with RayWorkers(None, 1, folder=tmp_path) as others:
        assert others.count == 1
        assert by_number(others, scale_tasks.double, [7]) == {7: 14}
    assert ray.is_initialized()
    assert not list(tmp_path.iterdir())


def test_a_machine_that_has_another_gemel_or_no_folder_is_named(workers, tmp_path, monkeypatch):
    name = ray.nodes()[0]["NodeManagerHostname"]
    with monkeypatch.context() as patch:
        patch.setattr("gemel.scale.ray_workers.__version__", "0.0")
        with pytest.raises(ScaleError, match=rf"{name} .*this machine 0\.0"):
            RayWorkers()
    # The mark is not where the other machine looks for it.
    with monkeypatch.context() as patch:
        patch.setattr(Path, "touch", lambda path: None)
        with pytest.raises(ScaleError, match=f"{name} .*does not see {tmp_path}"):
            RayWorkers(folder=tmp_path)
    assert ray.is_initialized()


@pytest.mark.parametrize("address", ["ray://host:10001", "host", "host:port", ":1", "host:99999"])
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ConfigError, match="host:port"):
        RayWorkers(address)
    with pytest.raises(ConfigError, match="0"):
        RayWorkers(None, 0)


def test_a_wrong_address_is_reported():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ScaleError, match=f"no Ray at {address}: "):
            RayWorkers(address)
    with pytest.raises(ScaleError, match=f"no Ray at {address}: Connection refused"):
        RayWorkers(address)


def test_something_else_at_the_address_is_reported():
    program = (
        "from http.server import *\n"
        "server = HTTPServer(('127.0.0.1', 0), SimpleHTTPRequestHandler)\n"
        "print(server.server_port, flush=True)\n"
        "server.serve_forever()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as web:
        port = int(web.stdout.readline())
        with pytest.raises(ScaleError, match=f"at 127.0.0.1:{port} is no Ray"):
            RayWorkers(f"127.0.0.1:{port}")
        web.kill()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_process_is_left_behind(tmp_path, number):
    told, code = scale_tasks.interrupt("ray", tmp_path, number, to_all=number == signal.SIGINT)
    scale_tasks.assert_gone(tmp_path, tidy=number != signal.SIGKILL)
    assert code
    if number == signal.SIGINT:
        assert told.rstrip().endswith("KeyboardInterrupt")


def test_an_engine_arrives_as_it_is(workers, tiny_model):
    engine, texts = Engine(tiny_model), ["How old are you?", "What is your age?"]
    vectors = ray.get(ray.remote(Engine.encode).remote(engine, texts))
    assert np.array_equal(vectors, engine.encode(texts))
