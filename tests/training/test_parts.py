"""What is trained on, and what is kept out."""

from gemel.data import PairGraph, measure_overlap, read_pairs
from gemel.samples import HELPDESK
from gemel.training.parts import training_and_validation
from gemel.training.reporters import Reporter


class Kept(Reporter):
    def __init__(self):
        self.said = []

    def say(self, message):
        self.said.append(message)


def test_no_question_is_trained_on_and_validated_on():
    """The sample is one component: some of its pairs have to be dropped, and that is said."""
    pairs, reporter = read_pairs(HELPDESK), Kept()
    training, kept_out = training_and_validation(pairs, None, 0.15, 0, reporter)
    overlap = measure_overlap(PairGraph.of(training), PairGraph.of(kept_out))
    assert overlap.shared_questions == 0
    dropped = len(pairs) - len(training) - len(kept_out)
    assert 0 < dropped < 0.2 * len(pairs)
    assert f"{dropped:,} pairs dropped, as they have a question on each side" in reporter.said
