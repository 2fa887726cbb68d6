"""The same run on local processes and on Ray."""

import random
import threading
import time
from pathlib import Path

import psutil
import pytest
import ray
import scale_tasks

from gemel.config import ShardOptions
from gemel.data import Source
from gemel.duplicates import write_groups
from gemel.inference import Engine
from gemel.scale import choose_workers
from gemel.scale.shard_run import dedupe_in_shards

RAYS_OWN = ("IDLE", "DashboardAgent", "RuntimeEnvAgent")
"""What Ray calls those of its processes that run no task."""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    draw = random.Random(5)
    words = ["how", "old", "are", "you", "what", "is", "your", "age", "reset", "my", "sky"]
    lines = [" ".join(draw.choices(words, k=draw.randint(3, 9))) + "?" for _ in range(1900)]
    path = tmp_path_factory.mktemp("questions") / "q.txt"
    path.write_text("\n".join([*lines, *lines[::19]]) + "\n")
    return path


@pytest.fixture(scope="module")
def on(tiny_model, file):
    """A function that runs an engine, and gives the bytes of all that it found."""
    engine = Engine(tiny_model)

    def call(name, folder):
        found = dedupe_in_shards(
            engine,
            Source.of(file),
            folder / "work",
            lambda work: choose_workers(ShardOptions(engine=name, processes=2), work),
            floor=0.999,
            probability=0.85,
            shard_size=700,
        )
        assert len(found) > 20
        for kind in ("csv", "jsonl"):
            write_groups(found, folder / f"g.{kind}")
        files = [*folder.glob("g.*"), *(folder / "work" / "groups").iterdir()]
        return {path.name: path.read_bytes() for path in files}

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(Path(scale_tasks.__file__).parent))
        yield call
    assert not ray.is_initialized()


@pytest.fixture(scope="module")
def expected(on, tmp_path_factory):
    return on("local", tmp_path_factory.mktemp("local"))


def test_ray_gives_the_bytes_of_local_processes(on, expected, tmp_path):
    assert on("ray", tmp_path) == expected


@pytest.mark.slow
def test_a_killed_process_of_ray_changes_nothing(on, expected, tmp_path):
    killed, over = [], threading.Event()

    def kill():
        while not over.is_set() and not killed:
            for process in psutil.Process().children(recursive=True):
                try:
                    command = " ".join(process.cmdline())
                    if command.startswith("ray::") and command[5:].strip() not in RAYS_OWN:
                        process.kill()
                        killed.append(command)
                        return
                except psutil.Error:
                    continue
            time.sleep(0.01)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        assert on("ray", tmp_path) == expected
    finally:
        over.set()
        killer.join()
    assert killed
