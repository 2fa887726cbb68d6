"""What is trained on, and what is held out."""

from gemel.data import read_pairs
from gemel.samples import HELPDESK
from gemel.training.reporters import Reporter
from gemel.training.train_model import training_and_validation


class Kept(Reporter):
    def __init__(self):
        self.said = []

    def note(self, message):
        self.said.append(message)


def test_all_pairs_of_one_component_are_used():
    """The sample is one component: some of its pairs have a question on each side."""
    pairs, reporter = read_pairs(HELPDESK), Kept()
    training, kept_out = training_and_validation(pairs, None, 0.15, 0, reporter)
    assert len(training) + len(kept_out) == len(pairs)
    assert abs(kept_out.prevalence - pairs.prevalence) < 0.1
    sides = [set(part.left_texts) | set(part.right_texts) for part in (training, kept_out)]
    assert sides[0] & sides[1]
    assert any("pairs have a question on each side" in message for message in reporter.said)
