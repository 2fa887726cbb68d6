import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import psutil
import pytest
import scale_tasks

from gemel import ConfigError, DataError
from gemel.errors import ScaleError
from gemel.inference import available_cores
from gemel.scale.executor import LocalWorkers


@pytest.fixture(scope="module")
def workers():
    with LocalWorkers(2) as workers:
        yield workers


def by_number(workers, task, numbers):
    return {done.number: done.value for done in workers.run(task, numbers)}


def test_each_task_is_done_once(workers):
    done = list(workers.run(scale_tasks.double, range(20)))
    assert sorted((one.number, one.value) for one in done) == [(n, 2 * n) for n in range(20)]
    assert list(workers.run(scale_tasks.double, [])) == []


def test_they_run_in_processes_of_their_own_which_stay(workers):
    first = set(by_number(workers, scale_tasks.process, range(6)).values())
    assert len(first) == 2
    assert os.getpid() not in first
    assert set(by_number(workers, scale_tasks.process, range(6)).values()) == first


def test_one_process_is_not_this_one_and_is_gone_at_the_end():
    with LocalWorkers(1) as workers:
        (process,) = set(by_number(workers, scale_tasks.process, range(3)).values())
        assert process != os.getpid()
    assert not psutil.pid_exists(process)
    workers.close()


def test_there_are_as_many_as_cores():
    with LocalWorkers() as workers:
        assert workers.count == available_cores()
    with pytest.raises(ConfigError, match="0"):
        LocalWorkers(0)


def test_each_has_one_compute_thread_and_this_process_keeps_its_own(tmp_path, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    with LocalWorkers(1) as workers:
        threads = by_number(workers, partial(scale_tasks.multiply, tmp_path), range(2))
    assert set().union(*threads.values()) == {1}
    assert "OMP_NUM_THREADS" not in os.environ
    assert os.environ["OPENBLAS_NUM_THREADS"] == "2"


def test_a_killed_ones_task_runs_again_and_the_others_once(tmp_path, caplog):
    with LocalWorkers(2) as workers:
        task = partial(scale_tasks.die_at_first, tmp_path, 2)
        assert by_number(workers, task, range(6)) == {n: n for n in range(6)}
    tried = {path.stem: path.stat().st_size for path in tmp_path.iterdir()}
    assert tried == {str(n): 2 if n == 2 else 1 for n in range(6)}
    assert "task 2 runs again: its process died of SIGKILL" in caplog.text


@pytest.mark.parametrize("processes", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_a_task_that_always_kills_its_process_is_named(tmp_path, processes):
    finished = []
    with LocalWorkers(processes) as workers:
        task = partial(scale_tasks.die, tmp_path, 1)
        with pytest.raises(ScaleError, match=r"encoding: .*task 1 died 3 times, of SIGKILL"):
            finished += workers.run(task, range(4), stage="encoding")
        assert (tmp_path / "1.tried").stat().st_size == 3
        with pytest.raises(ScaleError, match=r"die: .*fewer processes or smaller shards"):
            list(workers.run(task, [1]))
        assert by_number(workers, scale_tasks.double, [7]) == {7: 14}


def test_an_exception_arrives_as_it_was(workers):
    with pytest.raises(DataError, match="no question") as caught:
        list(workers.run(scale_tasks.refuse, [5]))
    assert (caught.value.path, caught.value.line) == (Path("some/q.txt"), 5)
    assert "scale_tasks.py" in caught.value.__notes__[0]
    assert by_number(workers, scale_tasks.double, [7]) == {7: 14}


def test_an_exception_that_cannot_travel_is_reported(workers):
    with pytest.raises(ScaleError, match="task 5 failed: _StubbornError: one"):
        list(workers.run(scale_tasks.refuse_stubbornly, [5]))


def test_a_task_that_cannot_travel_is_refused(workers):
    with pytest.raises((AttributeError, TypeError), match="local object"):
        list(workers.run(lambda number: number, [1]))


def test_memory_is_that_of_the_task(workers):
    with LocalWorkers(1) as workers:
        (small,) = workers.run(partial(scale_tasks.hold, 1), [0])
        (large,) = workers.run(partial(scale_tasks.hold, 200), [0])
        (later,) = workers.run(partial(scale_tasks.hold, 1), [0])
    assert 10 < small.peak_mb < 150
    assert 195 < large.peak_mb - small.peak_mb < 230
    assert later.peak_mb >= large.peak_mb
    with LocalWorkers(1) as workers:
        (anew,) = workers.run(partial(scale_tasks.hold, 1), [0])
    assert anew.peak_mb < 150


@pytest.fixture
def alarm(tmp_path):
    """Once two tasks of `linger` run, raise TimeoutError in the middle of whatever runs then."""

    def hear(number, frame):
        if len(list(tmp_path.glob("*.pid"))) == 2:
            signal.setitimer(signal.ITIMER_REAL, 0)
            raise TimeoutError("the alarm")

    before = signal.signal(signal.SIGALRM, hear)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def test_what_stops_this_process_stops_its_tasks(tmp_path, alarm):
    with LocalWorkers(2) as workers:
        alarm()
        with pytest.raises(TimeoutError, match="the alarm"):
            list(workers.run(partial(scale_tasks.linger, tmp_path), range(4)))
        scale_tasks.assert_gone(tmp_path)
        assert by_number(workers, scale_tasks.double, [7]) == {7: 14}


@pytest.mark.parametrize(
    ("number", "to_all"),
    [
        (signal.SIGINT, True),
        pytest.param(signal.SIGINT, False, marks=pytest.mark.slow),
        pytest.param(signal.SIGTERM, False, marks=pytest.mark.slow),
        (signal.SIGKILL, False),
    ],
)
def test_no_process_is_left_behind(tmp_path, number, to_all):
    """A terminal sends Ctrl-C to all, `kill` to one."""
    told, parent = scale_tasks.interrupt("local", tmp_path, number, to_all=to_all)
    scale_tasks.assert_gone(tmp_path)
    assert parent == -number
    assert told.count("Traceback") == (number == signal.SIGINT)
    assert told.rstrip().endswith("KeyboardInterrupt" if number == signal.SIGINT else "")


def test_a_script_without_its_guard_hears_of_it(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        "import scale_tasks\n"
        "from gemel.scale.executor import LocalWorkers\n"
        "print(list(LocalWorkers(1).run(scale_tasks.double, [1])))\n"
    )
    ran = subprocess.run(
        [sys.executable, script],
        env=os.environ | {"PYTHONPATH": str(Path(scale_tasks.__file__).parent)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 1
    assert "__name__ == '__main__'" in ran.stderr.splitlines()[-1]
