"""Large runs: the same stages in processes of this machine or on Ray."""

from gemel.scale.workers import ENGINES, Done, Task, Workers, choose_workers

__all__ = ["ENGINES", "Done", "Task", "Workers", "choose_workers"]
