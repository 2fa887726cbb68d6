"""Gradients of a batch, computed at once, in chunks, or by several processes."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn

from gemel.data import Batch
from gemel.data.batches import PLACES
from gemel.layers import Serial
from gemel.models import draw_kept, read, take_rows
from gemel.training.ranks import Ranks


@dataclass(eq=False)
class GradientCache:
    """Computes gradients from the vectors of a batch back to the encoder.

    The loss is computed on the vectors of the whole batch as leaves. Its gradient is stored, and
    propagated to the encoder chunk by chunk, by each process for its share; chunks are encoded
    twice. The sum is the gradient of the whole batch, dropout included.

    Args:
        processor: the encoder.
        objective: loss of the vectors.
        ranks: processes that share the work.
        chunk_size: questions encoded at a time; 0: all.

    Source: Gao et al., "Scaling deep contrastive learning batch size under memory limited setup"
    (2021).
    """

    processor: Serial
    objective: nn.Module
    ranks: Ranks
    chunk_size: int

    def backward(self, batch: Batch, *, bfloat16: bool = False) -> float:
        """Add the gradient of a batch, of this process's share; return the loss."""
        questions = len(batch.inputs[0])
        share = self.ranks.share(self._costs(batch))
        chunks = self._chunks(share, batch.inputs[0].shape[1])
        is_whole = share == slice(0, questions) and len(chunks) == 1
        kept = None if is_whole else draw_kept(self.processor, batch.inputs)

        def vectors_of(rows: slice) -> Float[Tensor, "rows dim"]:
            inputs, drawn = batch.inputs, kept
            if not is_whole:
                inputs = take_rows(self.processor, inputs, rows)
                drawn = None if kept is None else kept[rows]
            # A context for each: what one casts without a gradient, another must not find.
            with torch.autocast(self._device.type, torch.bfloat16, enabled=bfloat16):
                vectors = read(self.processor, inputs, drawn)
            return vectors.float()

        is_kept = len(chunks) == 1
        with torch.set_grad_enabled(is_kept):
            vectors = torch.cat([vectors_of(rows) for rows in chunks])
        whole = self.ranks.gather(vectors.detach(), share, questions).requires_grad_()
        loss: Tensor = self.objective(whole, batch)
        loss.backward()
        if whole.grad is not None:
            for rows in chunks:
                again = vectors if is_kept else vectors_of(rows)
                if len(again):
                    again.backward(whole.grad[rows])
        return loss.item()

    @property
    def _device(self) -> torch.device:
        return next(self.processor.parameters()).device

    def _costs(self, batch: Batch) -> Int64[np.ndarray, "questions"]:
        """Return the cost of each question: its words on a CPU, constant on a GPU."""
        mask = self.processor.sublayers[0].next_mask(batch.inputs, None)
        if mask is None or self._device.type != "cpu":
            return np.ones(len(batch.inputs[0]), np.int64)
        lengths: Int64[np.ndarray, "questions"] = mask.sum(axis=1).clip(1)
        return lengths

    def _chunks(self, share: slice, time: int) -> list[slice]:
        """Split a share into chunks of similar size."""
        count = share.stop - share.start
        chunks = 1
        if self.chunk_size:
            size = max(1, min(self.chunk_size, PLACES // max(1, time)))
            chunks = max(1, -(-count // size))
        ends = [share.start + count * number // chunks for number in range(chunks + 1)]
        return list(map(slice, ends[:-1], ends[1:]))
