"""The loss over the steps, in few points however long the training."""

_POINTS = 400
"""So many at most: then every two become one."""


class LossCurve:
    """Mean losses of as many steps each.

    Args:
        stride: steps a point stands for; it doubles when the points become too many.
        losses: the points.
        total: sum of the losses that wait for a point of their own.
        waiting: how many they are.
    """

    def __init__(
        self,
        stride: int = 1,
        losses: list[float] | None = None,
        total: float = 0.0,
        waiting: int = 0,
    ):
        self.stride = stride
        self.losses = losses if losses is not None else []
        self.total = total
        self.waiting = waiting

    def add(self, loss: float) -> None:
        """Take the loss of the next step in."""
        self.total += loss
        self.waiting += 1
        if self.waiting < self.stride:
            return
        self.losses.append(self.total / self.stride)
        self.total, self.waiting = 0.0, 0
        if len(self.losses) == _POINTS:
            pairs = zip(self.losses[::2], self.losses[1::2], strict=True)
            self.losses = [(one + two) / 2 for one, two in pairs]
            self.stride *= 2
