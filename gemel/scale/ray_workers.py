"""Tasks on Ray: on this machine, or on a cluster."""

import contextlib
import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gemel.config import MOST_THREADS, require_whole
from gemel.errors import ConfigError, MissingExtraError, ScaleError
from gemel.inference import available_cores
from gemel.scale.executor import TRIES, WorkerPool, compute
from gemel.version import __version__

try:
    import ray
    from ray.exceptions import NodeDiedError, OutOfMemoryError, RayError, WorkerCrashedError
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy
except ImportError as error:
    raise MissingExtraError("Ray", "ray") from error

_NODE_TIMEOUT = 60.0
"""Seconds for each machine of a cluster to answer; a new one first starts a process."""
_HEAD_TIMEOUT = 5.0
"""Seconds for the head of a cluster to answer."""
_GRACE = 5.0
"""Seconds for a cancelled task to remove partial files."""
_STORE_BYTES = 100 * 2**20
"""Bytes of shared memory for a Ray of our own; tasks return only a few numbers."""


class RayWorkers(WorkerPool):
    """Ray processes with one core and one compute thread each; an existing connection is reused.

    Args:
        address: `host:port` of a running cluster's head, `auto` for the cluster of this machine;
            None starts Ray on this machine until closed.
        processes: tasks that run at one time; None for one a core.
        folder: of the tasks' files; every machine must see it at the same path.

    Raises:
        ConfigError: fewer than one process, or an invalid address.
        ScaleError: Ray does not start or answer, or has no cores; a machine has another gemel or
            does not see the folder.
    """

    def __init__(
        self,
        address: str | None = None,
        processes: int | None = None,
        *,
        folder: Path | None = None,
    ):
        if processes is not None:
            processes = require_whole("processes", processes, 1, MOST_THREADS)
        if address is not None and address != "auto":
            _check_address(address)
        self._is_ours = not ray.is_initialized()
        if self._is_ours:
            _connect(address)
        try:
            cores = int(ray.cluster_resources().get("CPU", 0))
            if not cores:
                raise ScaleError("Ray has no core to compute on: add machines with `ray start`")
            self.count = processes or cores
            if address is not None or not self._is_ours:
                _check_machines(folder)
        except BaseException:
            self.close()
            raise

    def _begin(self, packed: bytes, number: int) -> Any:
        # Tasks, not actors: an actor occupies its core until it ends, so that with few cores, or
        # other actors, the last would wait forever. And no retries by Ray, which would retry
        # without end when memory is short.
        return ray.remote(num_cpus=1, max_retries=0)(compute).remote(packed, number)

    def _wait(self, busy: dict[Any, int]) -> Iterator[tuple[Any, bytes | str]]:
        one, _ = ray.wait(list(busy), num_returns=1)
        ready, _ = ray.wait(list(busy), num_returns=len(busy), timeout=0)
        for reference in ready or one:
            try:
                yield reference, ray.get(reference)
            except OutOfMemoryError:
                yield reference, "want of memory"
            except (WorkerCrashedError, NodeDiedError) as death:
                yield reference, type(death).__name__
            except RayError as failure:
                number = busy[reference]
                raise ScaleError(f"Ray could not run task {number}: {failure}") from failure

    def _cancel(self, handles: list[Any]) -> None:
        if not handles or not ray.is_initialized():
            return
        with contextlib.suppress(RayError):
            for reference in handles:
                ray.cancel(reference)
            _, running = ray.wait(handles, num_returns=len(handles), timeout=_GRACE)
            for reference in running:
                ray.cancel(reference, force=True)

    def close(self) -> None:
        """End Ray if it was started here; see `Workers.close`."""
        if self._is_ours:
            self._is_ours = False
            ray.shutdown()
            _set_worker_logs(True)


def _check_address(address: str) -> None:
    """Check that a cluster's head answers; Ray itself would try for minutes and then exit."""
    host, _, port = address.rpartition(":")
    if "/" in address or not host or not port.isdecimal() or int(port) > 65535:
        raise ConfigError(
            f"address {address!r}: expected host:port of the cluster's head, as `ray start --head`"
            " writes it, or auto on a machine of the cluster"
        )
    try:
        with socket.create_connection((host.strip("[]"), int(port)), timeout=_HEAD_TIMEOUT) as head:
            if os.environ.get("RAY_USE_TLS", "0") != "0":
                return
            # The HTTP/2 preface: Ray's gRPC server replies with its settings, a frame of type 4.
            head.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0]))
            is_ray = head.recv(4)[3:] == b"\x04"
    except OSError as error:
        raise ScaleError(f"no Ray at {address}: {error.strerror or error}") from error
    if not is_ray:
        raise ScaleError(f"what answers at {address} is no Ray; its head listens on 6379 mostly")


def _connect(address: str | None) -> None:
    """Start Ray or connect to it, without output."""
    settings: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        address = "local"
        settings |= {
            "num_cpus": available_cores(),
            "include_dashboard": False,
            "object_store_memory": _STORE_BYTES,
        }
    before = signal.getsignal(signal.SIGTERM)
    usage = os.environ.get("RAY_USAGE_STATS_ENABLED")
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    _set_worker_logs(False)
    try:
        ray.init(address=address, **settings)
    except (Exception, SystemExit) as error:  # Ray exits if there is no cluster
        ray.shutdown()
        _set_worker_logs(True)
        reason = "it gave up" if isinstance(error, SystemExit) else str(error)
        if settings.get("num_cpus"):
            raise ScaleError(f"Ray does not start: {reason}") from error
        raise ScaleError(
            f"no connection to Ray at {address}: {reason}. A cluster that asks for a token needs "
            "RAY_AUTH_MODE=token here too; this machine has to be one of the cluster's"
        ) from error
    finally:
        if usage is None:
            del os.environ["RAY_USAGE_STATS_ENABLED"]
        else:
            os.environ["RAY_USAGE_STATS_ENABLED"] = usage
        # Ray's own handler is better than the default one, but not than one set by the caller.
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and callable(before):
            signal.signal(signal.SIGTERM, before)


def _set_worker_logs(may: bool) -> None:
    # Ray prints killed workers to stdout, among gemel's output, even with `log_to_driver=False`;
    # only this switch of its debugger stops it. `run` logs tasks that run again.
    ray._private.worker._worker_logs_enabled = may


def _check_machines(folder: Path | None) -> None:
    """Check that every machine has this gemel and sees the folder."""
    # Without cores, so that it does not wait for other tasks.
    remote = ray.remote(num_cpus=0, max_retries=TRIES)(_look)
    mark = None
    if folder is not None:
        mark = folder.resolve() / f".ray-{secrets.token_hex(8)}"
        mark.touch()
    try:
        looks = {}
        for node in ray.nodes():
            if node["Alive"] and node["Resources"].get("CPU"):
                there = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
                name = f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"
                looks[name] = remote.options(scheduling_strategy=there).remote(mark)
        for name, look in looks.items():
            try:
                version, is_seen = ray.get(look, timeout=_NODE_TIMEOUT)
            except ray.exceptions.GetTimeoutError as error:
                raise ScaleError(f"Ray: {name} did not answer in {_NODE_TIMEOUT:.0f} s") from error
            except RayError as error:
                last = str(error).strip().splitlines()[-1]
                raise ScaleError(
                    f"Ray: gemel {__version__} does not run on {name}: {last}"
                ) from error
            if version != __version__:
                raise ScaleError(
                    f"Ray: {name} has gemel {version}, this machine {__version__}; install the same"
                )
            if not is_seen:
                raise ScaleError(
                    f"Ray: {name} does not see {folder} of this machine; its path has to be the "
                    "same on every machine, on a disk that they share"
                )
    finally:
        if mark is not None:
            mark.unlink(missing_ok=True)


def _look(mark: Path | None) -> tuple[str, bool]:
    """Return the version of gemel here, and whether a file is seen."""
    return __version__, mark is None or mark.exists()
