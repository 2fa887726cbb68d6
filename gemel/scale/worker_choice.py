"""Choice of the workers of a large run: processes of this machine, or Ray."""

import difflib
import importlib
from pathlib import Path

from gemel.errors import ConfigError
from gemel.scale.executor import LocalWorkers, Workers

ENGINES = ("local", "ray")


def choose_workers(
    engine: str, *, processes: int | None, address: str | None, folder: Path | None = None
) -> Workers:
    """Return the workers of an engine, to be closed by the caller.

    Args:
        engine: `local` or `ray`.
        processes: tasks that run at one time; None for one a core.
        address: of a running Ray cluster; None starts one on this machine.
        folder: of the tasks' files; every machine must see it at the same path.

    Raises:
        ConfigError: no such engine, an address without Ray, or fewer than one process.
        MissingExtraError: Ray is not installed.
        ScaleError: Ray does not start or answer, or its machines are unsuitable.
    """
    require_engine(engine, address=address)
    if engine == "ray":
        from gemel.scale.ray_workers import RayWorkers

        return RayWorkers(address, processes, folder=folder)
    return LocalWorkers(processes)


def require_engine(engine: str, *, address: str | None) -> None:
    """Check, before long work, that an engine can be used.

    Raises:
        ConfigError: no such engine, or an address without Ray.
        MissingExtraError: Ray is not installed.
    """
    if engine == "ray":
        importlib.import_module("gemel.scale.ray_workers")
        return
    if engine != "local":
        near = difflib.get_close_matches(engine, ENGINES, n=1)
        known = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(ENGINES)}"
        raise ConfigError(f"no engine {engine!r}; {known}")
    if address is not None:
        raise ConfigError(f"address {address!r} is of a Ray cluster: add engine 'ray'")
