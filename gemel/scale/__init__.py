"""Large runs: `gemel dedupe` file to file, in processes of this machine or on Ray."""

from gemel.scale.executor import Done, Task, Workers
from gemel.scale.manifest import StageRecord
from gemel.scale.shard_run import SHARD_SIZE, dedupe_in_shards
from gemel.scale.sharded_duplicates import ShardedDuplicates
from gemel.scale.worker_choice import ENGINES, choose_workers, require_engine

__all__ = [
    "ENGINES",
    "SHARD_SIZE",
    "Done",
    "ShardedDuplicates",
    "StageRecord",
    "Task",
    "Workers",
    "choose_workers",
    "dedupe_in_shards",
    "require_engine",
]
