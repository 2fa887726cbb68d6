"""Tasks that tests give to other processes, which find this file by its name."""

import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import threadpoolctl

from gemel.config import ShardOptions
from gemel.errors import DataError
from gemel.files import write_bytes
from gemel.scale import choose_workers


class _StubbornError(Exception):
    """What pickle writes and cannot read."""

    def __init__(self, one, other):
        super().__init__(one)


def double(number):
    return 2 * number


def process(number):
    time.sleep(0.05)
    return os.getpid()


def multiply(folder, number):
    """Write a file whose bytes depend on the number of compute threads."""
    random = np.random.default_rng(number)
    left, right = random.normal(size=(2, 300, 300)).astype(np.float32)
    write_bytes(folder / f"{number}.bin", (left @ right).tobytes())
    return {pool["num_threads"] for pool in threadpoolctl.threadpool_info()}


def die_at_first(folder, victim, number):
    """Die of SIGKILL the first time that the victim's turn comes."""
    note = folder / f"{number}.tried"
    with note.open("a") as stream:
        stream.write("x")
    if number == victim and note.stat().st_size == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def die(folder, victim, number):
    """Die of SIGKILL each time that the victim's turn comes."""
    if number == victim:
        with (folder / f"{number}.tried").open("a") as stream:
            stream.write("x")
        os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(0.1)
    return number


def refuse(number):
    raise DataError("no question", path="some/q.txt", line=number)


def refuse_stubbornly(number):
    raise _StubbornError("one", "other")


def hold(mebibytes, number):
    return int(np.ones(mebibytes * 2**17).sum())


def linger(folder, number):
    """Say who is here, and stay."""
    part = folder / f"{number}.part"
    part.touch()
    try:
        write_bytes(folder / f"{number}.pid", str(os.getpid()).encode())
        for _ in range(24_000):  # Ray's word reaches a task between two of its steps
            time.sleep(0.05)
    finally:
        part.unlink()


def work_on(engine, folder):
    """Run tasks that stay; for a process that a test kills or interrupts."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background
    with choose_workers(ShardOptions(engine=engine, processes=2)) as workers:
        for _ in workers.run(partial(linger, Path(folder)), range(4)):
            pass


def interrupt(engine, folder, number, *, to_all):
    """Send a signal to a process while its tasks run, and give what it wrote and its exit code."""
    running = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import scale_tasks; scale_tasks.work_on({engine!r}, {str(folder)!r})",
        ],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    by = time.monotonic() + 600
    while len(list(folder.glob("*.pid"))) < 2:
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < by
        time.sleep(0.02)
    (os.killpg if to_all else os.kill)(running.pid, number)
    told, _ = running.communicate(timeout=600)
    return told, running.returncode


def assert_gone(folder, *, tidy=True):
    """Wait for the end of the processes of `linger`."""
    written = list(folder.glob("*.pid"))
    assert len(written) == 2
    processes = [int(file.read_text()) for file in written]
    by = time.monotonic() + 600
    while any(psutil.pid_exists(process) for process in processes):
        assert time.monotonic() < by
        time.sleep(0.02)
    assert not tidy or not list(folder.glob("*.part"))
