from hypothesis import given
from hypothesis import strategies as st

from gemel.training.trainer import LossCurve


@given(st.lists(st.floats(0, 4), max_size=60), st.integers(0, 60))
def test_it_resumes_where_it_was(losses, cut):
    whole, first = LossCurve(), LossCurve()
    for loss in losses:
        whole.add(loss)
    for loss in losses[:cut]:
        first.add(loss)
    second = LossCurve(**vars(first))
    for loss in losses[cut:]:
        second.add(loss)
    assert vars(second) == vars(whole)


def test_few_points_however_long():
    curve = LossCurve()
    for step in range(10_000):
        curve.add(float(step))
        assert len(curve.losses) < 400
    assert curve.stride == 32
    middle = [index * 32 + 15.5 for index in range(len(curve.losses))]
    assert curve.losses == middle
    assert len(curve.losses) * 32 + curve.waiting == 10_000
