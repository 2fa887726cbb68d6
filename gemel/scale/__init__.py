"""Large runs: `gemel dedupe` file to file, in processes of this machine or on Ray."""

from gemel.scale.manifest import StageRecord
from gemel.scale.shard_run import choose_workers, dedupe_in_shards
from gemel.scale.sharded_duplicates import ShardedDuplicates

__all__ = ["ShardedDuplicates", "StageRecord", "choose_workers", "dedupe_in_shards"]
